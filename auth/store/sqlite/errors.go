package sqlite

import (
	"context"
	"errors"
	"fmt"

	driver "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Why a file is refused; each comes wrapped in a *RefusedError.
var (
	ErrPath     = errors.New("not a usable path")
	ErrMissing  = errors.New("missing")
	ErrNotOurs  = errors.New("not a Punchcard database")
	ErrCorrupt  = errors.New("damaged")
	ErrOrphaned = errors.New("missing, but its journal is still there")
	ErrExposed  = errors.New("not private")
	ErrName     = errors.New("not safe to use under this name")
	// ErrForeignLog says that the write-ahead log beside the file is another one's.
	ErrForeignLog = errors.New("not the file that its log belongs to")
)

// ErrReplaced says that the open file is no longer the one at its path.
var ErrReplaced = errors.New("the database file was moved, replaced or deleted while in use")

// RefusedError is one line for whoever starts the program: what is wrong with
// which file, and what to do. The file has not been changed.
type RefusedError struct {
	Path   string // as given to Open
	Reason error  // one of the sentinels above
	Detail string
	Fix    string
}

func (e *RefusedError) Error() string {
	name := e.Path
	if name == "" {
		name = "the empty path"
	}
	if e.Detail == "" {
		return fmt.Sprintf("%s is %v; %s", name, e.Reason, e.Fix)
	}
	return fmt.Sprintf("%s is %v (%s); %s", name, e.Reason, e.Detail, e.Fix)
}

func (e *RefusedError) Unwrap() error { return e.Reason }

// NewerError says that a newer program has written the file. Going on with old
// code could break what the new one relies on, so the file is left alone.
type NewerError struct {
	Path  string
	Set   string // the room whose tables are newer
	Found int64  // version in the file
	Known int64  // newest version in this program; 0 for a set it does not know
}

func (e *NewerError) Error() string {
	return fmt.Sprintf("%s was written by a newer Punchcard (%s tables: version %d, this one knows %d); "+
		"start the newer program, or use --db with another file", e.Path, e.Set, e.Found, e.Known)
}

// LockedError says that another server has the file.
type LockedError struct {
	Path string
	PID  int // 0 where it could not be learnt
}

func (e *LockedError) Error() string {
	who := "another process"
	if e.PID > 0 {
		who = fmt.Sprintf("process %d", e.PID)
	}
	return fmt.Sprintf("%s is in use by %s; stop it, or use --db with another file", e.Path, who)
}

// UnavailableError says that the file cannot be used right now: locked from
// outside, full disk, I/O error, closed. Callers answer 503, never a success.
type UnavailableError struct{ Err error }

func (e *UnavailableError) Error() string { return "database unavailable: " + e.Err.Error() }
func (e *UnavailableError) Unwrap() error { return e.Err }

// Unavailable lets rooms that do not import this one recognise the error by
// an interface of their own.
func (e *UnavailableError) Unavailable() bool { return true }

// unavailable marks err as the file's fault, once.
func unavailable(err error) error {
	var u *UnavailableError
	if err == nil || errors.As(err, &u) {
		return err
	}
	return &UnavailableError{err}
}

// classify marks the errors that are the file's and not the caller's.
func classify(err error) error {
	switch code(err) {
	case sqlite3.SQLITE_INTERRUPT: // only a context that ended interrupts a statement
		return errors.Join(context.Canceled, err)
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR,
		sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_PROTOCOL,
		sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_PERM:
		return unavailable(err)
	}
	return err
}

// code is SQLite's primary result code of err, 0 where it is none of SQLite's.
func code(err error) int {
	var se *driver.Error
	if !errors.As(err, &se) {
		return 0
	}
	return se.Code() & 0xff
}
