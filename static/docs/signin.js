// The code flow with PKCE, for a page whose tokens live as long as it does:
// they stand in a variable, so a reload or another tab does not have them.

import { pending, pendingKey } from './handover.js'

/** An end of the sign-in that the person can be told as it is. */
export class Refusal extends Error {}

/**
 * Leaves for the authorization server, and comes back to /docs.
 * config: client, redirect, issuer, base, audience. scope: separated by spaces.
 * op: id of the operation to come back to. draft: what was typed there.
 */
export async function begin(config, scope, op, draft) {
  // RFC 7636 4.2: S256 needs a hash function, and browsers have it only on
  // https and localhost. "plain" would show the verifier to whoever sees the
  // request, so it is no way out.
  if (!globalThis.isSecureContext || !crypto.subtle) {
    throw new Refusal('A browser makes the hash for PKCE only on https or on localhost. Open this page there, or use the examples.')
  }
  const server = await discover(config)
  const verifier = random(), state = random()
  try {
    sessionStorage.setItem(pendingKey, JSON.stringify({ verifier, state, scope, op, draft }))
  } catch {
    throw new Refusal('This browser keeps nothing for this page (session storage is off), so a sign-in could not come back.')
  }
  location.assign(server.authorization_endpoint + '?' + new URLSearchParams({
    response_type: 'code', client_id: config.client, redirect_uri: config.redirect, scope, state,
    audience: config.audience, code_challenge: await challenge(verifier), code_challenge_method: 'S256',
  }))
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
    back.session = await accept(config, answer, begun)
  } catch (e) {
    back.refusal = e instanceof Refusal ? e.message : 'The sign-in could not be completed: the server cannot be reached. Try again.'
  }
  return back
}

async function accept(config, answer, begun) {
  // RFC 6749 10.12: an answer that this tab has not asked for is somebody else's.
  if (!begun || answer.get('state') !== begun.state) {
    throw new Refusal('The answer does not belong to a sign-in that this tab began, so it was not used.')
  }
  // RFC 9207 2.4: byte for byte, and a missing iss is another one.
  if (answer.get('iss') !== config.issuer) {
    throw new Refusal('The answer names another server than the one that was asked, so it was not used.')
  }
  if (answer.has('error')) {
    throw new Refusal(answer.get('error') === 'access_denied'
      ? 'Nothing was allowed, so there is no token (access_denied).'
      : 'The server refused the sign-in: ' + answer.get('error') + '.')
  }
  return exchange(config, answer.get('code'), begun)
}

async function exchange(config, code, begun) {
  const server = await discover(config)
  const response = await fetch(server.token_endpoint, {
    method: 'POST', credentials: 'omit', signal: AbortSignal.timeout(15000),
    body: new URLSearchParams({
      grant_type: 'authorization_code', client_id: config.client, redirect_uri: config.redirect,
      code, code_verifier: begun.verifier,
    }),
  })
  const got = await response.json().catch(() => ({}))
  if (!response.ok) throw new Refusal('The code could not be swapped: ' + (got.error ?? response.status) + '.')
  // RFC 6749 7.1: a token of a type that is not understood must not be used.
  if (typeof got.access_token !== 'string' || String(got.token_type).toLowerCase() !== 'bearer') {
    throw new Refusal('The server gave no bearer token.')
  }
  // RFC 6749 5.1: without a scope, it is the one that was asked for.
  const granted = typeof got.scope === 'string' ? got.scope : begun.scope
  return {
    token: got.access_token, scopes: words(granted), asked: words(begun.scope),
    expires: Date.now() + 1000 * (Number(got.expires_in) || 60),
  }
}

/** The server's own addresses. OpenID Connect Discovery 4.3: its issuer must be the one that is meant. */
async function discover(config) {
  const response = await fetch(config.base + '/.well-known/openid-configuration', { credentials: 'omit', signal: AbortSignal.timeout(15000) })
  const server = await response.json()
  if (!response.ok || server.issuer !== config.issuer) throw new Refusal('The server does not describe itself as the one that this page belongs to.')
  return server
}

export const words = (scope) => scope.split(' ').filter(Boolean)

/** 32 random bytes: what RFC 7636 7.1 recommends for a verifier. */
function random() {
  return base64url(crypto.getRandomValues(new Uint8Array(32)))
}

/** RFC 7636 4.2: BASE64URL(SHA256(ASCII(verifier))). */
async function challenge(verifier) {
  return base64url(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))))
}

function base64url(bytes) {
  return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
}
