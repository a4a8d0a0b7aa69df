import { h } from '../app/dom.js'

/** A block of text that scrolls by itself and can be reached by the keyboard. */
export function snippet(label, text) {
  return h('pre', { class: 'term snippet', tabindex: '0', role: 'group', 'aria-label': label }, h('code', {}, text))
}
