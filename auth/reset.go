package auth

import (
	"context"
	"database/sql"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/exampleco/punchcard/auth/back"
)

// Reset sets this room back to its document, in one commit, or in the unit of
// writes that ctx carries: every flow, grant, code, token, browser session,
// consent, failed login, client made at run time and changed password goes;
// people, roles and clients come back as declared. The signing keys stay, so
// that nobody's copy of them is wrong; no token that they signed before opens
// anything. Errors: the Writer's, and then nothing has changed.
func (s *Server) Reset(ctx context.Context) error {
	return s.store.Unit(ctx, s.reset)
}

func (s *Server) reset(ctx context.Context) error {
	err := s.writer.Write(ctx, func(tx *sql.Tx) error {
		for _, table := range []string{"flows", "pushed_requests", "device_requests"} {
			if _, err := tx.Exec(`DELETE FROM ` + table); err != nil {
				return err
			}
		}
		_, err := tx.Exec(`UPDATE seeding SET resets = resets + 1`)
		return err
	}, func() {
		s.stored(ctx, "reset", "all flows", "")
		s.storedPushed(ctx, "reset", "")
		s.storedDevice(ctx, "reset", "")
		s.forget()
	})
	if err != nil {
		return err
	}
	if err := s.store.Reset(ctx); err != nil {
		return err
	}
	if err := s.proofs.Reset(ctx); err != nil {
		return err
	}
	if err := s.people.Reset(ctx); err != nil {
		return err
	}
	return s.declare(ctx, s.document, s.builtin)
}

// resets is how often the file had been set back when this server last looked.
type resets struct {
	mu   sync.Mutex
	seen int64
}

// noticing looks before each request for what another process has done to the
// file: whether it was set back, for then this one forgets what it remembers of
// the time before, and whether the signing keys were rotated.
func (s *Server) noticing(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var n int64
		// Where this cannot be read, nothing can, and whoever reads next says so.
		if err := s.read.QueryRowContext(r.Context(), `SELECT resets FROM seeding`).Scan(&n); err == nil {
			s.resets.mu.Lock() // held meanwhile: nobody may go on with what is just being forgotten
			if n > s.resets.seen {
				s.forget()
				s.resets.seen = n
			}
			s.resets.mu.Unlock()
		}
		s.refreshKeys(r.Context())
		next.ServeHTTP(w, r)
	})
}

// refreshKeys follows a rotation, and lets retired keys go once the last token
// that can have come of them has expired. Where the file cannot be used, the
// keys at hand are still good.
func (s *Server) refreshKeys(ctx context.Context) {
	err := s.keys.Refresh(ctx)
	if err == nil && s.keys.Unsettled() {
		var last time.Time
		if last, err = s.store.LastExpiry(ctx); err == nil {
			// An ID token has no row: the last one that a retired key signed ends by then.
			err = s.keys.Settle(ctx, later(last, s.now().Add(back.IDTokenTTL)))
		}
	}
	if err != nil {
		s.log.LogAttrs(ctx, slog.LevelWarn, "signing keys", slog.String("err", err.Error()))
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// forget empties all that this room keeps in memory of the file, or of who has
// done what.
func (s *Server) forget() {
	s.store.Forget()
	s.people.DropCache()
	s.back.Forget()
	s.limits.forget()
	s.registrar.Forget()
}
