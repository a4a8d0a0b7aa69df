package people

import "testing"

// What this room proves of the catalogue, auth/catalogue/cases.tsv, each case by
// its id. The other tests of the room are its own affair.

func TestDelaysGrowAndEnd(t *testing.T)          { t.Run("LG-06", provesDelaysGrowAndEnd) }
func TestManyAccountsFromOneSource(t *testing.T) { t.Run("LG-06", provesManyAccountsFromOneSource) }
func TestManySourcesForOneAccountOnlySlow(t *testing.T) {
	t.Run("LG-06", provesManySourcesForOneAccountOnlySlow)
}
func TestNobodyLocksAnybodyOut(t *testing.T)   { t.Run("LG-06", provesNobodyLocksAnybodyOut) }
func TestSpellingsShareABucket(t *testing.T)   { t.Run("LG-07", provesSpellingsShareABucket) }
func TestFailuresSurviveARestart(t *testing.T) { t.Run("LG-08", provesFailuresSurviveARestart) }
func TestParallelGuessesStayWithinTheLimit(t *testing.T) {
	t.Run("LG-08", provesParallelGuessesStayWithinTheLimit)
}
func TestUnknownAndDisabledCostTheSame(t *testing.T) {
	t.Run("LG-10", provesUnknownAndDisabledCostTheSame)
}
func TestStrength(t *testing.T) { t.Run("LG-11", provesStrength) }
func TestWeakHashesAreRenewedAtSignIn(t *testing.T) {
	t.Run("LG-11", provesWeakHashesAreRenewedAtSignIn)
}
func TestPasswordsAreComparedExactly(t *testing.T) { t.Run("LG-12", provesPasswordsAreComparedExactly) }
func TestAtMostTwoHashesAtOnce(t *testing.T)       { t.Run("LG-13", provesAtMostTwoHashesAtOnce) }
func TestIdleLimit(t *testing.T)                   { t.Run("LG-16", provesIdleLimit) }
func TestAbsoluteLimit(t *testing.T)               { t.Run("LG-16", provesAbsoluteLimit) }
