package store

import (
	"context"
	"database/sql"
	"fmt"
)

// emptied lists all tables of this room, those that refer to others first.
var emptied = []string{"access_tokens", "replaced_access_tokens", "successors", "refresh_tokens", "codes", "device_codes", "pkce", "oidc", "families", "client_assertions", "registrations", "initial_access_tokens", "clients"}

// Reset removes everything: the clients, the grants and all that was issued
// for them. In one unit with ApplyClients it leaves only what is declared.
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

// Forget makes the next look-up of each client read the file, because another
// process has changed it.
func (s *Store) Forget() { s.clients.clear() }
