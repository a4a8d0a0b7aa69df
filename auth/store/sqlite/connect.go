package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

const (
	readers            = 4
	defaultBusyTimeout = 5 * time.Second
	// Older versions can corrupt a WAL file in a rare race of two connections
	// (sqlite.org/wal.html, "The WAL-Reset Bug").
	oldestSQLite = "3.51.3"

	logLimit = 16 << 20 // bytes that the write-ahead log keeps on disk
	pageSize = 4096     // bytes, SQLite's default
)

// rules are the pragmas of every connection, and the value that each reads
// back.
func pragmas(busy time.Duration, write bool) map[string]string {
	r := map[string]string{
		"busy_timeout":   strconv.FormatInt(busy.Milliseconds(), 10),
		"foreign_keys":   "1",
		"journal_mode":   "wal",
		"synchronous":    "2", // FULL: a commit is on disk before it is acknowledged
		"trusted_schema": "0", // a manipulated file cannot run functions through its schema
		"mmap_size":      "0", // an I/O error is then an error and not SIGBUS
		"query_only":     "1",
	}
	if write {
		r["query_only"] = "0"
		// The log is moved into the file when it has reached its limit, not at
		// SQLite's 4 MB: pages that are written repeatedly are moved only
		// once.
		r["wal_autocheckpoint"] = strconv.Itoa(logLimit / pageSize)
		// A log that grew during a long read shrinks again after it.
		r["journal_size_limit"] = strconv.Itoa(logLimit)
	}
	return r
}

// dsn puts the pragmas where the driver applies them to each connection that
// the pool ever opens. mode=rw: a file that has vanished is not created again.
func dsn(place string, busy time.Duration, write bool) string {
	q := url.Values{"mode": {"rw"}}
	if write {
		q.Set("_txlock", "immediate") // wait for the lock at BEGIN, where waiting works
	}
	for name, value := range pragmas(busy, write) {
		q.Add("_pragma", name+"("+value+")")
	}
	return uri(place, q)
}

// connect opens all connections and checks the pragmas on each of them.
func (f *File) connect(ctx context.Context, busy time.Duration) (err error) {
	if f.id, err = os.Stat(f.place); err != nil {
		return fmt.Errorf("open %s: %w", f.Path, err)
	}
	if f.inode != nil {
		if held, err := f.inode.Stat(); err != nil || !os.SameFile(held, f.id) {
			return unavailable(errors.Join(ErrReplaced, err))
		}
	}
	if f.write, err = pool(f.place, busy, 1, true); err != nil {
		return err
	}
	if f.read, err = pool(f.place, busy, readers, false); err != nil {
		return err
	}
	if err := f.assertVersion(ctx); err != nil {
		return err
	}
	if err := f.assertRules(ctx, f.write, 1, pragmas(busy, true)); err != nil {
		return err
	}
	if err := f.assertRules(ctx, f.read, readers, pragmas(busy, false)); err != nil {
		return err
	}
	return f.present()
}

// pool keeps its connections open: opening one costs more than a query.
func pool(place string, busy time.Duration, size int, write bool) (*sql.DB, error) {
	db, err := openPrepared(dsn(place, busy, write))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	db.SetConnMaxLifetime(0)
	db.SetConnMaxIdleTime(0)
	return db, nil
}

func (f *File) assertVersion(ctx context.Context) error {
	var got string
	if err := f.write.QueryRowContext(ctx, "SELECT sqlite_version()").Scan(&got); err != nil {
		return classify(fmt.Errorf("open %s: %w", f.Path, err))
	}
	ok := !olderThan(got, oldestSQLite)
	f.check(ctx, rules.Version, ok, ">= "+oldestSQLite, got)
	if !ok {
		return fmt.Errorf("this program was built with SQLite %s, which can damage files; build it with %s or newer", got, oldestSQLite)
	}
	return nil
}

// olderThan compares dotted numbers as numbers: 3.9 is older than 3.51.
func olderThan(a, b string) bool {
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	for i := range y {
		var m, n int
		if i < len(x) {
			m, _ = strconv.Atoi(x[i]) // a part that is not a number counts as 0: too old
		}
		n, _ = strconv.Atoi(y[i])
		if m != n {
			return m < n
		}
	}
	return false
}

// assertRules holds size connections at once, so that it sees each one of the
// pool, and reads every pragma back.
func (f *File) assertRules(ctx context.Context, db *sql.DB, size int, want map[string]string) error {
	for range size {
		conn, err := db.Conn(ctx)
		if err != nil {
			return classify(fmt.Errorf("open %s: %w", f.Path, err))
		}
		defer conn.Close()
		for name, value := range want {
			var got string
			err := conn.QueryRowContext(ctx, "PRAGMA "+name).Scan(&got)
			if errors.Is(err, sql.ErrNoRows) && name == "mmap_size" {
				got, err = "0", nil // built without memory mapping
			}
			if err != nil {
				return classify(fmt.Errorf("open %s: %s: %w", f.Path, name, err))
			}
			f.check(ctx, rules.Pragmas, got == value, name+" "+value, name+" "+got)
			if got != value {
				return fmt.Errorf("open %s: %s is %s on a connection, not %s", f.Path, name, got, value)
			}
		}
	}
	return nil
}
