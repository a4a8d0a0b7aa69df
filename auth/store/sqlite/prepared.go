package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"

	modernc "modernc.org/sqlite"
)

// maxPrepared bounds the statements that one connection keeps. The program has
// a fixed set of about a hundred; the bound is for callers that build SQL by
// hand.
const maxPrepared = 256

// openPrepared is sql.Open with connections that keep each statement they have
// run. Parsing the same INSERT for every token costs as much as running it,
// and for a SELECT it costs more. A *sql.Tx cannot keep statements from one
// transaction to the next, and a *sql.Stmt looks for its connection under a
// lock.
func openPrepared(dsn string) (*sql.DB, error) {
	c, err := modernc.NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(preparing{c}), nil
}

type preparing struct{ driver.Connector }

func (p preparing) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := p.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &preparedConn{wholeConn: c.(wholeConn), kept: map[string]*keptStmt{}}, nil
}

// wholeConn has the abilities of the driver's connections. database/sql looks
// for each ability separately, so all of them must be there.
type wholeConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.QueryerContext
	driver.ExecerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// preparedConn keeps the statements that it runs. database/sql uses a
// connection from one goroutine at a time.
type preparedConn struct {
	wholeConn
	kept map[string]*keptStmt
}

// keptStmt is one parsed statement. Its rows are read from the statement
// itself, so until they are closed the same text has to be parsed again.
type keptStmt struct {
	wholeStmt
	busy bool
}

type wholeStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// stmt returns the kept statement of a query, or nil if it is in use or the
// connection keeps enough.
func (c *preparedConn) stmt(ctx context.Context, query string) (*keptStmt, error) {
	if s := c.kept[query]; s != nil {
		if s.busy {
			return nil, nil
		}
		return s, nil
	}
	if len(c.kept) >= maxPrepared {
		return nil, nil
	}
	parsed, err := c.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	s := &keptStmt{wholeStmt: parsed.(wholeStmt)}
	c.kept[query] = s
	return s, nil
}

func (c *preparedConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	s, err := c.stmt(ctx, query)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return c.wholeConn.ExecContext(ctx, query, args)
	}
	return s.ExecContext(ctx, args)
}

// QueryContext runs to its first row without watching whether the caller
// leaves: the driver would start a goroutine for that, which costs more than
// any of the program's short reads. database/sql checks the context before it.
func (c *preparedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	s, err := c.stmt(ctx, query)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return c.wholeConn.QueryContext(ctx, query, args)
	}
	rows, err := s.QueryContext(context.WithoutCancel(ctx), args)
	if err != nil {
		return nil, err
	}
	s.busy = true
	return &keptRows{rows, s}, nil
}

// keptRows give their statement back when they are closed.
type keptRows struct {
	driver.Rows
	of *keptStmt
}

func (r *keptRows) Close() error {
	err := r.Rows.Close()
	r.of.busy = false
	return err
}

func (c *preparedConn) Close() error {
	for _, s := range c.kept {
		_ = s.Close() // the connection's own Close reports errors
	}
	c.kept = nil
	return c.wholeConn.Close()
}
