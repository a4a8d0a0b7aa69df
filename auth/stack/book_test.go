package stack

import (
	"encoding/json"
	"net/url"
	"os"
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

// Every rule is turned off by a mutant, or listed with the reason why none does.
// The list is short, and what has a mutant is not on it.
func TestEveryRuleHasAMutant(t *testing.T) {
	text, err := os.ReadFile("../../.ci/mutants.txt")
	if err != nil {
		t.Fatal(err)
	}
	ids, named, listed := bookIDs(t), map[string]bool{}, map[string]bool{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		if rules, ok := strings.CutPrefix(line, "rule: "); ok {
			for id := range strings.FieldsSeq(rules) {
				named[id] = true
			}
		}
		if rest, ok := strings.CutPrefix(line, "none: "); ok {
			id, why, _ := strings.Cut(rest, " ")
			listed[id] = true
			if len(strings.Fields(why)) < 4 {
				t.Errorf("%s is listed without a reason", id)
			}
		}
	}
	for id := range ids {
		switch {
		case named[id] && listed[id]:
			t.Errorf("%s has a mutant and is listed as one that has none", id)
		case !named[id] && !listed[id]:
			t.Errorf("%s has no mutant: name one with \"rule: %s\" in .ci/mutants.txt", id, id)
		}
	}
	for _, found := range []map[string]bool{named, listed} {
		for id := range found {
			if !ids[id] {
				t.Errorf("mutants.txt names %s, which is no rule", id)
			}
		}
	}
	if len(listed) > 20 {
		t.Errorf("%d rules without a mutant", len(listed))
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
