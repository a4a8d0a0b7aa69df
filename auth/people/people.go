package people

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/alexedwards/argon2id"

	"github.com/exampleco/punchcard/auth/ledger"
)

// Migrations has the tables of this room, for goose.
//
//go:embed migrations/*.sql
var Migrations embed.FS

// Writer is where this room writes.
type Writer interface {
	// Write runs fn in a write transaction and returns when it is on disk, and
	// then runs after. If ctx has a unit of writes, fn is only queued and runs
	// when the unit is committed.
	Write(ctx context.Context, fn func(tx *sql.Tx) error, after ...func()) error
}

// Config is what the room needs. All fields but Log are required.
type Config struct {
	Writer Writer
	Read   *sql.DB          // only reads
	Now    func() time.Time // the clock of sessions, consents and throttling
	Log    *slog.Logger     // what was checked and written; nil logs nothing
}

// People is the room. It is safe for concurrent use.
type People struct {
	writer Writer
	read   *sql.DB
	now    func() time.Time
	log    *slog.Logger
	ledger ledger.Ledger
	queue  *queue
	gives  permissions

	// Tests replace these, so that they can count and need not wait.
	verify func(password, hash string) (bool, *argon2id.Params, error)
	sleep  func(ctx context.Context, d time.Duration) error
}

// New returns the room on an already migrated file. It reads nothing yet.
func New(c Config) *People {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &People{
		writer: c.Writer, read: c.Read, now: c.Now, log: c.Log, ledger: ledger.New(c.Log),
		queue: newQueue(time.Now), verify: argon2id.CheckHash, sleep: sleep,
	}
}

var (
	// ErrNoPerson: nobody has that id or address, or they are disabled and the
	// method needs a person who can sign in.
	ErrNoPerson = errors.New("no such person")
	// ErrNoSession: unknown, ended, too old, or its person is disabled.
	ErrNoSession = errors.New("no such browser session")
	// ErrForgotten: a remembered consent now covers less.
	ErrForgotten = errors.New("no longer remembered")
	// ErrWrongCredentials is the same for a wrong password, an unknown address
	// and a disabled person.
	ErrWrongCredentials = errors.New("wrong e-mail or password")
	// ErrPasswordGuessable: an attacker would try this password first.
	ErrPasswordGuessable = errors.New("a password that is easy to guess")
	// ErrPasswordLength: shorter than MinPassword or longer than MaxPassword.
	ErrPasswordLength = fmt.Errorf("a password has at least %d characters and at most %d bytes", MinPassword, MaxPassword)
)

// ThrottledError refuses an attempt before it is checked, in the same way
// whether or not the account exists.
type ThrottledError struct {
	RetryAfter time.Duration // above zero; at most ten minutes
}

func (e *ThrottledError) Error() string {
	return fmt.Sprintf("too many attempts to sign in; try again in %s", e.RetryAfter)
}

// readError means that the file could not be read. It says nothing about the
// question.
type readError struct{ error }

func (e readError) Unwrap() error { return e.error }

// Unavailable marks it as an error to answer with 503.
func (readError) Unavailable() bool { return true }

// wrote returns a function that reports a write. It is called after the write
// is on disk.
func (p *People) wrote(ctx context.Context, op, table, kind, id string) func() {
	return func() { p.ledger.Wrote(ctx, op, table, kind, id) }
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
