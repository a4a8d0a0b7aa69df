// A button that copies the block after it, or the one that it names.

export function copying() {
  document.addEventListener('click', async ({ target }) => {
    const button = target.closest('[data-copy]');
    const named = button?.dataset.copies;
    const block = named ? document.getElementById(named) : button?.parentElement.querySelector('[data-copy] ~ pre');
    if (!block) return;
    const label = button.dataset.copy ||= button.textContent;
    try {
      await navigator.clipboard.writeText(block.textContent);
      button.textContent = 'Copied';
    } catch {
      button.textContent = 'Not allowed';
    }
    setTimeout(() => { button.textContent = label; }, 2000);
  });
}
