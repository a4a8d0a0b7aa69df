package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"log/slog"
	"time"

	"github.com/ory/fosite"
	"github.com/ory/fosite/handler/oauth2"
	"github.com/ory/fosite/handler/openid"
	"github.com/ory/fosite/handler/pkce"
	"github.com/ory/fosite/storage"

	"github.com/exampleco/punchcard/auth/ledger"
)

// Migrations are the tables of this room, in goose's format.
//
//go:embed migrations/*.sql
var Migrations embed.FS

// ErrSpent says that a code, refresh token or client assertion was used
// before, or that its family is revoked. It comes together with fosite's own
// error: ErrInvalidatedAuthorizeCode for a code, ErrJTIKnown for an assertion,
// otherwise ErrInactiveToken.
var ErrSpent = errors.New("already used or revoked")

// Writer is the only way to change the file.
type Writer interface {
	// Write runs fn in a write transaction. If ctx has a unit, fn is only
	// queued, and runs, and can fail, at Commit. Write returns when the write
	// is on disk, and then runs after.
	Write(ctx context.Context, fn func(tx *sql.Tx) error, after ...func()) error
	// Begin starts a unit, or joins the one in ctx.
	Begin(ctx context.Context) context.Context
	// Commit writes the unit, or leaves that to the outer one.
	Commit(ctx context.Context) error
	// Rollback drops the unit; after Commit it does nothing.
	Rollback(ctx context.Context)
}

// Config is what a Store needs. Now and Log may be nil: the real clock, and no
// log.
type Config struct {
	Writer  Writer
	Read    *sql.DB               // connections to the same, migrated file
	Session func() fosite.Session // makes an empty session to read a stored one into; a pointer
	Base    string                // replaces {base} in clients' URIs and audiences
	Now     func() time.Time
	Log     *slog.Logger
}

// Store keeps clients, codes and tokens. It is safe for concurrent use.
//
// Inside a Unit writes are queued: methods return nil, the commit can refuse
// them, and reads do not see what is queued.
type Store struct {
	writer  Writer
	read    *sql.DB
	session func() fosite.Session
	base    string
	now     func() time.Time
	log     *slog.Logger
	ledger  ledger.Ledger
	clients clientCache
	uses    uses
}

var (
	_ fosite.ClientManager               = (*Store)(nil)
	_ oauth2.CoreStorage                 = (*Store)(nil)
	_ oauth2.TokenRevocationStorage      = (*Store)(nil)
	_ pkce.PKCERequestStorage            = (*Store)(nil)
	_ openid.OpenIDConnectRequestStorage = (*Store)(nil)
	_ storage.Transactional              = (*Store)(nil)
)

// New returns a Store on a file that has the tables of Migrations. It does not
// touch the file.
func New(c Config) *Store {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Store{
		writer: c.Writer, read: c.Read, session: c.Session, base: c.Base, now: c.Now, log: c.Log, ledger: ledger.New(c.Log),
		clients: clientCache{byID: map[string]*Client{}},
	}
}

// BeginTX implements storage.Transactional for fosite's handlers, as do Commit
// and Rollback. Other callers use Unit, which these join. The error is always
// nil.
func (s *Store) BeginTX(ctx context.Context) (context.Context, error) {
	return s.writer.Begin(ctx), nil
}

// Commit implements storage.Transactional: it writes what was queued and
// returns when that is on disk. Errors: ErrSpent if a use in the unit came
// second; the writer's. Nothing of the unit is then written.
func (s *Store) Commit(ctx context.Context) error { return s.report(ctx, s.writer.Commit(ctx)) }

// Rollback implements storage.Transactional. The error is always nil, also
// after a failed Commit: fosite then rolls back, and would treat an error as a
// worse failure.
func (s *Store) Rollback(ctx context.Context) error {
	s.writer.Rollback(ctx)
	return nil
}

// write is the way in which all methods here write.
func (s *Store) write(ctx context.Context, fn func(tx *sql.Tx) error, after ...func()) error {
	return s.report(ctx, s.writer.Write(ctx, fn, after...))
}

// millis is how a time is stored; the zero time is NULL.
func millis(t time.Time) sql.NullInt64 {
	return sql.NullInt64{Int64: t.UnixMilli(), Valid: !t.IsZero()}
}

// moment reads millis back.
func moment(ms sql.NullInt64) time.Time {
	if !ms.Valid {
		return time.Time{}
	}
	return time.UnixMilli(ms.Int64).UTC()
}
