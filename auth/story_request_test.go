package auth_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/exampleco/punchcard/auth/punchcardtest"
	"github.com/exampleco/punchcard/auth/punchcardtest/agent"
)

// What an authorization request must look like, before anybody is asked to
// log in: an unsafe address gets a page, everything else goes back to the app.
func TestAuthorizationRequests(t *testing.T) {
	p := punchcardtest.New(t)
	b, c := p.Browser(t), agent.Mobile()
	pages := map[string]string{
		"no client":              c.AuthorizeURL("client_id", ""),
		"unknown client":         c.AuthorizeURL("client_id", "nobody"),
		"hostile client":         c.AuthorizeURL("client_id", `"><script>alert(1)</script>`),
		"unknown redirect":       c.AuthorizeURL("redirect_uri", "https://evil.example/cb"),
		"user-info in redirect":  c.AuthorizeURL("redirect_uri", "http://evil@127.0.0.1:5/callback"),
		"no redirect, openid":    c.AuthorizeURL("redirect_uri", ""),
		"client twice":           c.AuthorizeURL() + "&client_id=timesheets-app",
		"redirect twice":         c.AuthorizeURL() + "&redirect_uri=https%3A%2F%2Fevil.example",
		"state of 60 kB":         c.AuthorizeURL("state", strings.Repeat("s", 60<<10)),
		"state of 3 kB":          c.AuthorizeURL("state", strings.Repeat("s", 3<<10)),
		"17 kB of nothing known": c.AuthorizeURL("x", strings.Repeat("x", 17<<10)),
		"undecodable":            c.AuthorizeURL() + "&x=%zz",
		"port for a web client":  c.AuthorizeURL("client_id", "timesheets-spa", "redirect_uri", "http://localhost:3001/callback"),
		"loopback of other kind": c.AuthorizeURL("client_id", "timesheets-web", "redirect_uri", "http://127.0.0.1:8080/callback"),
	}
	for name, target := range pages {
		t.Run(name, func(t *testing.T) {
			a := b.Get(target)
			if a.StatusCode != 400 || a.Header.Get("Location") != "" || !strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") {
				t.Errorf("%d to %q as %s, want a page with 400", a.StatusCode, a.Header.Get("Location"), a.Header.Get("Content-Type"))
			}
			if strings.Contains(a.Text, "<script>alert") || strings.Contains(a.Text, `href="https://evil`) {
				t.Error("hostile input is live on the page")
			}
		})
	}
	redirected := []struct{ name, target, code string }{
		{"no response_type", c.AuthorizeURL("response_type", ""), "invalid_request"},
		{"implicit", c.AuthorizeURL("response_type", "token"), "unsupported_response_type"},
		{"hybrid", c.AuthorizeURL("response_type", "code id_token"), "unsupported_response_type"},
		{"no challenge", c.AuthorizeURL("code_challenge", ""), "invalid_request"},
		{"no method", c.AuthorizeURL("code_challenge_method", ""), "invalid_request"},
		{"plain", c.AuthorizeURL("code_challenge_method", "plain"), "invalid_request"},
		{"challenge of 42", c.AuthorizeURL("code_challenge", strings.Repeat("a", 42)), "invalid_request"},
		{"challenge of 44", c.AuthorizeURL("code_challenge", strings.Repeat("a", 44)), "invalid_request"},
		{"challenge with plus", c.AuthorizeURL("code_challenge", strings.Repeat("a", 42)+"+"), "invalid_request"},
		{"no scope", c.AuthorizeURL("scope", ""), "invalid_scope"},
		{"scope not this client's", c.AuthorizeURL("scope", "batch:upload"), "invalid_scope"},
		{"scope with quote", c.AuthorizeURL("scope", `openid "x`), "invalid_scope"},
		{"other audience", c.AuthorizeURL("audience", "https://other.example/api"), "invalid_target"},
		{"other resource", c.AuthorizeURL("resource", "https://other.example/api"), "invalid_target"},
		{"prompt none login", c.AuthorizeURL("prompt", "none login"), "invalid_request"},
		{"prompt junk", c.AuthorizeURL("prompt", "junk"), "invalid_request"},
		{"prompt none", c.AuthorizeURL("prompt", "none"), "login_required"},
		{"max_age -5", c.AuthorizeURL("max_age", "-5"), "invalid_request"},
		{"max_age abc", c.AuthorizeURL("max_age", "abc"), "invalid_request"},
		{"response_mode fragment", c.AuthorizeURL("response_mode", "fragment"), "invalid_request"}, // an app without a browser's script never sees one
		{"response_mode junk", c.AuthorizeURL("response_mode", "junk"), "invalid_request"},
		{"request object", c.AuthorizeURL("request", "e30.e30."), "request_not_supported"},
		{"request_uri", c.AuthorizeURL("request_uri", "http://127.0.0.1:1/"), "request_uri_not_supported"},
		{"forged id_token_hint", c.AuthorizeURL("id_token_hint", "e30.e30.e30"), "invalid_request"},
		{"nonce twice", c.AuthorizeURL() + "&nonce=other", "invalid_request"},
	}
	for _, row := range redirected {
		t.Run(row.name, func(t *testing.T) {
			q := b.Arrive(c, b.Get(row.target))
			if q.Get("error") != row.code || q.Has("code") {
				t.Errorf("error = %q, want %s", q.Get("error"), row.code)
			}
		})
	}
	// OIDC Core 3.1.2.1: POST works like GET, from another origin too.
	target, _ := url.Parse(c.AuthorizeURL())
	a := b.Do("POST", "/authorize", target.Query(), "Origin", "https://app.example", "Sec-Fetch-Site", "cross-site")
	if a.StatusCode != 303 || !strings.HasPrefix(a.Header.Get("Location"), "/authorize?flow=") {
		t.Fatalf("POST: %d %s", a.StatusCode, a.Header.Get("Location"))
	}
	if page := b.Follow(a); page.Request.URL.Path != "/login" {
		t.Errorf("the parked request came to %s", page.Request.URL.Path)
	}
	odd := *c
	odd.State = "a&b=c#d%0d%0a\r\nX:1\"<é"
	b.Code(&odd, "ada@example.com") // arrive compares the state byte for byte
}

// RFC 9126: the app hands its request over itself. What the browser carries
// then is a reference, and nothing that anybody adds to it counts.
func TestPushedAuthorizationRequest(t *testing.T) {
	p := punchcardtest.New(t)
	b, eve, c := p.Browser(t), p.Browser(t), agent.Mobile()
	push := func(extra ...string) agent.Answer {
		asked, err := url.Parse(c.AuthorizeURL(extra...))
		if err != nil {
			t.Fatal(err)
		}
		return b.Do("POST", "/oauth/par", asked.Query())
	}
	link := func(a agent.Answer, extra ...string) string {
		t.Helper()
		m := a.JSON(t)
		uri, _ := m["request_uri"].(string)
		if a.StatusCode != 201 || !strings.HasPrefix(uri, "urn:ietf:params:oauth:request_uri:") || m["expires_in"] != 90.0 || a.Header.Get("Cache-Control") != "no-store" {
			t.Fatalf("push: %d %s", a.StatusCode, a.Text)
		}
		q := url.Values{"client_id": {c.ID}, "request_uri": {uri}}
		for i := 0; i+1 < len(extra); i += 2 {
			q.Set(extra[i], extra[i+1])
		}
		return "/authorize?" + q.Encode()
	}
	over := func(what string, a agent.Answer) {
		t.Helper()
		if a.StatusCode != 400 || a.Header.Get("Location") != "" || !strings.Contains(a.Text, "invalid_request_uri") {
			t.Errorf("%s: %d to %q, want a page with invalid_request_uri", what, a.StatusCode, a.Header.Get("Location"))
		}
	}
	// The app learns of a mistake before it sends anybody away.
	agent.Refused(t, push("code_challenge", ""), 400, "invalid_request")
	agent.Refused(t, push("redirect_uri", "https://evil.example/"), 400, "invalid_request") // RFC 9126 2.4 allows it to confidential clients, and this server to nobody
	agent.Refused(t, push("scope", "batch:upload"), 400, "invalid_scope")
	agent.Refused(t, push("request_uri", "urn:ietf:params:oauth:request_uri:x"), 400, "invalid_request")
	agent.Refused(t, push("client_id", "timesheets-web"), 401, "invalid_client")

	// What is sent beside the reference is ignored.
	here := link(push("scope", "openid read:timesheets"), "scope", c.Scope, "state", "eve", "redirect_uri", "https://evil.example/", "prompt", "none")
	over("another client", eve.Get(strings.Replace(here, c.ID, "timesheets-app", 1)))
	page := b.SignIn(b.Follow(b.Get(here)), "ada@example.com", "timesheets")
	over("a second time, elsewhere", eve.Get(here))
	over("a second time", b.Get(here))
	code := b.Arrive(c, b.Decide(page, "allow", nil)).Get("code") // the flow went on by itself
	if got := b.Tokens(b.Exchange(c, code)); got.Scope != "openid read:timesheets" {
		t.Errorf("scope %q, and %q was pushed", got.Scope, "openid read:timesheets")
	}
	// By POST, from the app's own page.
	posted, err := url.ParseQuery(strings.TrimPrefix(link(push()), "/authorize?"))
	if err != nil {
		t.Fatal(err)
	}
	a := b.Do("POST", "/authorize", posted, "Origin", "https://app.example", "Sec-Fetch-Site", "cross-site")
	if page := b.Follow(a); a.StatusCode != 303 || page.Request.URL.Path != "/consent" {
		t.Errorf("POST: %d, came to %s", a.StatusCode, page.Request.URL.Path)
	}
	over("POST and then GET", b.Get("/authorize?"+posted.Encode()))
}
