package stories

import "testing"

// clickSave presses the form's own button.
const clickSave = `(() => { const b = document.querySelector("form.hours .primary:not(:disabled)"); b?.click(); return b; })()`

// RFC 9110 13.1.1: of two people who change one entry, the second hears of the
// first, sees both versions, and decides.
func TestTwoTabsEditOneEntry(t *testing.T) {
	base := serve(t)
	one := newPhone(t, chromium(t), base)
	one.signIn("ada@example.com")
	one.until(`(() => { const a = document.querySelector(".ents a"); a?.click(); return a; })()`)
	one.until(`document.querySelector("#f-notes")`)
	two := one.another()
	two.open("/app/" + eval[string](one, `location.hash`))
	two.fill("#f-notes", "From the second tab")
	two.until(clickSave)
	two.sees("From the second tab")

	one.fill("#f-notes", "From the first tab")
	one.until(clickSave)
	one.sees("It was changed elsewhere.")
	one.sees("From the second tab")
	if got := eval[string](one, `document.querySelector("#f-notes").value`); got != "From the first tab" {
		t.Errorf("the form says %q, want what was typed", got)
	}
	one.press("Keep mine")
	one.until(`[...document.querySelectorAll(".ents small")].some((e) => e.textContent === "From the first tab")`)
}

// The answer to a POST is lost on its way: sent again under the same key, the
// hours are there once.
func TestALostAnswerAddsNothingTwice(t *testing.T) {
	p := newPhone(t, chromium(t), serve(t))
	p.signIn("ada@example.com")
	p.press("Add hours")
	p.fill("#f-project", "Once")
	p.fill("#f-hours", "0.25")
	eval[bool](p, `(() => {
		const real = window.fetch;
		window.fetch = async (url, options) => {
			const answer = await real(url, options);
			if (options?.method !== "POST") return answer;
			window.fetch = real;
			throw new TypeError("the connection was lost");
		};
		return true;
	})()`)
	p.until(clickSave)
	p.press("Try again")
	p.until(`document.querySelector("#total")`)
	p.until(`[...document.querySelectorAll(".ents li")].filter((li) => li.textContent.includes("Once")).length === 1`)
	if n := p.count("POST /api/timesheets 201"); n != 2 {
		t.Errorf("%d answers of 201, want the lost one and its repetition", n)
	}
}
