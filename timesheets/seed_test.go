package timesheets

import (
	"context"
	"testing"
	"time"
)

func TestSeedWeek(t *testing.T) {
	sunday := time.Date(2026, 3, 15, 23, 59, 0, 0, time.UTC)
	for day := range 8 { // from Sunday to Sunday
		at := sunday.AddDate(0, 0, day)
		w := newWorld(t)
		if err := w.api.SeedWeek(context.Background(), at, true); err != nil {
			t.Fatal(err)
		}
		states, perDay, ids := map[string]int{}, map[string]float64{}, map[string]bool{}
		monday := at.AddDate(0, 0, -(int(at.Weekday())+6)%7)
		from, to := monday.AddDate(0, 0, -7).Format(time.DateOnly), at.Format(time.DateOnly)
		for _, person := range []string{"usr_ada", "usr_alan", "usr_grace"} {
			items := w.do(w.token(person, everyScope...), "GET /api/timesheets", "").want(200).list().Items
			if len(items) == 0 {
				t.Errorf("%s has none", person)
			}
			for _, e := range items {
				states[e.Status]++
				perDay[person+e.Date] += e.Hours
				ids[e.ID] = true
				if e.Date < from || e.Date > to {
					t.Errorf("%s: an entry of %s", at.Weekday(), e.Date)
				}
				if e.CreatedAt.After(at) || e.UpdatedAt.After(at) || e.UpdatedAt.Before(e.CreatedAt) {
					t.Errorf("%s: created %v, updated %v", at, e.CreatedAt, e.UpdatedAt)
				}
				if (e.Status == pending) != (e.DecidedBy == nil) || (e.Status == rejected) != (e.Status != approved && e.Comment != nil) {
					t.Errorf("%+v", e)
				}
				if e.DecidedBy != nil && (*e.DecidedBy != "usr_grace" || e.UserID == "usr_grace") {
					t.Errorf("decided by %s: %+v", *e.DecidedBy, e)
				}
			}
		}
		if len(ids) < 10 || len(ids) > 15 || states[pending] < 3 || states[approved] < 3 || states[rejected] < 1 {
			t.Errorf("%d entries, %v", len(ids), states)
		}
		for d, hours := range perDay {
			if hours > 24 {
				t.Errorf("%v: %s has %v hours", at.Weekday(), d, hours)
			}
		}
		if l := w.do(w.token("usr_grace", everyScope...), "GET /api/approvals", "").list(); len(l.Items) < 2 {
			t.Errorf("%d wait for Grace", len(l.Items))
		}
	}
}

func TestSeedWeekOnlyFillsAnEmptyFile(t *testing.T) {
	w := newWorld(t)
	ada := w.token("usr_ada", everyScope...)
	seed := func(people ...string) []entry {
		t.Helper()
		if err := w.api.SeedWeek(context.Background(), now, true, people...); err != nil {
			t.Fatal(err)
		}
		return w.do(ada, "GET /api/timesheets", "").want(200).list().Items
	}
	first := seed()
	w.recorded(w.ledger.take(), "DEBUG store", `op="insert"`, `id="`+first[0].ID+`"`)
	again := seed()
	if len(first) == 0 || len(again) != len(first) {
		t.Fatalf("%d entries, then %d", len(first), len(again))
	}
	other := newWorld(t)
	w.add(ada, "2026-03-01", 1)
	if err := other.api.SeedWeek(context.Background(), now, true, "usr_ada"); err != nil {
		t.Fatal(err)
	}
	same := other.do(other.token("usr_ada", everyScope...), "GET /api/timesheets", "").list().Items
	if len(same) != len(first) || same[0].ID != first[0].ID {
		t.Errorf("ids differ from file to file: %v, %v", same[0].ID, first[0].ID)
	}
	if l := other.do(other.token("usr_alan", everyScope...), "GET /api/timesheets", "").list(); len(l.Items) != 0 {
		t.Errorf("Alan was not asked for and has %d", len(l.Items))
	}
}

func TestSeedWeekLeavesAUsedFileAlone(t *testing.T) {
	w := newWorld(t)
	ada := w.token("usr_ada", everyScope...)
	w.add(ada, "2026-03-01", 1)
	if err := w.api.SeedWeek(context.Background(), now, true); err != nil {
		t.Fatal(err)
	}
	if n := len(w.do(ada, "GET /api/timesheets", "").list().Items); n != 1 {
		t.Errorf("%d entries", n)
	}
}
