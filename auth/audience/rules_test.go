package audience

import (
	"testing"

	"github.com/exampleco/punchcard/auth/ledger"
)

func TestRules(t *testing.T) {
	if err := ledger.Proofread(Rules()); err != nil {
		t.Error(err)
	}
}
