// Who is signed in, what this app may do, and the way out.

import * as api from '../api.js';
import { h } from '../dom.js';
import { to } from '../router.js';
import { API, IDENTITY, inWords } from '../scopes.js';
import { current, holds, signOut } from '../session.js';
import { button, loading, screen, trouble } from './parts.js';

export function profileScreen() {
  const { claims, scope } = current();
  const known = h('div');
  loading(known, api.me, (me) => h('dl', { class: 'facts' },
    fact('Person', h('code', {}, me.subject)), fact('App', h('code', {}, me.client_id)),
    fact('May', h('code', {}, me.scopes.join(' ') || 'nothing'))));
  return screen({ title: 'Profile', tab: 'profile', foot: out() },
    h('div', { class: 'who' }, h('span', {}, h('b', {}, claims?.name || claims?.sub || 'You'), h('small', {}, claims?.email || ''))),
    h('h2', { class: 'ph-h' }, 'This app may'),
    h('ul', { class: 'may' }, scope.filter((name) => name !== 'openid').map(allowed), API.filter((name) => !holds(name)).map(missing)),
    h('p', { class: 'fine' }, 'What you allowed is in your hands: ', h('a', { href: '/account', target: '_blank', rel: 'noopener' }, 'your account'), ' takes it back.'),
    h('h2', { class: 'ph-h' }, 'What the API knows about you'), known);
}

const fact = (term, value) => h('div', {}, h('dt', {}, term), h('dd', {}, value));

const allowed = (scope) => h('li', {}, h('span', {}, inWords(scope)), h('code', { class: 'tag' }, scope));

const missing = (scope) => h('li', { class: 'not' }, h('span', {}, inWords(scope)),
  IDENTITY.includes(scope) ? null : h('a', { href: to.ask(scope), 'aria-label': `Ask for ${scope}` }, 'Ask'));

function out() {
  const messages = h('div');
  const leave = async (event) => {
    event.target.disabled = true;
    try {
      location.assign(await signOut());
    } catch (error) {
      event.target.disabled = false;
      messages.replaceChildren(trouble(error));
    }
  };
  return [messages, button('Sign out', leave)];
}
