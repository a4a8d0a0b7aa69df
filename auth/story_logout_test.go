package auth_test

import (
	"net/url"
	"testing"

	"github.com/exampleco/punchcard/auth/punchcardtest"
	"github.com/exampleco/punchcard/auth/punchcardtest/agent"
)

func TestLogout(t *testing.T) {
	p := punchcardtest.New(t)
	b, c := p.Browser(t), agent.Mobile()
	c.ID, c.Redirect = "timesheets-spa", "http://localhost:3000/callback"
	out := func(hint, back string) string {
		q := url.Values{"post_logout_redirect_uri": {back}, "state": {"s 1"}}
		if hint != "" {
			q.Set("id_token_hint", hint)
		} else {
			q.Set("client_id", c.ID)
		}
		return "/oidc/logout?" + q.Encode()
	}
	hint := b.SignedUp(c, "ada@example.com").ID
	if a := b.Get(out(hint, "https://evil.example/")); a.StatusCode != 400 || a.Header.Get("Location") != "" {
		t.Errorf("an address nobody registered: %d %s", a.StatusCode, a.Header.Get("Location"))
	}
	ask := b.Get(out("", "http://localhost:3000"))
	if ask.StatusCode != 200 || b.Follow(b.Get(c.AuthorizeURL("prompt", "none"))).Header.Get("Location") == "" {
		t.Errorf("without a hint: %d, want a question", ask.StatusCode)
	}
	a := b.Get(out(hint, "http://localhost:3000"))
	if a.StatusCode != 303 || a.Header.Get("Location") != "http://localhost:3000?state=s+1" {
		t.Errorf("with this session's hint: %d %s", a.StatusCode, a.Header.Get("Location"))
	}
	if page := b.Follow(b.Get(c.AuthorizeURL())); page.Request.URL.Path != "/login" {
		t.Error("still signed in")
	}

	// Auth0's form: an image on some page only gets to the question.
	b.SignedUp(c, "ada@example.com")
	target := "/v2/logout?client_id=timesheets-spa&returnTo=" + url.QueryEscape("http://localhost:3000/")
	if a := b.Get(target, "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "image"); a.StatusCode != 200 {
		t.Errorf("by an image: %d, want the question", a.StatusCode)
	}
	if a := b.Get(target, "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"); a.StatusCode != 303 || a.Header.Get("Location") != "http://localhost:3000/" {
		t.Errorf("by a navigation: %d %s", a.StatusCode, a.Header.Get("Location"))
	}
	if a := b.Get("/v2/logout?returnTo=https%3A%2F%2Fevil.example"); a.StatusCode != 400 {
		t.Errorf("an address nobody registered: %d", a.StatusCode)
	}
	// The question, answered.
	b.SignedUp(c, "ada@example.com")
	f := b.Get(out("", "http://localhost:3000")).Form(t)
	for range 2 { // a second click leads to where the first one led
		if a := b.Follow(b.Do("POST", f.Action, f.Values)); a.StatusCode != 303 || a.Header.Get("Location") != "http://localhost:3000?state=s+1" {
			t.Errorf("confirmed: %d %s", a.StatusCode, a.Header.Get("Location"))
		}
	}
	// In a window of a browser the chain of redirects ends with a page: it leads on by itself.
	a = b.Get(b.Do("POST", f.Action, f.Values).Header.Get("Location"), "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document")
	if a.StatusCode != 200 || a.Header.Get("Refresh") != "0;url=http://localhost:3000?state=s+1" {
		t.Errorf("in a browser: %d, Refresh %q", a.StatusCode, a.Header.Get("Refresh"))
	}
}

// A hint speaks for the client and the session that it was given to, and for
// no other.
func TestHints(t *testing.T) {
	p := punchcardtest.New(t)
	ada, alan := p.Browser(t), p.Browser(t)
	c := agent.Mobile()
	c.ID, c.Redirect = "timesheets-spa", "http://localhost:3000/callback"
	ada.SignedUp(c, "ada@example.com")
	foreign := ada.SignedUp(agent.Mobile(), "").ID
	his := alan.SignedUp(c, "alan@example.com").ID
	signedIn := func() bool {
		q := ada.Arrive(c, ada.Follow(ada.Get(c.AuthorizeURL("prompt", "none"))))
		return q.Get("error") == "consent_required" // login_required where nobody is
	}
	if !signedIn() {
		t.Fatal("Ada is not signed in")
	}
	// OIDC Core 3.1.2.1: an ID token for another client says nothing to this one.
	if q := ada.Arrive(c, ada.Follow(ada.Get(c.AuthorizeURL("id_token_hint", foreign)))); q.Get("error") != "invalid_request" {
		t.Errorf("another client's hint: %v, want invalid_request", q)
	}
	for name, q := range map[string]url.Values{
		"forged":           {"id_token_hint": {"e30.e30.e30"}},
		"another client's": {"id_token_hint": {foreign}, "client_id": {c.ID}},
	} {
		// RP-Initiated Logout 4: nothing ends by a hint that is not this client's.
		if a := ada.Get("/oidc/logout?" + q.Encode()); a.StatusCode != 400 || !signedIn() {
			t.Errorf("%s hint: %d, signed in %v; want 400 and still signed in", name, a.StatusCode, signedIn())
		}
	}
	// RP-Initiated Logout 2: with the hint of another session the person is asked.
	if a := ada.Get("/oidc/logout?id_token_hint=" + his); a.StatusCode != 200 || !signedIn() {
		t.Errorf("Alan's hint in Ada's browser: %d, signed in %v; want a question", a.StatusCode, signedIn())
	}
}
