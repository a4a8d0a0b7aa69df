package viewstest

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/a-h/templ"
	"golang.org/x/net/html"
)

// Draw renders a page and reads it as a browser does.
func Draw(t *testing.T, page templ.Component) *html.Node {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(Source(t, page)))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// Source is a page as it is sent.
func Source(t *testing.T, page templ.Component) string {
	t.Helper()
	var out strings.Builder
	if err := page.Render(context.Background(), &out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// All is every element of a name, "" for any, in order.
func All(n *html.Node, name string) []*html.Node {
	var out []*html.Node
	for d := range n.Descendants() {
		if d.Type == html.ElementNode && (name == "" || d.Data == name) {
			out = append(out, d)
		}
	}
	return out
}

// One is the only element of a name; the test stops where there are more, or none.
func One(t *testing.T, n *html.Node, name string) *html.Node {
	t.Helper()
	found := All(n, name)
	if len(found) != 1 {
		t.Fatalf("%d <%s>", len(found), name)
	}
	return found[0]
}

// With is every element that has an attribute of this value.
func With(n *html.Node, key, value string) []*html.Node {
	return slices.DeleteFunc(All(n, ""), func(e *html.Node) bool { return Attr(e, key) != value })
}

// Attr is the value of an attribute, "" where it is missing.
func Attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// Has says whether the attribute is there, with a value or without.
func Has(n *html.Node, key string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == key })
}

// Text is all text in an element.
func Text(n *html.Node) string {
	var out strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			out.WriteString(d.Data)
		}
	}
	return out.String()
}
