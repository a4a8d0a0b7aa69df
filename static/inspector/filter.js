// A choice narrows the list at once.

let byKey = false; // the last thing was a key other than Enter

export function filtering() {
  document.addEventListener('pointerdown', () => { byKey = false; });
  document.addEventListener('keydown', (event) => { byKey = event.key !== 'Enter'; });
  document.addEventListener('change', ({ target }) => {
    // WCAG 2.2 3.2.2: an arrow key in a closed list chooses on its way to the
    // next one. Whoever uses it has the button behind the lists.
    if (!byKey && target.matches('.filter select')) target.form.requestSubmit();
  });
}
