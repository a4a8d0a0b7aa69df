package edge

import "testing"

// What this room proves of the catalogue, auth/catalogue/cases.tsv, each case by
// its id. The other tests of the room are its own affair.

func TestListen(t *testing.T)      { t.Run("HT-10", provesListen) }
func TestPanicAndLog(t *testing.T) { t.Run("HT-12", provesPanicAndLog) }
