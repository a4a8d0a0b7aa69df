package timesheets

import (
	"regexp"
	"strings"
	"testing"
)

// A rule can be printed by itself: it has a name, a sentence and a reason.
func TestRules(t *testing.T) {
	name, seen := regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)+$`), map[string]bool{}
	for _, r := range Rules() {
		switch {
		case !name.MatchString(r.ID):
			t.Errorf("%q is not a name like entry-pending", r.ID)
		case seen[r.ID]:
			t.Errorf("%s is there twice", r.ID)
		case !strings.HasSuffix(r.Must, ".") || strings.Count(r.Must, ". ") > 0:
			t.Errorf("%s: %q is not one sentence", r.ID, r.Must)
		case !strings.HasSuffix(r.Why, "."):
			t.Errorf("%s: %q is no reason", r.ID, r.Why)
		}
		seen[r.ID] = true
	}
	for _, id := range []string{"api-one-authorization-header", "entry-own", "batch-rows-valid"} {
		if !seen[id] {
			t.Errorf("the book lacks %s", id)
		}
	}
}

// A book holds rules and nothing else.
func TestBook(t *testing.T) {
	first, second := Rule{ID: "first"}, Rule{ID: "second"}
	if got := Book(struct{ A, B Rule }{first, second}); len(got) != 2 || got[0] != first || got[1] != second {
		t.Errorf("got %v", got)
	}
	defer func() {
		if recover() == nil {
			t.Error("a field that is no rule is taken")
		}
	}()
	Book(struct{ Name string }{"x"})
}
