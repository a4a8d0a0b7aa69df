// The sign-in of the reference: the phone app's client and the phone app's
// protocol (app/oauth.js), for a page whose tokens live as long as it does:
// they stand in a variable, so a reload or another tab does not have them.

import { exchange, leave, OAuthError, receive, whyNoPKCE } from '../app/oauth.js'
import { pending, pendingKey } from './handover.js'

/** An end of the sign-in that the person can be told as it is. */
export class Refusal extends Error {}

/**
 * Leaves for the authorization server, and comes back to /docs.
 * config: client, issuer, base, audience. scope: separated by spaces.
 * op: id of the operation to come back to. draft: what was typed there.
 */
export async function begin(config, scope, op, draft) {
  if (whyNoPKCE()) {
    throw new Refusal('A browser makes the hash for PKCE only on https or on localhost. Open this page there, or use the examples.')
  }
  try {
    sessionStorage.setItem(pendingKey, '{}')
  } catch {
    throw new Refusal('This browser keeps nothing for this page (session storage is off), so a sign-in could not come back.')
  }
  await leave(config, words(scope), {}, { op, draft }, pendingKey).catch((e) => {
    sessionStorage.removeItem(pendingKey)
    throw told(e)
  })
}

/**
 * Completes what begin has begun. Returns null where nothing came back, else
 * { op, draft } with either session { token, scopes, asked, expires } or refusal.
 */
export async function finish(config) {
  const answer = new URLSearchParams(location.search)
  if (!answer.has('code') && !answer.has('error')) return null
  const begun = pending()
  sessionStorage.removeItem(pendingKey) // one answer, one use
  // The code leaves the address bar and the history before anything else.
  history.replaceState(null, '', location.pathname + location.hash)
  const back = { op: begun?.op, draft: begun?.draft }
  try {
    const got = await exchange(config, receive(config, answer, begun), begun)
    // RFC 6749 5.1: without a scope, it is the one that was asked for.
    const granted = typeof got.scope === 'string' ? words(got.scope) : begun.asked
    back.session = { token: got.access_token, scopes: granted, asked: begun.asked, expires: got.asked + 1000 * (Number(got.expires_in) || 60) }
  } catch (e) {
    back.refusal = told(e).message
  }
  return back
}

/** The protocol's errors in words for whoever reads this page. */
function told(e) {
  if (!(e instanceof OAuthError)) return new Refusal('The sign-in could not be completed: the server cannot be reached. Try again.')
  if (e.code === 'access_denied') return new Refusal('Nothing was allowed, so there is no token (access_denied).')
  if (e.code === 'response_not_ours') return new Refusal(e.message + ' It was not used.')
  return new Refusal('The server refused the sign-in: ' + e.code + '.')
}

export const words = (scope) => scope.split(' ').filter(Boolean)
