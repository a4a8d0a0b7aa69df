package store

import "context"

// Unit runs do, and then commits all that it has written with the context that
// it was given: together, or not at all. It returns nil once that is on disk.
// Where do fails or panics, nothing is written; the error is do's, or that of
// the commit, which is where writes can be refused.
//
// A Unit inside another one joins it. The outer one commits, so the inner
// one's nil says only that its writes are queued. An inner one that fails ends
// the outer one too: half a unit is never written, even if somebody drops the
// error on the way.
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

// Unit is Unit with the writer of this store. Errors: those of do and Commit.
func (s *Store) Unit(ctx context.Context, do func(unit context.Context) error) error {
	return Unit(ctx, reported{s.writer, s}, do)
}

// reported is a Writer whose refused commits are in the ledger.
type reported struct {
	Writer
	store *Store
}

func (r reported) Commit(ctx context.Context) error { return r.store.Commit(ctx) }
