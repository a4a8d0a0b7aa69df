package viewstest

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/a-h/templ"
	"golang.org/x/net/html"

	"github.com/exampleco/punchcard/static"
)

// Hostile is what an app could call itself.
var Hostile = "<script>alert(1)</script>\"' onmouseover=alert(1) \u202Eevil\u200f " + strings.Repeat("Long", 50) + " 👩‍💻"

// Pages proves of each page what holds for all.
func Pages(t *testing.T, pages map[string]templ.Component) {
	for name, page := range pages {
		t.Run(name, func(t *testing.T) {
			doc := Draw(t, page)
			t.Run("is a document", func(t *testing.T) { isDocument(t, doc) })
			t.Run("runs nothing of a stranger", func(t *testing.T) { isInert(t, doc) })
			t.Run("has its fields named", func(t *testing.T) { isLabelled(t, doc) })
			t.Run("has its headings in order", func(t *testing.T) { hasOutline(t, doc) })
			t.Run("sends the styles that it needs", func(t *testing.T) { Styled(t, page) })
		})
	}
}

// Styled proves that each class on a page is known to a stylesheet that the page
// sends.
func Styled(t *testing.T, page templ.Component) {
	t.Helper()
	doc := Draw(t, page)
	var css strings.Builder
	for _, link := range With(doc, "rel", "stylesheet") {
		css.WriteString(sheet(t, Attr(link, "href")))
	}
	for _, n := range All(doc, "") {
		for _, class := range strings.Fields(Attr(n, "class")) {
			if !regexp.MustCompile(`\.` + regexp.QuoteMeta(class) + `[^a-z0-9-]`).MatchString(css.String()) {
				t.Errorf("no style for %q", class)
			}
		}
	}
}

// sheet is a stylesheet as it is served.
func sheet(t *testing.T, address string) string {
	t.Helper()
	w := httptest.NewRecorder()
	static.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, address, nil))
	if w.Code != http.StatusOK {
		t.Fatalf("the stylesheet %s answers %d", address, w.Code)
	}
	return w.Body.String()
}

// NoDeadStyles fails where a stylesheet has a class that is on none of the
// pages that send it, and that no module gives to what it makes.
func NoDeadStyles(t *testing.T, name string, pages map[string]templ.Component, byModules ...string) {
	t.Helper()
	used := map[string]bool{}
	for _, class := range byModules {
		used[class] = true
	}
	for _, page := range pages {
		doc := Draw(t, page)
		if len(With(doc, "href", static.Path(name))) == 0 {
			continue
		}
		for _, n := range All(doc, "") {
			for _, class := range strings.Fields(Attr(n, "class")) {
				used[class] = true
			}
		}
	}
	css := regexp.MustCompile(`(?s)/\*.*?\*/|url\([^)]*\)`).ReplaceAllString(sheet(t, static.Path(name)), "")
	for _, m := range regexp.MustCompile(`\.([a-z][a-z0-9-]*)`).FindAllStringSubmatch(css, -1) {
		if !used[m[1]] {
			t.Errorf("%s: .%s is on no page", name, m[1])
		}
	}
}

// isDocument: WCAG 2.2 3.1.1 (lang), 2.4.2 (title), 2.4.1 (skip link), 1.3.1
// (landmarks), and ids that are unique and found.
func isDocument(t *testing.T, doc *html.Node) {
	if lang := Attr(One(t, doc, "html"), "lang"); lang != "en" {
		t.Errorf("lang is %q", lang)
	}
	if title := Text(One(t, doc, "title")); !strings.HasSuffix(title, " · Punchcard") || len(title) < 15 {
		t.Errorf("title is %q", title)
	}
	One(t, doc, "header")
	One(t, doc, "footer")
	main := One(t, doc, "main")
	skip := All(doc, "a")[0]
	if Attr(skip, "href") != "#"+Attr(main, "id") || Attr(main, "id") == "" {
		t.Errorf("the first link leads to %q, not to the content", Attr(skip, "href"))
	}
	ids := map[string]int{}
	for _, n := range All(doc, "") {
		if id := Attr(n, "id"); id != "" {
			ids[id]++
		}
	}
	for id, n := range ids {
		if n > 1 {
			t.Errorf("id %q stands %d times", id, n)
		}
	}
	for _, n := range All(doc, "") {
		for _, key := range []string{"aria-labelledby", "aria-describedby", "for"} {
			if id := Attr(n, key); id != "" && ids[id] == 0 {
				t.Errorf("%s of %s names %q, which is not there", key, n.Data, id)
			}
		}
		if href := Attr(n, "href"); strings.HasPrefix(href, "#") && ids[href[1:]] == 0 {
			t.Errorf("a link leads to %s, which is not there", href)
		}
	}
}

// isInert: the content security policy has no place for scripts and inline
// styles, and what came with a request never becomes an address.
func isInert(t *testing.T, doc *html.Node) {
	for _, n := range All(doc, "") {
		if n.Data == "script" && Attr(n, "type") == "module" && strings.HasPrefix(Attr(n, "src"), static.Path("")) && Text(n) == "" {
			continue // a module of our own, on the pages whose policy lets it run
		}
		if slices.Contains([]string{"script", "style", "iframe", "object", "embed", "base"}, n.Data) {
			t.Errorf("<%s> on the page", n.Data)
		}
		for _, a := range n.Attr {
			if a.Key == "action" && Attr(n, "id") == "handover" && regexp.MustCompile(`^https?://`).MatchString(a.Val) {
				continue // to the app, at the address that was validated
			}
			if a.Key == "href" && Attr(n, "id") == "onward" && regexp.MustCompile(`^https?://`).MatchString(a.Val) {
				continue // the same after a sign-out, beside a sentence that says where it leads
			}
			if a.Key == "style" || strings.HasPrefix(a.Key, "on") {
				t.Errorf("<%s> has %s=%q", n.Data, a.Key, a.Val)
			}
			if slices.Contains([]string{"href", "src", "action", "formaction"}, a.Key) && !regexp.MustCompile(`^(/($|[a-z])|#[a-z]|https://www\.rfc-editor\.org/rfc/rfc)`).MatchString(a.Val) {
				t.Errorf("<%s> leads to %q", n.Data, a.Val)
			}
		}
	}
	for _, form := range All(doc, "form") {
		if Attr(form, "method") != "post" && Attr(form, "class") != "filter" && Attr(form, "role") != "search" { // neither changes anything
			t.Errorf("a form is sent by %q", Attr(form, "method"))
		}
	}
}

// isLabelled: WCAG 2.2 1.3.1, 4.1.2.
func isLabelled(t *testing.T, doc *html.Node) {
	for _, input := range slices.Concat(All(doc, "input"), All(doc, "select"), All(doc, "textarea")) {
		if Attr(input, "type") == "hidden" {
			continue
		}
		label := input.Parent
		for label != nil && label.Data != "label" {
			label = label.Parent
		}
		if named := With(doc, "for", Attr(input, "id")); label == nil && Has(input, "id") && len(named) == 1 {
			label = named[0]
		}
		if label == nil || strings.TrimSpace(Text(label)) == "" {
			t.Errorf("the field %q has no label", Attr(input, "name"))
		}
	}
	for _, n := range append(All(doc, "button"), All(doc, "a")...) {
		if strings.TrimSpace(Text(n)+Attr(n, "aria-label")) == "" {
			t.Errorf("<%s href=%q> says nothing", n.Data, Attr(n, "href"))
		}
	}
	for _, svg := range All(doc, "svg") {
		hidden := Attr(svg, "role") == "img" && Attr(svg, "aria-label") != "" // a picture that says something, and does
		for n := svg; n != nil; n = n.Parent {
			hidden = hidden || Attr(n, "aria-hidden") == "true"
		}
		if !hidden {
			t.Error("a decoration is read out")
		}
	}
}

// hasOutline: one h1, and no level left out.
func hasOutline(t *testing.T, doc *html.Node) {
	last, firsts := 0, 0
	for _, n := range All(doc, "") {
		if len(n.Data) != 2 || n.Data[0] != 'h' || n.Data[1] < '1' || n.Data[1] > '6' {
			continue
		}
		level := int(n.Data[1] - '0')
		if level == 1 {
			firsts++
		}
		if level > last+1 {
			t.Errorf("<%s> %q comes after a level %d", n.Data, Text(n), last)
		}
		last = level
	}
	if firsts != 1 {
		t.Errorf("%d h1", firsts)
	}
}

// Isolates proves that names of strangers stand in <bdi>, so that a direction
// mark in one turns nothing else on the page.
func Isolates(t *testing.T, page templ.Component) {
	t.Helper()
	found := false
	for _, n := range All(Draw(t, page), "") {
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			if c.Type != html.TextNode || !strings.Contains(c.Data, "\u202E") || n.Data == "title" {
				continue
			}
			found = found || n.Data == "bdi"
			if slices.Contains([]string{"h1", "h3", "b"}, n.Data) && Attr(n.Parent, "class") != "scope" {
				t.Errorf("a name stands bare in <%s>", n.Data)
			}
		}
	}
	if !found {
		t.Error("no name is isolated")
	}
}
