package agent

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
)

// MobileRedirect is the redirect URI of the seed's phone app. Nothing listens
// there.
const MobileRedirect = "http://127.0.0.1:49152/callback"

// App is a client: it keeps the verifier and makes the requests.
type App struct {
	ID, Redirect, Scope string
	Verifier, State     string
}

// Mobile returns the phone app of the built-in seed.
func Mobile() *App {
	return &App{
		ID: "timesheets-mobile", Redirect: MobileRedirect,
		Scope:    "openid profile email offline_access read:timesheets create:timesheets delete:timesheets approve:timesheets",
		Verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", State: "af0ifjsldkj",
	}
}

// AuthorizeURL returns the authorization request. Extra pairs replace or add
// parameters; an empty value removes one.
func (c *App) AuthorizeURL(extra ...string) string {
	sum := sha256.Sum256([]byte(c.Verifier))
	q := url.Values{
		"response_type": {"code"}, "client_id": {c.ID}, "redirect_uri": {c.Redirect}, "scope": {c.Scope}, "state": {c.State},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"}, "nonce": {"n-0S6_WzA2Mj"},
	}
	for i := 0; i+1 < len(extra); i += 2 {
		if q.Set(extra[i], extra[i+1]); extra[i+1] == "" {
			q.Del(extra[i])
		}
	}
	return "/authorize?" + q.Encode()
}

// SignIn fills in the login form that is shown and sends it.
func (b *Browser) SignIn(page Answer, email, password string) Answer {
	b.T.Helper()
	f := page.Form(b.T)
	f.Values.Set("email", email)
	f.Values.Set("password", password)
	return b.Follow(b.Do(http.MethodPost, f.Action, f.Values))
}

// ConsentPage goes from the authorization request to the consent page.
func (b *Browser) ConsentPage(c *App, email string, extra ...string) Answer {
	b.T.Helper()
	page := b.Follow(b.Get(c.AuthorizeURL(extra...)))
	if strings.HasPrefix(page.Request.URL.Path, "/login") {
		page = b.SignIn(page, email, "timesheets")
	}
	if page.Request.URL.Path != "/consent" {
		b.T.Fatalf("expected the consent page, came to %s %d", page.Request.URL.Path, page.StatusCode)
	}
	return page
}

// Decide presses a button on the consent page.
func (b *Browser) Decide(page Answer, decision string, edit func(url.Values)) Answer {
	b.T.Helper()
	f := page.Form(b.T)
	f.Values.Set("decision", decision)
	if edit != nil {
		edit(f.Values)
	}
	return b.Follow(b.Do(http.MethodPost, f.Action, f.Values))
}

// Arrive reads the authorization response at the client, and checks what every
// response must contain: RFC 6749 4.1.2 state, RFC 9207 2 iss.
func (b *Browser) Arrive(c *App, a Answer) url.Values {
	b.T.Helper()
	location := a.Header.Get("Location")
	if !strings.HasPrefix(location, c.Redirect+"?") {
		b.T.Fatalf("expected to be back at %s, got %d %q\n%.500s", c.Redirect, a.StatusCode, location, a.Text)
	}
	if a.StatusCode != http.StatusSeeOther {
		b.T.Errorf("redirect to the client by %d, want 303", a.StatusCode)
	}
	u, err := url.Parse(location)
	if err != nil {
		b.T.Fatal(err)
	}
	q := u.Query()
	if q.Get("state") != c.State {
		b.T.Errorf("state = %q, want %q", q.Get("state"), c.State)
	}
	if q.Get("iss") != b.Issuer {
		b.T.Errorf("iss = %q, want %q", q.Get("iss"), b.Issuer)
	}
	return q
}

// Code runs the whole flow and leaves the checkboxes as they are.
func (b *Browser) Code(c *App, email string, extra ...string) string {
	b.T.Helper()
	q := b.Arrive(c, b.Decide(b.ConsentPage(c, email, extra...), "allow", nil))
	if q.Get("code") == "" {
		b.T.Fatalf("no code: %v", q)
	}
	return q.Get("code")
}
