package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"

	modernc "modernc.org/sqlite"
)

// maxPrepared bounds the statements that one connection keeps. The program has
// a fixed set of about a hundred; the bound is for whoever builds SQL by hand.
const maxPrepared = 256

// openPrepared is sql.Open with connections that keep each statement they have
// executed. Parsing the same INSERT for every token costs as much as running
// it, and a *sql.Tx cannot keep statements from one transaction to the next.
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
	return &preparedConn{wholeConn: c.(wholeConn), kept: map[string]driver.StmtExecContext{}}, nil
}

// wholeConn is what the driver's connections can do; database/sql finds each
// ability by itself, so all of them must show through.
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

// preparedConn runs ExecContext by kept statements. Queries are left alone:
// their statement is busy until the rows are closed. database/sql uses a
// connection from one goroutine at a time.
type preparedConn struct {
	wholeConn
	kept map[string]driver.StmtExecContext
}

func (c *preparedConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	stmt, ok := c.kept[query]
	if !ok {
		if len(c.kept) >= maxPrepared {
			return c.wholeConn.ExecContext(ctx, query, args)
		}
		s, err := c.PrepareContext(ctx, query)
		if err != nil {
			return nil, err
		}
		stmt = s.(driver.StmtExecContext)
		c.kept[query] = stmt
	}
	return stmt.ExecContext(ctx, args)
}

func (c *preparedConn) Close() error {
	for _, s := range c.kept {
		_ = s.(driver.Stmt).Close() // the connection's own Close says what went wrong
	}
	c.kept = nil
	return c.wholeConn.Close()
}
