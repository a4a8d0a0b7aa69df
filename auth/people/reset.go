package people

import (
	"context"
	"database/sql"
)

// Reset signs everyone out, forgets remembered consents and failed attempts,
// and restores the declared passwords. The people themselves stay: Apply, in
// the same unit of writes, updates them to the declaration, and an id is never
// reused for another person.
func (p *People) Reset(ctx context.Context) error {
	return p.writer.Write(ctx, func(tx *sql.Tx) error {
		for _, statement := range []string{
			`DELETE FROM sessions`,
			`DELETE FROM consents`,
			`DELETE FROM login_attempts`,
			`UPDATE people SET password_hash = declared_hash, password_generation = password_generation + 1 WHERE password_hash <> declared_hash`,
		} {
			if _, err := tx.Exec(statement); err != nil {
				return err
			}
		}
		return nil
	}, p.wrote(ctx, "reset", "sessions", "all", ""), p.wrote(ctx, "reset", "consents", "all", ""),
		p.wrote(ctx, "reset", "login_attempts", "all", ""), p.wrote(ctx, "reset", "people", "changed passwords", ""))
}
