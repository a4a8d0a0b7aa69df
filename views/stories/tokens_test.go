package stories

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// rotations is how often the panel says that the refresh token has rotated.
const rotations = `parseInt(document.querySelector("#rotated")?.textContent)`

// refused are the answers that a living session never sees.
func refused(t *testing.T, phones ...*phone) {
	t.Helper()
	for _, p := range phones {
		p.mu.Lock()
		for _, r := range p.requests {
			if strings.HasPrefix(r, "POST /oauth/token 4") || strings.Contains(r, "/api/") && strings.HasSuffix(r, " 401") {
				t.Errorf("the session was refused: %s", r)
			}
		}
		p.mu.Unlock()
	}
}

// With tokens of five seconds the app goes on as if they lived for ever, and
// disturbs nobody who is typing.
func TestShortTokensAreRefreshedSilently(t *testing.T) {
	p := newPhone(t, chromium(t), serve(t, "--access-ttl", "5s"))
	p.signIn("ada@example.com")
	p.press("Add hours")
	p.fill("#f-project", "Half a name")
	p.until(rotations + " >= 2")
	if got := eval[string](p, `document.querySelector("#f-project").value`); got != "Half a name" {
		t.Errorf("a refresh left %q in the form", got)
	}
	p.press("Week")
	p.until(`document.querySelector("#total")`)
	refused(t, p)
	if n := p.count("GET /app/callback"); n != 1 {
		t.Errorf("%d answers of the authorization endpoint, want the sign-in's alone", n)
	}
}

// RFC 9700 4.14.2: a refresh token that is used twice ends its family. Two
// tabs share one, and each rotation is made by one of them.
func TestTwoTabsShareAFamily(t *testing.T) {
	base := serve(t, "--access-ttl", "5s")
	one := newPhone(t, chromium(t), base)
	one.signIn("ada@example.com")
	two := one.another()
	two.open("/app/")
	two.until(`document.querySelector("#total")`)
	if n := two.count("GET /authorize"); n != 0 {
		t.Errorf("the second tab went to the authorization endpoint %d times; it should ask the first one", n)
	}
	for range 5 { // both at once, on top of what their clocks do
		for _, p := range []*phone{one, two} {
			p.until(`(() => { const b = [...document.querySelectorAll("button")].find((b) => b.textContent === "Refresh now" && !b.disabled); b?.click(); return b; })()`)
		}
	}
	one.until(rotations + " >= 8")
	two.until(rotations + " >= 8")
	refused(t, one, two)
	made := one.count("POST /oauth/token 200") + two.count("POST /oauth/token 200") - 1 // the first one changed the code
	if seen := max(eval[int](one, rotations), eval[int](two, rotations)); made < seen-1 || made > seen+1 {
		t.Errorf("%d refreshes for %d rotations: some were thrown away", made, seen)
	}

	// A tab that goes leaves the other one in charge.
	if err := chromedp.Cancel(two.ctx); err != nil {
		t.Fatalf("closing a tab: %v", err)
	}
	one.until(rotations + " >= 11")
	refused(t, one)
}

// The lock may be handed on before the broadcast has arrived. The tab that is
// next must not spend the token that is spent already.
func TestABroadcastThatIsLate(t *testing.T) {
	base := serve(t)
	one := newPhone(t, chromium(t), base)
	one.signIn("ada@example.com")
	two := one.another()
	two.open("/app/")
	two.until(`document.querySelector("#total")`)
	eval[bool](one, `(() => {
		const post = BroadcastChannel.prototype.postMessage;
		BroadcastChannel.prototype.postMessage = function (message) { setTimeout(() => post.call(this, message), 1000); };
		return true;
	})()`)
	one.press("Refresh now")
	one.until(rotations + " === 1")
	two.press("Refresh now")
	two.until(rotations + " === 1")
	refused(t, one, two)
	if n := two.count("POST /oauth/token"); n != 0 {
		t.Errorf("the second tab sent %d refreshes for a pair that the first one had", n)
	}
}

// A third party's revocation, or a refresh token that lay idle for too long:
// the person hears of it, signs in, and finds what was typed.
func TestTheSessionEndsAndTheTypingStays(t *testing.T) {
	p := newPhone(t, chromium(t), serve(t, "--access-ttl", "6s", "--refresh-ttl", "1s"))
	p.signIn("ada@example.com")
	p.press("Add hours")
	p.fill("#f-project", "Nearly lost")
	p.sees("Your session has ended")
	p.press("Sign in again")
	p.allow() // the browser is signed in still; the consent was not remembered
	p.until(`document.querySelector("#f-project")?.value === "Nearly lost"`)
}

// A reload forgets the tokens. With a remembered consent the app signs in
// again without a question; without one it shows its door, once and for all.
func TestReload(t *testing.T) {
	base, running := serve(t), chromium(t)
	p := newPhone(t, running, base)
	p.signIn("ada@example.com")
	p.press("Profile")
	p.until(`document.querySelector(".facts")`)
	p.open("/app/#/profile")
	p.reload()
	p.sees("What it will ask for")
	if n := p.count("GET /app/callback"); n != 2 {
		t.Errorf("%d answers of the authorization endpoint, want the sign-in's and one to a silent try", n)
	}

	p.press("Sign in")
	p.until(`(() => { const box = document.querySelector(".remember input"); if (box && !box.checked) box.click(); return box; })()`)
	p.allow()
	p.until(`document.querySelector(".facts")`)
	p.reload()
	p.until(`document.querySelector(".facts")`)
	if where := eval[string](p, `location.pathname + location.search + location.hash`); where != "/app/#/profile" {
		t.Errorf("after a silent sign-in at %s, want the screen that it was on and no code", where)
	}
}

// Signing out revokes, ends the session at the server, and reaches every tab.
func TestSignOut(t *testing.T) {
	p := newPhone(t, chromium(t), serve(t))
	p.signIn("ada@example.com")
	two := p.another()
	two.open("/app/")
	two.until(`document.querySelector("#total")`)
	p.press("Profile")
	p.press("Sign out")
	p.until(`location.pathname === "/"`)
	if p.count("POST /oauth/revoke 200") != 1 {
		t.Error("nothing was revoked")
	}
	two.sees("You’re signed out.")
	two.press("Sign in")
	two.until(`document.querySelector("input[type=password]")`) // the server has forgotten her as well
}
