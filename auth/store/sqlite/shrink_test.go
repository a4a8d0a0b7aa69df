package sqlite

import (
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"
)

// fillAndEmpty makes the file some megabytes long, and all but a few rows of it free.
func fillAndEmpty(t *testing.T, f *File) {
	t.Helper()
	for i := range 20 {
		if err := f.Write(t.Context(), func(tx *sql.Tx) error {
			for j := range 100 {
				if err := insert(fmt.Sprint(i, " ", j, strings.Repeat("x", 4000)))(tx); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Write(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.Exec("DELETE FROM notes WHERE id % 100 <> 0")
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

func size(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

func TestAFileGivesItsSpaceBack(t *testing.T) {
	path := temp(t)
	closed(t, openNotes(t, path, Options{}))
	if head, err := os.ReadFile(path); err != nil || head[55] == 0 || head[67] != 1 { // file format 1.3.12, 1.3.15
		t.Fatalf("a new file cannot shrink: %v", err)
	}
	f := openNotes(t, path, Options{Lock: true})
	fillAndEmpty(t, f)
	if err := f.checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := size(t, path)
	if err := f.Shrink(t.Context()); err != nil {
		t.Fatal(err)
	}
	if after := size(t, path); before < 8<<20 || after > (keepFree+2*shrinkStep)*pageSize {
		t.Errorf("%d bytes, and %d after giving back", before, after)
	}
	if n := count(t, f); n != 20 {
		t.Errorf("%d notes, want 20", n)
	}
	closed(t, f)
	closed(t, openNotes(t, path, Options{Lock: true})) // passes quick_check
}

// A file from before files could shrink is rewritten at its next start.
func TestAnOlderFileLearnsToGiveSpaceBack(t *testing.T) {
	path := filled(t)
	db, err := sql.Open("sqlite", uri(path, url.Values{"mode": {"rw"}}))
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{"PRAGMA journal_mode = DELETE", "PRAGMA auto_vacuum = NONE", "VACUUM", "PRAGMA journal_mode = WAL"} {
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	f := openNotes(t, path, Options{Lock: true})
	if n := count(t, f); n != 200 {
		t.Errorf("%d notes, want 200", n)
	}
	if mode, _, _, err := f.space(t.Context()); mode != incremental || err != nil {
		t.Errorf("auto_vacuum is %d, %v", mode, err)
	}
	fillAndEmpty(t, f)
	if err := f.Shrink(t.Context()); err != nil {
		t.Fatal(err)
	}
	if after := size(t, path); after > (keepFree+2*shrinkStep)*pageSize {
		t.Errorf("%d bytes after giving back", after)
	}
	copied := path + ".copy"
	if err := f.Backup(t.Context(), copied); err != nil {
		t.Fatal(err)
	}
	restored := openNotes(t, copied, Options{})
	if mode, _, _, err := restored.space(t.Context()); mode != incremental || err != nil {
		t.Errorf("auto_vacuum of a backup is %d, %v", mode, err)
	}
}
