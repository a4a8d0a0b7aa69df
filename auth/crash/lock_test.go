package crash

import (
	"context"
	"database/sql"
	"net/url"
	"sync"
	"testing"
	"time"
)

// outsider locks the file for writing from another process than the server's,
// as somebody with a SQLite shell does, and returns how to let go.
func outsider(t *testing.T, path, begin string) (release func()) {
	t.Helper()
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Opaque: url.PathEscape(path), RawQuery: "mode=rw&_pragma=busy_timeout(5000)"}).String())
	if err != nil {
		t.Fatal(err)
	}
	conn, err := db.Conn(context.Background())
	if err == nil {
		_, err = conn.ExecContext(context.Background(), begin)
	}
	if err != nil {
		t.Fatal(err)
	}
	return sync.OnceFunc(func() {
		if _, err := conn.ExecContext(context.Background(), "ROLLBACK"); err != nil {
			t.Error(err)
		}
		conn.Close()
		db.Close()
	})
}

// Two seconds are within the busy timeout of five: every write waits, and
// every write succeeds.
func provesLockedFor2Seconds(t *testing.T) {
	t.Parallel()
	s := newSite(t, t.TempDir())
	s.start()
	w := newWorld(t, s)
	tries := w.tries(t)
	release := outsider(t, s.db, "BEGIN IMMEDIATE")
	defer release()
	begun := time.Now()
	time.AfterFunc(2*time.Second, release)
	var all sync.WaitGroup
	for _, one := range tries {
		all.Go(func() {
			if _, err := one.try(); err != nil {
				t.Errorf("%s did not wait: %v", one.name, err)
			} else if took := time.Since(begun); took < 1900*time.Millisecond {
				t.Errorf("%s was acknowledged after %v, when nothing could be written", one.name, took)
			}
		})
	}
	w.reads(t)
	if took := time.Since(begun); took > 1900*time.Millisecond {
		t.Errorf("the reads waited for the writes: %v", took)
	}
	all.Wait()
	for _, one := range tries {
		if err := one.did(); err != nil {
			t.Errorf("%s, acknowledged: %v", one.name, err)
		}
	}
}

// Seven seconds are not: the write that has waited for five is answered with
// 503. Each kind has a server of its own, because writes that come later wait
// for the one in front and then find the lock gone.
func provesLockedFor7Seconds(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"create", "approve", "refresh", "exchange", "revoke", "client credentials", "sign-in", "authorize"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, t.TempDir())
			s.start()
			w := newWorld(t, s)
			tries := w.tries(t)
			one, later := tries[name], tries["delete"]
			release := outsider(t, s.db, "BEGIN EXCLUSIVE")
			defer release()
			begun := time.Now()
			time.AfterFunc(7*time.Second, release)
			var all sync.WaitGroup
			all.Go(func() {
				_, err := one.try()
				if took := time.Since(begun); took < 4*time.Second || took > 12*time.Second {
					t.Errorf("answered after %v, want 5 s for each commit that it takes", took)
				}
				if err := refused503(err); err != nil {
					t.Error(err)
				}
			})
			all.Go(func() {
				time.Sleep(4 * time.Second)
				if _, err := later.try(); err != nil {
					t.Errorf("a write from 4 s on, with the lock gone after 7: %v", err)
				}
			})
			for time.Since(begun) < 5*time.Second {
				w.reads(t)
				time.Sleep(500 * time.Millisecond)
			}
			if took := time.Since(begun); took > 6900*time.Millisecond {
				t.Errorf("the reads waited for the writes: %v", took)
			}
			all.Wait()
			if err := one.undone(); err != nil {
				t.Errorf("refused, and yet: %v", err)
			}
			release()
			if _, err := one.try(); err != nil {
				t.Errorf("after the lock is gone: %v", err)
			} else if err := one.did(); err != nil {
				t.Errorf("acknowledged: %v", err)
			}
		})
	}
}
