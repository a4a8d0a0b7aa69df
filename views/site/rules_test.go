package site

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/a-h/templ"
	"golang.org/x/net/html"

	"github.com/exampleco/punchcard/views"
	"github.com/exampleco/punchcard/views/viewstest"
)

// ruled has a small book.
func ruled(t *testing.T) Config {
	t.Helper()
	c := documented(t)
	c.Rules = []Chapter{
		{ID: "request", Title: "Authorization requests", Text: "At the start of a flow.", Rules: []Rule{
			{ID: "redirect-uri-exact", Must: "The redirect URI is exactly a registered one.", Clause: "RFC 9700 2.1", Why: "The code would go to an attacker."},
			{ID: "challenge-sent", Must: "The request has a challenge.", Clause: "RFC 7636 4.3, RFC 9700 2.1.1", Why: "A stolen code would be enough."},
		}},
		{ID: "api", Title: "The API", Text: "What a call brings.", Rules: []Rule{
			{ID: "entry-own", Must: "The entry is the caller's own.", Why: "Others would read it."},
		}},
	}
	c.Attacks = map[string][]views.Link{"redirect-uri-exact": {{Href: "/inspector/attacks/swapped-redirect", Text: "Send the code somewhere else"}}}
	c.FailedRuns = func() map[string]string { return map[string]string{"entry-own": "/inspector/7?step=3#3"} }
	return c
}

func rulesOn(t *testing.T, c Config, target string) (page *html.Node, ids string) {
	t.Helper()
	a := get(c, target)
	if a.Code != http.StatusOK || a.Header().Get("Content-Security-Policy") == "" {
		t.Fatalf("%s: %d", target, a.Code)
	}
	page, err := html.Parse(strings.NewReader(a.Body.String()))
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, rule := range classed(page, "rule") {
		found = append(found, attr(rule, "id"))
	}
	return page, strings.Join(found, " ")
}

// hrefs are where the links below n lead.
func hrefs(n *html.Node) (out []string) {
	for d := range n.Descendants() {
		if d.Type == html.ElementNode && d.Data == "a" {
			out = append(out, attr(d, "href"))
		}
	}
	return out
}

// The page is a page like every other, whole and where nothing was found.
func TestRuleBookIsAPage(t *testing.T) {
	c := ruled(t)
	pages := map[string]templ.Component{}
	for _, target := range []string{"/docs/rules", "/docs/rules?q=nothing"} {
		pages[target] = templ.Raw(get(c, target).Body.String())
	}
	viewstest.Pages(t, pages)
	viewstest.NoDeadStyles(t, "docs/rules.css", pages)
}

func TestRuleBook(t *testing.T) {
	page, ids := rulesOn(t, ruled(t), "/docs/rules")
	if ids != "redirect-uri-exact challenge-sent entry-own" {
		t.Fatalf("rules %s", ids)
	}
	for i, want := range []struct{ said, links string }{
		{
			"The redirect URI is exactly a registered one. The code would go to an attacker. RFC 9700 2.1 redirect-uri-exact Attack: Send the code somewhere else",
			"https://www.rfc-editor.org/rfc/rfc9700#section-2.1 #redirect-uri-exact /inspector/attacks/swapped-redirect",
		}, {
			"The request has a challenge. A stolen code would be enough. RFC 7636 4.3 RFC 9700 2.1.1 challenge-sent",
			"https://www.rfc-editor.org/rfc/rfc7636#section-4.3 https://www.rfc-editor.org/rfc/rfc9700#section-2.1.1 #challenge-sent",
		}, {
			"The entry is the caller’s own. Others would read it. Punchcard’s own rule entry-own A run in which it failed",
			"#entry-own /inspector/7?step=3#3",
		},
	} {
		rule := classed(page, "rule")[i]
		if got := said(rule); got != want.said {
			t.Errorf("got  %q\nwant %q", got, want.said)
		}
		if got := strings.Join(hrefs(rule), " "); got != want.links {
			t.Errorf("got  %q\nwant %q", got, want.links)
		}
	}
	if got := said(classed(page, "count")[0]); got != "3 rules." {
		t.Errorf("counted %q", got)
	}
}

// The filter is a form: each of its words has to occur in a rule, whatever its
// case, and wherever.
func TestRuleBookFilter(t *testing.T) {
	for q, want := range map[string]string{
		"":                       "redirect-uri-exact challenge-sent entry-own",
		"++":                     "redirect-uri-exact challenge-sent entry-own",
		"rfc+9700":               "redirect-uri-exact challenge-sent",
		"STOLEN+code":            "challenge-sent",
		"redirect-uri-exact":     "redirect-uri-exact",
		"authorization+requests": "redirect-uri-exact challenge-sent", // a chapter
		"own+exactly":            "",
	} {
		page, ids := rulesOn(t, ruled(t), "/docs/rules?q="+q)
		if ids != want {
			t.Errorf("%q finds %q, want %q", q, ids, want)
		}
		if empty := len(classed(page, "none")); (empty == 1) != (want == "") {
			t.Errorf("%q: %d notes that there is none", q, empty)
		}
	}
	page, _ := rulesOn(t, ruled(t), "/docs/rules?q="+`%3Cb%3E%22%E2%80%AE+rfc`)
	if got := said(classed(page, "count")[0]); !strings.Contains(got, `0 of 3 rules contain “ <b>"⟨U+202E⟩ rfc ”`) || !strings.Contains(got, "Show all rules") {
		t.Errorf("a hostile filter: %q", got)
	}
	for d := range page.Descendants() {
		if d.Data == "input" && attr(d, "value") != "<b>\"\u202e rfc" {
			t.Errorf("the field has %q", attr(d, "value"))
		}
	}
}

func TestRuleBookAsJSON(t *testing.T) {
	a := get(ruled(t), "/docs/rules.json?q=own")
	if a.Code != http.StatusOK || a.Header().Get("Content-Type") != "application/json" {
		t.Fatalf("%d %v", a.Code, a.Header())
	}
	var got map[string][]map[string]any
	if err := json.Unmarshal(a.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	want := `{"rules":[{"attacks":[],"chapter":"The API","clauses":[],"failed":"http://localhost:8484/inspector/7?step=3#3","href":"http://localhost:8484/docs/rules#entry-own","id":"entry-own","must":"The entry is the caller's own.","why":"Others would read it."}]}`
	if again, _ := json.Marshal(got); string(again) != want {
		t.Errorf("got  %s\nwant %s", again, want)
	}
	if a := get(ruled(t), "/docs/rules.json?q=redirect"); !strings.Contains(a.Body.String(), `"clauses":[{"title":"RFC 9700 2.1","href":"https://www.rfc-editor.org/rfc/rfc9700#section-2.1"}],"attacks":[{"title":"Send the code somewhere else","href":"http://localhost:8484/inspector/attacks/swapped-redirect"}]`) {
		t.Errorf("got %s", a.Body)
	}
	if a := get(ruled(t), "/docs/rules.json?q=nothing"); strings.TrimSpace(a.Body.String()) != `{"rules":[]}` {
		t.Errorf("nothing found: %s", a.Body)
	}
}

// Where not everybody may look at runs, none is linked; without rules there is
// no page.
func TestRuleBookWithLess(t *testing.T) {
	c := ruled(t)
	c.FailedRuns = nil
	page, _ := rulesOn(t, c, "/docs/rules")
	for _, href := range hrefs(page) {
		if strings.HasPrefix(href, "/inspector/7") {
			t.Errorf("a link to %s", href)
		}
	}
	c.Rules = nil
	if a := get(c, "/docs/rules"); a.Code != http.StatusNotFound {
		t.Errorf("without rules: %d", a.Code)
	}
}
