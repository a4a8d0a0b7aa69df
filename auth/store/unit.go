package store

import "context"

// Unit runs do, and then commits everything that do has written with the
// context that it was given: together, or not at all. It returns nil when that
// is on disk. If do fails or panics, nothing is written. The error is that of
// do, or that of the commit, which can refuse writes.
//
// A Unit inside another one joins it. The outer one commits, so nil from the
// inner one only says that its writes are queued. An inner one that fails also
// ends the outer one: half a unit is never written, even if a caller ignores
// the error.
func Unit(ctx context.Context, w Writer, do func(unit context.Context) error) error {
	unit, whole := w.Begin(ctx), false
	defer func() {
		if !whole { // do failed or panicked
			w.Rollback(unit)
		}
	}()
	if err := do(unit); err != nil {
		return err
	}
	whole = true
	return w.Commit(unit)
}

// Unit is the function Unit with this store's writer. Errors: those of do and
// Commit.
func (s *Store) Unit(ctx context.Context, do func(unit context.Context) error) error {
	return Unit(ctx, reported{s.writer, s}, do)
}

// reported is a Writer that reports refused commits in the ledger.
type reported struct {
	Writer
	store *Store
}

func (r reported) Commit(ctx context.Context) error { return r.store.Commit(ctx) }
