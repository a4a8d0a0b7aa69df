package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"

	"github.com/ory/fosite"
)

// statements keeps the queries of the hot paths prepared: parsing one costs
// more than running it. They are closed together with the pool.
type statements struct {
	db    *sql.DB
	mu    sync.RWMutex
	ready map[string]*sql.Stmt // by query
}

func (q *statements) get(query string) (*sql.Stmt, error) {
	q.mu.RLock()
	stmt := q.ready[query]
	q.mu.RUnlock()
	if stmt != nil {
		return stmt, nil
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if stmt := q.ready[query]; stmt != nil {
		return stmt, nil
	}
	// Without a request's context: the statement outlives the request.
	stmt, err := q.db.Prepare(query)
	if err == nil {
		q.ready[query] = stmt
	}
	return stmt, err
}

// one reads one row into dest. Errors: fosite.ErrNotFound where there is none,
// the context's, else one that is Unavailable.
func (s *Store) one(ctx context.Context, query string, args []any, dest ...any) error {
	stmt, err := s.queries.get(query)
	if err == nil {
		err = stmt.QueryRowContext(ctx, args...).Scan(dest...)
	}
	if errors.Is(err, sql.ErrNoRows) {
		return fosite.ErrNotFound
	}
	return readError(ctx, err)
}

// unavailableError says that the file could not be read. Callers answer 503
// then: taking it for "not found" would refuse what is valid, and taking
// it for success would be worse.
type unavailableError struct{ err error }

func (e *unavailableError) Error() string     { return "database unavailable: " + e.err.Error() }
func (e *unavailableError) Unwrap() error     { return e.err }
func (e *unavailableError) Unavailable() bool { return true }

func readError(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil: // the caller left; the file is well
		return fmt.Errorf("read: %w", ctx.Err())
	}
	return &unavailableError{err}
}
