package issuer

import (
	"regexp"
	"strings"
	"testing"

	"github.com/exampleco/punchcard/timesheets"
)

// A rule can be printed by itself, and no name is the API's own already.
func TestRules(t *testing.T) {
	name, seen := regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)+$`), map[string]bool{}
	for _, r := range timesheets.Rules() {
		seen[r.ID] = true
	}
	for _, r := range Rules() {
		switch {
		case !name.MatchString(r.ID):
			t.Errorf("%q is not a name like at-jwt-typ", r.ID)
		case seen[r.ID]:
			t.Errorf("%s is there twice", r.ID)
		case !strings.HasSuffix(r.Must, ".") || strings.Count(r.Must, ". ") > 0:
			t.Errorf("%s: %q is not one sentence", r.ID, r.Must)
		case !strings.HasSuffix(r.Why, "."):
			t.Errorf("%s: %q is no reason", r.ID, r.Why)
		}
		seen[r.ID] = true
	}
	for _, id := range []string{"issuer-metadata-exact", "at-jwt-typ", "api-token-owner"} {
		if !seen[id] {
			t.Errorf("the book lacks %s", id)
		}
	}
}
