// What several screens are made of.

import { h, icon } from '../dom.js';
import { OfflineError } from '../oauth.js';
import { to } from '../router.js';
import { holds, current } from '../session.js';
import { inWords } from '../scopes.js';

/** A whole screen: title, then what scrolls, then what stays at the foot. */
export function screen({ title, back, tab, foot }, ...content) {
  return h('div', { class: 'ph' },
    h('header', { class: 'ph-top' },
      back && h('a', { class: 'ph-back', href: back, 'aria-label': 'Back' }, icon('back')),
      h('h1', { tabindex: '-1' }, title), avatar()),
    h('div', { class: 'ph-body', tabindex: '0', role: 'region', 'aria-label': title }, content),
    foot && h('div', { class: 'ph-foot' }, foot),
    current() && tabs(tab));
}

function avatar() {
  const name = current()?.claims?.name;
  if (!name) return null;
  const initials = name.split(/\s+/).map((part) => [...part][0]).slice(0, 2).join('');
  return h('a', { class: 'ava', href: to.profile() }, initials, h('span', { class: 'sr' }, `, ${name}, your profile`));
}

const TABS = [
  ['week', 'Week', 'read:timesheets', to.week()],
  ['add', 'Add', 'create:timesheets', to.add()],
  ['approvals', 'Approvals', 'approve:timesheets', to.approvals()],
  ['profile', 'Profile', null, to.profile()],
];

// The menu follows what was granted. A locked entry is no dead end: it leads to
// where the scope can be asked for.
function tabs(active) {
  return h('nav', { class: 'ph-tabs', 'aria-label': 'App' }, TABS.map(([name, label, scope, href]) => {
    const locked = scope && !holds(scope);
    return h('a', { href: locked ? to.ask(scope) : href, 'aria-current': name === active && 'page', class: locked && 'locked' },
      icon(locked ? 'lock' : name), label, locked && h('span', { class: 'sr' }, ' (not allowed yet)'));
  }));
}

/** A message with a title; kind is "", "bad" or "good". */
export const note = (kind, title, text, ...actions) => h('div', { class: `ph-x ${kind}` }, h('b', {}, title), ' ', text,
  actions.length > 0 && h('div', { class: 'ph-acts' }, actions));

export const button = (label, onclick, kind = '') => h('button', { type: 'button', class: `btn ${kind}`, onclick }, label);

/** The page before it is there. */
export const skeleton = (rows = 4) => h('div', { class: 'bones', 'aria-hidden': 'true' }, Array.from({ length: rows }, () => h('i')));

/** Draws into box what load brings: bones first, then the result or the trouble. */
export async function loading(box, load, draw) {
  box.setAttribute('aria-busy', 'true');
  box.replaceChildren(skeleton(), h('p', { class: 'sr' }, 'Loading'));
  try {
    const drawn = draw(await load());
    box.replaceChildren(...[drawn].flat(Infinity).filter(Boolean));
  } catch (error) {
    box.replaceChildren(trouble(error, () => loading(box, load, draw)));
  }
  box.removeAttribute('aria-busy');
}

/** An error, in words that say what to do. retry is called by its button. */
export function trouble(error, retry) {
  const again = retry && button('Try again', retry, 'sm');
  if (error instanceof OfflineError) {
    const there = navigator.onLine;
    return note('calm', there ? 'The server doesn’t answer.' : 'You’re offline.', 'Nothing is lost: what you have typed stays here.', again);
  }
  if (error.scope) {
    return note('bad', 'Not allowed.', `The API wants ${error.scope}, and you haven’t let this app ${inWords(error.scope)}.`,
      h('a', { class: 'btn sm', href: to.ask(error.scope) }, `Ask for ${error.scope}`));
  }
  if (error.status === 404) return note('bad', 'It isn’t there.', 'It was deleted, or belongs to somebody else.');
  if (error.status >= 500) return note('bad', 'The API has a problem.', error.message, again);
  if (error.status || error.code) return note('bad', 'That didn’t work.', error.message, again);
  console.error(error); // a mistake of ours
  return note('bad', 'Something went wrong in this app.', 'Reload the page to start over.', again);
}

const STATUS = { pending: 'Pending', approved: 'Approved', rejected: 'Rejected' };

export const pill = (entry) => h('i', { class: `pill ${entry.status}` }, STATUS[entry.status] || entry.status);

/** The project's name behind a mark of its colour, the same on every screen. */
export function project(name) {
  let n = 0;
  for (const c of name) n = (n * 31 + c.codePointAt(0)) % 6;
  return [h('i', { class: `dot p${n}`, 'aria-hidden': 'true' }), name];
}

/** Asks before something that cannot be undone; resolves to true or false. */
export function confirm(title, text, yes) {
  return new Promise((resolve) => {
    const dialog = h('dialog', { class: 'ask', 'aria-labelledby': 'ask-title', onclose: () => {
      dialog.remove();
      resolve(dialog.returnValue === 'yes');
    } }, h('form', { method: 'dialog' }, h('h2', { id: 'ask-title' }, title), h('p', {}, text),
      h('div', { class: 'acts' }, h('button', { class: 'btn', value: '', autofocus: true }, 'Keep it'), h('button', { class: 'btn danger', value: 'yes' }, yes))));
    const glass = document.getElementById('app');
    const { left, top, width, height } = glass.getBoundingClientRect();
    dialog.style.setProperty('--x', `${left + width / 2}px`); // in the middle of the phone, not of the window
    dialog.style.setProperty('--y', `${top + height / 2}px`);
    glass.append(dialog);
    dialog.showModal();
  });
}
