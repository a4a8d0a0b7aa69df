package auth_test

import (
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/exampleco/punchcard/auth/punchcardtest"
	"github.com/exampleco/punchcard/auth/punchcardtest/agent"
)

func TestFreshLogin(t *testing.T) {
	p := punchcardtest.New(t)
	b, c := p.Browser(t), agent.Mobile()
	b.Code(c, "ada@example.com")
	for _, extra := range [][]string{{"prompt", "login"}, {"max_age", "0"}} {
		if page := b.Follow(b.Get(c.AuthorizeURL(extra...))); page.Request.URL.Path != "/login" {
			t.Errorf("%v did not ask for the password: %s", extra, page.Request.URL.Path)
		}
	}
	other := p.Browser(t)
	hint := other.SignedUp(agent.Mobile(), "alan@example.com").ID
	q := b.Arrive(c, b.Follow(b.Get(c.AuthorizeURL("prompt", "none", "id_token_hint", hint))))
	if q.Get("error") != "login_required" {
		t.Errorf("Alan's hint with Ada signed in: %v, want login_required", q)
	}
}

// RFC 9470: whoever approves with a token of an old sign-in is sent to sign in
// again. A refresh does not help, nor does a flow that asks for no fresh
// sign-in; one with the max_age of the challenge does.
func TestStepUpForApprovals(t *testing.T) {
	var w punchcardtest.Clock
	p := punchcardtest.New(t, punchcardtest.At(w.Now), punchcardtest.Flags("--approve-max-age", "5m"))
	ada, grace, c := p.Browser(t), p.Browser(t), agent.Mobile()
	day := w.Now().Format(time.DateOnly)
	created := ada.API("POST", "/timesheets", ada.SignedUp(c, "ada@example.com").Access, `{"project":"Apollo","date":"`+day+`","hours":2.5}`)
	id, _ := created.JSON(t)["id"].(string)
	got := grace.SignedUp(c, "grace@example.com")
	insufficient := func(token string) {
		t.Helper()
		a := grace.API("PUT", "/approvals/"+id, token, `{"decision":"approve"}`)
		for _, piece := range []string{`Bearer `, `error="insufficient_user_authentication"`, `error_description=`, `max_age="300"`, `resource_metadata="` + p.Base()} {
			if a.StatusCode != 401 || !strings.Contains(a.Header.Get("WWW-Authenticate"), piece) || a.Header.Get("Content-Type") != "application/problem+json" {
				t.Errorf("%d %q, want 401 with %s", a.StatusCode, a.Header.Get("WWW-Authenticate"), piece)
			}
		}
	}
	w.Move(6 * time.Minute)
	insufficient(got.Access)
	if a := grace.API("GET", "/approvals", got.Access, ""); a.StatusCode != 200 || !strings.Contains(a.Text, id) {
		t.Errorf("to look demands nothing: %d", a.StatusCode)
	}
	next := grace.Tokens(grace.Refresh(c, got.Refresh))
	if was, is := agent.Claims(t, got.Access, 1)["auth_time"], agent.Claims(t, next.Access, 1)["auth_time"]; was != is {
		t.Errorf("auth_time was %v and is %v after a refresh (OIDC Core 12.2)", was, is)
	}
	insufficient(next.Access)
	insufficient(grace.SignedUp(c, "").Access) // the browser is still signed in, since six minutes ago

	page := grace.Follow(grace.Get(c.AuthorizeURL("max_age", "300")))
	if page.Request.URL.Path != "/login" {
		t.Fatalf("max_age=300 led to %s, want the login", page.Request.URL.Path)
	}
	page = grace.SignIn(page, "grace@example.com", "timesheets")
	fresh := grace.Tokens(grace.Exchange(c, grace.Arrive(c, grace.Decide(page, "allow", nil)).Get("code")))
	if a := grace.API("PUT", "/approvals/"+id, fresh.Access, `{"decision":"approve"}`); a.StatusCode != 200 || a.JSON(t)["status"] != "approved" {
		t.Errorf("after the fresh sign-in: %d %s", a.StatusCode, a.Text)
	}
	if exit, said := punchcardtest.Refused(t, "--approve-max-age", "1500ms", "--db", filepath.Join(t.TempDir(), "x.db")); exit != 2 || !strings.Contains(said, "whole seconds") {
		t.Errorf("a fraction of a second: exit %d, %q", exit, said)
	}
}

// OIDC Core 3.1.2.1, prompt=select_account: the person says which account it
// shall be, also where consent is remembered.
func TestSelectAccount(t *testing.T) {
	p := punchcardtest.New(t)
	b, c := p.Browser(t), agent.Mobile()
	c.ID, c.Redirect, c.Scope = "timesheets-spa", "http://localhost:5173/callback", "openid profile read:timesheets"
	at := func(a agent.Answer, path string) agent.Answer {
		t.Helper()
		if a.Request.URL.Path != path || a.StatusCode != 200 {
			t.Fatalf("came to %s %d, want %s", a.Request.URL.Path, a.StatusCode, path)
		}
		return a
	}
	subject := func(a agent.Answer) any {
		t.Helper()
		return agent.Claims(t, b.Tokens(b.Exchange(c, b.Arrive(c, a).Get("code"))).ID, 1)["sub"]
	}
	ask := func(extra ...string) agent.Answer {
		return b.Follow(b.Get(c.AuthorizeURL(append([]string{"prompt", "select_account"}, extra...)...)))
	}
	// Nobody is signed in: signing in is choosing.
	page := at(b.SignIn(at(ask(), "/login"), "ada@example.com", "timesheets"), "/consent")
	if sub := subject(b.Decide(page, "allow", func(v url.Values) { v.Set("remember", "1") })); sub != "usr_ada" {
		t.Errorf("the token is %v's", sub)
	}
	// The consent is remembered, and the choice is asked for all the same.
	page = at(ask(), "/select-account")
	f := page.Form(t)
	if !strings.Contains(page.Text, "Ada Lovelace") || strings.Contains(page.Header.Get("Content-Security-Policy"), "script") {
		t.Errorf("the page: %.300s", page.Text)
	}
	if sub := subject(b.Follow(b.Do("POST", f.Action, f.Values))); sub != "usr_ada" {
		t.Errorf("went on as Ada, and the token is %v's", sub)
	}
	if a := b.Follow(b.Do("POST", f.Action, f.Values)); a.StatusCode != 200 || !strings.Contains(a.Text, "is complete") {
		t.Errorf("the button once more: %d, want the page that says it is complete", a.StatusCode)
	}
	// A form that was drawn for somebody else chooses nothing, and no other site can send one.
	page = ask()
	f = page.Form(t)
	if a := b.Do("POST", f.Action, f.Values, "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"); a.StatusCode != 403 {
		t.Errorf("from another site: %d", a.StatusCode)
	}
	f.Values.Set("session", strings.Repeat("0", 32))
	at(b.Follow(b.Do("POST", f.Action, f.Values)), "/select-account")
	// No later step can be called instead.
	if a := b.Follow(b.Get("/consent?flow=" + f.Values.Get("flow"))); a.Request.URL.Path != "/select-account" {
		t.Errorf("the consent page before the choice: %s", a.Request.URL.Path)
	}
	// Somebody else.
	other := b.Get("/login?flow=" + f.Values.Get("flow"))
	page = at(b.SignIn(other, "alan@example.com", "timesheets"), "/consent")
	if sub := subject(b.Decide(page, "allow", nil)); sub != "usr_alan" {
		t.Errorf("signed in as Alan, and the token is %v's", sub)
	}
	at(ask("prompt", "select_account login"), "/login")
	if q := b.Arrive(c, b.Get(c.AuthorizeURL("prompt", "none select_account"))); q.Get("error") != "invalid_request" {
		t.Errorf("prompt=none select_account: %v", q)
	}
	if doc := b.Get("/.well-known/openid-configuration").JSON(t); !slices.Contains(doc["prompt_values_supported"].([]any), any("select_account")) {
		t.Errorf("prompt_values_supported %v", doc["prompt_values_supported"])
	}
}

// Nothing tells which accounts exist, and guessing gets slow.
func TestLogin(t *testing.T) {
	p := punchcardtest.New(t)
	b := p.Browser(t)
	before := b.Get("/login")
	if page := b.Get("/login?email=ada%40example.com"); !strings.Contains(page.Text, `value="ada@example.com"`) {
		t.Error("the link does not fill in the e-mail")
	}
	known := b.SignIn(before, "ada@example.com", "wrong")
	unknown := b.SignIn(before, "eve@example.com", "wrong")
	if known.StatusCode != unknown.StatusCode || strings.ReplaceAll(known.Text, "ada@", "eve@") != strings.ReplaceAll(unknown.Text, "ada@", "eve@") {
		t.Error("the answer tells whether an account exists")
	}
	for range 8 {
		known = b.SignIn(before, "ada@example.com", "wrong")
	}
	if known.StatusCode != 429 || known.Header.Get("Retry-After") == "" {
		t.Errorf("ten wrong passwords: %d, want 429 with Retry-After", known.StatusCode)
	}
}

// OWASP ASVS 7.2.4: a session id from before the login is worth nothing after it.
func TestNewSessionAtLogin(t *testing.T) {
	p := punchcardtest.New(t)
	b := p.Browser(t)
	cookie := func() string {
		u, _ := url.Parse(p.Base())
		for _, c := range b.HTTP.Jar.Cookies(u) {
			if strings.Contains(c.Name, "session") {
				return c.Name + "=" + c.Value
			}
		}
		return ""
	}
	b.SignIn(b.Get("/login"), "ada@example.com", "timesheets")
	first := cookie()
	b.SignIn(b.Get("/login"), "ada@example.com", "timesheets")
	if first == "" || cookie() == first {
		t.Fatal("the session id did not change at login")
	}
	stale := p.Browser(t)
	// Only the first step carries the cookie; after it nobody is signed in anyway.
	if to := stale.Get(agent.Mobile().AuthorizeURL(), "Cookie", first).Header.Get("Location"); !strings.HasPrefix(to, "/login?") {
		t.Errorf("the old session still counts: sent to %s", to)
	}
}

// OWASP ASVS 3.3.2 and 3.3.4: no script reads our cookies, and no other site's
// form sends them.
func TestCookies(t *testing.T) {
	p := punchcardtest.New(t)
	b := p.Browser(t)
	page := b.Get(agent.Mobile().AuthorizeURL())
	seen := page.Cookies()
	f := b.Follow(page).Form(t)
	f.Values.Set("email", "ada@example.com")
	f.Values.Set("password", "timesheets")
	seen = append(seen, b.Do(http.MethodPost, f.Action, f.Values).Cookies()...)
	if len(seen) != 2 {
		t.Fatalf("%d cookies, want one for the browser and one for the session", len(seen))
	}
	for _, c := range seen {
		if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
			t.Errorf("cookie %s: HttpOnly %v, SameSite %v, path %q, domain %q", c.Name, c.HttpOnly, c.SameSite, c.Path, c.Domain)
		}
	}
}

// The login form's redirects can end at the client where consent is
// remembered, so its page must allow the way there, and no other.
func TestPolicyOfTheLoginPage(t *testing.T) {
	p := punchcardtest.New(t)
	b := p.Browser(t)
	page := b.Follow(b.Get(agent.Mobile().AuthorizeURL()))
	if policy := page.Header.Get("Content-Security-Policy"); page.Request.URL.Path != "/login" || !strings.HasSuffix(policy, "form-action 'self' http://localhost:* http://127.0.0.1:*") {
		t.Errorf("%s: %s", page.Request.URL.Path, policy)
	}
}

// OWASP ASVS 7.3.1 and 7.3.2.
func sessionLifetimes(t *testing.T) {
	var w punchcardtest.Clock
	p := punchcardtest.New(t, punchcardtest.At(w.Now))
	b, c := p.Browser(t), agent.Mobile()
	signedIn := func() bool {
		q := b.Arrive(c, b.Follow(b.Get(c.AuthorizeURL("prompt", "none"))))
		return q.Get("error") == "consent_required"
	}
	b.ConsentPage(c, "ada@example.com")
	for day := 0; day < 13; day++ { // every eleven hours, for six days
		w.Move(11 * time.Hour)
		if !signedIn() {
			t.Fatalf("signed out though active, after %d times 11 h", day+1)
		}
	}
	w.Move(11 * time.Hour)
	w.Move(25 * time.Hour) // now it is more than a week
	if signedIn() {
		t.Error("signed in past the absolute limit")
	}
	b.ConsentPage(c, "ada@example.com")
	w.Move(12*time.Hour + time.Minute)
	if signedIn() {
		t.Error("signed in past the idle limit")
	}
}
