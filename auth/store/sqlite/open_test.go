package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// notes is a room's set of migrations, of as many versions as wanted.
func notes(versions ...string) MigrationSet {
	files := fstest.MapFS{}
	for i, text := range versions {
		name := "migrations/0000" + string(rune('1'+i)) + "_step.sql"
		files[name] = &fstest.MapFile{Data: []byte("-- +goose Up\n" + text + "\n")}
	}
	return MigrationSet{Name: "notes", FS: files}
}

const createNotes = "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;"

func closed(t *testing.T, f *File) {
	t.Helper()
	if err := f.Close(context.Background()); err != nil {
		t.Fatalf("close: %v", err)
	}
}

// openNotes opens a file that has the notes table.
func openNotes(t *testing.T, path string, opts Options) *File {
	t.Helper()
	if opts.busyTimeout == 0 {
		opts.busyTimeout = 200 * time.Millisecond
	}
	f, err := Open(t.Context(), path, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close(context.Background()) })
	if err := f.Migrate(t.Context(), notes(createNotes)); err != nil {
		t.Fatal(err)
	}
	return f
}

func insert(text string) func(*sql.Tx) error {
	return func(tx *sql.Tx) error {
		_, err := tx.Exec("INSERT INTO notes (text) VALUES (?)", text)
		return err
	}
}

func count(t *testing.T, f *File) (n int) {
	t.Helper()
	if err := f.Read().QueryRow("SELECT count(*) FROM notes").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func temp(t *testing.T) string { return filepath.Join(t.TempDir(), "punchcard.db") }

func TestANewFileIsOursPrivateAndKeepsWhatIsWritten(t *testing.T) {
	path := temp(t)
	f := openNotes(t, path, Options{Lock: true})
	if !f.Created {
		t.Error("Created is false for a file that was not there")
	}
	if err := f.Write(t.Context(), insert("kept")); err != nil {
		t.Fatal(err)
	}
	head, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(head[68:72]); got != "PNCH" { // while the rest may still be in the -wal
		t.Errorf("application_id on disk is %q", got)
	}
	for _, name := range []string{path, path + "-wal", path + "-shm", path + ".lock"} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", filepath.Base(name), info.Mode().Perm())
		}
	}
	closed(t, f)
	if _, err := os.Stat(path + "-wal"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the -wal is still there after Close: %v", err)
	}
	again := openNotes(t, path, Options{Lock: true})
	if again.Created || count(t, again) != 1 {
		t.Errorf("reopened: Created %v, %d notes", again.Created, count(t, again))
	}
}

func TestAnEmptyFileIsNew(t *testing.T) {
	path := temp(t)
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	f := openNotes(t, path, Options{})
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if !f.Created || (runtime.GOOS != "windows" && info.Mode().Perm() != 0o600) {
		t.Errorf("Created %v, mode %v", f.Created, info.Mode())
	}
}

func TestTracesOfAKilledCreationDoNotMatter(t *testing.T) {
	path := temp(t)
	for _, suffix := range []string{".new", ".new-journal", ".new-wal", ".lock"} {
		if err := os.WriteFile(path+suffix, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f := openNotes(t, path, Options{Lock: true})
	if _, err := os.Stat(path + ".new"); !errors.Is(err, fs.ErrNotExist) || !f.Created {
		t.Errorf("Created %v, draft: %v", f.Created, err)
	}
}

func TestOddPathsAreOrdinaryNames(t *testing.T) {
	names := []string{"with space.db", "q?mode=memory.db", "frag#ment.db", "per%41cent.db", "ü&=;+.db", "file.db"}
	if runtime.GOOS == "windows" {
		names = []string{"with space.db", "frag#ment.db", "per%41cent.db", "ü&=;+.db"}
	}
	for _, name := range names {
		dir := t.TempDir()
		f := openNotes(t, filepath.Join(dir, name), Options{Lock: true})
		if err := f.Write(t.Context(), insert("kept")); err != nil {
			t.Fatal(err)
		}
		closed(t, f)
		left, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		if len(left) != 2 || left[0].Name() != name || left[1].Name() != name+".lock" {
			t.Errorf("%q left %v", name, left)
		}
	}
}

func TestPathsThatAreNoFileAreRefused(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for path, reason := range map[string]error{
		"":                                    ErrPath,
		":memory:":                            ErrPath,
		"file:" + dir + "/x.db?mode=memory":   ErrPath,
		"file:x.db":                           ErrPath, // else a name like any other
		"a\x00b":                              ErrPath,
		dir:                                   ErrPath,
		filepath.Join(dir, "none", "x.db"):    ErrPath,
		filepath.Join(dir, "existing-not.db"): ErrMissing,
	} {
		_, err := Open(t.Context(), path, Options{Existing: reason == ErrMissing, Lock: true})
		oneLine(t, err, reason)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("refused paths left %v", left)
	}
}

// oneLine expects a refusal for that reason, fit to be shown as it is.
func oneLine(t *testing.T, err, reason error) {
	t.Helper()
	var refused *RefusedError
	if !errors.Is(err, reason) || !errors.As(err, &refused) {
		t.Errorf("want %v, got %v", reason, err)
		return
	}
	if text := err.Error(); strings.Contains(text, "\n") || refused.Fix == "" {
		t.Errorf("not one helpful line: %q", text)
	}
}

func TestALinkAndItsTargetAreOneFile(t *testing.T) {
	path := temp(t)
	openNotes(t, path, Options{Lock: true})
	link := filepath.Join(t.TempDir(), "link.db")
	if err := os.Symlink(path, link); err != nil {
		t.Skip("no symbolic links here: ", err)
	}
	var locked *LockedError
	if _, err := Open(t.Context(), link, Options{Lock: true}); !errors.As(err, &locked) {
		t.Errorf("through a link: %v", err)
	}
}

func TestCloseIsTheEnd(t *testing.T) {
	f := openNotes(t, temp(t), Options{})
	closed(t, f)
	closed(t, f)
	var u *UnavailableError
	if err := f.Write(t.Context(), insert("late")); !errors.As(err, &u) {
		t.Errorf("write after close: %v", err)
	}
	if err := f.Check(t.Context()); !errors.As(err, &u) {
		t.Errorf("check after close: %v", err)
	}
}

func TestCloseBesideAnotherReaderKeepsTheLog(t *testing.T) {
	path := temp(t)
	f := openNotes(t, path, Options{})
	beside := openNotes(t, path, Options{})
	if err := f.Write(t.Context(), insert("kept")); err != nil {
		t.Fatal(err)
	}
	rows, err := beside.Read().Query("SELECT * FROM notes")
	if err != nil {
		t.Fatal(err)
	}
	closed(t, f)
	rows.Close()
	if n := count(t, beside); n != 1 {
		t.Errorf("%d notes", n)
	}
}

func TestStartIsFast(t *testing.T) {
	path := temp(t)
	closed(t, openNotes(t, path, Options{}))
	best := time.Hour
	for range 5 {
		start := time.Now()
		f, err := Open(t.Context(), path, Options{Lock: true, Migrations: []MigrationSet{notes(createNotes)}})
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		best = min(best, time.Since(start))
		closed(t, f)
	}
	t.Logf("an existing file is ready after %v", best)
	if best > 50*time.Millisecond && !raceDetector {
		t.Errorf("an existing file took %v to be ready", best)
	}
}
