package sqlite

import (
	"errors"
	"fmt"
	"testing"
)

func TestAUnitIsWrittenTogetherOrNotAtAll(t *testing.T) {
	f := openNotes(t, temp(t), Options{})
	ctx := f.Begin(t.Context())
	var order []string
	note := func(s string) func() { return func() { order = append(order, s) } }
	for _, text := range []string{"a", "b"} {
		if err := f.Write(ctx, insert(text), note(text)); err != nil {
			t.Fatal(err)
		}
	}
	if n := count(t, f); n != 0 || len(order) != 0 {
		t.Errorf("before Commit: %d notes, after functions %v", n, order)
	}
	if err := f.Commit(ctx); err != nil || count(t, f) != 2 || fmt.Sprint(order) != "[a b]" {
		t.Errorf("Commit: %v, %d notes, after functions %v", err, count(t, f), order)
	}
	if err := f.Write(ctx, insert("late")); !errors.Is(err, errUnitOver) {
		t.Errorf("a write into a finished unit: %v", err)
	}
	if err := f.Commit(ctx); !errors.Is(err, errUnitOver) {
		t.Errorf("a second Commit: %v", err)
	}
	f.Rollback(ctx) // as in a defer
	if n := count(t, f); n != 2 {
		t.Errorf("a Rollback after Commit left %d notes", n)
	}

	ctx = f.Begin(t.Context())
	_ = f.Write(ctx, insert("c"), func() { t.Error("after ran") })
	_ = f.Write(ctx, insert("a")) // breaks UNIQUE
	if err := f.Commit(ctx); err == nil || count(t, f) != 2 {
		t.Errorf("half a unit: %v, %d notes", err, count(t, f))
	}
}

func TestUnitsJoin(t *testing.T) {
	f := openNotes(t, temp(t), Options{})
	outer := f.Begin(t.Context())
	_ = f.Write(outer, insert("outer"))
	inner := f.Begin(outer)
	_ = f.Write(inner, insert("inner"))
	if err := f.Commit(inner); err != nil || count(t, f) != 0 {
		t.Errorf("the inner Commit: %v, %d notes", err, count(t, f))
	}
	if err := f.Commit(outer); err != nil || count(t, f) != 2 {
		t.Errorf("the outer Commit: %v, %d notes", err, count(t, f))
	}

	outer = f.Begin(t.Context())
	_ = f.Write(outer, insert("dropped"))
	f.Rollback(f.Begin(outer))
	if err := f.Commit(outer); !errors.Is(err, errUnitOver) || count(t, f) != 2 {
		t.Errorf("Commit after an inner Rollback: %v, %d notes", err, count(t, f))
	}
	if err := f.Commit(t.Context()); err == nil {
		t.Error("a Commit outside any unit passed")
	}
	f.Rollback(t.Context())
	if err := f.Commit(f.Begin(t.Context())); err != nil {
		t.Errorf("an empty unit: %v", err)
	}
}
