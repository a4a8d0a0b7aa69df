// One value lights up wherever it occurs, under the pointer or the focus.

import { dress } from './swap.js';

let pointed = '', focused = '';

export function lighting() {
  document.addEventListener('pointerover', (event) => point(valueAt(event)));
  document.addEventListener('pointerout', ({ relatedTarget }) => { if (!relatedTarget) point(''); }); // out of the window
  document.addEventListener('focusin', (event) => focus(valueAt(event)));
  document.addEventListener('focusout', () => focus(''));
  dress(light);
}

// A link that is nothing but a value has the focus in its place.
const valueAt = ({ target }) => (target.closest('[data-v]') ?? target.querySelector(':scope > [data-v]'))?.dataset.v ?? '';

function point(value) {
  if (value === pointed) return;
  pointed = value;
  light(document);
}

function focus(value) {
  focused = value;
  light(document);
}

function light(root) {
  const value = pointed || focused;
  for (const e of root.querySelectorAll('[data-v]')) e.classList.toggle('lit', e.dataset.v === value);
}
