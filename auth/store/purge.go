package store

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"time"
)

const (
	// purgeMargin keeps rows for longer than they are needed, so that a clock
	// set back by some hours still finds its tombstones.
	purgeMargin = 24 * time.Hour
	// purgeBatch bounds one transaction, in rows: others write in between.
	purgeBatch = 500
)

// overFamilies selects the oldest families in which every token has expired,
// the same ones in each statement of a transaction.
const overFamilies = `(SELECT request_id FROM families WHERE ends_at < ?1 ORDER BY ends_at, request_id LIMIT ?2)`

// purges run one after the other, each until it finds less than a batch. An
// expired access token no longer matters. The codes and refresh tokens of a
// family matter as long as one of its tokens might be valid: a replay must
// still end it.
var purges = [][]string{
	{`DELETE FROM access_tokens WHERE rowid IN (SELECT rowid FROM access_tokens WHERE expires_at < ?1 LIMIT ?2)`},
	{`DELETE FROM replaced_access_tokens WHERE rowid IN (SELECT rowid FROM replaced_access_tokens WHERE expires_at < ?1 LIMIT ?2)`},
	{`DELETE FROM successors WHERE rowid IN (SELECT rowid FROM successors WHERE expires_at < ?1 + 24*3600*1000 LIMIT ?2)`}, // no margin: a late request is a replay, with or without the row
	{`DELETE FROM client_assertions WHERE rowid IN (SELECT rowid FROM client_assertions WHERE expires_at < ?1 LIMIT ?2)`},
	{`DELETE FROM refresh_tokens WHERE rowid IN (SELECT r.rowid FROM families f JOIN refresh_tokens r USING (request_id) WHERE f.ends_at < ?1 LIMIT ?2)`},
	{
		`DELETE FROM codes WHERE request_id IN ` + overFamilies,
		`DELETE FROM device_codes WHERE request_id IN ` + overFamilies,
		`DELETE FROM pkce WHERE request_id IN ` + overFamilies,
		`DELETE FROM oidc WHERE request_id IN ` + overFamilies,
		`DELETE FROM families WHERE request_id IN ` + overFamilies, // last, because the others refer to it
	},
}

// Purge deletes what can no longer matter, in short transactions, and returns
// how many rows it deleted. On an error n counts the rows that are already
// gone.
func (s *Store) Purge(ctx context.Context) (n int, err error) {
	before := s.now().Add(-purgeMargin).UnixMilli()
	for _, statements := range purges {
		for {
			deleted, err := s.purgeOnce(ctx, statements, before)
			n += deleted
			if err != nil {
				return n, fmt.Errorf("purge: %w", err)
			}
			if deleted < purgeBatch {
				break
			}
		}
	}
	return n, nil
}

func (s *Store) purgeOnce(ctx context.Context, statements []string, before int64) (int, error) {
	var n int64
	err := s.write(ctx, func(tx *sql.Tx) error {
		for _, statement := range statements {
			done, err := tx.Exec(statement, before, purgeBatch)
			if err != nil {
				return err
			}
			rows, err := done.RowsAffected()
			if err != nil {
				return err
			}
			n += rows
		}
		return nil
	}, func() {
		if n > 0 {
			s.ledger.Wrote(ctx, "purge", "families", "grants that are over, with what is left of them", "", slog.Int64("rows", n))
		}
	})
	if err != nil {
		return 0, err
	}
	return int(n), nil
}
