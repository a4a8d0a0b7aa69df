package auth_test

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/exampleco/punchcard/auth/punchcardtest"
	"github.com/exampleco/punchcard/auth/punchcardtest/agent"
)

func TestRefreshRotationAndReplay(t *testing.T) {
	p := punchcardtest.New(t)
	b, c := p.Browser(t), agent.Mobile()
	first := b.SignedUp(c, "ada@example.com")

	second := b.Tokens(b.Refresh(c, first.Refresh))
	if second.Refresh == first.Refresh || second.Refresh == "" {
		t.Fatal("the refresh token did not rotate (RFC 9700 4.14.2)")
	}
	if a := b.API("GET", "/me", first.Access, ""); a.StatusCode != 401 {
		t.Errorf("the access token from before the refresh: %d, want 401", a.StatusCode)
	}
	if agent.Claims(t, second.ID, 1)["nonce"] != nil {
		t.Error("a refreshed ID token has a nonce (OIDC Core 12.2)")
	}
	if agent.Claims(t, second.ID, 1)["auth_time"] != agent.Claims(t, first.ID, 1)["auth_time"] {
		t.Error("auth_time changed with a refresh (OIDC Core 12.2)")
	}

	// RFC 6749 6: narrower is honoured, and the grant does not shrink by it.
	third := b.Tokens(b.Refresh(c, second.Refresh, "scope", "read:timesheets"))
	if third.Scope != "read:timesheets" || agent.Claims(t, third.Access, 1)["scope"] != "read:timesheets" {
		t.Errorf("narrowed to %q, the token says %v", third.Scope, agent.Claims(t, third.Access, 1)["scope"])
	}
	// The scope of the authorization request, repeated: what was not granted is left out.
	fourth := b.Tokens(b.Refresh(c, third.Refresh, "scope", c.Scope))
	if want := "openid profile email offline_access read:timesheets create:timesheets"; fourth.Scope != want {
		t.Errorf("regained %q, want %q", fourth.Scope, want)
	}
	agent.Refused(t, b.Refresh(c, fourth.Refresh, "scope", "batch:upload"), 400, "invalid_scope")
	agent.Refused(t, b.Refresh(c, fourth.Refresh, "scope", "read:timesheets batch:upload"), 400, "invalid_scope")
	agent.Refused(t, b.Refresh(c, fourth.Refresh, "resource", "https://other.example/"), 400, "invalid_target")
	other := *c
	other.ID = "timesheets-app"
	agent.Refused(t, b.Refresh(&other, fourth.Refresh), 400, "invalid_grant")

	// The thief, or the owner, comes second: the family dies, access tokens included.
	if a := b.API("GET", "/me", fourth.Access, ""); a.StatusCode != 200 {
		t.Fatalf("the live token: %d %s", a.StatusCode, a.Text)
	}
	agent.Refused(t, b.Refresh(c, first.Refresh), 400, "invalid_grant")
	agent.Refused(t, b.Refresh(c, fourth.Refresh), 400, "invalid_grant")
	if a := b.API("GET", "/me", fourth.Access, ""); a.StatusCode != 401 || !strings.Contains(a.Header.Get("WWW-Authenticate"), `error="invalid_token"`) {
		t.Errorf("after the replay the API said %d %s", a.StatusCode, a.Header.Get("WWW-Authenticate"))
	}
}

// OWASP ASVS 10.4.8. CONTRACT: "336h idle, absolute cap 90 days".
func refreshLifetimes(t *testing.T) {
	var w punchcardtest.Clock
	p := punchcardtest.New(t, punchcardtest.At(w.Now))
	b, c := p.Browser(t), agent.Mobile()
	got := b.SignedUp(c, "ada@example.com")
	w.Move(336*time.Hour - time.Minute)
	got = b.Tokens(b.Refresh(c, got.Refresh))
	w.Move(336*time.Hour + time.Minute)
	agent.Refused(t, b.Refresh(c, got.Refresh), 400, "invalid_grant")

	got = b.SignedUp(c, "ada@example.com")
	for range 89 {
		w.Move(24 * time.Hour)
		got = b.Tokens(b.Refresh(c, got.Refresh))
	}
	w.Move(24 * time.Hour)
	agent.Refused(t, b.Refresh(c, got.Refresh), 400, "invalid_grant")
}

// The same with a grace: the retry gets what was lost, once and for all, and
// the app that works on from there leaves no second way in.
func lostAnswerWithinTheGrace(t *testing.T) {
	p := punchcardtest.New(t, punchcardtest.Flags("--refresh-grace", "10s"))
	b, c := p.Browser(t), agent.Mobile()
	first := b.SignedUp(c, "ada@example.com")
	b.Fault(`{"client":"timesheets-mobile","endpoint":"token","fault":"drop_response"}`)
	r, err := http.NewRequest(http.MethodPost, p.Base()+"/oauth/token", strings.NewReader(url.Values{
		"grant_type": {"refresh_token"}, "client_id": {c.ID}, "refresh_token": {first.Refresh}}.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Close = true
	if resp, err := b.HTTP.Do(r); !errors.Is(err, io.EOF) {
		t.Fatalf("the app got %v, %v; want a connection closed without an answer", resp, err)
	}
	retry := b.Tokens(b.Refresh(c, first.Refresh))
	other := b.Tokens(b.Refresh(c, first.Refresh)) // a second tab
	if retry.Refresh == first.Refresh || retry.Refresh != other.Refresh {
		t.Fatal("the token did not rotate, or two tabs hold two successors")
	}
	if a := b.API("GET", "/me", retry.Access, ""); a.StatusCode != 200 {
		t.Fatalf("the retry's access token: %d %s", a.StatusCode, a.Text)
	}
	next := b.Tokens(b.Refresh(c, retry.Refresh))
	agent.Refused(t, b.Refresh(c, first.Refresh), 400, "invalid_grant") // its successor was used: now it is a replay
	agent.Refused(t, b.Refresh(c, next.Refresh), 400, "invalid_grant")
	if a := b.API("GET", "/me", next.Access, ""); a.StatusCode != 401 {
		t.Errorf("after the replay: %d", a.StatusCode)
	}
	if exit, said := punchcardtest.Refused(t, "--addr", "127.0.0.1:0", "--db", filepath.Join(t.TempDir(), "x.db"), "--refresh-grace", "11s"); exit != 2 || !strings.Contains(said, "--refresh-grace") {
		t.Errorf("eleven seconds: exit %d, %s", exit, said)
	}
}

// Everything a code or a token expires by is a flag.
func TestShortLifetimes(t *testing.T) {
	p := punchcardtest.New(t, punchcardtest.Flags("--access-ttl", "1s", "--code-ttl", "1s", "--refresh-ttl", "2s"))
	b, c := p.Browser(t), agent.Mobile()
	code := b.Code(c, "ada@example.com")
	got := b.Tokens(b.Exchange(c, code))
	late := b.Code(c, "")
	time.Sleep(1100 * time.Millisecond)
	agent.Refused(t, b.Exchange(c, late), 400, "invalid_grant")
	if a := b.API("GET", "/me", got.Access, ""); a.StatusCode != 401 {
		t.Errorf("an expired access token: %d", a.StatusCode)
	}
	time.Sleep(1100 * time.Millisecond)
	agent.Refused(t, b.Refresh(c, got.Refresh), 400, "invalid_grant")
}

// RFC 9068 4: the current time MUST be before exp.
func accessLifetime(t *testing.T) {
	var w punchcardtest.Clock
	p := punchcardtest.New(t, punchcardtest.At(w.Now))
	b, c := p.Browser(t), agent.Mobile()
	got := b.SignedUp(c, "ada@example.com")
	w.Move(14 * time.Minute)
	if a := b.API("GET", "/me", got.Access, ""); a.StatusCode != 200 {
		t.Errorf("before exp: %d", a.StatusCode)
	}
	w.Move(61 * time.Second)
	if a := b.API("GET", "/me", got.Access, ""); a.StatusCode != 401 {
		t.Errorf("after exp: %d", a.StatusCode)
	}
	if a := b.Introspect(got.Access); strings.TrimSpace(a.Text) != `{"active":false}` {
		t.Errorf("introspection after exp: %s", a.Text)
	}
}
