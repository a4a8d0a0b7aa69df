// Beside the phone: what the app holds. It is drawn once for each pair of
// tokens; the clock alone moves each second, and no screen reader hears it.

import { clock } from '../dates.js';
import { h, say } from '../dom.js';
import { decode } from '../oauth.js';
import { inWords } from '../scopes.js';
import { current, renew } from '../session.js';
import { button, trouble } from './parts.js';

let tick;

/** Draws the panel into box and keeps its clock going. */
export function drawPanel(box) {
  clearInterval(tick);
  const pair = current();
  const small = document.getElementById('at'); // on a narrow screen, where the panel is folded
  if (!pair) {
    small.textContent = '';
    box.replaceChildren(h('p', { class: 'sub' }, 'Nothing yet: nobody is signed in, so the app holds no token at all.'));
    return;
  }
  const bar = h('progress', { max: pair.lifetime, 'aria-label': 'Life of the access token that is left' });
  const left = h('span', { class: 'left' });
  const show = () => {
    const ms = Math.max(0, pair.expiresAt - Date.now());
    bar.value = Math.min(ms, pair.lifetime);
    left.textContent = ms ? `${clock(ms)} left` : 'expired';
    small.textContent = clock(ms);
  };
  const focused = box.contains(document.activeElement); // on "Refresh now", which is drawn anew
  box.replaceChildren(...[accessToken(pair, bar, left), refreshToken(pair), claims(pair)].filter(Boolean));
  if (focused) box.querySelector('button')?.focus();
  tick = setInterval(show, 1000);
  show();
}

const start = (token) => h('mark', { class: 'start' }, `${token.slice(0, 6)}…`); // never more: a screenshot must not be a key

function accessToken(pair, bar, left) {
  return h('section', { class: 'way v-access' }, h('h3', {}, 'Access token ', start(pair.access), left), bar,
    h('p', {}, 'Opens the API until it expires, for:'),
    h('ul', { class: 'chips' }, pair.scope.map((scope) => h('li', { class: 'tag', title: inWords(scope) }, scope))));
}

function refreshToken(pair) {
  const messages = h('div');
  const now = async (event) => {
    event.target.disabled = true;
    try {
      await renew();
      say('Refreshed. The app holds a new pair of tokens.');
    } catch (error) {
      event.target.disabled = false;
      messages.replaceChildren(trouble(error));
    }
  };
  const rotated = pair.generation - 1;
  return h('section', { class: 'way v-refresh' }, h('h3', {}, 'Refresh token ', pair.refresh && start(pair.refresh)),
    pair.refresh
      ? h('p', {}, 'Gets the next pair a little before the end, and is good for one use. Rotated ', h('b', { id: 'rotated' }, `${rotated}×`), ' since you signed in.')
      : h('p', {}, 'None: you didn’t let the app stay signed in. When the access token expires, you sign in again.'),
    messages, pair.refresh && button('Refresh now', now, 'sm'));
}

// RFC 9068 6: a client MUST NOT inspect an access token; its form is between
// the two servers. Nothing in this app depends on what is read here: it is
// shown because you are here to see it.
function claims(pair) {
  let content;
  try {
    content = decode(pair.access);
  } catch {
    return null; // opaque, as it may be
  }
  return h('section', { class: 'way' }, h('h3', {}, 'What the access token says'),
    h('dl', { class: 'claims' }, rows(content).map(([name, value, words]) => h('div', {}, h('dt', {}, h('code', {}, name)), h('dd', {}, h('code', {}, value), words)))),
    h('p', { class: 'fine' }, 'A real app leaves it closed: what is in there is between the server and the API.'));
}

const at = (seconds) => new Date(seconds * 1000).toLocaleTimeString('en-GB');

function rows(content) {
  return [
    ['iss', content.iss, 'who made it'],
    ['sub', content.sub, 'whom it is about'],
    ['aud', [content.aud].flat().join(' '), 'the API that may take it'],
    ['client_id', content.client_id, 'the app that it was given to'],
    ['iat', content.iat && at(content.iat), 'made at'],
    ['exp', content.exp && at(content.exp), 'worthless from'],
    ['auth_time', content.auth_time && at(content.auth_time), 'when the password was typed'],
    ['amr', content.amr?.join(' '), 'how it was proved'],
    ['acr', content.acr?.split(':').at(-1), 'how sure that makes it'],
    ['jti', content.jti && `${content.jti.slice(0, 6)}…`, 'its serial number'],
  ].filter(([, value]) => value);
}
