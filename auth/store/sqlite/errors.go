package sqlite

import (
	"context"
	"errors"
	"fmt"

	driver "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// The reasons why a file is refused. Each is wrapped in a *RefusedError.
var (
	ErrPath     = errors.New("not a usable path")
	ErrMissing  = errors.New("missing")
	ErrNotOurs  = errors.New("not a Punchcard database")
	ErrCorrupt  = errors.New("damaged")
	ErrOrphaned = errors.New("missing, but its journal is still there")
	ErrExposed  = errors.New("not private")
	ErrName     = errors.New("not safe to use under this name")
	// ErrForeignLog says that the write-ahead log beside the file belongs to
	// another file.
	ErrForeignLog = errors.New("not the file that its log belongs to")
)

// ErrReplaced says that the open file is no longer the one at its path.
var ErrReplaced = errors.New("the database file was moved, replaced or deleted while in use")

// RefusedError is one line for the person who starts the program: what is
// wrong with which file, and what to do. The file was not changed.
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

// NewerError says that a newer program has written the file. Old code could
// break what the new one relies on, so the file is left unchanged.
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

// LockedError says that another server uses the file.
type LockedError struct {
	Path string
	PID  int // 0 if it is not known
}

func (e *LockedError) Error() string {
	who := "another process"
	if e.PID > 0 {
		who = fmt.Sprintf("process %d", e.PID)
	}
	return fmt.Sprintf("%s is in use by %s; stop it, or use --db with another file", e.Path, who)
}

// UnavailableError says that the file cannot be used at the moment: locked by
// another process, full disk, I/O error, closed. Callers answer 503, never a
// success.
type UnavailableError struct{ Err error }

func (e *UnavailableError) Error() string { return "database unavailable: " + e.Err.Error() }
func (e *UnavailableError) Unwrap() error { return e.Err }

// Unavailable lets rooms that do not import this one recognise the error by
// an interface of their own.
func (e *UnavailableError) Unavailable() bool { return true }

// unavailable marks err as an error of the file, once.
func unavailable(err error) error {
	var u *UnavailableError
	if err == nil || errors.As(err, &u) {
		return err
	}
	return &UnavailableError{err}
}

// classify marks the errors that come from the file and not from the caller.
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

// code is SQLite's primary result code of err, 0 if err is not from SQLite.
func code(err error) int {
	var se *driver.Error
	if !errors.As(err, &se) {
		return 0
	}
	return se.Code() & 0xff
}
