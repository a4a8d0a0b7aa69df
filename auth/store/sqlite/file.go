package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"github.com/exampleco/punchcard/auth/ledger"
)

// Options says how a file is opened. The zero value opens or creates it
// without taking the server's lock.
type Options struct {
	// Migrations are all the sets that the program knows. With them, Open
	// refuses a newer file before changing it, and Migrate applies them.
	Migrations []MigrationSet
	// Log receives the checks and writes; nil logs nothing.
	Log *slog.Logger
	// Lock keeps other servers from opening the file until Close.
	// Administration commands work beside a server and leave it false.
	Lock bool
	// Existing refuses with ErrMissing instead of creating the file.
	Existing bool

	busyTimeout time.Duration // 0: defaultBusyTimeout; tests wait less
}

// File is the open database: Write, Begin, Commit and Rollback for changes,
// Read for reads. It is safe for concurrent use.
type File struct {
	*writer
	Path    string // as given to Open
	Created bool   // there was no file, or an empty one, before Open

	place string // absolute, links resolved
	id    os.FileInfo
	write *sql.DB
	read  *sql.DB
	lock  *flock.Flock
	inode *os.File // holds the lock on the file itself; nil without one
	sets  []MigrationSet
	log   *slog.Logger

	closing  sync.Once
	closeErr error
}

// Open opens the file at path. It creates it (mode 0600) if there is none. It
// first makes sure that the file is sound and ours. An existing file is read
// completely once (quick_check): a few milliseconds for a small one, about a
// second for each gigabyte.
//
// Errors: *RefusedError (a path, a file or its content is not acceptable),
// *NewerError, *LockedError, *UnavailableError (busy, I/O). Each is one line
// that says what to do, and leaves the file unchanged.
func Open(ctx context.Context, path string, opts Options) (*File, error) {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.busyTimeout == 0 {
		opts.busyTimeout = defaultBusyTimeout
	}
	place, err := locate(path)
	if err != nil {
		return nil, err
	}
	f := &File{Path: path, place: place, sets: opts.Migrations, log: opts.Log}
	if err := f.open(ctx, opts); err != nil {
		f.abandon(err)
		return nil, err
	}
	return f, nil
}

func (f *File) open(ctx context.Context, opts Options) error {
	fresh, err := f.isNew()
	if err != nil {
		return err
	}
	if fresh && opts.Existing {
		return f.refuse(ErrMissing, "", "start the server once to create it, or name another file with --db")
	}
	if err := f.checkName(); err != nil {
		return err
	}
	// Creating takes the lock as well: two processes at once would replace
	// each other's file.
	if opts.Lock || fresh {
		if err := f.takeLock(); err != nil {
			return err
		}
		if fresh, err = f.isNew(); err != nil { // another process may have been faster
			return err
		}
	}
	if fresh {
		err = f.create(ctx)
	} else {
		err = f.inspectHeader(ctx)
	}
	if err == nil && opts.Lock {
		err = f.takeInode()
	}
	if err == nil && !fresh {
		err = f.inspect(ctx)
	}
	if err != nil {
		return err
	}
	onDisk, err := f.generation()
	if err != nil {
		return err
	}
	err = f.connect(ctx, opts.busyTimeout)
	if err == nil && opts.Lock {
		err = f.begin(ctx, onDisk)
	}
	if err == nil && opts.Lock {
		err = f.makeShrinkable(ctx)
	}
	if err != nil {
		return err
	}
	if !opts.Lock {
		f.releaseLock()
	}
	f.writer = newWriter(f.write, f.present)
	f.wrote(ctx, "open", slog.Bool("created", f.Created))
	return nil
}

// Read is a pool of connections that cannot write. Each statement, or each
// transaction begun on it, sees the file as it was last committed.
func (f *File) Read() *sql.DB { return f.read }

// Check reports whether the file can serve: a read works, and it is still the
// file at its path. The error is an *UnavailableError, which wraps ErrReplaced
// if the file is another one.
func (f *File) Check(ctx context.Context) error {
	if err := f.present(); err != nil {
		return unavailable(err)
	}
	var n int
	if err := f.read.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&n); err != nil {
		return unavailable(fmt.Errorf("read: %w", err))
	}
	return nil
}

// present compares the file at the path with the one that was opened.
func (f *File) present() error {
	now, err := os.Stat(f.place)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return ErrReplaced
	case err != nil:
		return err
	case !os.SameFile(f.id, now):
		return ErrReplaced
	}
	return nil
}

// Close finishes the waiting writes, moves the write-ahead log into the file
// and closes it. Later writes get an *UnavailableError. If ctx ends first, the
// waiting writes are refused, and the log stays beside the file, where the
// next Open reads it: nothing that was acknowledged is lost.
func (f *File) Close(ctx context.Context) error {
	f.closing.Do(func() { f.closeErr = f.shut(ctx) })
	return f.closeErr
}

func (f *File) shut(ctx context.Context) error {
	drained := make(chan struct{})
	go func() { f.writer.close(); close(drained) }()
	var err error
	select {
	case <-drained:
	case <-ctx.Done():
		err = fmt.Errorf("close %s: writes were still waiting: %w", f.Path, ctx.Err())
	}
	// The readers close first: the log can only be emptied when nobody reads
	// it.
	err = errors.Join(err, f.read.Close())
	if err == nil {
		err = f.checkpoint(ctx)
	}
	err = errors.Join(err, f.write.Close())
	f.releaseLock()
	return err
}

// checkpoint moves the write-ahead log into the file. If another process still
// reads, the log stays, which is not an error.
func (f *File) checkpoint(ctx context.Context) error {
	if _, err := f.write.ExecContext(ctx, "PRAGMA busy_timeout = 500"); err != nil {
		return classify(err)
	}
	var busy, frames, moved int
	if err := f.write.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &frames, &moved); err != nil {
		return classify(fmt.Errorf("checkpoint: %w", err))
	}
	if busy != 0 {
		f.log.LogAttrs(ctx, slog.LevelInfo, "the write-ahead log stays: another process is using the file", slog.String("file", f.Path))
	}
	return nil
}

// abandon undoes an incomplete Open.
func (f *File) abandon(cause error) {
	if f.read != nil {
		_ = f.read.Close()
	}
	if f.write != nil {
		_ = f.write.Close()
	}
	if errors.Is(cause, ErrNotOurs) && f.lock != nil {
		_ = os.Remove(f.lock.Path()) // leave nothing beside a file that is not ours
	}
	f.releaseLock()
}

func (f *File) refuse(reason error, detail, fix string) error {
	return &RefusedError{Path: f.Path, Reason: reason, Detail: detail, Fix: fix}
}

// check reports one rule that the file has passed or failed, for readers of
// the debug log. A failure is also the error that Open returns, and the
// terminal shows only that one line.
func (f *File) check(ctx context.Context, rule ledger.Rule, ok bool, expected, got any) {
	if f.log.Enabled(ctx, slog.LevelDebug) {
		ledger.New(f.log).Check(ctx, rule, ok, fmt.Sprint(expected), fmt.Sprint(got))
	}
}

// wrote reports what was done to the whole file.
func (f *File) wrote(ctx context.Context, op string, more ...slog.Attr) {
	ledger.New(f.log).Wrote(ctx, op, "", "database file", f.Path, more...)
}
