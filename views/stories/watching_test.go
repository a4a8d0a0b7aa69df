package stories

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/exampleco/punchcard/views/inspector/attack"
)

// labels are the steps on the screen, as they are read.
const labels = `[...document.querySelectorAll(".steps-drawn li")].map((li) => {
	const said = (e) => e ? [...e.childNodes].map((c) => c.nodeType === 3 ? c.data : c.classList.contains("spec") ? "" : said(c)).join("") : "";
	return (said(li.querySelector(".n")) + " " + said(li.querySelector(".lab"))).trim().replace(/\s+/g, " ");
})`

// A teacher has the inspector open; Ada signs in with the phone app, and the
// run draws itself, in order, without anybody touching the page.
func TestThePhoneAppIsDrawnLive(t *testing.T) {
	base, running := serve(t), chromium(t)
	teacher := newPhone(t, running, base)
	teacher.open("/inspector")
	teacher.until(`document.querySelector("#live").textContent.includes("Live")`)
	ada := newPhone(t, running, base)
	ada.signIn("ada@example.com")
	teacher.until(labels + `.some((l) => / \d+ timesheets$/.test(l))`)
	steps := eval[[]string](teacher, labels)
	want := []string{
		"Make a secret verifier", "1 Ask to sign in + challenge", "Shows the sign-in page", "2 Name and password",
		"Next: what is allowed?", "Asks what is allowed", "3 Allow ", "4 Come back + code", "Arrives at the app + code",
		"5 Swap code + verifier", "SHA-256 matches ✓", "6 access token + refresh token",
	}
	for i, w := range want {
		if i >= len(steps) || !strings.HasPrefix(steps[i], w) {
			t.Fatalf("step %d is not %q:\n%s", i, w, strings.Join(steps, "\n"))
		}
	}
	if !slices.ContainsFunc(steps, func(s string) bool { return strings.HasSuffix(s, "GET /api/timesheets + access token") }) {
		t.Errorf("no call of the API:\n%s", strings.Join(steps, "\n"))
	}
	if got := eval[string](teacher, `document.querySelector("h1").textContent`); got != "Ada signs in to Timesheets" {
		t.Errorf("the run is called %q", got)
	}
	if teacher.count("GET /inspector 200") == 0 {
		t.Error("the page was never read")
	}
}

// What each attack must be answered with, from its clause.
var refusals = []struct{ id, answer string }{
	{"code-twice", "400 invalid_grant"},                  // RFC 6749 4.1.2
	{"wrong-verifier", "400 invalid_grant"},              // RFC 7636 4.6
	{"no-verifier", "400 invalid_grant"},                 // RFC 9700 2.1.1
	{"swapped-redirect", "400 Bad Request, no redirect"}, // RFC 6749 4.1.2.1
	{"other-clients-code", "400 invalid_grant"},          // RFC 6749 4.1.3
	{"old-refresh", "400 invalid_grant"},                 // RFC 9700 4.14.2
	{"edited-jwt", "401 invalid_token"},                  // RFC 9068 4
	{"alg-none", "401 invalid_token"},                    // RFC 9068 4
	{"id-token-as-access", "401 invalid_token"},          // RFC 9068 4
	{"missing-scope", "403 insufficient_scope"},          // RFC 6750 3.1
	{"other-persons-entry", "404 Not Found"},             // the contract: own, else 404
	{"approve-own", "403 Forbidden"},                     // the contract: the caller's own entry 403
	{"forged-consent", "403 Forbidden"},                  // RFC 6749 10.12
	{"stolen-state", "403 Forbidden"},                    // RFC 6749 10.12
}

// Every attack of the page: a prediction, the real thing, the verdict, and a
// run that shows where it was refused.
func TestEveryAttackFromThePage(t *testing.T) {
	p := newPhone(t, chromium(t), serve(t))
	p.open("/inspector")
	if got := eval[int](p, `document.querySelectorAll(".atk").length`); got != len(refusals) {
		t.Errorf("%d attacks on the page, want %d", got, len(refusals))
	}
	for _, a := range refusals {
		p.open("/inspector/attacks/" + a.id)
		p.until(fmt.Sprintf(`(() => { const c = document.querySelector("input[name=prediction][value=" + CSS.escape(%s) + "]"); c?.click(); return c; })()`, quoted(a.answer)))
		p.press("Run it for real")
		p.until(`document.querySelector(".verdict-box")`)
		verdict := eval[string](p, `document.querySelector(".verdict-box").innerText`)
		if !strings.Contains(verdict, "Blocked: "+a.answer) || !strings.Contains(verdict, "You expected exactly that") {
			t.Errorf("%s: %s", a.id, verdict)
		}
		p.press("Show the step that decides")
		p.until(`document.querySelector("[aria-current=true], .steps-drawn a[aria-current]")?.closest("li").classList.contains("bad")`)
		i := slices.IndexFunc(attack.All(), func(one attack.Attack) bool { return one.ID == a.id })
		p.until(fmt.Sprintf(`document.querySelector("li.fail a[href='/docs/rules#%s']")`, attack.All()[i].Rule))
	}
	p.open("/inspector")
	if got := eval[int](p, `[...document.querySelectorAll(".atk")].filter((a) => a.textContent.includes("blocked ✓")).length`); got != len(refusals) {
		t.Errorf("%d attacks are marked as blocked, want %d", got, len(refusals))
	}
}

// While the page is open, an old refresh token is used: the family turns red.
func TestTheFamilyTurnsRedLive(t *testing.T) {
	base := serve(t)
	p := newPhone(t, chromium(t), base)
	p.open("/inspector")
	ada := newNative(t, base, "ada@example.com").whole()
	p.until(`document.querySelector(".family.f-alive")`)
	old := ada.renewal()
	ada.post("/oauth/token", old)
	ada.take()
	p.until(`[...document.querySelectorAll(".knot")].some((k) => k.textContent.includes("rotated"))`)
	alive := eval[string](p, `getComputedStyle(document.querySelector(".family")).borderTopColor`)
	ada.post("/oauth/token", old)
	p.until(`document.querySelector(".family.f-attacked")`)
	if got := eval[string](p, `getComputedStyle(document.querySelector(".family")).borderTopColor`); got == alive {
		t.Errorf("the family looks as before: %s", got)
	}
	if got := eval[string](p, `document.querySelector(".family-says").textContent`); !strings.Contains(got, "second time") {
		t.Errorf("it says %q", got)
	}
}

// Step by step with the keys, and a value lit up wherever it occurs by mere
// focus.
func TestTheInspectorByKeyboard(t *testing.T) {
	base := serve(t)
	newNative(t, base, "ada@example.com").whole()
	run(t, base, "/inspector", 8)
	p := newPhone(t, chromium(t), base)
	p.open("/inspector/1")
	const current = `document.querySelector(".steps-drawn a[aria-current]").dataset.step`
	p.until(`document.querySelector("#live").textContent.includes("Live")`)
	last := eval[string](p, current)
	key := func(name string) {
		t.Helper()
		if err := chromedp.Do(p.ctx, chromedp.KeyEvent(name)); err != nil {
			t.Fatal(err)
		}
	}
	key("\u0302") // left, as chromedp names the keys
	p.until(current + ` !== ` + quoted(last))
	if got := eval[string](p, `location.hash.slice(1)`); got != eval[string](p, current) {
		t.Errorf("the address names step %s", got)
	}
	p.until(`(() => { const m = document.querySelector("#run pre mark[data-v], #run .values mark[data-v]"); m?.focus(); return m && m === document.activeElement; })()`)
	p.until(`(() => {
		const lit = document.activeElement.dataset.v;
		const all = [...document.querySelectorAll("[data-v]")];
		return all.filter((m) => m.dataset.v === lit).every((m) => m.classList.contains("lit")) && all.some((m) => m.dataset.v !== lit) && all.every((m) => m.dataset.v === lit || !m.classList.contains("lit"));
	})()`)
	p.open("/inspector/1#1")
	p.until(current + ` === "1"`)
}

// Everything can be read, stepped through and tried with scripts switched off.
func TestTheInspectorWithoutAScript(t *testing.T) {
	base := serve(t)
	newNative(t, base, "ada@example.com").whole()
	run(t, base, "/inspector", 8)
	p := newPhone(t, chromium(t), base)
	if _, err := chromedp.Call(p.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	p.open("/inspector/1?step=8#8")
	before := eval[string](p, `document.querySelector("#h-http").textContent`)
	p.press("Next step")
	p.until(`document.querySelector("#h-http").textContent !== ` + quoted(before))
	p.press("Reload")
	p.until(`document.querySelectorAll(".steps-drawn li").length > 10`)
	for _, hidden := range eval[[]string](p, `[...document.querySelectorAll(".scripted")].filter((e) => e.checkVisibility()).map((e) => e.textContent)`) {
		t.Errorf("%q is shown, and does nothing", hidden)
	}
	p.press("Answer 500 once")
	p.until(`document.querySelector("#workshop").textContent.includes("is answered with 500")`)
	p.open("/inspector/attacks/missing-scope")
	p.until(`(() => { const c = document.querySelector("input[value='403 insufficient_scope']"); c?.click(); return c; })()`)
}
