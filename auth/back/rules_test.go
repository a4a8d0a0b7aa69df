package back

import (
	"strings"
	"testing"
	"time"

	"github.com/exampleco/punchcard/auth/ledger"
)

func TestRules(t *testing.T) {
	if err := ledger.Proofread(Rules()); err != nil {
		t.Error(err)
	}
}

// The limit that the book names is that of the code.
func TestLimitsInTheBook(t *testing.T) {
	if r := rules.AssertionShortLived; !strings.Contains(r.Must, "five minutes") || assertionAhead != 5*time.Minute {
		t.Errorf("%s says %q, which has to be %s", r.ID, r.Must, assertionAhead)
	}
}
