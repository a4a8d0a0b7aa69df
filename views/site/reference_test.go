package site

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/exampleco/punchcard/views"
)

func documented(t testing.TB) Config {
	t.Helper()
	document, err := os.ReadFile("testdata/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	c := demo()
	c.Document, c.DocumentPath = func() []byte { return document }, "/api/openapi.json"
	c.App, c.Audience = "timesheets-app", issuer+"/api"
	return c
}

func docsPage(t *testing.T, c Config) *html.Node {
	t.Helper()
	a := get(c, "/docs")
	if a.Code != http.StatusOK {
		t.Fatalf("%d %s", a.Code, a.Body)
	}
	doc, err := html.Parse(strings.NewReader(a.Body.String()))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// classed is every element below n with this class.
func classed(n *html.Node, class string) []*html.Node {
	var out []*html.Node
	for d := range n.Descendants() {
		if d.Type == html.ElementNode && slices.Contains(strings.Fields(attr(d, "class")), class) {
			out = append(out, d)
		}
	}
	return out
}

// said is an element's text, with single spaces.
func said(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data + " ")
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// operationsOf finds the drawn operations by method and path.
func operationsOf(t *testing.T, doc *html.Node) map[string]*html.Node {
	t.Helper()
	out := map[string]*html.Node{}
	for _, article := range classed(doc, "operation") {
		call := classed(article, "call")
		if len(call) != 1 {
			t.Fatalf("%d calls in %s", len(call), said(article))
		}
		out[said(call[0])] = article
	}
	return out
}

// The table of the contract: each operation with its scope, as the document
// declares it and as nothing else could know it.
func TestEveryOperationStandsThereWithItsScope(t *testing.T) {
	drawn := operationsOf(t, docsPage(t, documented(t)))
	want := map[string]string{
		"GET /api/timesheets":         "Needs See your timesheets read:timesheets",
		"POST /api/timesheets":        "Needs Add timesheets for you create:timesheets",
		"GET /api/timesheets/{id}":    "Needs See your timesheets read:timesheets",
		"PUT /api/timesheets/{id}":    "Needs Add timesheets for you create:timesheets",
		"DELETE /api/timesheets/{id}": "Needs Delete your timesheets delete:timesheets",
		"GET /api/approvals":          "Needs Approve your team’s timesheets approve:timesheets",
		"PUT /api/approvals/{id}":     "Needs Approve your team’s timesheets approve:timesheets",
		"POST /api/timesheets/upload": "Needs Upload timesheets for everybody batch:upload machine clients only",
		"GET /api/me":                 "Any valid token opens this.",
	}
	for call, need := range want {
		article := drawn[call]
		if article == nil {
			t.Errorf("%s is not there", call)
			continue
		}
		if got := said(classed(article, "need")[0]); got != need {
			t.Errorf("%s: %q, want %q", call, got, need)
		}
	}
	if len(drawn) != len(want) {
		t.Errorf("%d operations, want %d", len(drawn), len(want))
	}
}

// What a client has to know before it sends: limits, choices, what may be left out.
func TestFieldsSayTheirRules(t *testing.T) {
	drawn := operationsOf(t, docsPage(t, documented(t)))
	for call, rows := range map[string][]string{
		"GET /api/timesheets": {
			"limit whole number, in the query at least 1 · at most 200 · left out, it is 50",
			"status string, in the query One of pending approved rejected",
			"from date, in the query First day",
		},
		"POST /api/timesheets": {
			"hours number required more than 0 · at most 24 · in steps of 0.25",
			"project string required 1 to 100 characters · text without control characters",
			"notes string at most 2000 characters · text without control characters other than line feed and tab",
			"Idempotency-Key string, in the header Makes it safe to send the request again at most 255 characters",
		},
		"PUT /api/timesheets/{id}": {"If-Match string, in the header required The ETag of the entry as you know it", "id string, in the path required"},
		"POST /api/timesheets/upload": {
			"entries list of NewEntryOf required 1 to 1000 items", "entries[].user_id string required",
			"entries[].hours number required more than 0 · at most 24 · in steps of 0.25",
		},
		"GET /api/timesheets/{id}": {"decided_at date and time or null", "approved true or false true where status is approved"},
	} {
		var got []string
		for d := range drawn[call].Descendants() {
			if d.Data == "tr" {
				got = append(got, said(d))
			}
		}
		for _, row := range rows {
			if !slices.Contains(got, row) {
				t.Errorf("%s has no row %q in\n%s", call, row, strings.Join(got, "\n"))
			}
		}
	}
}

func TestContentsLeadToEveryOperation(t *testing.T) {
	doc := docsPage(t, documented(t))
	var links []string
	for d := range classed(doc, "toc")[0].Descendants() {
		if d.Data == "a" {
			links = append(links, attr(d, "href"))
		}
	}
	if got := strings.Join(links, " "); got != "#token #group-timesheets #list-timesheets #create-timesheet #get-timesheet #replace-timesheet #delete-timesheet"+
		" #group-approvals #list-approvals #decide-approval #group-import #upload-timesheets #group-you #get-me #errors #pages #idempotency #concurrency #csv #cors" {
		t.Errorf("contents %s", got)
	}
}

// A convention that no operation has is not explained either.
func TestOnlyWhatTheDocumentHasIsExplained(t *testing.T) {
	c := documented(t)
	c.Document = func() []byte {
		return []byte(`{"openapi":"3.1.0","info":{"title":"Small","version":"1"},"paths":{"/api/me":{"get":{"parameters":[{"name":"q","in":"query"}],"responses":{"200":{"description":"Me","content":{"application/json":{"schema":{"type":"object"}}}}}}}}}`)
	}
	body := said(docsPage(t, c))
	for _, word := range []string{"Idempotency-Key", "If-Match", "CSV", "next_cursor"} {
		if strings.Contains(body, word) {
			t.Errorf("%s is explained", word)
		}
	}
	if !strings.Contains(body, "Errors") || !strings.Contains(body, "GET /api/me") {
		t.Error("the rest is missing")
	}
}

// Nobody can sign in for a scope that only a machine gets (CONTRACT: batch:upload).
func TestTryIsOfferedWhereASignInCanHelp(t *testing.T) {
	c := documented(t)
	for call, article := range operationsOf(t, docsPage(t, c)) {
		forms := 0
		for d := range article.Descendants() {
			if d.Data == "form" {
				forms++
				if got := attr(d, "data-method") + " " + attr(d, "data-path"); got != call {
					t.Errorf("%s has the form of %s", call, got)
				}
			}
		}
		if want := map[bool]int{true: 0, false: 1}[call == "POST /api/timesheets/upload"]; forms != want {
			t.Errorf("%s has %d forms, want %d", call, forms, want)
		}
	}
	c.App = ""
	doc := docsPage(t, c)
	for d := range doc.Descendants() {
		if d.Data == "form" || d.Data == "script" {
			t.Errorf("<%s> although no client could sign in", d.Data)
		}
	}
}

// The document is ours, and still: whatever it says is text on the page.
func TestWordsOfTheDocumentStayText(t *testing.T) {
	evil := `<img src=x onerror=alert(1)>"'</code></pre></textarea><script>alert(1)</script>`
	quoted, err := json.Marshal(evil)
	if err != nil {
		t.Fatal(err)
	}
	c := documented(t)
	c.Document = func() []byte {
		return []byte(strings.ReplaceAll(`{"openapi":"3.1.0","info":{"title":@,"version":@},"tags":[{"name":@,"description":@}],
			"paths":{"/api/x":{"post":{"operationId":@,"summary":@,"description":@,"tags":[@],"security":[{"oauth2":[@]}],
			"parameters":[{"name":@,"in":"query","description":@,"schema":{"type":"string","enum":[@],"default":@,"patternDescription":@},"example":@},
				{"name":"Idempotency-Key","in":"header","schema":{"type":"string"}}],
			"requestBody":{"description":@,"content":{"application/json":{"schema":{"type":"object","properties":{"a":{"type":"string","description":@}}},"example":{"a":@}}}},
			"responses":{"200":{"description":@,"headers":{"X":{"description":@,"schema":{"type":"string"}}},"content":{"application/json":{"schema":{"type":"string"},"example":@}}}}}}},
			"components":{"securitySchemes":{"oauth2":{"type":"oauth2","flows":{"authorizationCode":{"scopes":{"x":@}}}}}}}`, "@", string(quoted)))
	}
	scripts := 0
	for d := range docsPage(t, c).Descendants() {
		if d.Data == "img" {
			t.Error("markup of the document became an element")
		}
		if d.Data == "script" && d.Type == html.ElementNode {
			scripts++
		}
		for _, a := range d.Attr {
			if strings.HasPrefix(a.Key, "on") {
				t.Errorf("<%s %s>", d.Data, a.Key)
			}
		}
	}
	if scripts != 1 { // ours
		t.Errorf("%d scripts", scripts)
	}
}

// A script runs here and only here, and speaks to us alone.
func TestOnlyTheReferenceMayRunAScript(t *testing.T) {
	c := documented(t)
	policy := get(c, "/docs").Header().Get("Content-Security-Policy")
	if !strings.Contains(policy, "script-src 'self'; connect-src 'self'") || !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
		t.Errorf("policy %s", policy)
	}
	if other := get(c, "/").Header().Get("Content-Security-Policy"); strings.Contains(other, "script-src") {
		t.Errorf("the start page may run scripts: %s", other)
	}
}

func TestReferenceWithoutADocument(t *testing.T) {
	if a := get(demo(), "/docs"); a.Code != http.StatusNotFound {
		t.Errorf("no document: %d", a.Code)
	}
	for name, document := range map[string]string{
		"no JSON": "{secret", "another version": `{"swagger":"2.0"}`, "no operation": `{"openapi":"3.1.0","paths":{}}`,
		"a broken operation": `{"openapi":"3.1.0","paths":{"/a":{"get":{"parameters":"secret"}}}}`,
	} {
		c := documented(t)
		c.Document = func() []byte { return []byte(document) }
		if a := get(c, "/docs"); a.Code != http.StatusInternalServerError || strings.Contains(a.Body.String(), "secret") {
			t.Errorf("%s: %d %s", name, a.Code, a.Body)
		}
	}
	c := documented(t)
	c.Introduce = func(*http.Request) (views.Start, error) { return views.Start{}, errors.New("secret") }
	if a := get(c, "/docs"); a.Code != http.StatusServiceUnavailable || a.Header().Get("Retry-After") == "" || strings.Contains(a.Body.String(), "secret") {
		t.Errorf("database away: %d", a.Code)
	}
}

// A schema that contains itself ends, and a reference that leads nowhere is
// passed over.
func TestSchemasWithoutAnEnd(t *testing.T) {
	c := documented(t)
	c.Document = func() []byte {
		return []byte(`{"openapi":"3.1.0","paths":{"/a":{"post":{"requestBody":{"content":{"application/json":{"schema":{"$ref":"#/components/schemas/Tree"}}}},
			"responses":{"200":{"description":"x","content":{"application/json":{"schema":{"$ref":"#/components/schemas/Gone"}}}}}}}},
			"components":{"schemas":{"Loop":{"$ref":"#/components/schemas/Loop"},"Tree":{"type":"object","properties":{"loop":{"$ref":"#/components/schemas/Loop"},
			"children":{"type":"array","items":{"$ref":"#/components/schemas/Tree"}}}}}}}`)
	}
	if body := said(docsPage(t, c)); !strings.Contains(body, "children[]") {
		t.Error("the nested field is missing")
	}
}
