package store

import (
	"context"
	"database/sql"
	"fmt"
)

// emptied are all tables of this room, those first that refer to others.
var emptied = []string{"access_tokens", "replaced_access_tokens", "successors", "refresh_tokens", "codes", "device_codes", "pkce", "oidc", "families", "client_assertions", "registrations", "initial_access_tokens", "clients"}

// Reset removes everything: grants with all that came of them, and the
// clients. In one unit with ApplyClients it leaves what is declared and
// nothing else.
func (s *Store) Reset(ctx context.Context) error {
	after := []func(){s.Forget}
	for _, table := range emptied {
		after = append(after, s.wrote(ctx, "reset", table, "all", ""))
	}
	return s.write(ctx, func(tx *sql.Tx) error {
		for _, table := range emptied {
			if _, err := tx.Exec(`DELETE FROM ` + table); err != nil {
				return fmt.Errorf("empty %s: %w", table, err)
			}
		}
		return nil
	}, after...)
}

// Forget makes the next look-up of each client read the file: another process
// has changed it.
func (s *Store) Forget() { s.clients.clear() }
