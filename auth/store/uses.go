package store

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// uses remembers when the tokens of each family were last used. One write for
// each API call would cost more than the rest of the call, so they are
// collected here and written together: once a minute, by the request that
// comes then, which does not wait for it.
type uses struct {
	mu    sync.Mutex
	at    map[string]time.Time // by family, not written yet
	since time.Time            // when the first of these was noted
}

const (
	usesEvery = time.Minute // how late "last used" may be in the file
	maxUses   = 10_000      // families that wait to be written; at this number they are written early
)

// TokenUsed notes that an access token of a family was used.
func (s *Store) TokenUsed(requestID string) {
	now := s.now()
	u := &s.uses
	u.mu.Lock()
	if len(u.at) == 0 {
		u.at, u.since = map[string]time.Time{}, now
	}
	u.at[requestID] = now
	due := now.Sub(u.since).Abs() >= usesEvery || len(u.at) >= maxUses
	if due {
		u.since = now // only one of the requests at this moment writes
	}
	u.mu.Unlock()
	if due {
		go func() {
			if err := s.Settle(context.Background()); err != nil {
				s.log.Warn("when tokens were last used could not be written", "err", err)
			}
		}()
	}
}

// last returns when a family was used, the zero time if nothing waits.
func (u *uses) last(requestID string) time.Time {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.at[requestID]
}

// Settle writes what waits. If that fails, it waits for the next time.
func (s *Store) Settle(ctx context.Context) error {
	u := &s.uses
	u.mu.Lock()
	waiting := u.at
	u.at = nil
	u.mu.Unlock()
	if len(waiting) == 0 {
		return nil
	}
	err := s.write(ctx, func(tx *sql.Tx) error {
		for id, at := range waiting {
			// Never an earlier time: another process may have seen a later
			// use.
			if _, err := tx.Exec(`UPDATE families SET used_at = ?1 WHERE request_id = ?2 AND (used_at IS NULL OR used_at < ?1)`, at.UnixMilli(), id); err != nil {
				return fmt.Errorf("note last use: %w", err)
			}
		}
		return nil
	}, s.wrote(ctx, "update", "families", "last used", "", slog.Int("rows", len(waiting))))
	if err != nil {
		u.putBack(waiting)
	}
	return err
}

func (u *uses) putBack(waiting map[string]time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for id, at := range u.at {
		waiting[id] = at
	}
	if u.at = waiting; len(u.at) >= maxUses {
		u.at = nil // a file that accepts no writes must not fill the memory
	}
}
