package auth

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/exampleco/punchcard/auth/ledger"
	"github.com/exampleco/punchcard/auth/seed"
)

// Applied is the document that a file was given last.
type Applied struct {
	Known   bool // false for a file that no server has opened since this is recorded
	Builtin bool // it was the built-in one

	fingerprint string
}

// Same says whether that was d. Passwords and secrets are not compared.
func (a Applied) Same(d *seed.Document) bool { return a.Known && a.fingerprint == fingerprintOf(d) }

// LastApplied reads it. Errors: those of the file.
func LastApplied(ctx context.Context, read *sql.DB) (Applied, error) {
	a := Applied{Known: true}
	err := read.QueryRowContext(ctx, `SELECT document, builtin FROM seeding`).Scan(&a.fingerprint, &a.Builtin)
	if errors.Is(err, sql.ErrNoRows) {
		return Applied{}, nil
	}
	if err != nil {
		return Applied{}, fmt.Errorf("read what was applied last: %w", err)
	}
	return a, nil
}

// fingerprintOf leaves out what must not be found by trying.
func fingerprintOf(d *seed.Document) string {
	public := *d
	public.People, public.Clients = slices.Clone(d.People), slices.Clone(d.Clients)
	for i := range public.People {
		public.People[i].Password = ""
	}
	for i := range public.Clients {
		public.Clients[i].Secret = ""
	}
	b, _ := json.Marshal(public) // strings and lists always marshal
	return ledger.Hash(string(b))
}

// seeded records what was applied.
func (s *Server) seeded(ctx context.Context, d *seed.Document, builtin bool) error {
	return s.writer.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec(`INSERT INTO seeding (id, document, builtin, resets) VALUES (1, ?, ?, 0)
			ON CONFLICT (id) DO UPDATE SET document = excluded.document, builtin = excluded.builtin`, fingerprintOf(d), builtin)
		return err
	})
}
