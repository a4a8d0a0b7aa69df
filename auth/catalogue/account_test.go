package catalogue

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
)

var drawnFor = regexp.MustCompile(`name="for" value="([^"]+)"`)

// press sends one of the forms of /account.
func (a *agent) press(do string, pairs ...string) {
	a.t.Helper()
	page := a.get("/account")
	found := drawnFor.FindStringSubmatch(page.body)
	if found == nil {
		a.t.Fatalf("/account shows no form: %d", page.StatusCode)
	}
	form := url.Values{"for": {found[1]}, "do": {do}}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	if at := a.post("/account", form); at.StatusCode != 303 {
		a.t.Fatalf("%s: %d, want 303: %.300s", do, at.StatusCode, at.body)
	}
}

func init() {
	// OWASP ASVS 10.4.9: refresh and access are dead, at the next call; so is one
	// scope alone, and another app's tokens are not.
	consent["CN-11"] = func(t *testing.T) {
		a := newAgent(t)
		phone, site := native(), spa()
		got, others := a.granted(phone, ada), a.granted(site, ada)
		a.press("take-back", "client", phone.id, "scope", "create:timesheets")
		problem(t, "the token that carries the scope", a.api("GET", "/me", got.Access, ""), 401, invalidToken)
		next := a.tokens(a.token(phone.refreshForm(got.Refresh)))
		if strings.Contains(next.Scope, "create:timesheets") || !a.alive(next.Access) {
			t.Errorf("refreshed to %q", next.Scope)
		}
		problem(t, "what was taken back", a.api("POST", "/timesheets", next.Access, `{}`), 403, insufficientScope)
		a.press("disconnect", "client", phone.id)
		problem(t, "the access token", a.api("GET", "/me", next.Access, ""), 401, invalidToken)
		if at := a.introspect(next.Access); strings.TrimSpace(at.body) != inactive {
			t.Errorf("introspection: %s", at.body)
		}
		refused(t, "the refresh token", a.token(phone.refreshForm(next.Refresh)), 400, "invalid_grant")
		if !a.alive(others.Access) {
			t.Error("another app's token died with it")
		}
		// Nothing is remembered either: it has to ask.
		a.sentBack("silently", phone, a.follow(a.get(phone.authorize("prompt", "none"))), "consent_required")
		page(t, "nobody's form from another site", a.post("/account", url.Values{"do": {"sign-out-everywhere"}}, foreign[0]...), 403)
	}
	tokenEndpoint["TK-34"] = func(t *testing.T) {
		a, c := newAgent(t), native()
		code := a.code(c, ada)
		a.press("disconnect", "client", c.id)
		refused(t, "the code", a.token(c.exchangeForm(code)), 400, "invalid_grant")
		// One scope alone: the code is good for the others.
		code = a.code(c, ada)
		a.press("take-back", "client", c.id, "scope", "create:timesheets")
		if got := a.tokens(a.token(c.exchangeForm(code))); strings.Contains(got.Scope, "create:timesheets") || !strings.Contains(got.Scope, "read:timesheets") {
			t.Errorf("scope %q", got.Scope)
		}
	}
}
