package stories

import (
	"database/sql"
	"testing"

	_ "modernc.org/sqlite"
)

// aged moves all sign-ins ten minutes into the past, in the file of a server
// that is stopped.
func (s *server) aged() {
	s.t.Helper()
	file, err := sql.Open("sqlite", "file:"+s.db)
	if err != nil {
		s.t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.Exec(`UPDATE sessions SET auth_time = auth_time - 600000`); err != nil {
		s.t.Fatal(err)
	}
}

// The server is told that approvals need a sign-in of the last five minutes
// (RFC 9470), and Grace's is older. The app says so before it sends her away,
// and what she has begun is done when she is back.
func TestStepUpForApprovals(t *testing.T) {
	s, running := launch(t), chromium(t)
	grace := newPhone(t, running, s.url)
	grace.signIn("grace@example.com")
	grace.press("Approvals (not allowed yet)")
	grace.press("Ask for approve:timesheets")
	grace.until(`(() => { const box = document.querySelector(".remember input"); if (box && !box.checked) box.click(); return box; })()`)
	grace.allow("approve:timesheets")
	grace.press("Go on")
	grace.until(`document.querySelector(".waiting li")`)

	s.stop()
	s.aged()
	s.args = append(s.args, "--approve-max-age", "5m")
	s.again()
	grace.reload()
	grace.until(`document.querySelector(".waiting li")`) // to look at them demands nothing
	first := eval[string](grace, `document.querySelector(".waiting li").dataset.id`)
	card := `document.querySelector(".waiting li[data-id='` + first + `']")`
	tokens := grace.count("POST /oauth/token 200")
	grace.until(`(() => { const b = [...` + card + `.querySelectorAll("button")].find((b) => b.textContent === "Approve"); b.click(); return true; })()`)
	grace.sees("Sign in again to approve.")
	grace.sees("max_age=300")
	if n := grace.count("POST /oauth/token 200"); n != tokens {
		t.Errorf("%d refreshes, which cannot help (OIDC Core 12.2)", n-tokens)
	}
	grace.press("Sign in again")
	grace.until(`document.querySelector("input[name=email]")?.value === "grace@example.com"`) // by login_hint
	grace.login("grace@example.com")
	grace.sees("Approved: ")
	grace.until(`document.querySelector(".waiting") && !` + card)
	if refused, done := grace.count("PUT /api/approvals/"+first+" 401"), grace.count("PUT /api/approvals/"+first+" 200"); refused != 1 || done != 1 {
		t.Errorf("refused %d times and done %d times, want once each", refused, done)
	}

	// Her sign-in is fresh, so the next decision is a single tap; and what was
	// finished is not sent again by a reload.
	second := eval[string](grace, `document.querySelector(".waiting li").dataset.id`)
	grace.until(`(() => { const b = [...document.querySelectorAll(".waiting li button")].find((b) => b.textContent === "Approve"); b.click(); return true; })()`)
	grace.until(`!document.querySelector(".waiting li[data-id='` + second + `']")`)
	grace.reload()
	grace.until(`document.querySelector("#app h1")?.textContent === "Approvals" && !document.querySelector("#app [aria-busy=true]")`)
	if n, m := grace.count("PUT /api/approvals/"+first), grace.count("PUT /api/approvals/"+second); n != 2 || m != 1 {
		t.Errorf("the decisions were sent %d and %d times, want 2 and 1", n, m)
	}
}
