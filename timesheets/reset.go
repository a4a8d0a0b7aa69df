package timesheets

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Reset removes all entries and the kept answers to requests, in one commit or
// in the unit of writes that ctx carries. With seedWeek it writes the demo
// fortnight anew, as SeedWeek does. Errors: the Writer's, and then nothing has
// changed.
func (a *API) Reset(ctx context.Context, now time.Time, seedWeek bool) error {
	var written []string
	return a.store.w.Write(ctx, func(tx *sql.Tx) error {
		for _, table := range []string{"entries", "idempotency_answers"} {
			if _, err := tx.Exec(`DELETE FROM ` + table); err != nil {
				return fmt.Errorf("empty %s: %w", table, err)
			}
		}
		_, err := decideWeek(tx, seedWeek)
		if err != nil || !seedWeek {
			return err
		}
		written, err = insertWeek(tx, now, nil)
		return err
	}, func() {
		a.ledger.Wrote(ctx, "reset", "entries", "all", "")
		a.ledger.Wrote(ctx, "reset", "idempotency_answers", "all", "")
		for _, id := range written {
			a.ledger.Wrote(ctx, "insert", "entries", "timesheet entry", id)
		}
	})
}
