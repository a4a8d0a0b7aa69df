package sqlite

import (
	"bytes"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// snapshot is what a folder's files hold, the lock and the index of the log
// left out: both are rebuilt from nothing.
func snapshot(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".lock") || strings.HasSuffix(e.Name(), "-shm") {
			continue
		}
		content, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s %x\n", e.Name(), sha256.Sum256(content))
	}
	return b.String()
}

// refusedUntouched opens the file in all ways and expects no change at all.
func refusedUntouched(t *testing.T, path string, reason error) {
	t.Helper()
	before := snapshot(t, filepath.Dir(path))
	for _, opts := range []Options{{Lock: true}, {Lock: true, Migrations: []MigrationSet{notes(createNotes)}}} {
		f, err := Open(t.Context(), path, opts)
		if err == nil {
			closed(t, f)
		}
		oneLine(t, err, reason)
	}
	if after := snapshot(t, filepath.Dir(path)); after != before {
		t.Errorf("refusing changed something:\nbefore\n%safter\n%s", before, after)
	}
}

// filled is a closed file of several pages.
func filled(t *testing.T) string {
	t.Helper()
	path := temp(t)
	f := openNotes(t, path, Options{})
	if err := f.Write(t.Context(), insertMany); err != nil {
		t.Fatal(err)
	}
	closed(t, f)
	return path
}

func insertMany(tx *sql.Tx) error {
	for i := range 200 {
		if err := insert(fmt.Sprintf("%d %s", i, strings.Repeat("x", 200)))(tx); err != nil {
			return err
		}
	}
	return nil
}

func rewrite(t *testing.T, path string, change func([]byte) []byte) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, change(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func provesATextFileIsNotOurs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notes.txt")
	for _, text := range []string{"x", "Dear diary,\n" + strings.Repeat("nothing happened.\n", 50), "SQLite format 3"} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		refusedUntouched(t, path, ErrNotOurs)
		if _, err := os.Stat(path + ".lock"); !errors.Is(err, os.ErrNotExist) {
			t.Error("a lock file was left beside somebody else's file")
		}
	}
}

func provesAnotherProgramsDatabaseIsNotOurs(t *testing.T) {
	for _, mode := range []string{"DELETE", "WAL"} {
		path := filepath.Join(t.TempDir(), "theirs.db")
		db, err := sql.Open("sqlite", path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec("PRAGMA journal_mode=" + mode + "; CREATE TABLE theirs (id INTEGER); INSERT INTO theirs VALUES (1)"); err != nil {
			t.Fatal(err)
		}
		refusedUntouched(t, path, ErrNotOurs) // in use, in WAL mode with a live log
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		refusedUntouched(t, path, ErrNotOurs)
	}
}

func provesDamageIsFound(t *testing.T) {
	for name, damage := range map[string]func([]byte) []byte{
		"a garbage page":    func(b []byte) []byte { copy(b[4*4096:5*4096], bytes.Repeat([]byte{0xa5}, 4096)); return b },
		"half the file":     func(b []byte) []byte { return b[:len(b)/2] },
		"less than a page":  func(b []byte) []byte { return b[:1000] },
		"less than header":  func(b []byte) []byte { return b[:50] },
		"absurd page size":  func(b []byte) []byte { binary.BigEndian.PutUint16(b[16:], 3); return b },
		"the schema's page": func(b []byte) []byte { copy(b[100:], bytes.Repeat([]byte{0xff}, 3900)); return b },
	} {
		t.Run(name, func(t *testing.T) {
			path := filled(t)
			rewrite(t, path, damage)
			refusedUntouched(t, path, ErrCorrupt)
		})
	}
}

func provesDamageBehindALogIsFoundAndTheLogKept(t *testing.T) {
	path := filled(t)
	leaveLog(t, path)
	rewrite(t, path, func(b []byte) []byte { copy(b[4*4096:5*4096], bytes.Repeat([]byte{0xa5}, 4096)); return b })
	refusedUntouched(t, path, ErrCorrupt)
}

func provesALogWithoutItsFileIsNotReplayedIntoANewOne(t *testing.T) {
	path := filled(t)
	leaveLog(t, path)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	refusedUntouched(t, path, ErrOrphaned)
}

func TestWhatAKilledServerLeftInTheLogIsThere(t *testing.T) {
	path := filled(t)
	leaveLog(t, path)
	f := openNotes(t, path, Options{Lock: true})
	if n := count(t, f); n != 201 {
		t.Errorf("%d notes, want the 200 in the file and the 1 in the log", n)
	}
}

// leaveLog has another process write a note and be killed before it could tidy up.
func leaveLog(t *testing.T, path string) {
	t.Helper()
	child := startChild(t, "write-and-wait", path)
	child.expect(t, "written")
	child.kill(t)
	if info, err := os.Stat(path + "-wal"); err != nil || info.Size() == 0 {
		t.Fatalf("no log was left: %v", err)
	}
}
