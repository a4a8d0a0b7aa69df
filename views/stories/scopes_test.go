package stories

import "testing"

// An employee never gets approve:timesheets, and the app says why.
func TestNoApprovalsForAda(t *testing.T) {
	p := newPhone(t, chromium(t), serve(t))
	p.signIn("ada@example.com")
	p.press("Approvals (not allowed yet)")
	p.sees("This app can’t approve your team’s hours yet")
	p.press("Ask for approve:timesheets")
	p.allow()
	p.sees("Your role doesn’t allow it.")
	p.press("Week")
	p.press("Approvals (not allowed yet)")
	p.open("/app/#/approvals") // nor by its address
	p.sees("One more permission")
	if p.count("GET /api/approvals") != 0 {
		t.Error("the app asked for approvals without the scope")
	}
}

// A scope is asked for when it is needed: those that were granted come along,
// and nothing else is new.
func TestAskForOneMoreScope(t *testing.T) {
	p := newPhone(t, chromium(t), serve(t))
	p.signIn("ada@example.com")
	p.until(`(() => { const a = document.querySelector(".ents a"); a?.click(); return a; })()`)
	p.sees("Can’t delete")
	entry := eval[string](p, `location.hash`)
	p.press("Ask for delete:timesheets")
	p.press("Ask for delete:timesheets") // the first one leads to the reason, this one leaves
	p.until(`document.querySelector("button[value=allow]")`)
	for scope, want := range map[string]bool{"read:timesheets": true, "create:timesheets": true, "delete:timesheets": true, "approve:timesheets": false} {
		if got := eval[bool](p, `Boolean(document.querySelector("input[value='`+scope+`']"))`); got != want {
			t.Errorf("consent page asks for %s: %v, want %v", scope, got, want)
		}
	}
	p.allow("delete:timesheets")
	p.sees("You allowed it.")
	p.open("/app/" + entry)
	p.press("Delete")
	p.press("Keep it")
	p.press("Delete")
	p.until(`(() => { const b = document.querySelector("dialog[open] .danger"); b?.click(); return b; })()`)
	p.until(`document.querySelector("#total") && !document.querySelector(".ents a[href='` + entry + `']")`)
	if p.count("DELETE /api/timesheets/") != 1 {
		t.Error("the entry was not deleted once")
	}
}

// A no to one more scope takes nothing away.
func TestNoToOneMoreScope(t *testing.T) {
	p := newPhone(t, chromium(t), serve(t))
	p.open("/app/")
	p.press("Sign in")
	p.login("ada@example.com")
	p.until(`(() => { const box = document.querySelector(".remember input"); if (box && !box.checked) box.click(); return box; })()`)
	p.allow()
	p.until(`document.querySelector("#total")`)
	p.open("/app/#/ask/delete:timesheets")
	p.press("Ask for delete:timesheets")
	p.until(`(() => { const b = document.querySelector("button[value=deny]"); b?.click(); return b; })()`)
	p.sees("You didn’t allow it.")
	p.press("Week")
	p.until(`document.querySelector("#total")`)
}
