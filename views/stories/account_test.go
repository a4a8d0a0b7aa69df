package stories

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// Somebody takes a scope back from the phone app without a mouse and without a
// script; the app goes on with what is left.
func TestTheAccountByKeyboard(t *testing.T) {
	p := newPhone(t, chromium(t), serve(t))
	p.signIn("ada@example.com")
	app := p.another()
	app.open("/app/")
	app.until(`document.querySelector("#total")`)

	script := func(off bool) {
		t.Helper()
		if _, err := chromedp.Call(p.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: off}); err != nil {
			t.Fatal(err)
		}
	}
	script(true)
	p.open("/account")
	// Each press of Tab goes on to something that can be seen and says what it is.
	focus := func(name string) {
		t.Helper()
		for range 40 {
			if err := chromedp.Do(p.ctx, chromedp.KeyEvent("\t")); err != nil {
				t.Fatal(err)
			}
			said := eval[string](p, `(() => {
				const e = document.activeElement, r = e.getBoundingClientRect();
				if (r.top < 0 || r.bottom > innerHeight || getComputedStyle(e).outlineStyle === "none") return "unseen: " + e.outerHTML;
				return e.textContent.replace(/[\u2066-\u2069]/g, "").trim();
			})()`)
			if strings.HasPrefix(said, "unseen") {
				t.Error(said)
			}
			if said == name {
				return
			}
		}
		t.Fatalf("the keyboard does not come to %q", name)
	}
	enter := func() {
		t.Helper()
		if err := chromedp.Do(p.ctx, chromedp.KeyEvent("\r")); err != nil {
			t.Fatal(err)
		}
	}
	focus("Take back: Add timesheets for you, from Timesheets")
	enter()
	p.until(`document.querySelector("[role=status]")?.textContent.includes("can no longer do this: Add timesheets for you")`)

	// The app's token is dead at its next call, and the one it gets then lacks the scope.
	app.press("Profile")
	app.until(`document.querySelector(".facts")`)
	if app.count("GET /api/me 401") == 0 || app.count("POST /oauth/token 200") == 0 || app.count("GET /api/me 200") == 0 {
		t.Error("the app did not lose its token, or did not get another")
	}
	app.press("Week")
	app.press("Profile")
	app.until(`document.querySelector(".may a[aria-label='Ask for create:timesheets']")`)

	focus("Sign out everywhere") // the link to it, in the head of the page
	enter()
	focus("Sign out everywhere")
	enter()
	p.until(`document.querySelector("h1")?.textContent.includes("signed out everywhere")`)
}
