package keys

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"time"

	"github.com/exampleco/punchcard/auth/ledger"
)

const (
	// reloadEvery is how often a Ring looks for changes by another process.
	reloadEvery = 200 * time.Millisecond
	// settleAfter is how long a request may take that started to sign before
	// its key was retired.
	settleAfter = 15 * time.Second
)

// Rotated is the change of keys for one algorithm.
type Rotated struct {
	Algorithm string
	Old, New  string // kid
}

// Rotate makes a new key for every algorithm and retires those in use, in one
// write. Servers keep running: they find the new keys within reloadEvery and
// sign with them from then on. The retired keys stay published until a server
// has settled when the last of their tokens expires. Errors: the writer's, and
// then nothing has changed.
func Rotate(ctx context.Context, c Config) ([]Rotated, error) {
	kids, ders := make([]string, len(algorithms)), make([][]byte, len(algorithms))
	for i, alg := range algorithms {
		var err error
		if _, kids[i], ders[i], err = draft(alg); err != nil { // here, because making an RSA key takes too long for a transaction
			return nil, err
		}
	}
	now := c.Now().UnixMilli()
	out := make([]Rotated, len(algorithms))
	err := c.Writer.Write(ctx, func(tx *sql.Tx) error {
		for i, alg := range algorithms {
			out[i] = Rotated{Algorithm: alg, New: kids[i]}
			err := tx.QueryRow(`SELECT kid FROM signing_keys WHERE alg = ? AND retired_at IS NULL ORDER BY rowid DESC LIMIT 1`, alg).Scan(&out[i].Old)
			if err != nil && err != sql.ErrNoRows {
				return err
			}
			if _, err := tx.Exec(`UPDATE signing_keys SET retired_at = ? WHERE alg = ? AND retired_at IS NULL`, now, alg); err != nil {
				return err
			}
			_, err = tx.Exec(`INSERT INTO signing_keys (kid, alg, use, private_key, created_at, signs_from) VALUES (?, ?, 'sig', ?, ?, ?)`,
				kids[i], alg, ders[i], now, now)
			if err != nil {
				return err
			}
		}
		return nil
	}, func() {
		for _, r := range out {
			ledger.New(c.Log).Wrote(ctx, "rotate", "signing_keys", r.Algorithm+" signing key", r.New)
		}
	})
	if err != nil {
		return nil, fmt.Errorf("rotate signing keys: %w", err)
	}
	return out, nil
}

// Refresh finds changes that another process has made to the keys. It reads
// the file at most five times a second, so it can be called before every
// request. Errors: the reader's; the Ring then stays as it was.
func (r *Ring) Refresh(ctx context.Context) error {
	last := r.looked.Load()
	if at := int64(time.Since(r.opened)); at-last < int64(reloadEvery) || !r.looked.CompareAndSwap(last, at) {
		return nil
	}
	stored, err := load(ctx, r.config)
	if err != nil {
		return err
	}
	return r.take(stored)
}

// Unsettled reports whether a retired key still needs its end date, and no
// further token can be signed with it.
func (r *Ring) Unsettled() bool {
	now := r.config.Now()
	for _, k := range r.keys.Load().stored {
		if k.unsettled(now) {
			return true
		}
	}
	return false
}

func (k *key) unsettled(now time.Time) bool {
	return !k.retiredAt.IsZero() && k.publishedUntil.IsZero() && now.After(k.retiredAt.Add(settleAfter))
}

// Settle sets the date until which retired keys are published: when the last
// token that they signed expires. Errors: the writer's or the reader's.
func (r *Ring) Settle(ctx context.Context, until time.Time) error {
	now := r.config.Now()
	var n int64
	err := r.config.Writer.Write(ctx, func(tx *sql.Tx) error {
		done, err := tx.Exec(`UPDATE signing_keys SET published_until = max(?1, retired_at) WHERE published_until IS NULL AND retired_at < ?2`,
			until.UnixMilli(), now.Add(-settleAfter).UnixMilli())
		if err != nil {
			return err
		}
		n, err = done.RowsAffected()
		return err
	}, func() {
		ledger.New(r.config.Log).Wrote(ctx, "retire", "signing_keys", "signing key", "", slog.Int64("rows", n), slog.Time("published_until", until))
	})
	if err != nil {
		return fmt.Errorf("settle signing keys: %w", err)
	}
	stored, err := load(ctx, r.config)
	if err != nil {
		return err
	}
	return r.take(stored)
}
