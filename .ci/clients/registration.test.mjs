// oauth4webapi as an app that nobody has declared: from the API's address to
// its own registration, and from there to the hours.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as oauth from "oauth4webapi";
import { Person } from "./person.mjs";
import { punchcard } from "./punchcard.mjs";

const http = { [oauth.allowInsecureRequests]: true };
const redirect = "http://localhost:3999/callback";

let server, as, api;
before(async () => {
  server = await punchcard();
  api = new URL("/api", server.issuer);
  const resource = await oauth.processResourceDiscoveryResponse(api, await oauth.resourceDiscoveryRequest(api, http));
  const issuer = new URL(resource.authorization_servers[0]);
  as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { ...http, algorithm: "oauth2" }));
  assert.deepEqual(as.protected_resources, [api.href]); // RFC 9728 4
});
after(() => server?.stop());

const register = async (metadata) => oauth.processDynamicClientRegistrationResponse(await oauth.dynamicClientRegistrationRequest(as, metadata, http));

async function signIn(client, auth) {
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const url = new URL(as.authorization_endpoint);
  url.search = new URLSearchParams({
    client_id: client.client_id, redirect_uri: redirect, response_type: "code", state, scope: "openid offline_access read:timesheets", resource: api.href,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256",
  });
  const back = oauth.validateAuthResponse(as, client, await new Person(server.issuer).allow(url), state);
  const answer = await oauth.authorizationCodeGrantRequest(as, client, auth, back, redirect, verifier, { ...http, additionalParameters: { resource: api.href } });
  return oauth.processAuthorizationCodeResponse(as, client, answer, { requireIdToken: true });
}

const read = (token) => oauth.protectedResourceRequest(token, "GET", new URL("/api/timesheets", api), undefined, undefined, http);
const grant_types = ["authorization_code", "refresh_token"];

for (const [method, authentication] of [
  ["none", () => oauth.None()],
  ["client_secret_basic", (secret) => oauth.ClientSecretBasic(secret)],
  ["client_secret_post", (secret) => oauth.ClientSecretPost(secret)],
]) {
  for (const alg of ["RS256", "ES256"]) {
    test(`registered with ${method}, ID tokens by ${alg}`, async () => {
      const client = await register({ client_name: "Strict", redirect_uris: [redirect], token_endpoint_auth_method: method, grant_types, id_token_signed_response_alg: alg });
      const got = await signIn(client, authentication(client.client_secret)); // which holds the ID token against the registered algorithm
      assert.equal((await read(got.access_token)).status, 200);
      const parameters = { ...http, additionalParameters: { resource: api.href } };
      const fresh = await oauth.processRefreshTokenResponse(as, client,
        await oauth.refreshTokenGrantRequest(as, client, authentication(client.client_secret), got.refresh_token, parameters));
      assert.equal((await read(fresh.access_token)).status, 200);
    });
  }
}

test("registered with private_key_jwt", async () => {
  const { privateKey, publicKey } = await oauth.generateKeyPair("ES256");
  const jwk = { ...(await crypto.subtle.exportKey("jwk", publicKey)), kid: "k" };
  const client = await register({ redirect_uris: [redirect], token_endpoint_auth_method: "private_key_jwt", token_endpoint_auth_signing_alg: "ES256", jwks: { keys: [jwk] }, grant_types });
  const got = await signIn(client, oauth.PrivateKeyJwt({ key: privateKey, kid: "k" }));
  assert.equal((await read(got.access_token)).status, 200);
});

test("read, changed and removed (RFC 7592)", async () => {
  const client = await register({ redirect_uris: [redirect], token_endpoint_auth_method: "none" });
  const own = (method, metadata) =>
    fetch(client.registration_client_uri, {
      method, body: metadata && JSON.stringify(metadata),
      headers: { Authorization: `Bearer ${client.registration_access_token}`, ...(metadata && { "Content-Type": "application/json" }) },
    });
  assert.deepEqual(await (await own("GET")).json(), client);
  const changed = { client_id: client.client_id, redirect_uris: [redirect], token_endpoint_auth_method: "none", client_name: "Changed" };
  assert.equal((await (await own("PUT", changed)).json()).client_name, "Changed");
  assert.equal((await own("DELETE")).status, 204);
  assert.equal((await own("GET")).status, 401);
});

test("refused by the specification's codes", async () => {
  const code = (want) => (e) => e instanceof oauth.ResponseBodyError && e.error === want;
  await assert.rejects(register({ redirect_uris: ["http://app.example/cb"] }), code("invalid_redirect_uri"));
  await assert.rejects(register({ redirect_uris: [redirect], jwks_uri: "http://169.254.169.254/" }), code("invalid_client_metadata"));
});
