// Moving through a run: by its links, by its address, by keys, and by a player.

import { drawn, newest, pick, picked } from './drawn.js';
import { dress } from './swap.js';

const SLOWLY = 1500; // milliseconds between two steps of the player

let timer = 0;

export function stepping() {
  document.addEventListener('click', clicked);
  document.addEventListener('keydown', pressed);
  document.addEventListener('change', (event) => {
    if (event.target.id !== 'follow') return;
    stop();
    if (event.target.checked) newest(drawn());
  });
  addEventListener('hashchange', () => { stop(); byAddress(); });
  dress(pressPlay);
  byAddress();
}

const links = () => [...document.querySelectorAll('.steps-drawn [data-step]')];
const known = (id) => links().some((a) => a.dataset.step === id);

function byAddress() {
  const id = [location.hash.slice(1), new URLSearchParams(location.search).get('step')].find(known);
  if (id) pick(id);
}

// Every link to a step of the drawn run, wherever in it the link stands.
function clicked(event) {
  if (event.target.closest('[data-go=play]')) return timer ? stop() : play();
  const a = event.target.closest('#run a[href]');
  if (!a || event.button || held(event) || a.origin !== location.origin || a.pathname !== '/inspector/' + drawn()) return;
  const id = a.hash.slice(1);
  if (!known(id)) return;
  event.preventDefault();
  stop();
  pick(id);
}

const held = (event) => event.altKey || event.ctrlKey || event.metaKey || event.shiftKey;

const MOVES = {
  ArrowLeft: (at) => at - 1, ArrowRight: (at) => at + 1, Home: () => 0, End: (at, last) => last,
  k: (at) => at - 1, j: (at) => at + 1,
};

function pressed(event) {
  const move = MOVES[event.key];
  if (!move || held(event)) return;
  // A field needs these keys itself, and so does a block that scrolls.
  if (event.target.matches('input:not([type=checkbox]), select, textarea, [tabindex]:not(mark)')) return;
  // WCAG 2.2 2.1.4: a key that is a letter works only where the focus is in the
  // run; people who speak to their computer would set it off anywhere else.
  if (event.key.length === 1 && !event.target.closest('#run')) return;
  event.preventDefault();
  stop();
  go(move);
}

/** Moves, and takes the focus along if a step has it. Returns whether there are more steps after this. */
function go(move) {
  const all = links(), last = all.length - 1;
  let at = all.findIndex((a) => a.dataset.step === picked());
  if (at < 0) at = all.findIndex((a) => a.hasAttribute('aria-current'));
  const to = move(at, last);
  if (to !== at && all[to]) {
    if (document.activeElement?.matches('.steps-drawn a')) all[to].focus({ preventScroll: true });
    all[to].scrollIntoView({ block: 'nearest' });
    pick(all[to].dataset.step);
  }
  return to < last;
}

function play() {
  const all = links();
  if (!all.length) return;
  const atEnd = (picked() || all.find((a) => a.hasAttribute('aria-current'))?.dataset.step) === all.at(-1).dataset.step;
  if (atEnd && !go(MOVES.Home)) return;
  timer = setInterval(() => { if (!go(MOVES.ArrowRight)) stop(); }, SLOWLY);
  pressPlay(document);
}

function stop() {
  clearInterval(timer);
  timer = 0;
  pressPlay(document);
}

function pressPlay(root) {
  root.querySelector('[data-go=play]')?.setAttribute('aria-pressed', String(timer > 0));
}
