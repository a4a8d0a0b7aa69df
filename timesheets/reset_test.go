package timesheets

import (
	"errors"
	"testing"
)

func TestReset(t *testing.T) {
	w := newWorld(t)
	ada := w.token("usr_ada", everyScope...)
	const entry = `{"project":"Engine","date":"2026-03-18","hours":1}`
	sent := func() string {
		t.Helper()
		return w.do(ada, "POST /api/timesheets", entry, "Idempotency-Key", "k").want(201).entry().ID
	}
	first := sent()
	if sent() != first {
		t.Fatal("the key is not honoured")
	}
	if err := w.api.Reset(t.Context(), now, false); err != nil {
		t.Fatal(err)
	}
	if left := w.do(ada, "GET /api/timesheets", "").want(200).list().Items; len(left) != 0 {
		t.Errorf("%d entries are left", len(left))
	}
	w.do(ada, "GET /api/timesheets/"+first, "").want(404)
	if sent() == first {
		t.Error("the answer of before the reset was given again, for an entry that is gone")
	}
	if err := w.api.Reset(t.Context(), now, true); err != nil {
		t.Fatal(err)
	}
	again := newWorld(t)
	if err := again.api.SeedWeek(t.Context(), now, true); err != nil {
		t.Fatal(err)
	}
	for _, person := range []string{"usr_ada", "usr_alan", "usr_grace"} {
		got := w.do(w.token(person, everyScope...), "GET /api/timesheets", "").list().Items
		want := again.do(again.token(person, everyScope...), "GET /api/timesheets", "").list().Items
		if len(got) == 0 || len(got) != len(want) {
			t.Fatalf("%s has %d entries, want %d", person, len(got), len(want))
		}
		for i := range got {
			if got[i].ID != want[i].ID || got[i].Status != want[i].Status || got[i].Date != want[i].Date {
				t.Errorf("%s: %+v, want %+v", person, got[i], want[i])
			}
		}
	}
	broken := errors.New("broken")
	w.writes.fail = broken
	if err := w.api.Reset(t.Context(), now, true); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
}
