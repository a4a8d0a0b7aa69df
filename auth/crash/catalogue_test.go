package crash

import "testing"

// What this room proves of the catalogue, auth/catalogue/cases.tsv, each case by
// its id. The other tests of the room are its own affair.

func TestKill(t *testing.T) {
	t.Parallel()
	// The kill comes at a random moment of the load: also after a commit and
	// before its answer, and the ledger's unanswered requests are ST-02.
	t.Run("ST-01 ST-02", provesKill)
}
func TestLockedFor2Seconds(t *testing.T) {
	t.Parallel()
	t.Run("ST-06", provesLockedFor2Seconds)
}
func TestLockedFor7Seconds(t *testing.T) {
	t.Parallel()
	t.Run("ST-06", provesLockedFor7Seconds)
}
