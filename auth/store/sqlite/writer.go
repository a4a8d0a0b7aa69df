package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
)

// maxBatch bounds how many callers share one commit, so that the first of them
// never waits for an endless queue.
const maxBatch = 128

// writer gathers the waiting writes, runs each in its own savepoint, commits
// once, and only then answers them all. A commit to disk is the most expensive
// step of a request. Parallel requests can share it, and each can still fail
// alone.
type writer struct {
	db      *sql.DB
	present func() error // is the file still the one at its path?
	jobs    chan *job
	done    chan struct{}

	mu     sync.RWMutex // guards closed against a send on a closed channel
	closed bool
}

type job struct {
	ctx   context.Context
	steps []step
	left  bool // cancelled before its turn
	err   error
	ready chan struct{}
}

type step struct {
	run   func(tx *sql.Tx) error
	after []func()
}

func newWriter(db *sql.DB, present func() error) *writer {
	w := &writer{db: db, present: present, jobs: make(chan *job, maxBatch), done: make(chan struct{})}
	go w.loop()
	return w
}

// Write runs fn in a write transaction and returns when it is on disk, or with
// the reason why it is not. Inside a unit (Begin) it is only queued: it runs,
// and can fail, at Commit. fn may share a transaction with other callers, so
// it must only use tx, and without a request's context: cancelling a statement
// would roll back the other callers too. The after functions run after the
// commit.
func (w *writer) Write(ctx context.Context, fn func(tx *sql.Tx) error, after ...func()) error {
	s := step{run: fn, after: after}
	if u := unitOf(ctx); u != nil {
		return u.add(s)
	}
	return w.submit(ctx, []step{s})
}

func (w *writer) submit(ctx context.Context, steps []step) error {
	if len(steps) == 0 {
		return nil
	}
	j := &job{ctx: ctx, steps: steps, ready: make(chan struct{})}
	w.mu.RLock()
	if w.closed {
		w.mu.RUnlock()
		return &UnavailableError{errors.New("the file is closed")}
	}
	w.jobs <- j
	w.mu.RUnlock()
	<-j.ready
	if j.err != nil {
		return j.err
	}
	for _, s := range steps {
		for _, f := range s.after {
			f()
		}
	}
	return nil
}

func (w *writer) close() {
	w.mu.Lock()
	already := w.closed
	w.closed = true
	if !already {
		close(w.jobs)
	}
	w.mu.Unlock()
	<-w.done
}

func (w *writer) loop() {
	defer close(w.done)
	for first := range w.jobs {
		batch := []*job{first}
	gather:
		for len(batch) < maxBatch {
			select {
			case j, ok := <-w.jobs:
				if !ok {
					break gather
				}
				batch = append(batch, j)
			default:
				break gather
			}
		}
		w.commit(batch)
		for _, j := range batch {
			close(j.ready)
		}
	}
}

// commit runs a batch in one transaction. A job that fails by itself loses
// only its savepoint. A transaction that fails takes all jobs with it, and
// each is told, so no caller hears of a success that is not on disk.
func (w *writer) commit(batch []*job) {
	tx, err := w.db.BeginTx(context.Background(), nil)
	if err != nil {
		lose(batch, fmt.Errorf("begin: %w", err))
		return
	}
	for _, j := range batch {
		if j.err = j.ctx.Err(); j.err != nil {
			j.left = true // the caller left before its turn; nothing of it is written
			continue
		}
		alive, err := j.run(tx)
		j.err = classify(err)
		if !alive {
			_ = tx.Rollback()
			lose(batch, fmt.Errorf("transaction lost: %w", err))
			return
		}
	}
	// A file deleted under an open connection still accepts writes, and nobody
	// will ever see them.
	if err := w.present(); err != nil {
		_ = tx.Rollback()
		lose(batch, err)
		return
	}
	if err := tx.Commit(); err != nil { // the driver has already rolled back
		lose(batch, fmt.Errorf("commit: %w", err))
	}
}

// lose tells the whole batch that its transaction is gone. It replaces what a
// job found out itself: "already used" may have been read from another job's
// write that has just vanished.
func lose(batch []*job, err error) {
	for _, j := range batch {
		if !j.left {
			j.err = unavailable(err)
		}
	}
}

// run executes the job's steps in a savepoint. alive is false if SQLite has
// dropped the whole transaction (full disk, I/O error); then the savepoint no
// longer exists.
func (j *job) run(tx *sql.Tx) (alive bool, err error) {
	if _, err := tx.Exec("SAVEPOINT job"); err != nil {
		return false, err
	}
	for _, s := range j.steps {
		if err = guard(s.run, tx); err != nil {
			break
		}
	}
	if err != nil {
		if _, rerr := tx.Exec("ROLLBACK TO job"); rerr != nil {
			return false, err
		}
	}
	if _, rerr := tx.Exec("RELEASE job"); rerr != nil {
		return false, errors.Join(err, rerr)
	}
	return true, err
}

// guard keeps one caller's panic from ending the goroutine that all callers
// share.
func guard(fn func(*sql.Tx) error, tx *sql.Tx) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic in a write: %v", p)
		}
	}()
	return fn(tx)
}
