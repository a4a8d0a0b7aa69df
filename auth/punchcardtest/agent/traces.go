package agent

import (
	"net/url"
	"strings"
	"testing"

	"github.com/alexedwards/argon2id"
)

// Traces is what a person, an app and a machine have left in a server.
type Traces struct {
	Browser *Browser
	Tokens  Tokens
	Code    string
	Entry   string
	Keys    string
}

// CronWrong is a wrong secret for the nightly import.
const CronWrong = "wrong"

// Cron requests a token as the nightly import.
func (u *Traces) Cron(secret string) Answer {
	u.Browser.T.Helper()
	return u.Browser.Do("POST", "/oauth/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {"timesheets-cron"}, "client_secret": {secret}})
}

// Leave leaves something of every kind. sql changes the file.
func Leave(t testing.TB, b *Browser, sql func(string)) *Traces {
	t.Helper()
	c := Mobile()
	u := &Traces{Browser: b, Keys: b.Get("/.well-known/jwks.json").Text}
	changed, err := argon2id.CreateHash("chosen at run time", &argon2id.Params{Memory: 19456, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32})
	if err != nil {
		t.Fatal(err)
	}
	sql(`UPDATE people SET password_hash = '` + changed + `' WHERE id = 'usr_ada';
		INSERT INTO clients (id, name, kind, description, secret_hash, redirect_uris, post_logout_redirect_uris, grants, scopes, audience, auth_methods, id_token_alg, require_pkce, introspect, source, position, created_at, disabled_at)
		SELECT 'made-later', name, kind, description, secret_hash, redirect_uris, post_logout_redirect_uris, grants, scopes, audience,
			auth_methods, id_token_alg, require_pkce, introspect, 'runtime', NULL, created_at, disabled_at FROM clients WHERE id = 'timesheets-mobile'`)
	page := b.SignIn(b.Follow(b.Get(c.AuthorizeURL())), "ada@example.com", "chosen at run time")
	u.Tokens = b.Tokens(b.Exchange(c, b.Arrive(c, b.Decide(page, "allow", nil)).Get("code")))
	u.Code = b.Code(c, "")
	a := b.API("POST", "/timesheets", u.Tokens.Access, `{"project":"Before","date":"2026-01-05","hours":1}`)
	if a.StatusCode != 201 {
		t.Fatalf("%d %s", a.StatusCode, a.Text)
	}
	u.Entry, _ = a.JSON(t)["id"].(string)
	later := Mobile()
	later.ID = "made-later"
	if page := b.Follow(b.Get(later.AuthorizeURL())); page.Request.URL.Path != "/consent" {
		t.Fatalf("the client made at run time: %s %d", page.Request.URL.Path, page.StatusCode)
	}
	for range 40 {
		u.Cron(CronWrong)
	}
	if a := u.Cron("timesheets-cron-secret"); a.StatusCode != 429 {
		t.Fatalf("after 40 wrong secrets: %d", a.StatusCode)
	}
	return u
}

// AreGone checks that the server has what the seed declares, and no traces.
func (u *Traces) AreGone(t testing.TB) {
	t.Helper()
	b, c := u.Browser, Mobile()
	a := b.API("GET", "/timesheets", u.Tokens.Access, "") // the very next call
	if a.StatusCode != 401 || !strings.Contains(a.Header.Get("WWW-Authenticate"), "invalid_token") {
		t.Fatalf("an access token of before: %d %s", a.StatusCode, a.Header.Get("WWW-Authenticate"))
	}
	if a := u.Cron("timesheets-cron-secret"); a.StatusCode != 200 {
		t.Errorf("the machine waits for guesses of before: %d", a.StatusCode)
	}
	Refused(t, b.Refresh(c, u.Tokens.Refresh), 400, "invalid_grant")
	Refused(t, b.Exchange(c, u.Code), 400, "invalid_grant")
	later := Mobile()
	later.ID = "made-later"
	if a := b.Get(later.AuthorizeURL()); a.StatusCode < 400 || a.Header.Get("Location") != "" {
		t.Errorf("a client made at run time is still served: %d", a.StatusCode)
	}
	page := b.Follow(b.Get(c.AuthorizeURL()))
	if page.Request.URL.Path != "/login" {
		t.Fatalf("the browser is still signed in: %s", page.Request.URL.Path)
	}
	if a := b.SignIn(page, "ada@example.com", "chosen at run time"); a.StatusCode != 422 {
		t.Errorf("the password chosen at run time: %d", a.StatusCode)
	}
	got := b.SignedUp(c, "ada@example.com") // with the declared password
	list := b.API("GET", "/timesheets", got.Access, "")
	if items, _ := list.JSON(t)["items"].([]any); len(items) != 6 || strings.Contains(list.Text, u.Entry) { // as many as the seed gives Ada
		t.Errorf("the entries are not the seed's: %s", list.Text)
	}
	if now := b.Get("/.well-known/jwks.json").Text; now != u.Keys {
		t.Errorf("the keys are not those of before: %s", now)
	}
	if kid, _ := Claims(t, got.Access, 0)["kid"].(string); kid == "" || kid != Claims(t, u.Tokens.Access, 0)["kid"] {
		t.Errorf("signed by %q", kid)
	}
}
