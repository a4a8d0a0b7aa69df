package timesheets

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Writer is the shared path to the disk.
type Writer interface {
	// Write runs fn in a write transaction (joined to the unit in ctx, if there
	// is one: then it's only queued and runs, and can fail, at commit); returns
	// when on disk. after runs once committed.
	Write(ctx context.Context, fn func(tx *sql.Tx) error, after ...func()) error
}

var (
	errNoEntry = errors.New("no such entry")
	errDecided = errors.New("the entry has been decided")
	errStale   = errors.New("the entry has changed")
)

// dayFullError says that an entry would take a person's day past 24 hours.
type dayFullError struct{ taken int } // quarter hours that the day has already

func (e *dayFullError) Error() string { return "the day is full" }

// readError is a failed read: the statements are fixed, so it is the file's.
type readError struct{ err error }

func (e *readError) Error() string     { return "read entries: " + e.err.Error() }
func (e *readError) Unwrap() error     { return e.err }
func (e *readError) Unavailable() bool { return true }

type store struct {
	ledger Ledger
	w      Writer
	read   *sql.DB
}

const columns = `id, user_id, project, date, quarters, notes, status, decided_by, decided_at, comment, created_at, updated_at, version`

// scanEntry reads one row of columns.
func scanEntry(scan func(...any) error) (entry, error) {
	var e entry
	var quarters, created, updated int64
	var decided *int64
	err := scan(&e.ID, &e.UserID, &e.Project, &e.Date, &quarters, &e.Notes, &e.Status,
		&e.DecidedBy, &decided, &e.Comment, &created, &updated, &e.version)
	if err != nil {
		return entry{}, err
	}
	e.Hours = float64(quarters) / 4
	e.Approved = e.Status == approved
	e.CreatedAt, e.UpdatedAt = time.UnixMilli(created).UTC(), time.UnixMilli(updated).UTC()
	if decided != nil {
		at := time.UnixMilli(*decided).UTC()
		e.DecidedAt = &at
	}
	return e, nil
}

// entry reads one, whoever it belongs to. Errors: errNoEntry, *readError.
func (s *store) entry(ctx context.Context, id string) (entry, error) {
	e, err := scanEntry(s.read.QueryRowContext(ctx, `SELECT `+columns+` FROM entries WHERE id = ?`, id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return entry{}, errNoEntry
	}
	if err != nil {
		return entry{}, &readError{err}
	}
	return e, nil
}

// selection says which entries a list shows; empty filters let all through.
type selection struct {
	owners                    []string
	from, to, project, status string
	after                     *position
	limit                     int
}

// list returns up to limit entries, the latest day first, and whether there
// are more. Errors: *readError.
func (s *store) list(ctx context.Context, sel selection) (items []entry, more bool, err error) {
	owners, err := json.Marshal(sel.owners)
	if err != nil {
		return nil, false, err
	}
	where, args := sel.where()
	rows, err := s.read.QueryContext(ctx, `SELECT `+columns+` FROM entries
		WHERE user_id IN (SELECT value FROM json_each(?))`+where+`
		ORDER BY date DESC, created_at DESC, id DESC LIMIT (? + 0)`, // a bare LIMIT ? makes SQLite plan the query anew for each value
		append(append([]any{string(owners)}, args...), sel.limit+1)...)
	if err != nil {
		return nil, false, &readError{err}
	}
	defer rows.Close()
	for rows.Next() {
		e, err := scanEntry(rows.Scan)
		if err != nil {
			return nil, false, &readError{err}
		}
		items = append(items, e)
	}
	if err := rows.Err(); err != nil {
		return nil, false, &readError{err}
	}
	if len(items) > sel.limit {
		return items[:sel.limit], true, nil
	}
	return items, false, nil
}

// where is made of fixed text alone; whatever a client sent is an argument.
func (sel selection) where() (string, []any) {
	var b strings.Builder
	var args []any
	and := func(condition string, values ...any) {
		b.WriteString(" AND " + condition)
		args = append(args, values...)
	}
	if sel.from != "" {
		and("date >= ?", sel.from)
	}
	if sel.to != "" {
		and("date <= ?", sel.to)
	}
	if sel.project != "" {
		and("project = ?", sel.project)
	}
	if sel.status != "" {
		and("status = ?", sel.status)
	}
	if p := sel.after; p != nil {
		and("(date, created_at, id) < (?, ?, ?)", p.date, p.createdAt, p.id)
	}
	return b.String(), args
}

// taken sums a person's day but for one entry, which may be none. Rejected
// entries do not count: nobody worked them, and they cannot be taken back.
const taken = `(SELECT coalesce(sum(quarters), 0) FROM entries WHERE user_id = ? AND date = ? AND status <> 'rejected' AND id <> ?)`

// insertEntry writes a new entry, unless it takes the person's day past 24
// hours. Errors: *dayFullError, the file's.
func insertEntry(tx *sql.Tx, e entry) error {
	quarters := int64(e.Hours * 4)
	// One statement in the one writing transaction: read first and write
	// later, and two parallel requests both see room for their hours.
	res, err := tx.Exec(`INSERT INTO entries (id, user_id, project, date, quarters, notes, status, created_at, updated_at, version)
		SELECT ?, ?, ?, ?, ?, ?, 'pending', ?, ?, 1 WHERE `+taken+` + ? <= ?`,
		e.ID, e.UserID, e.Project, e.Date, quarters, e.Notes, e.CreatedAt.UnixMilli(), e.UpdatedAt.UnixMilli(),
		e.UserID, e.Date, e.ID, quarters, dayQuarters)
	if err != nil {
		return fmt.Errorf("insert entry: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 1 {
		return err
	}
	has, err := dayTaken(tx, e.UserID, e.Date, e.ID)
	if err != nil {
		return err
	}
	return &dayFullError{has}
}

func dayTaken(tx *sql.Tx, person, date, but string) (quarters int, err error) {
	if err := tx.QueryRow(`SELECT `+taken, person, date, but).Scan(&quarters); err != nil {
		return 0, fmt.Errorf("read the day: %w", err)
	}
	return quarters, nil
}

// replace writes what the owner says now about a pending entry, and returns it
// as it is then. Errors: errNoEntry, errDecided, *dayFullError, errStale, the
// Writer's.
func (s *store) replace(ctx context.Context, id, owner string, n NewEntry, m match, at time.Time) (entry, error) {
	quarters := int64(n.Hours * 4)
	condition, tags := m.where()
	var replaced entry
	err := s.w.Write(ctx, func(tx *sql.Tx) error {
		var err error
		// Compare-and-set, and the day's sum with it: nothing can change
		// between the check and the write.
		replaced, err = scanEntry(tx.QueryRow(`UPDATE entries
			SET project = ?, date = ?, quarters = ?, notes = ?, updated_at = ?, version = version + 1
			WHERE id = ? AND user_id = ? AND status = 'pending' AND `+taken+` + ? <= ?`+condition+` RETURNING `+columns,
			append([]any{n.Project, n.Date, quarters, n.Notes, at.UnixMilli(), id, owner, owner, n.Date, id, quarters, dayQuarters}, tags...)...).Scan)
		if errors.Is(err, sql.ErrNoRows) {
			return whyNotReplaced(tx, id, owner, n.Date, int(quarters))
		}
		if err != nil {
			return fmt.Errorf("replace entry: %w", err)
		}
		return nil
	}, func() { s.ledger.Wrote(ctx, "update", "entries", "timesheet entry", id) })
	return replaced, err
}

// whyNotReplaced puts the precondition last. RFC 9110 13.2.1: it is ignored
// where the answer without it would be another than success.
func whyNotReplaced(tx *sql.Tx, id, owner, date string, quarters int) error {
	if err := whyUnchanged(tx, id, owner); !errors.Is(err, errStale) {
		return err
	}
	has, err := dayTaken(tx, owner, date, id)
	if err != nil {
		return err
	}
	if has+quarters > dayQuarters {
		return &dayFullError{has}
	}
	return errStale
}

// delete removes a pending entry of the owner. Errors: errNoEntry, errDecided,
// errStale, the Writer's.
func (s *store) delete(ctx context.Context, id, owner string, m match) error {
	condition, tags := m.where()
	return s.w.Write(ctx, func(tx *sql.Tx) error {
		res, err := tx.Exec(`DELETE FROM entries WHERE id = ? AND user_id = ? AND status = 'pending'`+condition,
			append([]any{id, owner}, tags...)...)
		if err != nil {
			return fmt.Errorf("delete entry: %w", err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 1 {
			return err
		}
		return whyUnchanged(tx, id, owner)
	}, func() { s.ledger.Wrote(ctx, "delete", "entries", "timesheet entry", id) })
}

// verdict is a manager's decision about an entry.
type verdict struct {
	status  string // approved or rejected
	by      string
	at      time.Time
	comment *string
}

// decide makes the one decision that an entry ever gets, and returns the entry
// as it is then. Errors: errNoEntry, errDecided, the Writer's.
func (s *store) decide(ctx context.Context, id, owner string, v verdict) (entry, error) {
	var decided entry
	err := s.w.Write(ctx, func(tx *sql.Tx) error {
		// Compare-and-set: of parallel decisions, the first finds it pending.
		var err error
		decided, err = scanEntry(tx.QueryRow(`UPDATE entries
			SET status = ?, decided_by = ?, decided_at = ?, comment = ?, updated_at = ?, version = version + 1
			WHERE id = ? AND user_id = ? AND status = 'pending' RETURNING `+columns,
			v.status, v.by, v.at.UnixMilli(), v.comment, v.at.UnixMilli(), id, owner).Scan)
		if errors.Is(err, sql.ErrNoRows) {
			return whyUnchanged(tx, id, owner)
		}
		if err != nil {
			return fmt.Errorf("decide entry: %w", err)
		}
		return nil
	}, func() { s.ledger.Wrote(ctx, "update", "entries", "timesheet entry", id) })
	return decided, err
}

// whyUnchanged tells why a compare-and-set on a pending entry found none:
// errNoEntry, errDecided, or errStale where it is there and pending.
func whyUnchanged(tx *sql.Tx, id, owner string) error {
	var status string
	err := tx.QueryRow(`SELECT status FROM entries WHERE id = ? AND user_id = ?`, id, owner).Scan(&status)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return errNoEntry
	case err != nil:
		return fmt.Errorf("read entry: %w", err)
	case status != pending:
		return errDecided
	}
	return errStale
}
