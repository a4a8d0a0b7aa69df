package stories

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// The reference's "try it" against the real servers: it signs in by the phone
// app's client, whose page hands the answer over, and calls the API.
func TestTryAnOperation(t *testing.T) {
	p := newPhone(t, chromium(t), serve(t))
	p.open("/docs")
	const form = `document.querySelector('form[data-op="list-timesheets"]')`
	p.until(`(() => { const f = ` + form + `; if (f) f.closest("details").open = true; return f; })()`)
	p.until(`(() => { const b = ` + form + `.querySelector("[type=submit]"); if (b.textContent !== "Sign in to try") return false; b.click(); return true; })()`)
	p.login("ada@example.com")
	p.allow()
	p.until(`location.pathname === "/docs" && ` + form + `?.querySelector("[type=submit]").textContent === "Send"`)
	eval[bool](p, `(() => { `+form+`.querySelector("[type=submit]").click(); return true; })()`)
	p.until(form + `.parentElement.querySelector(".outcome .status.yes")`)
	if got := eval[string](p, form+`.parentElement.querySelector(".outcome").textContent`); !strings.Contains(got, `"items"`) || !strings.Contains(got, "usr_ada") {
		t.Errorf("the answer shown is %.300q, want Ada's entries", got)
	}
	if p.count("GET /api/timesheets 200") != 1 {
		t.Error("the API was not called once")
	}
	// The phone app itself is not disturbed by what the reference did.
	if err := chromedp.Do(p.ctx, chromedp.Navigate(p.base+"/app/")); err != nil {
		t.Fatal(err)
	}
	p.sees("Sign in")
}
