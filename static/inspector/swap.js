// A part of the page gives way to a newer drawing of it. The server draws, so
// that there is one way to draw a run; nothing here makes markup of text.

import { setClock } from './countdown.js';

const dressers = [];

/** Does something to the whole page now, and to each part before it is shown. */
export function dress(how) {
  dressers.push(how);
  how(document);
}

/** Fetches a part, named by its id, and shows it. Throws where there is none: the caller tries again. */
export async function put(id, address) {
  const answer = await fetch(address, { credentials: 'same-origin', cache: 'no-store', redirect: 'error', signal: AbortSignal.timeout(10_000) });
  setClock(answer.headers.get('Date'));
  // A run that is gone is a 404 whose part says so. Another failure has no part.
  const found = new DOMParser().parseFromString(await answer.text(), 'text/html').getElementById(id);
  const old = document.getElementById(id);
  if (!found) throw new Error(`${answer.status} without #${id}`);
  if (id === 'run' && version(old) === version(found)) return;
  const fresh = document.importNode(found, true);
  for (const how of dressers) how(fresh);
  const restore = keep(old, fresh);
  renew(old, fresh);
  restore();
}

/** The id of the step that a drawing shows in full; undefined without one. */
export const stepOf = (run) => run.querySelector('.steps-drawn [aria-current]')?.dataset.step;

const version = (run) => [run.dataset.run, run.dataset.version, stepOf(run)].join();

// What stays the same stays in place, with whatever somebody has selected in it.
function renew(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  const before = [...old.children], after = [...fresh.children];
  const alike = old.localName === fresh.localName && before.length === after.length && after.length > 0 && words(old) === words(fresh);
  if (!alike) return old.replaceWith(fresh);
  for (const name of old.getAttributeNames()) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  before.forEach((child, i) => renew(child, after[i]));
}

/** An element's own text, with a mark for each child. */
const words = (element) => [...element.childNodes].map((node) => (node.nodeType === Node.ELEMENT_NODE ? '\0' : node.data)).join('');

// Carries over what belongs to whoever looks at the page. Returns what is left
// to do once the new drawing is in its place.
function keep(old, fresh) {
  keepFollow(old, fresh);
  for (const box of fresh.querySelectorAll('#spec, #follow')) box.checked = old.querySelector('#' + box.id)?.checked ?? box.checked;
  for (const list of fresh.querySelectorAll('select')) list.value = twin(list, fresh, old)?.value ?? list.value;
  const sameStep = old.dataset.run === fresh.dataset.run && stepOf(old) === stepOf(fresh);
  for (const fold of fresh.querySelectorAll('details')) {
    const was = twin(fold, fresh, old);
    if (was && (was.open || sameStep)) fold.open = was.open;
  }
  if (old.dataset.run && old.dataset.run === fresh.dataset.run) {
    for (const li of fresh.querySelectorAll('.steps-drawn > li')) li.classList.toggle('fresh', !old.querySelector('#' + CSS.escape(li.id)));
  }
  const scrolled = [...old.querySelectorAll('*')].filter((e) => e.scrollTop || e.scrollLeft).map((e) => [twin(e, old, fresh), e.scrollTop, e.scrollLeft]);
  const focus = old.contains(document.activeElement) ? document.activeElement : null;
  const next = focus && twin(focus, old, fresh);
  return () => {
    for (const [e, top, left] of scrolled) e?.scrollTo({ top, left, behavior: 'instant' });
    if (!focus || focus.isConnected) return;
    // A link that is gone, as "next" at the end, leaves the focus to the step.
    (next?.isConnected ? next : document.querySelector('.steps-drawn [aria-current]'))?.focus({ preventScroll: true });
  };
}

// A page that follows keeps its switch when one run is drawn by its number,
// whose own page has a link in that place.
function keepFollow(old, fresh) {
  const follow = old.querySelector('label:has(#follow)');
  if (follow && !fresh.querySelector('#follow')) fresh.querySelector('.run-acts > a[href^="/inspector"]:not([download])')?.replaceWith(follow.cloneNode(true));
}

/** The element of one drawing that stands for the same as this one of another. */
function twin(element, from, to) {
  const known = name(element);
  const alike = (root) => [...root.querySelectorAll(element.localName)].filter((e) => name(e) === known);
  return alike(to)[alike(from).indexOf(element)];
}

function name(e) {
  const { step, go, v } = e.dataset;
  if (e.localName === 'details') return e.firstElementChild.textContent;
  if (e.localName === 'summary') return e.textContent;
  return e.id || step || go || v || e.name || e.getAttribute('href') || e.getAttribute('aria-label') || e.form?.getAttribute('action') || e.getAttribute('class');
}

const PATIENCE = 30_000; // milliseconds between two tries at most

/**
 * Makes of work a function that never runs twice at once: asked meanwhile, it
 * runs once more afterwards. What fails is tried again, ever more slowly.
 */
export function latest(work) {
  let asked = false, busy = false, wake = () => {};
  return async () => {
    asked = true;
    wake();
    if (busy) return;
    busy = true;
    for (let pause = 1000; asked;) {
      asked = false;
      try {
        await work();
        pause = 1000;
      } catch {
        asked = true;
        await new Promise((done) => { wake = done; setTimeout(done, pause); });
        pause = Math.min(2 * pause, PATIENCE);
      }
    }
    busy = false;
  };
}
