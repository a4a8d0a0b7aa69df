// How long each token still lives, second by second, by the server's clock.

let ahead = null; // milliseconds that the server's clock is ahead of ours

/** Takes the clock from an answer's Date (RFC 9110 6.6.1), which has whole seconds. */
export function setClock(date) {
  const found = Date.parse(date) - Date.now();
  // The fraction that Date lacks, and the way of the answer, make this too
  // little, so the most that was seen is nearest. Another clock begins anew.
  if (!Number.isNaN(found) && (ahead === null || found > ahead || ahead - found > 5000)) ahead = found;
}

/** Brings every time left below root up to date. */
export function tick(root) {
  const now = Date.now() + (ahead ?? 0);
  for (const e of root.querySelectorAll('[data-exp][data-state=alive]')) {
    if (Number(e.dataset.exp)) count(e, Number(e.dataset.exp) - now / 1000);
  }
}

function count(e, left) {
  const alive = left > 0, seconds = Math.floor(left);
  e.querySelector('.left').textContent = alive ? `${clock(seconds)} left` : 'expired';
  // Tenths of its life; the last of them stays while the token lives.
  const tenth = alive ? Math.min(10, 1 + Math.floor((9 * seconds) / Math.max(1, Number(e.dataset.life)))) : 0;
  const ring = e.querySelector('.ring');
  for (let i = 0; i <= 10; i++) ring.classList.toggle('t' + i, i === tenth);
  if (alive) return;
  e.dataset.state = 'expired';
  e.classList.replace('s-alive', 's-expired');
}

const two = (n) => String(n).padStart(2, '0');

function clock(seconds) {
  const minutes = Math.floor(seconds / 60), hours = Math.floor(minutes / 60);
  return hours ? `${hours}:${two(minutes % 60)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}
