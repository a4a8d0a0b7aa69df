// oauth4webapi, by discovery alone. It checks every answer as strictly as the
// specifications allow, so most of the assertions are its own.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as oauth from "oauth4webapi";
import { Person } from "./person.mjs";
import { punchcard } from "./punchcard.mjs";

const http = { [oauth.allowInsecureRequests]: true };
const mobile = { client_id: "timesheets-mobile" };
const web = { client_id: "timesheets-web" };
const secret = oauth.ClientSecretBasic("timesheets-web-secret");
const redirect = "http://127.0.0.1:49152/callback";

let server, as, api;
before(async () => {
  server = await punchcard();
  const issuer = new URL(server.issuer);
  as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, http));
  api = new URL("/api", server.issuer);
});
after(() => server?.stop());

/** The code flow with PKCE, up to the token response. */
async function signIn({ client = mobile, auth = oauth.None(), redirectUri = redirect, person = new Person(server.issuer), params = {}, options = {}, push } = {}) {
  const verifier = oauth.generateRandomCodeVerifier();
  const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()];
  const request = new URLSearchParams({
    client_id: client.client_id, redirect_uri: redirectUri, response_type: "code", state, nonce,
    scope: "openid profile email offline_access read:timesheets create:timesheets",
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256", ...params,
  });
  const url = new URL(as.authorization_endpoint);
  url.search = push ? await push(request) : request;
  const back = oauth.validateAuthResponse(as, client, await person.allow(url), state);
  const answer = await oauth.authorizationCodeGrantRequest(as, client, auth, back, redirectUri, verifier, { ...http, ...options });
  return oauth.processAuthorizationCodeResponse(as, client, answer, { expectedNonce: nonce, requireIdToken: true });
}

const read = (token, options = {}) =>
  oauth.protectedResourceRequest(token, "GET", new URL("/api/timesheets", api), undefined, undefined, { ...http, ...options });

test("RFC 8414: the other metadata document agrees", async () => {
  const issuer = new URL(server.issuer);
  const other = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { ...http, algorithm: "oauth2" }));
  for (const name of Object.keys(other)) assert.deepEqual(other[name], as[name], name);
});

test("a public client: code, PKCE, ID token, userinfo, API, refresh, revocation", async () => {
  const got = await signIn();
  const claims = oauth.getValidatedIdTokenClaims(got);
  assert.equal(claims.sub, "usr_ada");
  const info = await oauth.processUserInfoResponse(as, mobile, claims.sub, await oauth.userInfoRequest(as, mobile, got.access_token, http));
  assert.equal(info.email, "ada@example.com");
  assert.equal((await read(got.access_token)).status, 200);
  const fresh = await oauth.processRefreshTokenResponse(as, mobile, await oauth.refreshTokenGrantRequest(as, mobile, oauth.None(), got.refresh_token, http));
  assert.notEqual(fresh.refresh_token, got.refresh_token);
  await oauth.processRevocationResponse(await oauth.revocationRequest(as, mobile, oauth.None(), fresh.refresh_token, http));
  await assert.rejects(read(fresh.access_token), (e) => e instanceof oauth.WWWAuthenticateChallengeError && e.cause[0].parameters.error === "invalid_token");
});

test("a confidential client, and its access token as RFC 9068 wants it", async () => {
  const got = await signIn({ client: web, auth: secret, redirectUri: "http://localhost:8080/callback" });
  const request = new Request(new URL("/api/timesheets", api), { headers: { Authorization: `Bearer ${got.access_token}` } });
  const claims = await oauth.validateJwtAccessToken(as, request, api.href, http);
  assert.equal(claims.client_id, "timesheets-web");
  const gateway = { client_id: "timesheets-gateway" };
  const told = await oauth.processIntrospectionResponse(as, gateway,
    await oauth.introspectionRequest(as, gateway, oauth.ClientSecretPost("timesheets-gateway-secret"), got.access_token, http));
  assert.equal(told.active, true);
});

test("a machine: client credentials", async () => {
  const cron = { client_id: "timesheets-cron" };
  const answer = await oauth.clientCredentialsGrantRequest(as, cron, oauth.ClientSecretBasic("timesheets-cron-secret"), {}, http);
  assert.equal((await oauth.processClientCredentialsResponse(as, cron, answer)).scope, "batch:upload");
});

// RFC 9449. The library proves the key, checks that the tokens are bound, and
// learns the server's nonces; whoever uses it sends a refused request again.
test("DPoP: pushed request, code, API, refresh and UserInfo, bound to a key, with the server's nonces", async () => {
  const nonced = await punchcard("--dpop-nonces");
  try {
    const issuer = new URL(nonced.issuer);
    const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, http));
    const api = new URL("/api/me", nonced.issuer);
    for (const alg of ["ES256", "PS256", "RS256", "Ed25519"]) {
      assert.ok(as.dpop_signing_alg_values_supported.includes(alg), alg);
      const handle = () => oauth.generateKeyPair(alg).then((keys) => oauth.DPoP(mobile, keys));
      await bound(as, api, await handle(), await handle(), nonced.issuer);
    }
  } finally {
    await nonced.stop();
  }
});

/** Sends the request once more where the server wants its nonce in the proof. */
async function withNonce(send) {
  try {
    return await send();
  } catch (error) {
    if (!oauth.isDPoPNonceError(error)) throw error;
    return send();
  }
}

async function bound(as, api, DPoP, thief, issuer) {
  const options = { ...http, DPoP };
  const verifier = oauth.generateRandomCodeVerifier();
  const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()];
  const request = new URLSearchParams({
    client_id: mobile.client_id, redirect_uri: redirect, response_type: "code", state, nonce, scope: "openid email offline_access read:timesheets",
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256",
  });
  const pushed = await withNonce(async () =>
    oauth.processPushedAuthorizationResponse(as, mobile, await oauth.pushedAuthorizationRequest(as, mobile, oauth.None(), request, options)));
  const url = new URL(as.authorization_endpoint);
  url.search = new URLSearchParams({ client_id: mobile.client_id, request_uri: pushed.request_uri });
  const back = oauth.validateAuthResponse(as, mobile, await new Person(issuer).allow(url), state);
  const exchange = (options) => withNonce(async () =>
    oauth.processAuthorizationCodeResponse(as, mobile,
      await oauth.authorizationCodeGrantRequest(as, mobile, oauth.None(), back, redirect, verifier, options), { expectedNonce: nonce, requireIdToken: true }));
  await assert.rejects(exchange({ ...http, DPoP: thief }), (e) => e.error === "invalid_grant"); // RFC 9449 10.1
  const got = await exchange(options);
  assert.equal(got.token_type, "dpop");
  const { sub } = oauth.getValidatedIdTokenClaims(got);

  const me = (token, options) => withNonce(() => oauth.protectedResourceRequest(token, "GET", api, undefined, undefined, options));
  assert.equal((await (await me(got.access_token, options)).json()).subject, sub);
  const refused = (e) => e instanceof oauth.WWWAuthenticateChallengeError && e.cause[0].parameters.error === "invalid_token";
  await assert.rejects(me(got.access_token, http), refused); // as a bearer token
  await assert.rejects(me(got.access_token, { ...http, DPoP: thief }), refused);

  const refresh = (options) => withNonce(async () =>
    oauth.processRefreshTokenResponse(as, mobile, await oauth.refreshTokenGrantRequest(as, mobile, oauth.None(), got.refresh_token, options)));
  await assert.rejects(refresh({ ...http, DPoP: thief }), (e) => e.error === "invalid_grant");
  const fresh = await refresh(options);
  assert.equal((await me(fresh.access_token, options)).status, 200);
  const info = await withNonce(async () => oauth.processUserInfoResponse(as, mobile, sub, await oauth.userInfoRequest(as, mobile, fresh.access_token, options)));
  assert.equal(info.email, "ada@example.com");
}

test("RFC 9126: a request that is pushed first", async () => {
  const got = await signIn({
    async push(request) {
      const pushed = await oauth.processPushedAuthorizationResponse(as, mobile, await oauth.pushedAuthorizationRequest(as, mobile, oauth.None(), request, http));
      return new URLSearchParams({ client_id: mobile.client_id, request_uri: pushed.request_uri });
    },
  });
  assert.equal((await read(got.access_token)).status, 200);
});

test("RFC 7591: a client that registers itself, and RFC 7523: proves itself by its key", async () => {
  const keys = await oauth.generateKeyPair("ES256", { extractable: true });
  const jwk = { ...(await crypto.subtle.exportKey("jwk", keys.publicKey)), kid: "one", alg: "ES256", use: "sig" };
  const redirectUri = "https://outside.example/callback";
  const client = await oauth.processDynamicClientRegistrationResponse(await oauth.dynamicClientRegistrationRequest(as, {
    client_name: "Outside", redirect_uris: [redirectUri], grant_types: ["authorization_code", "refresh_token"], response_types: ["code"],
    token_endpoint_auth_method: "private_key_jwt", jwks: { keys: [jwk] }, id_token_signed_response_alg: "ES256",
    scope: "openid profile email offline_access read:timesheets create:timesheets",
  }, http));
  const auth = oauth.PrivateKeyJwt({ key: keys.privateKey, kid: "one" });
  const got = await signIn({ client, auth, redirectUri });
  assert.equal(oauth.getValidatedIdTokenClaims(got).aud, client.client_id);
  assert.equal((await read(got.access_token)).status, 200);
});

test("RFC 8628: a device asks, a person decides in a browser", async () => {
  const asked = await oauth.processDeviceAuthorizationResponse(as, mobile,
    await oauth.deviceAuthorizationRequest(as, mobile, oauth.None(), { scope: "openid offline_access read:timesheets" }, http));
  const poll = async () => oauth.processDeviceCodeResponse(as, mobile, await oauth.deviceCodeGrantRequest(as, mobile, oauth.None(), asked.device_code, http));
  await assert.rejects(poll(), (e) => e.error === "authorization_pending");
  await new Person(server.issuer).allowDevice(asked.verification_uri_complete);
  await new Promise((later) => setTimeout(later, (asked.interval ?? 5) * 1000)); // RFC 8628 3.5: no sooner
  const got = await poll();
  assert.equal(oauth.getValidatedIdTokenClaims(got).sub, "usr_ada");
  assert.equal((await read(got.access_token)).status, 200);
});
