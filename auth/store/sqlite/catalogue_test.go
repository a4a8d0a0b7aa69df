package sqlite

import "testing"

// What this room proves of the catalogue, auth/catalogue/cases.tsv, each case by
// its id. The other tests of the room are its own affair.

func TestATextFileIsNotOurs(t *testing.T) { t.Run("ST-07", provesATextFileIsNotOurs) }
func TestAnotherProgramsDatabaseIsNotOurs(t *testing.T) {
	t.Run("ST-07", provesAnotherProgramsDatabaseIsNotOurs)
}
func TestDamageIsFound(t *testing.T) { t.Run("ST-07", provesDamageIsFound) }
func TestDamageBehindALogIsFoundAndTheLogKept(t *testing.T) {
	t.Run("ST-07", provesDamageBehindALogIsFoundAndTheLogKept)
}
func TestALogWithoutItsFileIsNotReplayedIntoANewOne(t *testing.T) {
	t.Run("ST-07", provesALogWithoutItsFileIsNotReplayedIntoANewOne)
}
func TestReadinessNoticesAFileThatWasReplaced(t *testing.T) {
	t.Run("ST-08", provesReadinessNoticesAFileThatWasReplaced)
}
func TestAKillWithinAMigrationLeavesOldOrNew(t *testing.T) {
	t.Run("ST-11", provesAKillWithinAMigrationLeavesOldOrNew)
}
func TestANewerFileIsRefusedUntouched(t *testing.T) {
	t.Run("ST-11", provesANewerFileIsRefusedUntouched)
}
func TestEveryConnectionHasTheRules(t *testing.T) { t.Run("ST-15", provesEveryConnectionHasTheRules) }
func TestAConnectionWithoutARuleIsNoticed(t *testing.T) {
	t.Run("ST-15", provesAConnectionWithoutARuleIsNoticed)
}
