// The OAuth 2 and OpenID Connect half of the app, in the order in which it
// happens: discovery, leaving, coming back, the exchange, refresh, goodbye.
// It knows the server by its metadata alone, and keeps nothing but the one
// sign-in that is under way.

/** A refusal in the protocol's own words: code is RFC 6749 4.1.2.1 or 5.2. */
export class OAuthError extends Error {
  constructor(code, description) {
    super(description || code);
    this.code = code;
  }
}

/** The network failed, so nothing is known about the request's fate. */
export class OfflineError extends Error {}

// Chosen by us, for errors that no server sent.
const mismatch = (text) => new OAuthError('response_not_ours', text);

const PATIENCE = 20_000; // a request that hangs must not hold the refresh lock for ever

/** fetch, with a lost connection told apart from every answer. */
export async function request(url, options) {
  try {
    return await fetch(url, { credentials: 'omit', cache: 'no-store', signal: AbortSignal.timeout(PATIENCE), ...options });
  } catch {
    throw new OfflineError('The server could not be reached.');
  }
}

// ---- Discovery ----

let known; // a promise, so that ten callers ask once

/** The server's metadata. OpenID Connect Discovery 4. */
export function discover(config) {
  known ??= load(config).catch((error) => {
    known = undefined;
    throw error;
  });
  return known;
}

async function load(config) {
  const answer = await request(`${config.base}/.well-known/openid-configuration`);
  if (!answer.ok) throw new OAuthError('server_error', `Discovery answered ${answer.status}.`);
  const metadata = await answer.json();
  // Discovery 4.3: the issuer MUST be the one we asked for, or another server's
  // metadata would send codes and tokens to its own endpoints.
  if (metadata.issuer !== config.issuer) throw mismatch('The metadata belongs to another server.');
  // RFC 7636 7.2: a client must not fall back to "plain".
  if (!metadata.code_challenge_methods_supported?.includes('S256')) throw mismatch('The server does not offer PKCE with S256.');
  return metadata;
}

// ---- Leaving ----

const STASH = 'punchcard.signin';

/** Why PKCE cannot run on this page, or "" where it can. */
export function whyNoPKCE() {
  // crypto.subtle exists in secure contexts alone. There is no other way from
  // here: RFC 9700 2.1.1 has public clients use PKCE, and with the plain method
  // whoever reads the request has the verifier.
  return window.isSecureContext && crypto.subtle ? '' : 'insecure';
}

/**
 * Sends the browser to the authorization endpoint and does not come back.
 * scopes is what to ask for; extra holds further parameters, such as prompt;
 * remember comes back with the answer; place is where it is kept meanwhile.
 */
export async function leave(config, scopes, extra, remember, place = STASH) {
  const metadata = await discover(config);
  const trip = { verifier: random(), state: random(), nonce: random(), asked: scopes, left: Date.now(), maxAge: extra.max_age, ...remember };
  // Kept only until the browser is back: the page forgets its variables when
  // it leaves. sessionStorage belongs to this tab, so two tabs do not mix.
  sessionStorage.setItem(place, JSON.stringify(trip));
  const url = new URL(metadata.authorization_endpoint);
  url.search = new URLSearchParams({
    response_type: 'code',
    client_id: config.client,
    redirect_uri: redirectURI(config),
    scope: scopes.join(' '),
    audience: config.audience,
    state: trip.state, // RFC 6749 10.12: the answer must be to our request
    nonce: trip.nonce, // OIDC Core 3.1.2.1: the ID token must be, too
    code_challenge: await challengeOf(trip.verifier),
    code_challenge_method: 'S256', // RFC 7636 4.3
    ...extra,
  });
  location.assign(url);
}

const redirectURI = (config) => `${config.base}/app/callback`;

// 32 bytes: RFC 7636 7.1 recommends as much for the verifier.
const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

// RFC 7636 4.2: BASE64URL(SHA256(ASCII(verifier))).
async function challengeOf(verifier) {
  return base64url(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))));
}

function base64url(bytes) {
  return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

// ---- Coming back ----

/** What this tab left with, once; null if it left for nothing. */
export function takeTrip() {
  const stored = sessionStorage.getItem(STASH);
  sessionStorage.removeItem(STASH); // used or not, it is spent
  try {
    return stored && JSON.parse(stored);
  } catch {
    return null;
  }
}

/**
 * Checks the authorization response and returns its code. Throws an OAuthError:
 * the server's own, or response_not_ours where the response must not be used.
 */
export function receive(config, query, trip) {
  // RFC 6749 10.12: without it, somebody else's code would sign this person in
  // as somebody else.
  if (!trip || query.get('state') !== trip.state) throw mismatch('This answer is not to a question that this tab has asked.');
  // RFC 9207 2.4: compared byte for byte, errors included; another issuer means
  // that a mix-up is under way, and the code must go nowhere.
  if (query.get('iss') !== config.issuer) throw mismatch('This answer comes from another server than the one that was asked.');
  if (query.has('error')) throw new OAuthError(query.get('error'), query.get('error_description'));
  if (!query.get('code')) throw mismatch('This answer has no code.');
  return query.get('code');
}

/** Changes the code for tokens: RFC 6749 4.1.3, with the verifier of RFC 7636 4.5. */
export async function exchange(config, code, trip) {
  const tokens = await tokenRequest(config, {
    grant_type: 'authorization_code', code, redirect_uri: redirectURI(config), code_verifier: trip.verifier,
  });
  tokens.claims = checkIDToken(config, tokens.id_token, trip.nonce);
  checkAge(tokens.claims, trip);
  return tokens;
}

/** RFC 6749 6. The answer's refresh token replaces the one that was sent. */
export async function refresh(config, token, subject) {
  const tokens = await tokenRequest(config, { grant_type: 'refresh_token', refresh_token: token });
  // OIDC Core 12.2: an ID token that comes with a refresh MUST be about the same person.
  if (tokens.id_token && decode(tokens.id_token).sub !== subject) throw mismatch('The refreshed ID token is about another person.');
  return tokens;
}

async function tokenRequest(config, form) {
  const { token_endpoint: endpoint } = await discover(config);
  // RFC 6749 2.3.1 and 3.2.1: a public client has no secret and names itself.
  const body = new URLSearchParams({ client_id: config.client, ...form });
  const asked = Date.now(); // before, so that our clock runs ahead of the server's and never behind
  const answer = await request(endpoint, { method: 'POST', body });
  const content = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new OAuthError(content.error || 'server_error', content.error_description || `The token endpoint answered ${answer.status}.`);
  // RFC 6749 7.1: a client must not use a token whose type it does not know.
  if (!content.access_token || content.token_type?.toLowerCase() !== 'bearer') throw mismatch('The answer holds no bearer token.');
  return { ...content, asked };
}

/**
 * OIDC Core 3.1.3.7. The signature is left alone: the token came straight from
 * the token endpoint, so the connection vouches for who made it (item 6).
 */
export function checkIDToken(config, token, nonce) {
  if (!token) return null; // openid was not asked for
  const claims = decode(token);
  const audience = [claims.aud].flat();
  if (claims.iss !== config.issuer) throw mismatch('The ID token is from another issuer.'); // item 2
  if (!audience.includes(config.client)) throw mismatch('The ID token is for another app.'); // item 3
  if (!(claims.exp * 1000 > Date.now() - CLOCK_SKEW)) throw mismatch('The ID token has expired. Is the clock of this device right?'); // item 9
  if (claims.nonce !== nonce) throw mismatch('The ID token answers another sign-in.'); // item 11: no replay
  return claims;
}

// OIDC Core 3.1.3.7 item 13: where max_age was asked for, auth_time has to say
// that the sign-in was no older than that when the request was made.
function checkAge(claims, { maxAge, left }) {
  if (maxAge === undefined) return;
  if (!(claims?.auth_time * 1000 >= left - maxAge * 1000 - CLOCK_SKEW)) throw mismatch('The sign-in is older than this app has asked for. Is the clock of this device right?');
}

const CLOCK_SKEW = 60_000; // item 9 allows for some

/** The claims of a JWT, unverified: to be read, never to be trusted on their own. */
export function decode(token) {
  try {
    const payload = token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/');
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(payload), (c) => c.charCodeAt(0))));
  } catch {
    throw mismatch('A token cannot be read.');
  }
}

// ---- Goodbye ----

/** RFC 7009: with the refresh token its whole family goes, access tokens included. */
export async function revoke(config, token) {
  const { revocation_endpoint: endpoint } = await discover(config);
  const body = new URLSearchParams({ client_id: config.client, token, token_type_hint: 'refresh_token' });
  const answer = await request(endpoint, { method: 'POST', body });
  if (!answer.ok) throw new OAuthError('server_error', `The revocation endpoint answered ${answer.status}.`);
}

/** Ends the session at the server as well: RP-Initiated Logout 2. */
export async function logoutURL(config, idToken) {
  const { end_session_endpoint: endpoint } = await discover(config);
  const url = new URL(endpoint);
  url.search = new URLSearchParams({
    id_token_hint: idToken, client_id: config.client, post_logout_redirect_uri: `${config.base}/`,
  });
  return url;
}
