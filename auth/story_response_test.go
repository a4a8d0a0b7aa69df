package auth_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/exampleco/punchcard/auth/punchcardtest"
	"github.com/exampleco/punchcard/auth/punchcardtest/agent"
)

// Form Post Response Mode: the code stands in no URL. Without a script a
// person presses the button; the policy lets the form go to the app alone.
func TestFormPost(t *testing.T) {
	p := punchcardtest.New(t)
	b, c := p.Browser(t), agent.Mobile()
	c.State = `<af0&"ifj'slé>`
	handed := func(a agent.Answer) url.Values {
		t.Helper()
		csp, f := a.Header.Get("Content-Security-Policy"), a.Form(t)
		if a.StatusCode != 200 || f.Action != c.Redirect || a.Header.Get("Cache-Control") != "no-store" || a.Header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%d to %q, %v", a.StatusCode, f.Action, a.Header)
		}
		if !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "form-action") || strings.Contains(csp, "unsafe") || strings.Contains(a.Text, "<script>") {
			t.Errorf("policy %s", csp)
		}
		if !strings.Contains(a.Text, "Continue to") {
			t.Error("no button for who has no script")
		}
		if f.Values.Get("state") != c.State || f.Values.Get("iss") != p.Issuer {
			t.Errorf("handed over %v", f.Values)
		}
		return f.Values
	}
	page := b.ConsentPage(c, "ada@example.com", "response_mode", "form_post")
	last := b.Decide(page, "allow", nil)
	q := handed(last)
	if got := b.Tokens(b.Exchange(c, q.Get("code"))); got.Access == "" || len(q) != 3 {
		t.Errorf("handed over %v", q)
	}
	if a := b.Get(last.Request.URL.String()); a.StatusCode != 200 || strings.Contains(a.Text, "pcc_") || !strings.Contains(a.Text, "is complete") {
		t.Errorf("reloaded: %d, want the page that says it is complete", a.StatusCode)
	}
	// Errors go the same way, at once and after the person's answer.
	if q := handed(b.Decide(b.ConsentPage(c, "", "response_mode", "form_post"), "deny", nil)); q.Get("error") != "access_denied" || q.Has("code") {
		t.Errorf("denied: %v", q)
	}
	if q := handed(b.Get(c.AuthorizeURL("response_mode", "form_post", "scope", "batch:upload"))); q.Get("error") != "invalid_scope" || q.Get("error_description") == "" {
		t.Errorf("a wrong scope: %v", q)
	}
	// Nothing can be posted to a private-use scheme, and a form changes line ends: said at once, and by query.
	scheme := *c
	scheme.Redirect = "com.exampleco.timesheets:/callback"
	if q := b.Arrive(&scheme, b.Get(scheme.AuthorizeURL("response_mode", "form_post"))); q.Get("error") != "invalid_request" {
		t.Errorf("a private-use scheme: %v", q)
	}
	lines := *c
	lines.State = "a\nb"
	if q := b.Arrive(&lines, b.Get(lines.AuthorizeURL("response_mode", "form_post"))); q.Get("error") != "invalid_request" {
		t.Errorf("a state of two lines: %v", q)
	}
}

// Single-page apps of some libraries read the fragment: the code never reaches
// a web server's log. Multiple Response Types 2.1.
func TestFragment(t *testing.T) {
	p := punchcardtest.New(t)
	b, c := p.Browser(t), agent.Mobile()
	c.ID, c.Redirect = "timesheets-spa", "http://localhost:5173/callback"
	arrives := func(a agent.Answer) url.Values {
		t.Helper()
		to, err := url.Parse(a.Header.Get("Location"))
		if err != nil || a.StatusCode != 303 || to.RawQuery != "" || !strings.HasPrefix(a.Header.Get("Location"), c.Redirect+"#") {
			t.Fatalf("%d to %q", a.StatusCode, a.Header.Get("Location"))
		}
		q, err := url.ParseQuery(to.EscapedFragment())
		if err != nil || q.Get("state") != c.State || q.Get("iss") != p.Issuer {
			t.Errorf("%v %v", q, err)
		}
		return q
	}
	q := arrives(b.Decide(b.ConsentPage(c, "ada@example.com", "response_mode", "fragment"), "allow", nil))
	if b.Tokens(b.Exchange(c, q.Get("code"))).Access == "" {
		t.Error("no token")
	}
	if q := arrives(b.Get(c.AuthorizeURL("response_mode", "fragment", "prompt", "none login"))); q.Get("error") != "invalid_request" {
		t.Errorf("an error: %v", q)
	}
	if q := b.Arrive(c, b.Get(c.AuthorizeURL("response_mode", "form_post"))); q.Get("error") != "invalid_request" {
		t.Errorf("form_post to a page without a server: %v", q)
	}
}

// A flow belongs to the browser that began it and to the person it was shown to.
// CSP 3 6.4.1: Chromium binds each redirect that follows a form to the policy of
// its page. In a browser's own window the last of ours is a page, which ends
// that; whoever else asks, and whatever no form came before, gets a redirect.
func TestThePageThatEndsAForm(t *testing.T) {
	p := punchcardtest.New(t)
	b := p.Browser(t)
	navigates := []string{"Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}
	for name, tc := range map[string]struct {
		redirect string
		header   []string
		page     bool
	}{
		"a window":                    {"http://127.0.0.1:9/callback", navigates, true},
		"a window on a plain address": {"http://127.0.0.1:9/callback", []string{"Upgrade-Insecure-Requests", "1"}, true},
		"a frame":                     {"http://127.0.0.1:9/callback", []string{"Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe", "Upgrade-Insecure-Requests", "1"}, false},
		"a script":                    {"http://127.0.0.1:9/callback", []string{"Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty"}, false},
		"no browser":                  {"http://127.0.0.1:9/callback", nil, false},
		"an app's own scheme":         {"com.exampleco.timesheets:/callback", navigates, false},
	} {
		for _, decision := range []string{"allow", "deny"} {
			c := agent.Mobile()
			c.Redirect = tc.redirect
			f := b.ConsentPage(c, "ada@example.com").Form(t)
			f.Values.Set("decision", decision)
			a := b.Get(b.Do("POST", f.Action, f.Values).Header.Get("Location"), tc.header...)
			to := a.Header.Get("Location")
			if tc.page {
				to = strings.TrimPrefix(a.Header.Get("Refresh"), "0;url=")
			}
			if want := map[bool]int{true: 200, false: 303}[tc.page]; a.StatusCode != want || !strings.HasPrefix(to, c.Redirect+"?") || strings.Contains(a.Text, "pcc_") {
				t.Errorf("%s, %s: %d to %q, want %d", name, decision, a.StatusCode, to, want)
			}
			q, err := url.ParseQuery(to[strings.Index(to, "?")+1:])
			if err != nil || q.Get("state") != c.State || q.Get("iss") != p.Issuer || q.Has("code") != (decision == "allow") || q.Has("error") != (decision == "deny") {
				t.Errorf("%s, %s: the app gets %v", name, decision, q)
			}
		}
	}
	// No form came before: a redirect, also in a window.
	c := agent.Mobile()
	if a := b.Get(c.AuthorizeURL("prompt", "none"), navigates...); a.StatusCode != 303 || a.Header.Get("Refresh") != "" {
		t.Errorf("prompt=none: %d", a.StatusCode)
	}
}
