package agent

import (
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// Form is the only form of a page, filled in as the page shows it.
type Form struct {
	Action string
	Values url.Values
	Boxes  map[string]string // value of each checkbox "scope": "", "checked", "disabled"
	Scopes []string          // those that can be ticked, in their order
}

// Form reads the form of a page that posts.
func (a Answer) Form(t testing.TB) Form {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(a.Text))
	if err != nil {
		t.Fatal(err)
	}
	f := Form{Values: url.Values{}, Boxes: map[string]string{}}
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		at := map[string]string{}
		for _, x := range n.Attr {
			at[x.Key] = x.Val
		}
		_, checked := at["checked"]
		_, disabled := at["disabled"]
		switch {
		case n.Data == "form" && strings.EqualFold(at["method"], "post"):
			f.Action = at["action"]
		case n.Data == "input" && at["type"] == "checkbox":
			state := ""
			if checked {
				state = "checked"
			}
			if disabled {
				state = strings.TrimSpace(state + " disabled")
			}
			if at["name"] == "scope" || disabled {
				f.Boxes[at["value"]] = state
			}
			if at["name"] == "scope" && !disabled {
				f.Scopes = append(f.Scopes, at["value"])
			}
			if checked && !disabled && at["name"] != "" {
				f.Values.Add(at["name"], at["value"])
			}
		case n.Data == "input" && !disabled && at["name"] != "":
			f.Values.Set(at["name"], at["value"])
		}
	}
	if f.Action == "" {
		t.Fatalf("%s shows no form:\n%.600s", a.Request.URL.Path, a.Text)
	}
	return f
}
