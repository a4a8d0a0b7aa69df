package punchcardtest_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/exampleco/punchcard/auth/punchcardtest"
	"github.com/exampleco/punchcard/auth/punchcardtest/agent"
)

// A test starts a server, signs Ada in with the phone app, and moves the clock
// until her access token has expired. The body of Example is the body of a
// test, which gets its t from go test.
func Example() {
	_ = func(t *testing.T) {
		var clock punchcardtest.Clock
		p := punchcardtest.New(t, punchcardtest.At(clock.Now), punchcardtest.Flags("--access-ttl", "1m"))

		b := p.Browser(t)
		tokens := b.SignedUp(agent.Mobile(), "ada@example.com")
		if a := b.API(http.MethodGet, "/me", tokens.Access, ""); a.StatusCode != http.StatusOK {
			t.Errorf("a new token: %d", a.StatusCode)
		}

		clock.Move(2 * time.Minute)
		if a := b.API(http.MethodGet, "/me", tokens.Access, ""); a.StatusCode != http.StatusUnauthorized {
			t.Errorf("an expired token: %d", a.StatusCode)
		}
	}
}
