// oidc-client-ts in Chromium: a single-page app on its own origin, so that
// cross-origin answers, cookies and redirects are a real browser's.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";
import { punchcard } from "./punchcard.mjs";

const origin = "http://localhost:4200"; // one of timesheets-spa's

let server, app, browser;
before(async () => {
  server = await punchcard();
  const library = await readFile("node_modules/oidc-client-ts/dist/browser/oidc-client-ts.min.js");
  app = createServer((request, response) => {
    if (request.url === "/oidc.js") return response.setHeader("Content-Type", "text/javascript").end(library);
    response.setHeader("Content-Type", "text/html").end(`<!doctype html><title>app</title><script src="/oidc.js"></script>`);
  });
  await new Promise((ready, failed) => app.once("error", failed).listen(4200, "localhost", ready));
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
});
after(async () => {
  await browser?.close();
  app?.close();
  await server?.stop();
});

/** Runs f(users, …) in the app's page; users is its UserManager. */
const inApp = (page, f, ...args) =>
  page.evaluate(`(${f})(window.users ??= new oidc.UserManager({
    authority: ${JSON.stringify(server.issuer)}, client_id: "timesheets-spa", redirect_uri: "${origin}/callback",
    post_logout_redirect_uri: "${origin}/", scope: "openid profile email offline_access read:timesheets create:timesheets",
    userStore: new oidc.WebStorageStateStore({ store: localStorage }), loadUserInfo: true,
  }), ...${JSON.stringify(args)})`);

test("sign in, refresh in the background, call the API, sign out", async () => {
  const page = await browser.newPage();
  await page.goto(origin);
  await inApp(page, (users) => void users.signinRedirect()); // which leaves the page
  await page.fill('input[name="email"]', "ada@example.com");
  await page.fill('input[name="password"]', "timesheets");
  await page.press('input[name="password"]', "Enter");
  await page.click('button[name="decision"][value="allow"]');
  await page.waitForURL(`${origin}/callback?**`);
  const user = await inApp(page, (users) => users.signinRedirectCallback());
  assert.equal(user.profile.sub, "usr_ada");
  assert.equal(user.profile.email, "ada@example.com");
  const fresh = await inApp(page, (users) => users.signinSilent()); // by the refresh token
  assert.notEqual(fresh.access_token, user.access_token);
  const status = await page.evaluate(async ([url, token]) => (await fetch(url, { headers: { Authorization: `Bearer ${token}` } })).status,
    [`${server.issuer}/api/timesheets`, fresh.access_token]);
  assert.equal(status, 200);
  await inApp(page, (users) => void users.signoutRedirect());
  await page.waitForURL((url) => url.origin === origin && url.pathname === "/"); // it was at /callback
  await page.goto(`${server.issuer}/`);
  assert.equal(await page.getByText("Sign out", { exact: false }).count(), 0, "somebody is still signed in");
  await page.close();
});

test("sign in by a popup, which tells its opener", async () => {
  const page = await (await browser.newContext()).newPage();
  await page.goto(origin);
  const opened = page.waitForEvent("popup");
  const signedIn = inApp(page, (users) => users.signinPopup().then((user) => user.profile.sub));
  const popup = await opened;
  await popup.fill('input[name="email"]', "grace@example.com");
  await popup.fill('input[name="password"]', "timesheets");
  await popup.press('input[name="password"]', "Enter");
  await popup.click('button[name="decision"][value="allow"]');
  await popup.waitForURL(`${origin}/callback?**`);
  await inApp(popup, (users) => void users.signinPopupCallback()); // which closes the popup
  assert.equal(await signedIn, "usr_grace");
});
