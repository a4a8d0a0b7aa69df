package auth_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/exampleco/punchcard/auth/punchcardtest"
	"github.com/exampleco/punchcard/auth/punchcardtest/agent"
)

// RFC 8628: a device without a keyboard shows a code. Its owner types it in a
// browser, sees who asks and from where, compares, chooses, and goes back.
func TestDeviceGrant(t *testing.T) {
	w := &punchcardtest.Clock{}
	p := punchcardtest.New(t, punchcardtest.At(w.Now))
	tv, ada, c := p.Browser(t), p.Browser(t), agent.Mobile()
	d := tv.Television(c)
	if !regexp.MustCompile(`^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$`).MatchString(d.User) || len(d.Code) < 43 {
		t.Errorf("user_code %q, device_code of %d characters", d.User, len(d.Code))
	}
	if d.URI != p.Base()+"/device" || d.Complete != d.URI+"?user_code="+d.User || d.Expires != 600 || d.Interval != 5 {
		t.Errorf("%+v", d)
	}
	agent.Refused(t, tv.Poll(c, d), 400, "authorization_pending")

	// The link only fills the code in, and can be carried to a phone.
	link := ada.Get(d.Complete)
	if link.StatusCode != 200 || link.Form(t).Values.Get("user_code") != d.User || !strings.Contains(link.Text, "<svg class=\"qr\"") {
		t.Errorf("the link: %d\n%.2000s", link.StatusCode, link.Text)
	}
	page := ada.Compares(strings.ToLower(strings.ReplaceAll(d.User, "-", " ")), "ada@example.com")
	for _, piece := range []string{d.User, "Timesheets Mobile", "timesheets-mobile", "Living room TV/1.0", "127.0.0.1", "ago"} {
		if !strings.Contains(page.Text, piece) && !(piece == "ago" && strings.Contains(page.Text, "just now")) {
			t.Errorf("the page does not say %q", piece)
		}
	}
	// No step is skipped: the consent page sends back, and its form is refused.
	flow := page.Form(t).Values.Get("flow")
	if a := ada.Follow(ada.Get("/consent?flow=" + url.QueryEscape(flow))); a.Request.URL.Path != "/device" {
		t.Errorf("consent before the codes were compared: %s", a.Request.URL.Path)
	}
	if a := ada.Do("POST", "/consent", url.Values{"flow": {flow}, "decision": {"allow"}}); a.StatusCode != 403 {
		t.Errorf("allowed before the codes were compared: %d", a.StatusCode)
	}
	w.Move(5 * time.Second)
	agent.Refused(t, tv.Poll(c, d), 400, "authorization_pending")

	consent := ada.Decide(page, "same", nil)
	if consent.Request.URL.Path != "/consent" || !strings.Contains(consent.Text, d.User) || consent.Form(t).Boxes["approve:timesheets"] != "disabled" {
		t.Fatalf("came to %s: %v", consent.Request.URL.Path, consent.Form(t).Boxes)
	}
	done := ada.Decide(consent, "allow", func(v url.Values) { v.Add("scope", "approve:timesheets") })
	if done.StatusCode != 200 || !strings.Contains(done.Text, "You can go back to your device") {
		t.Fatalf("at the end: %s %d", done.Request.URL, done.StatusCode)
	}
	if again := ada.Get(done.Request.URL.RequestURI()); again.StatusCode != 200 || !strings.Contains(again.Text, "You can go back to your device") {
		t.Errorf("reloaded: %d", again.StatusCode)
	}

	got := tv.Tokens(tv.Poll(c, d))
	if got.Scope != "openid profile email offline_access read:timesheets create:timesheets" || got.Refresh == "" || got.Type != "Bearer" || got.Expires != 900 {
		t.Errorf("%+v", got)
	}
	access, id := agent.Claims(t, got.Access, 1), agent.Claims(t, got.ID, 1)
	sum := sha256.Sum256([]byte(got.Access))
	if access["sub"] != "usr_ada" || access["client_id"] != c.ID || access["aud"] != p.Base()+"/api" || id["sub"] != "usr_ada" || id["aud"] != c.ID ||
		id["sid"] == nil || id["auth_time"] == nil || id["auth_time"] != access["auth_time"] || id["nonce"] != nil ||
		id["at_hash"] != base64.RawURLEncoding.EncodeToString(sum[:16]) {
		t.Errorf("access %v, id %v", access, id)
	}
	if a := tv.API("GET", "/timesheets", got.Access, ""); a.StatusCode != 200 {
		t.Errorf("the API: %d", a.StatusCode)
	}
	next := tv.Tokens(tv.Refresh(c, got.Refresh))
	// The code is spent; a second use is a replay like any other.
	agent.Refused(t, tv.Poll(c, d), 400, "invalid_grant")
	if a := tv.API("GET", "/timesheets", next.Access, ""); a.StatusCode != 401 {
		t.Errorf("after a replay of the device code: %d", a.StatusCode)
	}
}

// RFC 8628 3.5: an interval that is kept to is answered with
// authorization_pending, and the end of the code with expired_token.
func deviceByTheClock(t *testing.T) {
	w := &punchcardtest.Clock{}
	p := punchcardtest.New(t, punchcardtest.At(w.Now))
	tv, ada, c := p.Browser(t), p.Browser(t), agent.Mobile()
	d := tv.Television(c)
	agent.Refused(t, tv.Poll(c, d), 400, "authorization_pending")
	agent.Refused(t, tv.Poll(c, d), 400, "slow_down")
	w.Move(6 * time.Second)
	agent.Refused(t, tv.Poll(c, d), 400, "slow_down") // ten seconds by then, and fifteen from now on
	w.Move(15 * time.Second)
	agent.Refused(t, tv.Poll(c, d), 400, "authorization_pending")
	page := ada.Compares(d.User, "ada@example.com")
	w.Move(10 * time.Minute)
	agent.Refused(t, tv.Poll(c, d), 400, "expired_token")
	if a := ada.Decide(ada.Decide(page, "same", nil), "allow", nil); a.StatusCode != 410 || !strings.Contains(a.Text, "Type another code") {
		t.Errorf("allowed too late: %s %d", a.Request.URL.Path, a.StatusCode)
	}
	agent.Refused(t, tv.Poll(c, d), 400, "expired_token")
	f := ada.Get("/device").Form(t)
	f.Values.Set("user_code", d.User)
	if a := ada.Do("POST", f.Action, f.Values); a.StatusCode != 410 {
		t.Errorf("typed too late: %d", a.StatusCode)
	}
}
