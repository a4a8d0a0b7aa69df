package timesheets

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// seedEntry is one line of the demo fortnight. day counts from the Monday of
// the current week, so -7 is last Monday.
type seedEntry struct {
	person  string
	day     int
	hours   float64
	project string
	notes   string
	status  string
	comment string
}

// seedManager has decided what is decided.
const seedManager = "usr_grace"

var seedEntries = []seedEntry{
	{"usr_ada", -7, 8, "Analytical Engine", "Table of operations for the Bernoulli numbers", approved, ""},
	{"usr_ada", -6, 7.5, "Analytical Engine", "Checked the cards against the table", approved, ""},
	{"usr_ada", -5, 6, "Analytical Engine", "Letters and proofs", rejected, "Half of this is Translation. Please enter it there."},
	{"usr_ada", -4, 4.25, "Translation", "Menabrea, notes A to D", approved, "Thank you for the early draft."},
	{"usr_ada", 0, 8, "Translation", "Menabrea, notes E to G", pending, ""},
	{"usr_ada", 1, 5.25, "Analytical Engine", "", pending, ""},
	{"usr_alan", -7, 8, "Bombe", "Wiring of the third drum", approved, ""},
	{"usr_alan", -5, 10.5, "Bombe", "Night run", rejected, "Over ten hours? Let us talk first."},
	{"usr_alan", -3, 6.5, "Computable Numbers", "Corrections", approved, ""},
	{"usr_alan", 0, 7.5, "Computable Numbers", "", pending, ""},
	{"usr_alan", 1, 3.75, "Bombe", "Spare parts", pending, ""},
	{"usr_grace", -6, 8, "Compiler", "A-0, second pass", pending, ""},
	{"usr_grace", 0, 6, "Compiler", "Moth removed from relay 70", pending, ""},
}

// SeedWeek decides at the first start of a file whether it has a demo week,
// once and for all. Where it is wanted, it writes about a dozen entries of the
// current and the last week, as now's location has them, in all states and with
// ids that are the same every time. They belong to usr_ada, usr_alan and
// usr_grace, or to those of them that are given. A file that has any entry is
// left alone. That it was decided is written in the same commit as the entries:
// a start that was interrupted before it decides again. Errors: the Writer's.
func (a *API) SeedWeek(ctx context.Context, now time.Time, wanted bool, people ...string) error {
	var written []string
	return a.store.w.Write(ctx, func(tx *sql.Tx) error {
		first, err := decideWeek(tx, wanted)
		if err != nil || !first || !wanted {
			return err
		}
		var any bool
		if err := tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM entries)`).Scan(&any); err != nil || any {
			return err
		}
		written, err = insertWeek(tx, now, people)
		return err
	}, func() {
		for _, id := range written {
			a.ledger.Wrote(ctx, "insert", "entries", "timesheet entry", id)
		}
	})
}

// decideWeek records the decision, and says whether it was still open.
func decideWeek(tx *sql.Tx, seeded bool) (first bool, err error) {
	done, err := tx.Exec(`INSERT INTO demo_week (only, seeded) VALUES (1, ?) ON CONFLICT (only) DO NOTHING`, seeded)
	if err != nil {
		return false, fmt.Errorf("seed timesheets: %w", err)
	}
	n, err := done.RowsAffected()
	return n == 1, err
}

// insertWeek returns the ids of what it has written, for people or, without
// any, for everybody.
func insertWeek(tx *sql.Tx, now time.Time, people []string) (written []string, err error) {
	for i, s := range seedEntries {
		if len(people) > 0 && !slices.Contains(people, s.person) {
			continue
		}
		id := seedID(i)
		if err := s.insert(tx, id, now); err != nil {
			return nil, fmt.Errorf("seed entry %d: %w", i, err)
		}
		written = append(written, id)
	}
	return written, nil
}

func (s seedEntry) insert(tx *sql.Tx, id string, now time.Time) error {
	day, made, decided := s.times(now)
	version := 1
	var by, comment *string
	var at *int64
	updated := made.UnixMilli()
	if s.status != pending {
		manager, ms := seedManager, decided.UnixMilli()
		by, at, updated, version = &manager, &ms, ms, 2
		if s.comment != "" {
			comment = &s.comment
		}
	}
	_, err := tx.Exec(`INSERT INTO entries (id, user_id, project, date, quarters, notes, status, decided_by, decided_at, comment, created_at, updated_at, version)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		id, s.person, s.project, day, int64(s.hours*4), s.notes, s.status, by, at, comment, made.UnixMilli(), updated, version)
	return err
}

// times gives the day, when the entry was made (at six in the evening of it)
// and when it was decided (two days later). Nothing of it lies in the future:
// days to come become today, and only last week's entries are decided.
func (s seedEntry) times(now time.Time) (day string, made, decided time.Time) {
	sinceMonday := (int(now.Weekday()) + 6) % 7
	y, m, d := now.Date()
	offset := min(s.day, sinceMonday) - sinceMonday
	date := time.Date(y, m, d+offset, 18, 0, 0, 0, now.Location())
	return date.Format(time.DateOnly), earlier(date, now), date.AddDate(0, 0, 2)
}

func earlier(t, limit time.Time) time.Time {
	if t.After(limit) {
		return limit
	}
	return t
}

// seedID looks like any other id, and is the same in every file, so that a
// lesson can name it.
func seedID(i int) string {
	sum := sha256.Sum256([]byte("timesheets seed " + strconv.Itoa(i)))
	return idOf([10]byte(sum[:10]))
}
