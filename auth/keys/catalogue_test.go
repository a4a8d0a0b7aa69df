package keys

import "testing"

// What this room proves of the catalogue, auth/catalogue/cases.tsv, each case by
// its id. The other tests of the room are its own affair.

func TestCritIsRefusedUnderAGoodSignature(t *testing.T) {
	t.Run("JW-12", provesCritIsRefusedUnderAGoodSignature)
}
