// The OAuth client of the Model Context Protocol's SDK: it knows nothing but
// the address of the API, and finds all else from the 401.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { auth } from "@modelcontextprotocol/sdk/client/auth.js";
import { withOAuth } from "@modelcontextprotocol/sdk/client/middleware.js";
import { Person } from "./person.mjs";
import { punchcard } from "./punchcard.mjs";

let server, hours, serverUrl;
before(async () => {
  server = await punchcard();
  hours = new URL("/api/timesheets", server.issuer);
  serverUrl = new URL("/api", server.issuer); // its metadata can be found without a 401 as well
});
after(() => server?.stop());

/** An app as the SDK wants it: where it keeps things, and how it sends the person away. */
class App {
  redirectUrl = "http://localhost:33418/callback";
  clientMetadata = {
    client_name: "An assistant", redirect_uris: [this.redirectUrl], token_endpoint_auth_method: "none",
    grant_types: ["authorization_code", "refresh_token"], response_types: ["code"],
  };
  #kept = {};

  constructor(person, metadata) {
    this.person = person;
    Object.assign(this.clientMetadata, metadata);
  }
  state = () => (this.#kept.state = crypto.randomUUID());
  clientInformation = () => this.#kept.client;
  saveClientInformation = (client) => void (this.#kept.client = client);
  tokens = () => this.#kept.tokens;
  saveTokens = (tokens) => void (this.#kept.tokens = tokens);
  codeVerifier = () => this.#kept.verifier;
  saveCodeVerifier = (verifier) => void (this.#kept.verifier = verifier);
  invalidateCredentials = () => (this.#kept = {});
  discoveryState = () => this.#kept.discovery;
  saveDiscoveryState = (state) => void (this.#kept.discovery = state);

  async redirectToAuthorization(url) {
    this.asked = url.searchParams;
    const back = await this.person.allow(url);
    assert.equal(back.origin + back.pathname, this.redirectUrl);
    assert.equal(back.searchParams.get("state"), this.#kept.state);
    assert.equal(back.searchParams.get("iss"), server.issuer);
    assert.equal(back.searchParams.get("error_description"), null);
    this.code = back.searchParams.get("code");
  }
}

test("from the 401 to the hours: discovery, registration, PKCE, resource", async () => {
  const app = new App(new Person(server.issuer));
  const call = withOAuth(app, hours)(fetch);
  await assert.rejects(call(hours), /requires user authorization/);
  assert.equal(app.asked.get("code_challenge_method"), "S256");
  assert.equal(app.asked.get("resource"), hours.href); // RFC 9728 3.3: what was called
  assert.equal(app.asked.get("scope"), "read:timesheets"); // RFC 6750 3: what the 401 named
  assert.equal(await auth(app, { serverUrl: hours, authorizationCode: app.code }), "AUTHORIZED");
  const answer = await call(hours);
  assert.equal(answer.status, 200);
  assert.ok((await answer.json()).items.length > 0);
  assert.ok(!app.tokens().scope.includes("batch:upload"), "a person's token with a machine's scope");
});

test("a refresh, which names the resource again", async () => {
  const app = new App(new Person(server.issuer));
  const scope = "openid offline_access read:timesheets";
  assert.equal(await auth(app, { serverUrl, scope }), "REDIRECT");
  assert.equal(app.clientInformation().scope, scope);
  await auth(app, { serverUrl, authorizationCode: app.code });
  const first = app.tokens();
  const sent = [];
  const fetchFn = (url, init) => (sent.push(String(init?.body)), fetch(url, init));
  assert.equal(await auth(app, { serverUrl, fetchFn }), "AUTHORIZED"); // without the person
  assert.ok(sent.some((body) => body.includes("grant_type=refresh_token") && body.includes("resource=" + encodeURIComponent(serverUrl.href))));
  assert.notEqual(app.tokens().refresh_token, first.refresh_token);
  assert.equal((await withOAuth(app, serverUrl)(fetch)(hours)).status, 200);
});

test("with a secret of its own, as a web app in development", async () => {
  const metadata = { client_name: "A portal", token_endpoint_auth_method: "client_secret_post" };
  const app = new App(new Person(server.issuer, "grace@example.com"), metadata);
  await auth(app, { serverUrl });
  assert.ok(app.clientInformation().client_secret);
  assert.equal(await auth(app, { serverUrl, authorizationCode: app.code }), "AUTHORIZED");
  assert.equal((await withOAuth(app, serverUrl)(fetch)(hours)).status, 200);
});

test("a client that is gone registers anew", async () => {
  const app = new App(new Person(server.issuer));
  let registered; // the SDK keeps of it only what it needs itself
  const fetchFn = async (url, init) => {
    const answer = await fetch(url, init);
    if (String(url).endsWith("/oidc/register")) registered = await answer.clone().json();
    return answer;
  };
  await auth(app, { serverUrl, fetchFn, scope: "offline_access read:timesheets" });
  await auth(app, { serverUrl, authorizationCode: app.code });
  const { client_id, registration_client_uri, registration_access_token } = registered;
  const gone = await fetch(registration_client_uri, { method: "DELETE", headers: { Authorization: `Bearer ${registration_access_token}` } });
  assert.equal(gone.status, 204);
  assert.equal(await auth(app, { serverUrl, scope: "read:timesheets" }), "REDIRECT"); // invalid_client told it
  assert.notEqual(app.clientInformation().client_id, client_id);
});
