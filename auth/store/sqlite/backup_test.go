package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
)

// A copy made while others write has everything that was acknowledged before
// it began, and opens like any file of ours.
func TestBackupUnderLoad(t *testing.T) {
	dir := t.TempDir()
	f, err := Open(t.Context(), filepath.Join(dir, "live.db"), Options{Lock: true})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close(context.WithoutCancel(t.Context()))
	write := func(statement string, args ...any) {
		if err := f.Write(context.WithoutCancel(t.Context()), func(tx *sql.Tx) error { _, err := tx.Exec(statement, args...); return err }); err != nil {
			t.Error(err)
		}
	}
	write(`CREATE TABLE said (n INTEGER PRIMARY KEY, twice INTEGER NOT NULL)`)
	var acknowledged atomic.Int64
	var stop atomic.Bool
	var writers sync.WaitGroup
	writers.Go(func() {
		for n := int64(1); !stop.Load(); n++ {
			write(`INSERT INTO said VALUES (?, 2 * ?)`, n, n)
			acknowledged.Store(n)
		}
	})
	// Beside the server, as the command does it.
	beside, err := Open(t.Context(), f.Path, Options{Existing: true})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		for target := acknowledged.Load() + 20; acknowledged.Load() < target; {
			runtime.Gosched()
		}
		before := acknowledged.Load()
		path := filepath.Join(dir, fmt.Sprintf("copy%d.db", i))
		if err := beside.Backup(t.Context(), path); err != nil {
			t.Fatal(err)
		}
		copied, err := Open(t.Context(), path, Options{Lock: true, Existing: true})
		if err != nil {
			t.Fatal(err)
		}
		var rows, last, wrong int64
		if err := copied.Read().QueryRow(`SELECT count(*), max(n), count(*) FILTER (WHERE twice <> 2 * n) FROM said`).Scan(&rows, &last, &wrong); err != nil {
			t.Fatal(err)
		}
		if last < before || rows != last || wrong != 0 {
			t.Errorf("acknowledged %d before the backup; it has %d rows up to %d, %d of them wrong", before, rows, last, wrong)
		}
		if err := copied.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if info, err := os.Stat(path); runtime.GOOS != "windows" && (err != nil || info.Mode().Perm() != 0o600) {
			t.Errorf("mode %v: the copy holds private keys", info.Mode())
		}
	}
	stop.Store(true)
	writers.Wait()
	if err := beside.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestBackupReplacesNothing(t *testing.T) {
	dir := t.TempDir()
	f, err := Open(t.Context(), filepath.Join(dir, "live.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close(context.WithoutCancel(t.Context()))
	taken := filepath.Join(dir, "taken")
	if err := os.WriteFile(taken, []byte("somebody's"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{taken, f.Path, filepath.Join(dir, "no such folder", "copy.db"), ""} {
		var refused *RefusedError
		if err := f.Backup(t.Context(), path); !errors.As(err, &refused) {
			t.Errorf("to %q: %v", path, err)
		}
	}
	if kept, _ := os.ReadFile(taken); string(kept) != "somebody's" {
		t.Errorf("the file that was there is %q", kept)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*.new")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// What does not pass its check never appears under its name.
func TestABadCopyIsNotKept(t *testing.T) {
	dir := t.TempDir()
	f, err := Open(t.Context(), filepath.Join(dir, "live.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close(context.WithoutCancel(t.Context()))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	path := filepath.Join(dir, "copy.db")
	if err := f.Backup(ctx, path); err == nil {
		t.Fatal("a backup that was cancelled is no success")
	}
	if left, _ := filepath.Glob(path + "*"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	bad := filepath.Join(dir, "bad.db")
	if err := os.WriteFile(bad, []byte("SQLite format 3\x00 and then nothing of the kind"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := checkCopy(t.Context(), bad); err == nil {
		t.Error("garbage passed the check")
	}
}
