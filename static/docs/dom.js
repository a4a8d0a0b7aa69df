// Elements with text in them. Nothing that came over the wire is ever markup.

/** Makes an element: attributes by name, children as elements or text. */
export function h(name, attributes = {}, ...children) {
  const e = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) e.setAttribute(key, value)
  e.append(...children)
  return e
}

/** A block of text that scrolls by itself and can be reached by the keyboard. */
export function snippet(label, text) {
  return h('pre', { class: 'term snippet', tabindex: '0', role: 'group', 'aria-label': label }, h('code', {}, text))
}
