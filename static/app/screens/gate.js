// The screens in front of the app: nobody is signed in, or nobody can be.

import { h, icon } from '../dom.js';
import { whyNoPKCE } from '../oauth.js';
import { API, FIRST, IDENTITY, inWords } from '../scopes.js';
import { lastScopes, signIn } from '../session.js';
import { button, note, skeleton, trouble } from './parts.js';

const gate = (title, ...content) => h('div', { class: 'ph gate' }, h('div', { class: 'ph-body' },
  h('div', { class: 'gate-sign', 'aria-hidden': 'true' }, icon('week')), h('h1', { tabindex: '-1' }, title), content));

export const waitingScreen = () => h('div', { class: 'ph' }, h('div', { class: 'ph-body' }, h('p', { class: 'sr' }, 'Signing in'), skeleton(5)));

/** The front door. what is a note about why somebody stands there again, or null. */
export function welcomeScreen(what) {
  if (whyNoPKCE()) return insecureScreen();
  const boxes = [...API, 'offline_access'].map((scope) => choice(scope));
  const asked = () => ['openid', 'profile', 'email', ...boxes.filter(({ box }) => box.checked).map(({ box }) => box.value)];
  return gate('Timesheets', h('p', { class: 'ph-p' }, 'File your hours, wherever you are. You sign in on the server’s own page: this app never sees your password.'),
    what && note(what.kind || 'calm', what.title, what.text), signInButton('Sign in', asked),
    h('details', { class: 'choose' }, h('summary', {}, 'What it will ask for'),
      h('p', { class: 'fine' }, 'The app asks; you decide on the server’s page. What is left out now can be asked for later.'),
      boxes.map(({ label }) => label)));
}

function choice(scope) {
  const box = h('input', { type: 'checkbox', value: scope, checked: FIRST.includes(scope) });
  return { box, label: h('label', { class: 'pick' }, box, h('span', {}, inWords(scope), h('code', { class: 'tag' }, scope))) };
}

function signInButton(label, scopes) {
  const messages = h('div');
  const go = async (event) => {
    event.target.disabled = true;
    try {
      await signIn(scopes(), { hash: location.hash });
    } catch (error) {
      event.target.disabled = false;
      messages.replaceChildren(trouble(error));
    }
  };
  return [messages, button(label, go, 'primary')];
}

/** The session ended, and nobody wanted it to. */
export function endedScreen() {
  const scopes = () => [...new Set([...(lastScopes() || FIRST), ...IDENTITY])];
  return gate('Your session has ended', h('p', { class: 'ph-p' }, 'It was open for too long, or was ended somewhere else. What you have typed is kept; sign in and go on where you were.'),
    signInButton('Sign in again', scopes));
}

/** The answer of the server could not be used. */
export function failedScreen(error) {
  return gate('The sign-in didn’t work', error.code ? note('bad', error.message, h('code', { class: 'tag' }, error.code)) : trouble(error),
    signInButton('Try again', () => FIRST));
}

function insecureScreen() {
  const local = `http://localhost${location.port && `:${location.port}`}/app/`;
  return gate('Not on this address', h('div', { class: 'ph-p words' },
    h('p', {}, 'This page came over plain http from another machine. Browsers then switch off WebCrypto, and without it the app can’t make the hash that PKCE needs.'),
    h('p', {}, 'There is a “plain” PKCE without a hash. The app never uses it: whoever reads the request would have the secret as well.'),
    h('p', {}, 'Serve Punchcard by https, or start it without --issuer and open it on its own machine:'),
    h('p', {}, h('code', {}, local))));
}
