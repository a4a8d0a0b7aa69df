package views

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/a-h/templ"
	"golang.org/x/net/html"
)

func draw(t *testing.T, page templ.Component) *html.Node {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(source(t, page)))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func source(t *testing.T, page templ.Component) string {
	t.Helper()
	var out strings.Builder
	if err := page.Render(context.Background(), &out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func content(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// all is every element of a name, "" for any, in order.
func all(n *html.Node, name string) []*html.Node {
	var out []*html.Node
	for d := range n.Descendants() {
		if d.Type == html.ElementNode && (name == "" || d.Data == name) {
			out = append(out, d)
		}
	}
	return out
}

func one(t *testing.T, n *html.Node, name string) *html.Node {
	t.Helper()
	found := all(n, name)
	if len(found) != 1 {
		t.Fatalf("%d <%s>", len(found), name)
	}
	return found[0]
}

// with is every element that has an attribute of this value.
func with(n *html.Node, key, value string) []*html.Node {
	return slices.DeleteFunc(all(n, ""), func(e *html.Node) bool { return attr(e, key) != value })
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, key string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == key })
}

func text(n *html.Node) string {
	var out strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			out.WriteString(d.Data)
		}
	}
	return out.String()
}
