// The Timesheets API, one line an operation. It is reached with the access
// token alone (RFC 6750 2.1), and its refusals come as RFC 9457 problems.

import { request, OAuthError } from './oauth.js';
import * as session from './session.js';

/**
 * An answer of 400 or more. scope is set where the token lacks one, maxAge
 * where its sign-in is too old: how many seconds old another one may be.
 */
export class Problem extends Error {
  constructor(status, body, challenge) {
    super(body.detail || body.title || `The API answered ${status}.`);
    this.status = status;
    this.fields = (body.errors || []).map(({ pointer, detail }) => ({ name: pointer?.slice(1), detail }));
    // RFC 6750 3.1: insufficient_scope says which scope would do.
    this.scope = status === 403 ? /scope="([^"]*)"/.exec(challenge)?.[1] : undefined;
    this.maxAge = freshEnough(status, challenge);
  }
}

// RFC 9470 3: the token is good, and the sign-in behind it too long ago. The
// challenge says how recent it has to be.
function freshEnough(status, challenge) {
  const seconds = status === 401 && challenge.includes('error="insufficient_user_authentication"') && /max_age="(\d+)"/.exec(challenge)?.[1];
  return seconds ? Number(seconds) : undefined;
}

let base;

/** Names the API: its identifier is its address as well. */
export const use = (audience) => { base = audience; };

/** All entries from one day to another, oldest first. */
export async function week(from, to) {
  return (await all(`/timesheets?from=${from}&to=${to}&limit=200`)).sort((a, b) => a.date.localeCompare(b.date));
}

export const entry = (id) => call('GET', `/timesheets/${encodeURIComponent(id)}`);

/** The newest entries, for suggestions. */
export const recent = async () => (await call('GET', '/timesheets?limit=100')).body.items;

/** Adds an entry. The same key sent again gets the same answer, not a second entry. */
export const add = (fields, key) => call('POST', '/timesheets', fields, { 'Idempotency-Key': key });

/** Replaces an entry, if it is still the version of that ETag (RFC 9110 13.1.1). */
export const replace = (id, fields, etag) => call('PUT', `/timesheets/${encodeURIComponent(id)}`, fields, { 'If-Match': etag });

export const remove = (id, etag) => call('DELETE', `/timesheets/${encodeURIComponent(id)}`, undefined, { 'If-Match': etag });

export const approvals = () => all('/approvals?limit=200');

export const decide = (id, decision, comment) => call('PUT', `/approvals/${encodeURIComponent(id)}`, { decision, comment });

export const me = async () => (await call('GET', '/me')).body;

// Follows the cursor of each page to the end.
async function all(path) {
  const items = [];
  for (let cursor = ''; ;) {
    const { body } = await call('GET', path + cursor);
    items.push(...body.items);
    if (!body.next_cursor) return items;
    cursor = `&cursor=${encodeURIComponent(body.next_cursor)}`;
  }
}

// Returns {body, etag}. Throws a Problem, an OfflineError, or an OAuthError
// where the session is over.
async function call(method, path, content, headers) {
  const used = await session.token();
  let answer = await send(method, path, content, headers, used);
  if (answer.status === 401 && !wantsSignIn(answer)) {
    // RFC 6750 3.1: invalid_token. The clocks may differ, or somebody has
    // revoked it; one refresh tells, and a second 401 is final.
    if (session.current()?.access === used) await session.renew();
    answer = await send(method, path, content, headers, await session.token());
  }
  if (answer.status === 401 && !wantsSignIn(answer)) {
    session.end();
    throw new OAuthError('login_required', 'The access token is no longer accepted.');
  }
  const body = answer.status === 204 ? null : await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Problem(answer.status, body || {}, challengeOf(answer));
  return { body, etag: answer.headers.get('ETag') };
}

const challengeOf = (answer) => answer.headers.get('WWW-Authenticate') || '';

// A refresh would be of no use: it keeps the time of the sign-in (OIDC Core 12.2).
const wantsSignIn = (answer) => freshEnough(answer.status, challengeOf(answer)) !== undefined;

function send(method, path, content, headers, token) {
  const all = { Authorization: `Bearer ${token}`, Accept: 'application/json', ...headers };
  if (content) all['Content-Type'] = 'application/json';
  return request(base + path, { method, headers: all, body: content && JSON.stringify(content) });
}
