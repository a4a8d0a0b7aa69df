package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/ory/fosite"
)

// one reads one row into dest. Errors: fosite.ErrNotFound if there is none,
// the context's error, otherwise one that is Unavailable.
func (s *Store) one(ctx context.Context, query string, args []any, dest ...any) error {
	err := s.read.QueryRowContext(ctx, query, args...).Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return fosite.ErrNotFound
	}
	return readError(ctx, err)
}

// unavailableError says that the file could not be read. Callers then answer
// 503: "not found" would refuse a valid token, and treating it as success
// would be worse.
type unavailableError struct{ err error }

func (e *unavailableError) Error() string     { return "database unavailable: " + e.err.Error() }
func (e *unavailableError) Unwrap() error     { return e.err }
func (e *unavailableError) Unavailable() bool { return true }

func readError(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil: // the caller left; the file is fine
		return fmt.Errorf("read: %w", ctx.Err())
	}
	return &unavailableError{err}
}
