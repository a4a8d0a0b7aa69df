package stack

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/exampleco/punchcard/views"
	"github.com/exampleco/punchcard/views/inspector/attack"
)

// bookIDs are the IDs of the whole book.
func bookIDs(t *testing.T) map[string]bool {
	t.Helper()
	ids := map[string]bool{}
	for _, c := range ruleBook() {
		for _, r := range c.Rules {
			if ids[r.ID] {
				t.Errorf("%s stands twice in the book", r.ID)
			}
			ids[r.ID] = true
			for _, link := range views.Clauses(r.Clause) {
				if u, err := url.Parse(link.Href); err != nil || u.Scheme != "https" || u.Host == "" {
					t.Errorf("%s: %q leads to %q", r.ID, link.Text, link.Href)
				}
			}
		}
	}
	if len(ids) < 150 {
		t.Errorf("only %d rules", len(ids))
	}
	return ids
}

// Every rule of every room is on the page and in the JSON, and each clause has
// an address.
func TestTheWholeBookIsServed(t *testing.T) {
	p, _, _ := inside(t)
	b := p.browser(t)
	page := b.Get("/docs/rules").Text
	var got struct{ Rules []struct{ ID string } }
	if err := json.Unmarshal([]byte(b.Get("/docs/rules.json").Text), &got); err != nil {
		t.Fatal(err)
	}
	served := map[string]bool{}
	for _, r := range got.Rules {
		served[r.ID] = true
	}
	for id := range bookIDs(t) {
		if !strings.Contains(page, `<li id="`+id+`"`) || !served[id] {
			t.Errorf("%s: on the page %v, in the JSON %v", id, strings.Contains(page, `<li id="`+id+`"`), served[id])
		}
	}
}

// Each attack names the rule that stops it.
func TestAttacksNameTheirRules(t *testing.T) {
	ids := bookIDs(t)
	for _, a := range attack.All() {
		if !ids[a.Rule] {
			t.Errorf("%s is stopped by %q, which is no rule", a.ID, a.Rule)
		}
	}
}
