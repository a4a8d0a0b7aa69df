package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func other(versions ...string) MigrationSet {
	set := notes(versions...)
	set.Name = "other"
	return set
}

func TestEachSetCountsItsOwnVersions(t *testing.T) {
	path := temp(t)
	f := openNotes(t, path, Options{}) // notes is at 1
	sets := []MigrationSet{
		notes(createNotes, "ALTER TABLE notes ADD COLUMN at INTEGER;"),
		other("CREATE TABLE other (id INTEGER) STRICT;"),
	}
	for range 2 { // the second time there is nothing to do
		if err := f.Migrate(t.Context(), sets...); err != nil {
			t.Fatal(err)
		}
	}
	found, err := versions(t.Context(), f.Read())
	if err != nil || len(found) != 2 || found["notes"] != 2 || found["other"] != 1 {
		t.Errorf("versions %v, %v", found, err)
	}
	if _, err := f.Read().Exec("SELECT at FROM notes, other"); err != nil {
		t.Error(err)
	}
}

func TestMigrateTakesTheSetsOfOpen(t *testing.T) {
	f, err := Open(t.Context(), temp(t), Options{Migrations: []MigrationSet{notes(createNotes)}})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Migrate(t.Context()); err != nil || count(t, f) != 0 {
		t.Error(err)
	}
	closed(t, f)
}

func provesANewerFileIsRefusedUntouched(t *testing.T) {
	path := temp(t)
	f := openNotes(t, path, Options{})
	if err := f.Migrate(t.Context(), notes(createNotes, "ALTER TABLE notes ADD COLUMN at INTEGER;")); err != nil {
		t.Fatal(err)
	}
	if err := f.Migrate(t.Context(), other("CREATE TABLE other (id INTEGER) STRICT;")); err != nil {
		t.Fatal(err)
	}
	closed(t, f)
	for _, c := range []struct {
		name string
		sets []MigrationSet
		want NewerError
	}{
		{"a newer version", []MigrationSet{notes(createNotes), other("SELECT 1;")}, NewerError{path, "notes", 2, 1}},
		{"an unknown set", []MigrationSet{notes(createNotes, "SELECT 1;")}, NewerError{path, "other", 1, 0}},
	} {
		before := snapshot(t, filepath.Dir(path))
		_, err := Open(t.Context(), path, Options{Lock: true, Migrations: c.sets})
		var newer *NewerError
		if !errors.As(err, &newer) || *newer != c.want {
			t.Errorf("%s: %v", c.name, err)
		}
		if after := snapshot(t, filepath.Dir(path)); after != before {
			t.Errorf("%s: refusing changed the file", c.name)
		}
	}
	// A program that says its sets only afterwards is stopped there.
	f, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, f)
	var newer *NewerError
	if err := f.Migrate(t.Context(), other("SELECT 1;"), notes(createNotes)); !errors.As(err, &newer) {
		t.Errorf("Migrate on a newer file: %v", err)
	}
}

func TestAMigrationThatFailsChangesNothing(t *testing.T) {
	f := openNotes(t, temp(t), Options{})
	err := f.Migrate(t.Context(), notes(createNotes, "CREATE TABLE half (id INTEGER);\nINSERT INTO nowhere VALUES (1);"))
	if err == nil {
		t.Fatal("a broken migration passed")
	}
	if _, err := f.Read().Exec("SELECT * FROM half"); err == nil {
		t.Error("half of it stayed")
	}
	if found, _ := versions(t.Context(), f.Read()); found["notes"] != 1 {
		t.Errorf("version %d", found["notes"])
	}
	if err := f.Write(t.Context(), insert("still works")); err != nil {
		t.Error(err)
	}
}

func TestANameThatIsNoTableNameIsRefused(t *testing.T) {
	f := openNotes(t, temp(t), Options{})
	for _, name := range []string{"", "a b", "x (id INTEGER); --", "Upper", "x1"} {
		if err := f.Migrate(t.Context(), MigrationSet{Name: name, FS: notes("SELECT 1;").FS}); err == nil {
			t.Errorf("%q passed", name)
		}
	}
}

// slow takes long enough to be killed in the middle.
const slow = `ALTER TABLE notes ADD COLUMN at INTEGER;
INSERT INTO notes (text) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 10000) SELECT i || hex(zeroblob(300)) FROM n;
CREATE TABLE last (id INTEGER) STRICT;`

func migrateForEver(path string) error {
	f, err := Open(context.Background(), path, Options{Lock: true})
	if err != nil {
		return err
	}
	fmt.Println("migrating")
	if err := f.Migrate(context.Background(), notes(createNotes, slow)); err != nil {
		return err
	}
	fmt.Println("migrated")
	select {}
}

func provesAKillWithinAMigrationLeavesOldOrNew(t *testing.T) {
	source := temp(t)
	closed(t, openNotes(t, source, Options{}))
	content, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	outcome, within := map[int64]int{}, 0
	for i := range 6 {
		path := temp(t)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		c := startChild(t, "migrate-for-ever", path)
		c.expect(t, "migrating")
		if i == 0 {
			c.expect(t, "migrated")
		} else {
			waitForLog(t, path, int64(i)*200_000)
		}
		c.kill(t)
		version := afterKill(t, path)
		outcome[version]++
		if version == 1 {
			within++
		}
	}
	t.Logf("versions after the kill: %v, %d times in the middle", outcome, within)
	if within == 0 || outcome[2] == 0 {
		t.Error("no kill hit the migration, or all did")
	}
}

// waitForLog waits until the migration's first rows are on disk, in a log of size bytes.
func waitForLog(t *testing.T, path string, size int64) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		if info, err := os.Stat(path + "-wal"); err == nil && info.Size() >= size {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the migration does not get anywhere")
		}
	}
}

// afterKill tells the version, having made sure that all of it is there, or nothing.
func afterKill(t *testing.T, path string) int64 {
	t.Helper()
	f, err := Open(t.Context(), path, Options{Lock: true})
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, f)
	found, err := versions(t.Context(), f.Read())
	if err != nil {
		t.Fatal(err)
	}
	_, column := f.Read().Exec("SELECT at FROM notes")
	_, table := f.Read().Exec("SELECT id FROM last")
	want := map[int64]int{1: 0, 2: 10_000}[found["notes"]]
	if n := count(t, f); n != want || (column == nil) != (want > 0) || (table == nil) != (want > 0) {
		t.Errorf("version %d with %d rows, column: %v, table: %v", found["notes"], n, column, table)
	}
	return found["notes"]
}
