package auth_test

import (
	"net/url"
	"testing"
	"time"

	"github.com/exampleco/punchcard/auth/punchcardtest"
	"github.com/exampleco/punchcard/auth/punchcardtest/agent"
)

// A clock set back brings nothing back that was spent, and one set forward
// lets nothing live longer than its stored end.
func clockMoves(t *testing.T) {
	var w punchcardtest.Clock
	p := punchcardtest.New(t, punchcardtest.At(w.Now))
	b, c := p.Browser(t), agent.Mobile()
	spent := b.Code(c, "ada@example.com")
	first := b.Tokens(b.Exchange(c, spent))
	second := b.Tokens(b.Refresh(c, first.Refresh))
	waiting := b.Code(c, "ada@example.com")
	w.Move(-time.Hour)
	agent.Refused(t, b.Exchange(c, spent), 400, "invalid_grant")
	agent.Refused(t, b.Refresh(c, first.Refresh), 400, "invalid_grant")
	agent.Refused(t, b.Refresh(c, second.Refresh), 400, "invalid_grant") // the replay has ended the family
	w.Move(time.Hour + 24*time.Hour)
	agent.Refused(t, b.Exchange(c, waiting), 400, "invalid_grant")
	if page := b.Follow(b.Get(c.AuthorizeURL())); page.Request.URL.Path != "/login" {
		t.Errorf("a day later, without a request: %s, want the session over", page.Request.URL.Path)
	}
}

// A clock that is set right, by a little or a lot, at any moment: nobody is
// asked for a password twice, and no token request fails.
func TestAClockThatIsSetRight(t *testing.T) {
	for _, by := range []time.Duration{-30 * time.Second, -time.Hour, -30 * 24 * time.Hour, 20 * time.Second} {
		t.Run(by.String(), func(t *testing.T) {
			w := &punchcardtest.Clock{}
			p := punchcardtest.New(t, punchcardtest.At(w.Now))
			b, c := p.Browser(t), agent.Mobile()
			got := b.SignedUp(c, "ada@example.com")
			code := b.Code(c, "ada@example.com")
			w.Move(by)
			b.Tokens(b.Exchange(c, code))
			next := b.Tokens(b.Refresh(c, got.Refresh))
			if a := b.API("GET", "/me", next.Access, ""); a.StatusCode != 200 {
				t.Errorf("the API with a token of now: %d %s", a.StatusCode, a.Text)
			}
			w.Move(-by)
			for _, extra := range [][]string{{"prompt", "login"}, {"max_age", "0"}, {"max_age", "5"}, {"prompt", "select_account"}} {
				other := p.Browser(t)
				other.SignedUp(c, "ada@example.com")
				w.Move(10 * time.Second)
				page := other.Follow(other.Get(c.AuthorizeURL(extra...)))
				if extra[1] == "select_account" {
					page = other.Follow(other.Get("/login?flow=" + url.QueryEscape(page.Form(t).Values.Get("flow"))))
				}
				if page.Request.URL.Path != "/login" {
					t.Fatalf("%v leads to %s", extra, page.Request.URL.Path)
				}
				w.Move(by) // between page and password
				if page = other.SignIn(page, "ada@example.com", "timesheets"); page.Request.URL.Path != "/consent" {
					t.Errorf("%v, the right password: asked again at %s", extra, page.Request.URL.Path)
				}
				w.Move(-by)
			}
		})
	}
}
