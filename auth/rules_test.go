package auth

import (
	"regexp"
	"strings"
	"testing"

	"github.com/exampleco/punchcard/auth/ledger"
	"github.com/exampleco/punchcard/auth/oauth"
)

// clauseForm is how a clause is named, so that a page can link to it.
var clauseForm = regexp.MustCompile(`^((RFC [1-9][0-9]{3}|OIDC (Core|Registration)|RP-Initiated Logout|OWASP ASVS|OAuth 2\.0 Multiple Response Types|sqlite\.org/[a-z_.#]+) ?)?[0-9]*(\.[0-9]+)*$`)

// The book can be read by itself: every rule has an ID of its own, says in one
// sentence what must hold, and why.
func TestBook(t *testing.T) {
	if err := ledger.Proofread(Book()); err != nil {
		t.Error(err)
	}
	for _, r := range Book() {
		if strings.Contains(r.Must, ". ") {
			t.Errorf("%s: more than one sentence: %q", r.ID, r.Must)
		}
		for clause := range strings.SplitSeq(r.Clause, ", ") {
			if !clauseForm.MatchString(clause) {
				t.Errorf("%s: %q is no form of a clause", r.ID, clause)
			}
		}
	}
}

// The limits that the book names are those of the code.
func TestLimitsInTheBook(t *testing.T) {
	for _, c := range []struct {
		rule ledger.Rule
		said string
		is   bool
	}{
		{rules.RequestSize, "16 KiB", maxRequest == 16<<10},
		{rules.StateLength, "2048 bytes", maxState == 2048},
		{rules.LogoutStateLength, "2048 bytes", maxState == 2048},
	} {
		if !strings.Contains(c.rule.Must, c.said) || !c.is {
			t.Errorf("%s says %q, which has to be %s", c.rule.ID, c.rule.Must, c.said)
		}
	}
}

// A page takes the clause from the rule that was broken.
func TestAPageCitesItsRule(t *testing.T) {
	e := oauth.NewPage(400, "invalid_request", "Title", "Text.").Citing(rules.RedirectExact)
	if e.Page.Clause != "RFC 9700 2.1" {
		t.Errorf("clause %q", e.Page.Clause)
	}
}
