// The signed-in state of this tab: one pair of tokens, in a variable. A reload
// forgets them; then another tab is asked, or the server, without a question
// to the person (prompt=none). Nothing that opens anything is ever stored.
//
// What can still go wrong: a tab that dies between sending a refresh token and
// reading the answer takes the new one with it. The next refresh then replays
// the old one, the family ends, and the person signs in once more. A server
// cannot tell that from theft, so neither is it made smooth here.

import * as oauth from './oauth.js';
import * as tabs from './tabs.js';

const WAS = 'punchcard.was'; // the scopes that this tab had: no secret, and gone with the tab

let config;
let pair = null;
let turn = null; // the refresh under way
let timer;
const listeners = new Set();

/** The pair of tokens, or null: scope, claims, generation, expiresAt (ms) and more. */
export const current = () => pair;

/** Calls listener with "tokens", "ended", "signed-out" or "waiting". */
export const onChange = (listener) => listeners.add(listener);

const announce = (what) => listeners.forEach((listener) => listener(what));

export const holds = (scope) => Boolean(pair?.scope.includes(scope));

// ---- Beginning ----

/** Takes the configuration, and listens. */
export function start(configuration) {
  config = configuration;
  tabs.onTold(hear);
  document.addEventListener('visibilitychange', plan); // timers of a hidden tab run late
  addEventListener('online', plan);
}

/** Takes over the tokens of another tab. Returns whether one had any. */
export async function share() {
  return await tabs.anybody() && heard(() => pair !== null, 1000);
}

/** Signs in: leaves the page. trip is what the app wants to know when back. */
export const signIn = (scopes, trip) => oauth.leave(config, scopes, {}, trip);

/**
 * Signs in again, with the scopes it has, because the last time is too long ago
 * (RFC 9470 4). login_hint fills in who it was; that it is them is for the app
 * to check when it is back.
 */
export const signInAgain = (maxAge, trip) => oauth.leave(config, [...new Set([...pair.scope, 'openid'])],
  { max_age: maxAge, ...(pair.claims?.email && { login_hint: pair.claims.email }) }, { ...trip, had: pair.scope, sub: pair.claims?.sub });

/**
 * Signs in without a question, if this tab was signed in before. Returns false
 * where that is not worth trying. The mark is taken away first and put back by
 * success alone, so this can never go round in circles.
 */
export async function resume(trip) {
  const was = sessionStorage.getItem(WAS);
  sessionStorage.removeItem(WAS);
  if (!was) return false;
  // Exactly what was granted: to ask for more would be answered with consent_required.
  await oauth.leave(config, was.split(' '), { prompt: 'none' }, { ...trip, silent: true });
  return true;
}

/** Begins a family with what the code was exchanged for. */
export async function begin(answer, asked) {
  const family = crypto.randomUUID();
  await tabs.mark(family, 1);
  adopt({ ...fields(answer, asked), claims: answer.claims, family, generation: 1, asked });
  tabs.tell({ type: 'pair', pair });
}

function fields(answer, granted) {
  const lifetime = (answer.expires_in || 60) * 1000;
  return {
    access: answer.access_token, refresh: answer.refresh_token, idToken: answer.id_token,
    // RFC 6749 5.1: scope may be left out where it is what was asked for.
    scope: answer.scope === undefined ? granted : answer.scope.split(' '),
    lifetime, expiresAt: answer.asked + lifetime,
  };
}

function adopt(next) {
  pair = next;
  sessionStorage.setItem(WAS, pair.scope.join(' '));
  plan();
  announce('tokens');
}

// ---- Other tabs ----

function hear(message) {
  if (message.type === 'who' && pair) tabs.tell({ type: 'pair', pair });
  if (message.type === 'pair') consider(message.pair);
  if (message.type === 'ended' && pair?.family === message.family) forget('ended');
  if (message.type === 'signed-out' && pair) {
    // Another family of the same person is this tab's to revoke.
    if (pair.family !== message.family && pair.refresh) oauth.revoke(config, pair.refresh).catch(() => {});
    forget('signed-out');
  }
}

// A tab without tokens takes any; one with tokens takes newer ones of its own
// family, because another family may belong to somebody else.
function consider(offered) {
  const newer = pair?.family === offered.family && pair.generation < offered.generation;
  if (pair && !newer) return;
  tabs.mark(offered.family, offered.generation);
  adopt(offered);
}

// Asks the other tabs and waits until what they say makes done() true.
function heard(done, limit) {
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(late);
      listeners.delete(check);
      resolve(done());
    };
    const check = () => done() && finish();
    const late = setTimeout(finish, limit);
    listeners.add(check);
    tabs.tell({ type: 'who' });
  });
}

// ---- Refresh ----

/** An access token that is good for a moment yet. */
export async function token() {
  if (pair && Date.now() > pair.expiresAt - 500) await renew();
  if (!pair) throw new oauth.OAuthError('login_required', 'Nobody is signed in.');
  return pair.access;
}

/** Gets the next pair, once, however many ask: in this tab or in others. */
export function renew() {
  const seen = pair;
  turn ??= tabs.inTurn(() => replace(seen)).finally(() => { turn = null; });
  return turn;
}

async function replace(seen) {
  if (!await caughtUp()) return end(); // its tab has the newer tokens and does not answer; ours are spent
  if (pair !== seen) return; // another tab was faster, or all has ended meanwhile
  if (!pair.refresh) return end();
  const answer = await oauth.refresh(config, pair.refresh, pair.claims?.sub).catch((error) => {
    // RFC 6749 5.2: expired, revoked or replayed. Only a new sign-in helps.
    if (error.code === 'invalid_grant') return null;
    throw error;
  });
  if (pair !== seen) return void (answer?.refresh_token && oauth.revoke(config, answer.refresh_token).catch(() => {}));
  if (!answer) return end();
  const next = { ...pair, ...fields(answer, pair.scope), generation: pair.generation + 1 };
  next.refresh ??= pair.refresh; // RFC 6749 6: a server may leave it as it is
  next.idToken ??= pair.idToken;
  await tabs.mark(next.family, next.generation); // before the turn is over, see tabs.js
  adopt(next);
  tabs.tell({ type: 'pair', pair });
}

async function caughtUp() {
  if (!pair) return true;
  const generation = await tabs.newest(pair.family);
  return pair.generation >= generation || heard(() => !pair || pair.generation >= generation, 3000);
}

// Refreshes a little before the end: 30 seconds, or for tokens that live only
// seconds the last 30 % of their life.
function plan() {
  clearTimeout(timer);
  if (!pair) return;
  const margin = pair.refresh ? Math.min(30_000, pair.lifetime * 0.3) : 0;
  timer = setTimeout(quietly, pair.expiresAt - margin - Date.now());
}

const PAUSE = 5000;

async function quietly() {
  try {
    await renew();
  } catch {
    // No connection, or no server: the refresh token is as good as before.
    clearTimeout(timer);
    timer = setTimeout(quietly, PAUSE);
    announce('waiting');
  }
}

// ---- The end ----

/** What this tab was allowed last, to ask for the same again. */
export const lastScopes = () => last;

let last = null;

/** The session is over, by no wish of the person's. */
export function end() {
  if (!pair) return;
  tabs.tell({ type: 'ended', family: pair.family });
  forget('ended');
}

function forget(why) {
  last = pair?.scope ?? last;
  pair = null;
  clearTimeout(timer);
  tabs.unmark();
  if (why === 'signed-out') sessionStorage.removeItem(WAS);
  announce(why);
}

/**
 * Signs out everywhere: revokes, forgets, tells the other tabs, and returns
 * where the browser ends the session at the server. It waits for its turn, so
 * that it revokes the newest token and not one that is being replaced. Throws
 * an OfflineError where nothing could be revoked; then nothing has changed.
 */
export function signOut() {
  return tabs.inTurn(async () => {
    await caughtUp();
    if (!pair) return new URL('/', config.base);
    const { refresh, idToken, family } = pair;
    const then = idToken ? await oauth.logoutURL(config, idToken) : new URL('/', config.base);
    if (refresh) await oauth.revoke(config, refresh);
    tabs.tell({ type: 'signed-out', family });
    forget('signed-out');
    return then;
  });
}
