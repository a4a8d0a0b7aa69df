package sqlite

import (
	"database/sql"
	"path/filepath"
	"slices"
	"testing"
)

// Kept statements must not outlive what they were parsed for: the schema can
// change under them, a script is more than one statement, and a failed one can
// be tried again.
func TestKeptStatements(t *testing.T) {
	f, err := Open(t.Context(), filepath.Join(t.TempDir(), "kept.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close(t.Context())
	do := func(query string, args ...any) error {
		return f.Write(t.Context(), func(tx *sql.Tx) error {
			_, err := tx.Exec(query, args...)
			return err
		})
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(do(`CREATE TABLE a (x INTEGER UNIQUE); CREATE TABLE b (x INTEGER)`))
	const insert = `INSERT INTO a VALUES (?)`
	must(do(insert, 1))
	if do(insert, 1) == nil {
		t.Fatal("the same value twice in a unique column")
	}
	must(do(insert, 2))
	must(do(`ALTER TABLE a ADD COLUMN y TEXT DEFAULT 'later'`))
	if do(insert, 3) == nil {
		t.Error("one value went into two columns: the kept statement is stale")
	}
	must(do(`INSERT INTO a (x) VALUES (?)`, 3))
	for i := range maxPrepared + 10 {
		must(do(`INSERT INTO b VALUES (?) -- `+string(rune('a'+i%26))+string(rune('a'+i/26)), i))
	}
	var n int
	must(f.Read().QueryRowContext(t.Context(), `SELECT (SELECT count(*) FROM a) * 1000 + (SELECT count(*) FROM b)`).Scan(&n))
	if n != 3*1000+maxPrepared+10 {
		t.Errorf("rows: %d", n)
	}
}

// A query within the rows of the same query reads by a statement of its own,
// and one that came back from its rows starts anew.
func TestAKeptQueryIsNotDisturbed(t *testing.T) {
	f, err := Open(t.Context(), filepath.Join(t.TempDir(), "kept.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close(t.Context())
	err = f.Write(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.Exec(`CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (1), (2), (3)`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	tx, err := f.Read().Begin() // one connection
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	const query = `SELECT x FROM a WHERE x >= ? ORDER BY x`
	var seen []int
	for range 2 {
		rows, err := tx.Query(query, 1)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var outer, inner int
			if err := rows.Scan(&outer); err != nil {
				t.Fatal(err)
			}
			if err := tx.QueryRow(query, outer).Scan(&inner); err != nil {
				t.Fatal(err)
			}
			seen = append(seen, outer, inner)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		rows.Close()
	}
	if want := []int{1, 1, 2, 2, 3, 3, 1, 1, 2, 2, 3, 3}; !slices.Equal(seen, want) {
		t.Errorf("read %v, want %v", seen, want)
	}
	// Rows that are left half read give the statement back all the same.
	rows, err := tx.Query(query, 1)
	if err != nil || !rows.Next() || rows.Close() != nil {
		t.Fatal("half read")
	}
	var n int
	if err := tx.QueryRow(query, 3).Scan(&n); err != nil || n != 3 {
		t.Errorf("after it: %d %v, want 3", n, err)
	}
}
