package stack

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/exampleco/punchcard/auth/punchcardtest/agent"
)

// A refresh whose answer is lost: the server has rotated, the app has nothing
// but the old token, and using it looks like theft. RFC 9700 4.14.2: the whole
// family is revoked.
func TestLostRefreshAnswer(t *testing.T) {
	p, _, faults := inside(t)
	b, c := p.browser(t), agent.Mobile()
	got := b.SignedUp(c, "ada@example.com")
	other := p.browser(t).SignedUp(c, "alan@example.com")
	b.Fault(`{"client":"timesheets-mobile","endpoint":"token","fault":"drop_response"}`)
	// A connection of its own: some clients send again by themselves on one that was used before.
	r, err := http.NewRequest(http.MethodPost, p.base()+"/oauth/token", strings.NewReader(url.Values{
		"grant_type": {"refresh_token"}, "client_id": {c.ID}, "refresh_token": {got.Refresh}}.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Close = true
	if resp, err := b.HTTP.Do(r); !errors.Is(err, io.EOF) {
		t.Fatalf("the app got %v, %v; want a connection closed without an answer", resp, err)
	}
	if a := b.API("GET", "/me", got.Access, ""); a.StatusCode != 401 {
		t.Errorf("the old access token opens the API (%d): the server has not rotated", a.StatusCode)
	}
	if len(faults.All()) != 0 {
		t.Error("the fault waits for another one")
	}
	agent.Refused(t, b.Refresh(c, got.Refresh), 400, "invalid_grant")
	if a := b.API("GET", "/me", other.Access, ""); a.StatusCode != 200 {
		t.Errorf("somebody else's family: %d", a.StatusCode)
	}
}

// CONTRACT: the point of a fault is that a client meets it once and goes on.
func TestServerErrorOnce(t *testing.T) {
	p, _, _ := inside(t)
	b, c := p.browser(t), agent.Mobile()
	got := b.SignedUp(c, "ada@example.com")
	b.Fault(`{"client":"timesheets-mobile","endpoint":"token","fault":"error"}`)
	b.Fault(`{"client":"timesheets-mobile","endpoint":"api","fault":"error","status":503}`)
	a := b.API("GET", "/timesheets", got.Access, "")
	if a.StatusCode != 503 || a.Header.Get("Content-Type") != "application/problem+json" || a.Header.Get("Retry-After") == "" {
		t.Errorf("%d %v", a.StatusCode, a.Header)
	}
	if a := b.API("GET", "/timesheets", got.Access, ""); a.StatusCode != 200 {
		t.Errorf("the second: %d", a.StatusCode)
	}
	cron := url.Values{"grant_type": {"client_credentials"}, "client_id": {"timesheets-cron"}, "client_secret": {"timesheets-cron-secret"}}
	if a := b.Do("POST", "/oauth/token", cron); a.StatusCode != 200 {
		t.Errorf("another client: %d", a.StatusCode)
	}
	a = b.Do("POST", "/oauth/token", url.Values{"grant_type": {"refresh_token"}, "client_id": {c.ID}, "refresh_token": {got.Refresh}}, "Origin", p.base())
	agent.Refused(t, a, 500, "server_error")
	if a.Header.Get("Access-Control-Allow-Origin") != p.base() { // timesheets-app's origin
		t.Error("an app of another origin cannot read what went wrong")
	}
	b.Tokens(b.Refresh(c, got.Refresh)) // nothing was done: the token is unused
}
