package store

import (
	"context"
	"errors"
	"testing"

	"github.com/ory/fosite"
)

// writes queues an access token of each of these grants.
func (f *fixture) writes(ctx context.Context, t *testing.T, ids ...string) {
	t.Helper()
	for _, id := range ids {
		must(t, f.CreateAccessTokenSession(ctx, id, f.clock.request(id)))
	}
}

// stored says how many of these access tokens there are.
func (f *fixture) stored(t *testing.T, ids ...string) (n int) {
	t.Helper()
	for _, id := range ids {
		_, err := f.GetAccessTokenSession(t.Context(), id, nil)
		if err == nil {
			n++
		} else if !errors.Is(err, fosite.ErrNotFound) {
			t.Fatal(err)
		}
	}
	return n
}

func TestAUnitIsWrittenWholeOrNotAtAll(t *testing.T) {
	f := open(t)
	wrong := errors.New("something is wrong")

	err := f.Unit(t.Context(), func(unit context.Context) error {
		f.writes(unit, t, "a", "b")
		if n := f.stored(t, "a", "b"); n != 0 {
			t.Errorf("%d written before the commit", n)
		}
		return nil
	})
	if err != nil || f.stored(t, "a", "b") != 2 {
		t.Errorf("a unit that succeeds: %v, %d of 2 written", err, f.stored(t, "a", "b"))
	}

	err = f.Unit(t.Context(), func(unit context.Context) error { f.writes(unit, t, "c", "d"); return wrong })
	if err != wrong || f.stored(t, "c", "d") != 0 {
		t.Errorf("a unit that fails: %v, %d written", err, f.stored(t, "c", "d"))
	}

	func() {
		defer func() {
			if recover() != "out of my mind" {
				t.Error("the panic was swallowed")
			}
		}()
		_ = f.Unit(t.Context(), func(unit context.Context) error { f.writes(unit, t, "e", "f"); panic("out of my mind") })
	}()
	if n := f.stored(t, "e", "f"); n != 0 {
		t.Errorf("a unit that panics wrote %d", n)
	}

	// RFC 6749 4.1.2: of two uses one counts, and the commit finds out which.
	must(t, f.CreateAuthorizeCodeSession(t.Context(), "code", f.clock.request("g")))
	must(t, f.InvalidateAuthorizeCodeSession(t.Context(), "code"))
	err = f.Unit(t.Context(), func(unit context.Context) error {
		f.writes(unit, t, "h", "i")
		return f.InvalidateAuthorizeCodeSession(unit, "code")
	})
	if is(t, err, ErrSpent); f.stored(t, "h", "i") != 0 {
		t.Errorf("a unit that is refused wrote %d", f.stored(t, "h", "i"))
	}
	if n := f.log.count("rule", rules.CodeOnce.ID, "verdict", "fail"); n != 1 {
		t.Errorf("a refused commit is %d times in the ledger, want once", n)
	}
}

func TestAUnitInAUnitJoinsIt(t *testing.T) {
	f := open(t)
	wrong := errors.New("something is wrong")
	inner := func(one, other string, err error) func(context.Context) error {
		return func(unit context.Context) error { f.writes(unit, t, one, other); return err }
	}

	err := f.Unit(t.Context(), func(unit context.Context) error {
		must(t, f.Unit(unit, inner("a", "b", nil)))
		if n := f.stored(t, "a", "b"); n != 0 {
			t.Errorf("the inner unit wrote %d by itself", n)
		}
		f.writes(unit, t, "c", "d") // after an inner commit the outer unit goes on
		return nil
	})
	if err != nil || f.stored(t, "a", "b", "c", "d") != 4 {
		t.Errorf("both succeed: %v, %d of 4 written", err, f.stored(t, "a", "b", "c", "d"))
	}

	err = f.Unit(t.Context(), func(unit context.Context) error {
		must(t, f.Unit(unit, inner("e", "f", nil)))
		return wrong
	})
	if err != wrong || f.stored(t, "e", "f") != 0 {
		t.Errorf("the outer one fails: %v, %d written", err, f.stored(t, "e", "f"))
	}

	err = f.Unit(t.Context(), func(unit context.Context) error {
		f.writes(unit, t, "g")
		if err := f.Unit(unit, inner("h", "i", wrong)); err != wrong {
			t.Errorf("the inner one's error is %v", err)
		}
		return nil // which somebody has dropped
	})
	if err == nil || f.stored(t, "g", "h", "i") != 0 {
		t.Errorf("the inner one fails: %v, %d written", err, f.stored(t, "g", "h", "i"))
	}

	// fosite's handlers begin and commit by themselves, inside our units.
	err = f.Unit(t.Context(), func(unit context.Context) error {
		tx, err := f.BeginTX(unit)
		must(t, err)
		f.writes(tx, t, "j")
		must(t, f.Commit(tx))
		return wrong
	})
	if err != wrong || f.stored(t, "j") != 0 {
		t.Errorf("fosite's commit inside a unit that fails: %v, %d written", err, f.stored(t, "j"))
	}
}
