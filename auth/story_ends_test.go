package auth_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/exampleco/punchcard/auth/punchcardtest"
	"github.com/exampleco/punchcard/auth/punchcardtest/agent"
)

func TestRevoke(t *testing.T) {
	p := punchcardtest.New(t)
	b, c := p.Browser(t), agent.Mobile()
	got := b.SignedUp(c, "ada@example.com")
	agent.Refused(t, b.Do("POST", "/oauth/revoke", url.Values{"client_id": {"timesheets-app"}, "token": {got.Refresh}}), 400, "invalid_grant")
	if a := b.API("GET", "/me", got.Access, ""); a.StatusCode != 200 {
		t.Errorf("another client revoked it: %d (RFC 7009 2.1)", a.StatusCode)
	}
	for _, token := range []string{got.Refresh, "nonsense"} {
		a := b.Do("POST", "/oauth/revoke", url.Values{"client_id": {c.ID}, "token": {token}, "token_type_hint": {"access_token"}})
		if kind := a.Header.Get("Content-Type"); a.StatusCode != 200 || strings.TrimSpace(a.Text) != "{}" || !strings.HasPrefix(kind, "application/json") {
			t.Errorf("revoke: %d %q of %q; want 200 and {} as JSON", a.StatusCode, a.Text, kind)
		}
	}
	if a := b.API("GET", "/me", got.Access, ""); a.StatusCode != 401 {
		t.Errorf("after the revocation: %d", a.StatusCode)
	}
	agent.Refused(t, b.Refresh(c, got.Refresh), 400, "invalid_grant")
}

// RFC 9700 4.14.2, OWASP ASVS 7.4.2 and 7.4.3: what ends a grant ends its
// refresh tokens, and its access tokens at the next call.
func grantsEnd(t *testing.T) {
	for name, end := range map[string]func(t *testing.T, p *punchcardtest.Server, b *agent.Browser, c *agent.App, got agent.Tokens){
		"revocation": func(t *testing.T, p *punchcardtest.Server, b *agent.Browser, c *agent.App, got agent.Tokens) {
			b.Do("POST", "/oauth/revoke", url.Values{"client_id": {c.ID}, "token": {got.Refresh}})
		},
		"signed out everywhere": func(t *testing.T, p *punchcardtest.Server, b *agent.Browser, c *agent.App, got agent.Tokens) {
			b.Press("sign-out-everywhere")
		},
		"app disconnected": func(t *testing.T, p *punchcardtest.Server, b *agent.Browser, c *agent.App, got agent.Tokens) {
			b.Press("disconnect", "client", c.ID)
		},
		"browser ended": func(t *testing.T, p *punchcardtest.Server, b *agent.Browser, c *agent.App, got agent.Tokens) {
			other := p.Browser(t)
			other.SignIn(other.Follow(other.Get("/account")), "alan@example.com", "timesheets")
			_, id, _ := strings.Cut(other.Get("/account").Text, `name="browser" value="`)
			id, _, _ = strings.Cut(id, `"`)
			other.Press("end-browser", "browser", id)
		},
		"password changed by its owner": func(t *testing.T, p *punchcardtest.Server, b *agent.Browser, c *agent.App, got agent.Tokens) {
			other := p.Browser(t)
			other.SignIn(other.Follow(other.Get("/account")), "alan@example.com", "timesheets")
			other.Press("change-password", "current_password", "timesheets", "new_password", "an hour a day", "repeat_password", "an hour a day")
		},
		"person removed": func(t *testing.T, p *punchcardtest.Server, b *agent.Browser, c *agent.App, got agent.Tokens) {
			p.Again(t, punchcardtest.Flags("--config", punchcardtest.Config(t, punchcardtest.Without("usr_alan"))))
		},
		"password changed": func(t *testing.T, p *punchcardtest.Server, b *agent.Browser, c *agent.App, got agent.Tokens) {
			p.Again(t, punchcardtest.Flags("--config", punchcardtest.Config(t, punchcardtest.Replacing("name: Alan Turing\n    password: timesheets", "name: Alan Turing\n    password: another one"))))
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := punchcardtest.New(t)
			b, c := p.Browser(t), agent.Mobile()
			got := b.SignedUp(c, "alan@example.com")
			end(t, p, b, c, got)
			agent.Refused(t, b.Refresh(c, got.Refresh), 400, "invalid_grant")
			if a := b.API("GET", "/me", got.Access, ""); a.StatusCode != 401 {
				t.Errorf("the access token: %d", a.StatusCode)
			}
		})
	}
}

// OWASP ASVS 10.4.11: a client gets no scope that it has lost since.
func clientLosesScope(t *testing.T) {
	p := punchcardtest.New(t)
	b, c := p.Browser(t), agent.Mobile()
	got := b.SignedUp(c, "ada@example.com")
	b.Issuer = p.Again(t, punchcardtest.Flags("--config", punchcardtest.Config(t, func(text string) string {
		client := text[strings.Index(text, "- id: timesheets-mobile"):]
		return strings.Replace(text, client, strings.Replace(client, "      - create:timesheets\n", "", 1), 1)
	}))).Issuer
	// OWASP ASVS 8.3.2: the token that it holds no longer does what it has lost.
	if a := b.API("POST", "/timesheets", got.Access, `{"project":"Apollo","date":"2026-11-20","hours":1}`); a.StatusCode != 403 || !strings.Contains(a.Header.Get("WWW-Authenticate"), `error="insufficient_scope"`) {
		t.Errorf("a living token adds an entry: %d %s", a.StatusCode, a.Header.Get("WWW-Authenticate"))
	}
	if a := b.API("GET", "/timesheets", got.Access, ""); a.StatusCode != 200 {
		t.Errorf("a living token reads: %d", a.StatusCode)
	}
	// What the client keeps, its grant keeps: RFC 6749 3.3, the response says how much that is.
	if next := b.Tokens(b.Refresh(c, got.Refresh)); next.Scope != strings.Replace(got.Scope, " create:timesheets", "", 1) || next.Scope == got.Scope {
		t.Errorf("scope %q, was %q", next.Scope, got.Scope)
	}
}

// OWASP ASVS 7.4.2: the tokens of a client that is gone are dead.
func clientGone(t *testing.T) {
	p := punchcardtest.New(t)
	b, c := p.Browser(t), agent.Mobile()
	got := b.SignedUp(c, "ada@example.com")
	b.Issuer = p.Again(t, punchcardtest.Flags("--config", punchcardtest.Config(t, punchcardtest.Without("timesheets-mobile")))).Issuer
	if a := b.API("GET", "/me", got.Access, ""); a.StatusCode != 401 {
		t.Errorf("its access token: %d", a.StatusCode)
	}
	agent.Refused(t, b.Refresh(c, got.Refresh), 401, "invalid_client")
}

// OWASP ASVS 7.4.2: who is gone gets nothing more, a code in flight included.
func personGone(t *testing.T) {
	p := punchcardtest.New(t)
	b, c := p.Browser(t), agent.Mobile()
	code := b.Code(c, "alan@example.com")
	b.Issuer = p.Again(t, punchcardtest.Flags("--config", punchcardtest.Config(t, punchcardtest.Without("usr_alan")))).Issuer
	agent.Refused(t, b.Exchange(c, code), 400, "invalid_grant")
}

// OWASP ASVS 7.4.3: another password ends the sessions that the old one began.
func passwordChanged(t *testing.T) {
	p := punchcardtest.New(t)
	b, c := p.Browser(t), agent.Mobile()
	b.ConsentPage(c, "alan@example.com")
	b.Issuer = p.Again(t, punchcardtest.Flags("--config", punchcardtest.Config(t, punchcardtest.Replacing("name: Alan Turing\n    password: timesheets", "name: Alan Turing\n    password: another one")))).Issuer
	page := b.Follow(b.Get(c.AuthorizeURL()))
	if page.Request.URL.Path != "/login" {
		t.Fatalf("still signed in: %s", page.Request.URL.Path)
	}
	if a := b.SignIn(page, "alan@example.com", "timesheets"); a.StatusCode != 422 {
		t.Errorf("the old password: %d", a.StatusCode)
	}
	if a := b.SignIn(page, "alan@example.com", "another one"); a.Request.URL.Path != "/consent" {
		t.Errorf("the new password: %s", a.Request.URL.Path)
	}
}

// OWASP ASVS 7.4.3, by the person's own hand: every other browser is out, and
// whoever has copied this one's cookie.
func ownPasswordChanged(t *testing.T) {
	p := punchcardtest.New(t)
	here, there, thief := p.Browser(t), p.Browser(t), p.Browser(t)
	for _, b := range []*agent.Browser{here, there} {
		b.SignIn(b.Follow(b.Get("/account")), "alan@example.com", "timesheets")
	}
	address, _ := url.Parse(p.URL)
	thief.HTTP.Jar.SetCookies(address, here.HTTP.Jar.Cookies(address))
	if a := thief.Get("/account"); a.StatusCode != 200 {
		t.Fatalf("the copied cookie: %d", a.StatusCode)
	}
	here.Press("change-password", "current_password", "timesheets", "new_password", "an hour a day", "repeat_password", "an hour a day")
	if a := here.Get("/account"); a.StatusCode != 200 {
		t.Errorf("this browser: %d", a.StatusCode)
	}
	for name, b := range map[string]*agent.Browser{"another browser": there, "the copied cookie": thief} {
		if a := b.Follow(b.Get("/account")); a.Request.URL.Path != "/login" {
			t.Errorf("%s: %s", name, a.Request.URL)
		}
	}
}
