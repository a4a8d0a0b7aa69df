package auth_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/exampleco/punchcard/auth/punchcardtest"
	"github.com/exampleco/punchcard/auth/punchcardtest/agent"
)

// One consent form, pressed fifty times at once, is one decision; of the codes
// that the answers carry, the last one can be used and no other.
func TestConsentOnce(t *testing.T) {
	p := punchcardtest.New(t)
	b, c := p.Browser(t), agent.Mobile()
	for range 3 {
		f := b.ConsentPage(c, "ada@example.com").Form(t)
		f.Values.Set("decision", "allow")
		var wg sync.WaitGroup
		var mu sync.Mutex
		statuses := map[int]int{}
		for range 50 {
			wg.Go(func() {
				resp, err := b.HTTP.PostForm(p.Base()+f.Action, f.Values)
				if err != nil {
					t.Error(err)
					return
				}
				resp.Body.Close()
				mu.Lock()
				statuses[resp.StatusCode]++
				mu.Unlock()
			})
		}
		wg.Wait()
		if statuses[http.StatusSeeOther] != 50 {
			t.Fatalf("answers %v, want that each press leads on", statuses)
		}
		var codes []string
		for range 5 {
			codes = append(codes, b.Arrive(c, b.Get("/authorize?flow="+f.Values.Get("flow"))).Get("code"))
		}
		for _, code := range codes[:4] {
			if a := b.Exchange(c, code); a.StatusCode != http.StatusBadRequest {
				t.Errorf("a code whose place another one has taken: %d, want 400", a.StatusCode)
			}
		}
		b.Tokens(b.Exchange(c, codes[4]))
		if a := b.Get("/authorize?flow=" + f.Values.Get("flow")); a.StatusCode != http.StatusOK || !strings.Contains(a.Text, "is complete") {
			t.Errorf("after the code was used: %d, want the page that says it is complete", a.StatusCode)
		}
	}
}

func TestRememberedConsent(t *testing.T) {
	p := punchcardtest.New(t)
	b := p.Browser(t)
	c := agent.Mobile()
	c.ID, c.Redirect, c.Scope = "timesheets-spa", "http://localhost:5173/callback", "openid read:timesheets create:timesheets"
	tick := func(scopes ...string) func(url.Values) {
		return func(v url.Values) { v["scope"] = scopes; v.Set("remember", "1") }
	}
	b.Arrive(c, b.Decide(b.ConsentPage(c, "ada@example.com"), "allow", tick("read:timesheets")))

	less := *c
	less.Scope = "openid read:timesheets"
	if q := b.Arrive(&less, b.Follow(b.Get(less.AuthorizeURL("prompt", "none")))); !q.Has("code") {
		t.Errorf("remembered, and still asked: %v", q)
	}
	b.ConsentPage(c, "")                          // create was not ticked, so it is asked for again
	b.ConsentPage(&less, "", "prompt", "consent") // and prompt=consent always asks
	native := agent.Mobile()
	native.Scope = "openid read:timesheets" // no more than is ticked, or the rest would be asked for anyway
	b.Decide(b.ConsentPage(native, ""), "allow", func(v url.Values) { v.Set("remember", "1") })
	b.ConsentPage(native, "") // RFC 8252 8.6: a native app is never waved through
}

// Who asks for one scope more does not lose the others: what the client holds
// in this browser is ticked. Another client's question is drawn afresh.
func TestHeldScopesAreTicked(t *testing.T) {
	p := punchcardtest.New(t)
	b, c := p.Browser(t), agent.Mobile()
	c.ID, c.Redirect, c.Scope = "timesheets-spa", "http://localhost:5173/callback", "openid offline_access read:timesheets delete:timesheets"
	page := b.ConsentPage(c, "ada@example.com")
	if got := page.Form(t).Boxes["delete:timesheets"]; got != "" {
		t.Fatalf("delete is %q at first, want it empty", got)
	}
	got := b.Tokens(b.Exchange(c, b.Arrive(c, b.Decide(page, "allow", func(v url.Values) {
		v["scope"] = []string{"offline_access", "delete:timesheets"}
	})).Get("code")))
	c.Scope += " create:timesheets"
	if got := b.ConsentPage(c, "").Form(t).Boxes["delete:timesheets"]; got != "checked" {
		t.Errorf("delete is %q when one more is asked for, want checked", got)
	}
	if got := b.ConsentPage(agent.Mobile(), "").Form(t).Boxes["delete:timesheets"]; got != "" {
		t.Errorf("another client's delete is %q, want it empty", got)
	}
	b.Do("POST", "/oauth/revoke", url.Values{"client_id": {c.ID}, "token": {got.Refresh}})
	if got := b.ConsentPage(c, "").Form(t).Boxes["delete:timesheets"]; got != "" {
		t.Errorf("delete is %q after the revocation, want it empty", got)
	}
}

// RFC 9700 4.11: a client may call itself anything; what it is shows.
func hostileClientName(t *testing.T) {
	p := punchcardtest.New(t, punchcardtest.Flags("--config", punchcardtest.Config(t, punchcardtest.Replacing("name: Timesheets Mobile", `name: "Timesheets <b>Admin</b> \u202Eevil 👩‍💻"`))))
	b, c := p.Browser(t), agent.Mobile()
	page := b.ConsentPage(c, "ada@example.com")
	if strings.Contains(page.Text, "<b>Admin</b>") || !strings.Contains(page.Text, "&lt;b&gt;Admin") {
		t.Error("the name is not escaped")
	}
	if !strings.Contains(page.Text, "127.0.0.1") {
		t.Error("the page does not say where it leads")
	}
}
