// Incremental consent: one more scope, asked for when it is needed, with the
// reason before the browser leaves.

import { h, icon } from '../dom.js';
import { to } from '../router.js';
import { API, IDENTITY, inWords, onlyFor } from '../scopes.js';
import { current, holds, signIn } from '../session.js';
import { button, note, screen, trouble } from './parts.js';

export function askScreen({ scope }) {
  if (!API.includes(scope)) return screen({ title: 'One more permission', back: to.week() }, note('bad', 'This app has no use for that scope.', ''));
  if (holds(scope)) {
    return screen({ title: 'Allowed', back: to.week() }, note('good', 'You allowed it.', `This app may now ${inWords(scope)}.`,
      h('a', { class: 'btn sm', href: destination(scope) }, 'Go on')));
  }
  const { scope: granted, asked } = current();
  const messages = h('div');
  const ask = async (event) => {
    event.target.disabled = true;
    // All of what it has and one more: an answer replaces the grant, it does
    // not add to it. Identity comes along, or there is no ID token.
    const scopes = [...new Set([...granted, 'openid', scope])];
    try {
      await signIn(scopes, { wanted: scope, had: granted, hash: to.ask(scope) });
    } catch (error) {
      event.target.disabled = false;
      messages.replaceChildren(trouble(error));
    }
  };
  const refused = asked.includes(scope);
  return screen({ title: 'One more permission', tab: TAB[scope], back: to.week(), foot: [messages, button(`${refused ? 'Ask again' : 'Ask'} for ${scope}`, ask, refused ? '' : 'primary')] },
    h('div', { class: 'blank' }, icon('lock'), h('b', {}, `This app can’t ${inWords(scope)} yet`)),
    refused ? refusal(scope) : h('p', { class: 'ph-p' }, 'It will ask you for that, and for nothing else that is new. You leave this page for a moment, decide on the server’s own page, and come back here.'),
    h('p', { class: 'ph-p fine' }, 'What it may do already is asked for again. Leave ticked what it should keep: ', kept(granted), '.'));
}

const kept = (granted) => granted.filter((name) => !IDENTITY.includes(name)).map(inWords).join(', ') || 'nothing';

// The protocol does not say why a scope is missing, and the app must not guess
// more than it knows: a role that lacks it, or a box that was left empty.
function refusal(scope) {
  if (onlyFor(scope)) {
    return note('bad', 'Your role doesn’t allow it.', `The app asked for ${scope}, and the server left it out: only ${onlyFor(scope)} can give it. If you are one, its box was left empty.`);
  }
  return note('bad', 'You didn’t allow it.', `The app asked for ${scope}, and its box was left empty.`);
}

const TAB = { 'create:timesheets': 'add', 'approve:timesheets': 'approvals' };

const destination = (scope) => ({ 'create:timesheets': to.add(), 'approve:timesheets': to.approvals() }[scope] || to.week());
