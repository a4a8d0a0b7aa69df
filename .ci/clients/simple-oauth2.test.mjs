// simple-oauth2, which @fastify/oauth2 and others stand on: it reads JSON from
// every answer of the server, that of the revocation included.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ClientCredentials } from "simple-oauth2";
import { punchcard } from "./punchcard.mjs";

let server;
before(async () => (server = await punchcard()));
after(() => server?.stop());

test("a machine gets a token and revokes it", async () => {
  const machine = new ClientCredentials({
    client: { id: "timesheets-cron", secret: "timesheets-cron-secret" },
    auth: { tokenHost: server.issuer, tokenPath: "/oauth/token", revokePath: "/oauth/revoke" },
  });
  const got = await machine.getToken({ scope: "batch:upload" });
  const call = () => fetch(new URL("/api/me", server.issuer), { headers: { Authorization: `Bearer ${got.token.access_token}` } });
  assert.equal((await call()).status, 200);
  await got.revoke("access_token");
  assert.equal((await call()).status, 401);
});
