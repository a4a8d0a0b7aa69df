package store

import "testing"

// What this room proves of the catalogue, auth/catalogue/cases.tsv, each case by
// its id. The other tests of the room are its own affair.

func TestPurgeWorksInBatches(t *testing.T) { t.Run("RF-15", provesPurgeWorksInBatches) }
func TestNothingInTheFileOpensAnything(t *testing.T) {
	t.Run("SE-01", provesNothingInTheFileOpensAnything)
}
