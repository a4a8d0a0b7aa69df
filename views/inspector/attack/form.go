package attack

import (
	"bytes"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// form is the form of a page, filled in as it was drawn.
type form struct {
	action  string     // absolute
	values  url.Values // what pressing a button would send
	offered []string   // the scopes that can be ticked
	names   []string   // of all fields and buttons
}

func (f *form) has(name string) bool { return slices.Contains(f.names, name) }

// form returns the first form of the page that is posted, nil if there is
// none.
func (a *answer) form() *form {
	page, err := html.Parse(bytes.NewReader(a.body))
	if err != nil {
		return nil // never: the parser takes any bytes, and these are in memory
	}
	for n := range page.Descendants() {
		if n.Data != "form" || !strings.EqualFold(attributes(n)["method"], "post") {
			continue
		}
		action, err := a.url.Parse(attributes(n)["action"])
		if err != nil {
			return nil
		}
		f := &form{action: action.String(), values: url.Values{}}
		for field := range n.Descendants() {
			f.add(field)
		}
		return f
	}
	return nil
}

// add takes over a field as a browser does: a box only if it is ticked, a
// disabled one never.
func (f *form) add(n *html.Node) {
	at := attributes(n)
	name, value := at["name"], at["value"]
	if n.Data != "input" && n.Data != "button" || name == "" {
		return
	}
	f.names = append(f.names, name)
	_, disabled := at["disabled"]
	_, checked := at["checked"]
	switch {
	case n.Data == "button" || disabled:
	case at["type"] != "checkbox":
		f.values.Add(name, value)
	default:
		if name == "scope" {
			f.offered = append(f.offered, value)
		}
		if checked {
			f.values.Add(name, value)
		}
	}
}

func attributes(n *html.Node) map[string]string {
	at := map[string]string{}
	for _, a := range n.Attr {
		at[a.Key] = a.Val
	}
	return at
}
