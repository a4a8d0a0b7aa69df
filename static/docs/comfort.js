// Two comforts: a button on each block that copies it, and one choice of
// language for the whole page.

import { h } from '../app/dom.js'

/** Puts a button on every block below root that can be pasted. Without a clipboard there is none. */
export function copyable(root) {
  if (!navigator.clipboard) return
  for (const block of root.querySelectorAll('.shown pre.snippet, .steps pre.snippet')) {
    const button = h('button', { type: 'button', class: 'btn copy', 'aria-label': 'Copy: ' + block.getAttribute('aria-label') }, 'Copy')
    button.addEventListener('click', async () => {
      try {
        await navigator.clipboard.writeText(block.textContent)
        button.textContent = 'Copied'
      } catch {
        button.textContent = 'Not allowed'
      }
      setTimeout(() => { button.textContent = 'Copy' }, 2000)
    })
    const bearing = h('div', { class: 'bearing' })
    block.replaceWith(bearing)
    bearing.append(block, button)
  }
}

/** Choosing a language for one example chooses it for all. */
export function oneLanguage(root) {
  const choices = [...root.querySelectorAll('.tabs input')]
  for (const choice of choices) {
    choice.addEventListener('change', () => {
      const before = choice.getBoundingClientRect().top
      for (const other of choices) if (other.value === choice.value) other.checked = true
      scrollBy(0, choice.getBoundingClientRect().top - before) // what is above has changed its height
    })
  }
}
