package stories

import (
	"net/http"
	"strings"
	"testing"
)

// What goes wrong in somebody's app is named on the screen, while it happens:
// the rule, its clause, and where the two addresses differ.
func TestAFailedCheckIsSeen(t *testing.T) {
	base := serve(t)
	p := newPhone(t, chromium(t), base)
	p.open("/inspector")
	p.until(`document.querySelector("#live").textContent.includes("Live")`)
	newNative(t, base, "ada@example.com").ask("redirect_uri", "http://127.0.0.1:9/callbacK")
	p.until(`document.querySelector(".ledger .fail")`)
	said := eval[string](p, `document.querySelector(".ledger .fail").innerText`)
	for _, want := range []string{"The redirect URI is exactly a registered one.", "FAILED", "RFC 9700 2.1", "http://127.0.0.1:9/callbacK", "at character 27: “K” instead of “k”", "The code goes to this address"} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is not in: %s", want, said)
		}
	}
	if got := eval[string](p, `document.querySelector(".ledger .fail a").href`); got != "https://www.rfc-editor.org/rfc/rfc9700#section-2.1" {
		t.Errorf("the clause leads to %s", got)
	}
}

// Two people sign in at the same moment, in turns, while the page is open: two
// runs in the list, each with its own steps.
func TestTwoRunsAreSeen(t *testing.T) {
	base := serve(t)
	p := newPhone(t, chromium(t), base)
	p.open("/inspector")
	p.until(`document.querySelector("#live").textContent.includes("Live")`)
	ada, grace := newNative(t, base, "ada@example.com"), newNative(t, base, "grace@example.com")
	first, second := ada.steps(), grace.steps()
	for i := range first {
		first[i]()
		second[i]()
	}
	for _, name := range []string{"Ada", "Grace"} {
		p.until(`(() => { const a = [...document.querySelectorAll(".run-list a")].find((a) => a.textContent.includes(` + quoted(name+" signs in to Timesheets Mobile") + `) && a.textContent.includes("went well")); a?.click(); return a; })()`)
		p.until(`document.querySelector("h1").textContent === ` + quoted(name+" signs in to Timesheets Mobile"))
		p.until(labels + `.at(-1)?.endsWith("timesheets")`)
		mine, theirs := ada, grace
		if name == "Grace" {
			mine, theirs = grace, ada
		}
		p.open("/inspector/" + eval[string](p, `document.querySelector("#run").dataset.run`) + "?step=7")
		page := eval[string](p, `document.querySelector("#run").textContent`)
		if !strings.Contains(page, mine.access) || strings.Contains(page, theirs.access[len(theirs.access)-40:]) {
			t.Errorf("the run of %s does not have their token and nobody else's", name)
		}
	}
}

// The answer of a refresh is lost, by the button on the page; the app tries
// again with what it has, and the family turns red.
func TestALostResponseIsSeen(t *testing.T) {
	base := serve(t)
	p := newPhone(t, chromium(t), base)
	ada := newNative(t, base, "ada@example.com").whole()
	p.open("/inspector")
	p.press("Lose the next token response after rotating")
	p.until(`document.querySelector(".waiting-faults")?.textContent.includes("is done, and the answer is lost")`)
	attackPage(t, base, "missing-scope", "403 insufficient_scope") // no fault is for an attack
	if answer, err := ada.app.Do(ada.request("POST", "/oauth/token", ada.renewal())); err == nil {
		t.Fatalf("an answer came: %d", answer.StatusCode)
	}
	p.open("/inspector/1")
	p.until(labels + `.at(-1).includes("Lost on the way")`)
	p.until(`document.querySelector(".note.lost")?.textContent.includes("The client never got this answer")`)
	ada.post("/oauth/token", ada.renewal())
	p.until(`document.querySelector(".family.f-attacked")`)
}

// attackPage runs an attack as the form of its page does.
func attackPage(t *testing.T, base, id, prediction string) {
	t.Helper()
	if answer := press(t, base, "/inspector/attacks/"+id, map[string][]string{"prediction": {prediction}}); answer.StatusCode != http.StatusSeeOther {
		t.Fatalf("the attack %s: %d", id, answer.StatusCode)
	}
}

// The pointer lights a value up wherever it occurs, the player goes through
// the steps by itself, and the switch puts the specification's words in.
func TestTheRunIsPlayed(t *testing.T) {
	base := serve(t)
	newNative(t, base, "ada@example.com").whole()
	run(t, base, "/inspector", 8)
	p := newPhone(t, chromium(t), base)
	p.open("/inspector/1?step=1")
	p.until(`document.querySelector("#live").textContent.includes("Live")`)
	lit := eval[[]string](p, `(() => {
		const mark = document.querySelector(".steps-drawn mark[data-v]");
		mark.dispatchEvent(new PointerEvent("pointerover", { bubbles: true }));
		return [...document.querySelectorAll(".lit")].map((e) => e.dataset.v === mark.dataset.v ? e.closest("section").querySelector("h2").textContent : "another value");
	})()`)
	if got := strings.Join(lit, "; "); len(lit) < 3 || !strings.Contains(got, "step by step") || !strings.Contains(got, "What travelled") || strings.Contains(got, "another value") {
		t.Errorf("lit up: %s", got)
	}
	const current = `document.querySelector(".steps-drawn a[aria-current]").dataset.step`
	p.until(`document.querySelector("[data-go=play]").checkVisibility() && (document.querySelector("[data-go=play]").click(), true)`)
	for _, step := range []string{"2", "3", "4"} {
		p.until(current + ` === "` + step + `"`)
	}
	p.until(`(document.querySelector("[data-go=play]").click(), document.querySelector("[data-go=play]").getAttribute("aria-pressed") === "false")`)
	plain := `document.querySelector(".steps-drawn").innerText.includes("Ask to sign in")`
	spec := `document.querySelector(".steps-drawn").innerText.includes("Authorization request")`
	if !eval[bool](p, plain+` && !`+spec) {
		t.Error("not in plain words at first")
	}
	p.until(`(document.querySelector("#spec").click(), true)`)
	p.until(spec + ` && !` + plain)
}
