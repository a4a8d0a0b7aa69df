package punchcardtest_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/exampleco/punchcard/auth/punchcardtest"
	"github.com/exampleco/punchcard/auth/punchcardtest/agent"
)

// A server of one's own: its clock is the test's, its file outlives it, and two
// of them know nothing of each other.
func TestServer(t *testing.T) {
	var clock punchcardtest.Clock
	p, other := punchcardtest.New(t, punchcardtest.At(clock.Now), punchcardtest.Flags("--access-ttl", "1m")), punchcardtest.New(t)
	b, c := p.Browser(t), agent.Mobile()
	got := b.SignedUp(c, "ada@example.com")
	if a := other.Browser(t).API("GET", "/me", got.Access, ""); a.StatusCode != 401 {
		t.Errorf("the other server takes the token: %d", a.StatusCode)
	}
	clock.Move(2 * time.Minute)
	if a := b.API("GET", "/me", got.Access, ""); a.StatusCode != 401 {
		t.Errorf("two minutes later: %d", a.StatusCode)
	}
	again := p.Again(t)
	if again.URL != p.URL || again.Issuer != p.Issuer {
		t.Errorf("at %s as %s, want %s as %s", again.URL, again.Issuer, p.URL, p.Issuer)
	}
	if fresh := b.Tokens(b.Refresh(c, got.Refresh)); fresh.Access == "" {
		t.Error("what was granted before does not stand")
	}
	if err := again.Stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := http.Get(again.URL + "/livez"); err == nil {
		t.Error("it answers after it was stopped")
	}
	if exit, said := punchcardtest.Refused(t, "--access-ttl", "1ms", "--addr", "127.0.0.1:0"); exit != 2 || said == "" {
		t.Errorf("a lifetime that cannot be meant: exit %d, %s", exit, said)
	}
}

// The environment of whoever runs the tests does not change them.
func TestEnvironmentIsNotRead(t *testing.T) {
	t.Setenv("PUNCHCARD_ISSUER", "https://elsewhere.example")
	t.Setenv("PUNCHCARD_ADDR", "none")
	if p := punchcardtest.New(t); p.Issuer != p.URL {
		t.Errorf("the issuer is %s, want %s", p.Issuer, p.URL)
	}
}
