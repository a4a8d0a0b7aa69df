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
