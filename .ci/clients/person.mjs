// A person with a browser that keeps cookies, reads forms and follows the
// server's redirects, and stops where one leads to the app.
import assert from "node:assert/strict";

export class Person {
  #cookies = new Map();

  constructor(issuer, email = "ada@example.com", password = "timesheets") {
    Object.assign(this, { issuer, email, password });
  }

  async #send(url, form) {
    const answer = await fetch(url, {
      method: form ? "POST" : "GET",
      redirect: "manual",
      headers: {
        Cookie: [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; "),
        ...(form && { Origin: new URL(this.issuer).origin }),
      },
      body: form,
    });
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      this.#cookies.set(name, value);
    }
    return answer;
  }

  /** Goes to url and on, until a page is shown or the app is reached. */
  async visit(url, form) {
    let answer = await this.#send(url, form);
    for (let hops = 0; answer.status >= 300 && answer.status < 400; hops++) {
      assert.ok(hops < 10, "redirects without end");
      const next = new URL(answer.headers.get("location"), url);
      if (next.origin !== new URL(this.issuer).origin || next.searchParams.has("code") || next.searchParams.has("error")) return { app: next };
      url = next;
      answer = await this.#send(url);
    }
    return { url: new URL(url), status: answer.status, page: await answer.text() };
  }

  /** Signs in where asked to, allows everything that can be allowed, and returns where the app is called back. */
  async allow(url) {
    let at = await this.visit(url);
    if (at.page?.includes('name="password"')) at = await this.#signIn(at);
    if (at.page?.includes('name="decision"')) at = await this.submit(at, { decision: "allow" });
    assert.ok(at.app, `no way back to the app, but ${at.status}: ${at.page?.replace(/<[^>]*>/g, " ").replace(/\s+/g, " ").slice(0, 400)}`);
    return at.app;
  }

  /** Opens the link of a device (RFC 8628 3.3.1), signs in, compares the code and allows everything. */
  async allowDevice(link) {
    let at = await this.visit(link);
    at = await this.submit(at, { user_code: /name="user_code" value="([^"]*)"/.exec(at.page)[1] });
    if (at.page.includes('name="password"')) at = await this.#signIn(at);
    for (const decision of ["same", "allow"]) {
      assert.ok(at.page.includes(`name="decision" value="${decision}"`), `no button for ${decision} on ${at.url.pathname}`);
      at = await this.submit(at, { decision });
    }
    assert.match(at.page, /go back to your device/);
  }

  #signIn(at) {
    return this.visit(new URL("/login", this.issuer), new URLSearchParams({ flow: field(at.page, "flow"), email: this.email, password: this.password }));
  }

  /** Submits the page's form with every hidden field and every box that is not disabled. */
  async submit(at, values) {
    const form = new URLSearchParams(values);
    for (const tag of at.page.match(/<input[^>]*>/g) ?? []) {
      const name = /name="([^"]*)"/.exec(tag)?.[1];
      if (!name || / disabled/.test(tag) || name === "remember") continue;
      if (/type="(hidden|checkbox)"/.test(tag)) form.append(name, /value="([^"]*)"/.exec(tag)?.[1] ?? "on");
    }
    const action = /<form[^>]*action="([^"]*)"/.exec(at.page)[1].replaceAll("&amp;", "&");
    return this.visit(new URL(action, at.url), form);
  }
}

function field(page, name) {
  return new RegExp(`name="${name}" value="([^"]*)"`).exec(page)[1];
}
