package auth

import (
	"context"
	"database/sql"
	"log/slog"
	"time"

	"github.com/exampleco/punchcard/auth/people"
	"github.com/exampleco/punchcard/auth/store"
)

// SignEverybodyOut ends every grant, browser session, parked flow and waiting
// device of a file that no server is running on, in one commit: in a copy that
// is kept for later, nothing is good that may be spent meanwhile. People,
// clients and remembered consents stay. Errors: the Writer's.
func SignEverybodyOut(ctx context.Context, writer store.Writer, read *sql.DB, now func() time.Time, log *slog.Logger) error {
	return store.Unit(ctx, writer, func(ctx context.Context) error {
		if err := store.New(store.Config{Writer: writer, Read: read, Now: now, Log: log}).RevokeAll(ctx); err != nil {
			return err
		}
		if err := people.New(people.Config{Writer: writer, Read: read, Now: now, Log: log}).EndAllSessions(ctx); err != nil {
			return err
		}
		return writer.Write(ctx, func(tx *sql.Tx) error {
			if _, err := tx.Exec(`DELETE FROM device_requests`); err != nil {
				return err
			}
			_, err := tx.Exec(`DELETE FROM flows`)
			return err
		})
	})
}
