package dpop

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"time"

	"github.com/exampleco/punchcard/auth/ledger"
)

// Migrations are the table of this room, in goose's format.
//
//go:embed migrations/*.sql
var Migrations embed.FS

// Writer runs short transactions on the file.
type Writer interface {
	Write(ctx context.Context, fn func(tx *sql.Tx) error, after ...func()) error
}

var errSeen = errors.New("proof seen before")

// use remembers the proof, and refuses one that was used before.
func (c *Checker) use(ctx context.Context, p *proof) error {
	id := ledger.Hash(p.key.thumbprint + " " + p.claims.ID)
	ends := time.UnixMilli(int64(*p.claims.IssuedAt * 1000)).Add(window + time.Millisecond)
	err := c.Writer.Write(ctx, func(tx *sql.Tx) error {
		// RFC 9449 11.1: without this, an attacker who copied a proof could
		// use it again within its window. One statement decides which request
		// was first.
		done, err := tx.Exec(`INSERT INTO dpop_proofs (hash, expires_at) VALUES (?1, ?2)
			ON CONFLICT (hash) DO UPDATE SET expires_at = excluded.expires_at WHERE expires_at <= ?3`,
			id, ends.UnixMilli(), c.Now().UnixMilli())
		if err != nil {
			return fmt.Errorf("remember a DPoP proof: %w", err)
		}
		if n, err := done.RowsAffected(); err != nil || n != 1 {
			return errors.Join(errSeen, err)
		}
		// Each new proof deletes two old ones, so the table holds no more than
		// one window's worth, however rarely Purge is called.
		_, err = tx.Exec(`DELETE FROM dpop_proofs WHERE hash IN (SELECT hash FROM dpop_proofs WHERE expires_at < ? ORDER BY expires_at LIMIT 2)`, c.Now().UnixMilli())
		return err
	}, func() { c.ledger.Wrote(ctx, "insert", "dpop_proofs", "DPoP proof", ledger.Short(id)) })
	if err != nil && !errors.Is(err, errSeen) {
		return err
	}
	if !c.ledger.Check(ctx, rules.Once, err == nil, "a jti that this key has not used", map[bool]string{true: "a new one", false: "seen before"}[err == nil]) {
		return invalid("its jti was used before; make a proof for each request")
	}
	return nil
}

// purgeBatch bounds one transaction, in rows: others write in between.
const purgeBatch = 500

// Purge forgets the proofs that are too old to be accepted. Errors: the
// Writer's.
func (c *Checker) Purge(ctx context.Context) error {
	for {
		var n int64
		err := c.Writer.Write(ctx, func(tx *sql.Tx) error {
			done, err := tx.Exec(`DELETE FROM dpop_proofs WHERE hash IN (SELECT hash FROM dpop_proofs WHERE expires_at < ? LIMIT ?)`, c.Now().UnixMilli(), purgeBatch)
			if err != nil {
				return fmt.Errorf("purge DPoP proofs: %w", err)
			}
			n, err = done.RowsAffected()
			return err
		})
		if err != nil || n < purgeBatch {
			return err
		}
	}
}

// Reset forgets all proofs. The tokens that they were used with are deleted as
// well.
func (c *Checker) Reset(ctx context.Context) error {
	return c.Writer.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec(`DELETE FROM dpop_proofs`)
		return err
	}, func() { c.ledger.Wrote(ctx, "reset", "dpop_proofs", "DPoP proof", "") })
}
