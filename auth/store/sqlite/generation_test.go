package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"strings"
	"testing"
)

func init() {
	children["serve-and-wait"] = func(path string) error { return serveAndWait(path, insert("in the log")) }
	children["serve-and-grow"] = func(path string) error { return serveAndWait(path, insertMore("later")) }
}

func serveAndWait(path string, write func(*sql.Tx) error) error {
	f, err := Open(context.Background(), path, Options{Lock: true})
	if err != nil {
		return err
	}
	if err := f.Write(context.Background(), write); err != nil {
		return err
	}
	fmt.Println("written")
	select {}
}

// killed has a server write to the file and be killed.
func killed(t *testing.T, path string) { t.Helper(); killedAs(t, "serve-and-wait", path) }

func killedAs(t *testing.T, role, path string) {
	t.Helper()
	child := startChild(t, role, path)
	child.expect(t, "written")
	child.kill(t)
	if info, err := os.Stat(path + "-wal"); err != nil || info.Size() == 0 {
		t.Fatalf("no log was left: %v", err)
	}
}

// put copies a file over another, as cp does.
func put(t *testing.T, from, to string) {
	t.Helper()
	content, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	rewrite(t, to, func([]byte) []byte { return content })
}

// A copy in the place of a killed server's file never gets the pages of a log
// that is not its own, however it was made; and the log is not lost either.
func TestACopyBesideAnotherFilesLogIsRefused(t *testing.T) {
	for name, copyTo := range map[string]func(t *testing.T, path, to string){
		"backup": func(t *testing.T, path, to string) {
			f := openNotes(t, path, Options{Lock: true})
			if err := f.Backup(t.Context(), to); err != nil {
				t.Fatal(err)
			}
			closed(t, f)
		},
		"backup beside the server that is killed": func(t *testing.T, path, to string) {
			child := startChild(t, "serve-and-wait", path)
			child.expect(t, "written")
			f := openNotes(t, path, Options{})
			if err := f.Backup(t.Context(), to); err != nil {
				t.Fatal(err)
			}
			child.kill(t)
			closed(t, f)
			f = openNotes(t, path, Options{Lock: true})
			if err := f.Write(t.Context(), without("in the log")); err != nil {
				t.Fatal(err)
			}
			closed(t, f)
		},
		"cp": func(t *testing.T, path, to string) {
			if err := os.WriteFile(to, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			put(t, path, to)
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filled(t)
			saved, later := path+".saved", path+".later"
			copyTo(t, path, saved)
			killed(t, path)
			if err := os.WriteFile(later, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			put(t, path, later)
			put(t, saved, path)
			refusedUntouched(t, path, ErrForeignLog)
			_, err := Open(t.Context(), path, Options{}) // reset, backup, keys rotate
			oneLine(t, err, ErrForeignLog)

			put(t, later, path) // the one before, put back
			f := openNotes(t, path, Options{Lock: true})
			if n := count(t, f); n != 201 {
				t.Errorf("%d notes of the file before, want all 201", n)
			}
			if err := f.Write(t.Context(), without("in the log")); err != nil {
				t.Fatal(err)
			}
			closed(t, f)

			killed(t, path) // and once more, to go on with the copy
			put(t, saved, path)
			if err := os.Rename(path+"-wal", path+"-wal.away"); err != nil {
				t.Fatal(err)
			}
			f = openNotes(t, path, Options{Lock: true})
			if n := count(t, f); n != 200 && name != "backup beside the server that is killed" {
				t.Errorf("%d notes of the copy, want its 200", n)
			}
		})
	}
}

// Where nothing is noted, the file's own content tells.
func TestALogThatDamagesItsFileIsNotTheFilesOwn(t *testing.T) {
	path := filled(t)
	saved := path + ".saved"
	f := openNotes(t, path, Options{})
	if err := f.Backup(t.Context(), saved); err != nil {
		t.Fatal(err)
	}
	if err := f.Write(t.Context(), insertMore("sooner")); err != nil {
		t.Fatal(err)
	}
	closed(t, f)
	killedAs(t, "serve-and-grow", path)
	if err := os.Remove(path + ".lock"); err != nil {
		t.Fatal(err)
	}
	put(t, saved, path)
	refusedUntouched(t, path, ErrForeignLog)
}

func without(text string) func(*sql.Tx) error {
	return func(tx *sql.Tx) error {
		_, err := tx.Exec("DELETE FROM notes WHERE text = ?", text)
		return err
	}
}

// insertMore makes the file longer, so that a log of it speaks of pages that a
// shorter copy has not.
func insertMore(what string) func(*sql.Tx) error {
	return func(tx *sql.Tx) error {
		for i := range 2000 {
			if err := insert(fmt.Sprintf("%s %d %s", what, i, strings.Repeat("y", 200)))(tx); err != nil {
				return err
			}
		}
		return nil
	}
}
