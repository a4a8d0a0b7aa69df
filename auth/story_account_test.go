package auth_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/exampleco/punchcard/auth/punchcardtest"
	"github.com/exampleco/punchcard/auth/punchcardtest/agent"
)

// Ada looks at what stands open in her name, and closes it, bit by bit.
func TestAccount(t *testing.T) {
	p := punchcardtest.New(t)
	b, c := p.Browser(t), agent.Mobile()

	// Nobody is signed in: the page asks who is there, and then it is shown.
	page := b.Follow(b.Get("/account"))
	if page.Request.URL.Path != "/login" {
		t.Fatalf("came to %s %d", page.Request.URL, page.StatusCode)
	}
	page = b.SignIn(page, "ada@example.com", "timesheets")
	if page.Request.URL.Path != "/account" || !strings.Contains(page.Text, "No app can do anything in your name") {
		t.Fatalf("came to %s %d\n%.400s", page.Request.URL, page.StatusCode, page.Text)
	}
	if start := b.Get("/"); !strings.Contains(start.Text, `href="/account"`) {
		t.Error("the start page does not lead to it")
	}

	// An app is allowed something, and uses it.
	got := b.SignedUp(c, "ada@example.com")
	b.API("GET", "/timesheets", got.Access, "")
	page = b.Get("/account")
	for _, want := range []string{"Timesheets Mobile", "Add timesheets for you", "create:timesheets", "Used <time", "just now", "this browser"} {
		if !strings.Contains(page.Text, want) {
			t.Errorf("the page does not say %q", want)
		}
	}

	// One scope back: the token that carries it is dead, the next one lacks it.
	page = b.Follow(b.Press("take-back", "client", c.ID, "scope", "create:timesheets"))
	if !strings.Contains(page.Text, "can no longer do this: Add timesheets for you") {
		t.Error("the page does not say what was done")
	}
	if a := b.API("GET", "/timesheets", got.Access, ""); a.StatusCode != 401 {
		t.Errorf("the access token that carries the scope: %d", a.StatusCode)
	}
	got = b.Tokens(b.Refresh(c, got.Refresh, "scope", c.Scope))
	if want := "openid profile email offline_access read:timesheets"; got.Scope != want {
		t.Errorf("refreshed to %q, want %q", got.Scope, want)
	}
	if a := b.API("POST", "/timesheets", got.Access, `{}`); a.StatusCode != 403 {
		t.Errorf("what was taken back: %d", a.StatusCode)
	}

	// Another browser, and with it another app; its end is the app's end.
	phone := p.Browser(t)
	theirs := phone.SignedUp(c, "ada@example.com")
	ids := regexp.MustCompile(`name="browser" value="([^"]+)"`).FindStringSubmatch(b.Get("/account").Text)
	if ids == nil {
		t.Fatal("the other browser is not listed")
	}
	b.Press("end-browser", "browser", ids[1])
	if page := phone.Follow(phone.Get("/account")); page.Request.URL.Path != "/login" {
		t.Errorf("the other browser is still signed in: %s", page.Request.URL)
	}
	agent.Refused(t, phone.Refresh(c, theirs.Refresh), 400, "invalid_grant")
	got = b.Tokens(b.Refresh(c, got.Refresh))

	// A new password: she goes on here, and with the old one nobody goes anywhere.
	if a := b.Press("change-password", "current_password", "timesheets", "new_password", "an hour a day", "repeat_password", "an hour a day"); a.StatusCode != 303 {
		t.Fatalf("the change: %d %.300s", a.StatusCode, a.Text)
	}
	if page := b.Get("/account"); !strings.Contains(page.Text, "Your password is changed") {
		t.Error("the page does not say so")
	}
	if a := phone.SignIn(phone.Follow(phone.Get("/account")), "ada@example.com", "timesheets"); a.StatusCode != 422 {
		t.Errorf("the old password: %d", a.StatusCode)
	}
	if a := b.API("GET", "/me", got.Access, ""); a.StatusCode != 200 {
		t.Errorf("the app that was signed in through this browser: %d", a.StatusCode)
	}

	// And out.
	page = b.Follow(b.Press("sign-out-everywhere"))
	if !strings.Contains(page.Text, "signed out everywhere") {
		t.Errorf("the page does not say so: %s %d", page.Request.URL, page.StatusCode)
	}
	if a := b.API("GET", "/me", got.Access, ""); a.StatusCode != 401 {
		t.Errorf("the access token: %d", a.StatusCode)
	}
	agent.Refused(t, b.Refresh(c, got.Refresh), 400, "invalid_grant")
}
