package sqlite

import (
	"context"
	"errors"
	"sync"
)

// unit collects the writes of one request, so that they are committed together
// or not at all. It holds no lock and no connection until Commit, so a slow or
// vanished client never keeps others from writing.
type unit struct {
	mu    sync.Mutex
	depth int // Begin inside Begin joins; only the outermost Commit writes
	steps []step
	over  bool
}

type unitKey struct{}

var errUnitOver = errors.New("this unit of writes is already committed or rolled back")

func unitOf(ctx context.Context) *unit {
	u, _ := ctx.Value(unitKey{}).(*unit)
	return u
}

func (u *unit) add(s step) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.over {
		return errUnitOver
	}
	u.steps = append(u.steps, s)
	return nil
}

// Begin returns a context in which Write only queues. A Begin inside a unit
// joins it. Reads in between do not see what is queued.
func (w *writer) Begin(ctx context.Context) context.Context {
	if u := unitOf(ctx); u != nil {
		u.mu.Lock()
		u.depth++
		u.mu.Unlock()
		return ctx
	}
	return context.WithValue(ctx, unitKey{}, &unit{depth: 1})
}

// Commit runs the queued writes in one transaction and returns when it is on
// disk. In a joined unit it does nothing: the outermost Commit writes.
func (w *writer) Commit(ctx context.Context) error {
	u := unitOf(ctx)
	if u == nil {
		return errors.New("commit outside a unit of writes")
	}
	u.mu.Lock()
	if u.over {
		u.mu.Unlock()
		return errUnitOver
	}
	if u.depth--; u.depth > 0 {
		u.mu.Unlock()
		return nil
	}
	u.over = true
	steps := u.steps
	u.mu.Unlock()
	return w.submit(ctx, steps)
}

// Rollback drops the queued writes, the outer units' too: half a unit is never
// written. After a Commit, or outside a unit, it does nothing.
func (w *writer) Rollback(ctx context.Context) {
	if u := unitOf(ctx); u != nil {
		u.mu.Lock()
		u.over, u.steps = true, nil
		u.mu.Unlock()
	}
}
