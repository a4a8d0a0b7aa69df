package sqlite

import (
	"database/sql"
	"errors"
	"os"
	"testing"
	"time"
)

func provesEveryConnectionHasTheRules(t *testing.T) {
	f := openNotes(t, temp(t), Options{})
	ctx := t.Context()
	for range readers { // held until the end, so each is another one
		conn, err := f.Read().Conn(ctx)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		for pragma, want := range map[string]string{
			"busy_timeout": "200", "foreign_keys": "1", "journal_mode": "wal", "synchronous": "2",
			"trusted_schema": "0", "query_only": "1",
		} {
			var got string
			if err := conn.QueryRowContext(ctx, "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
				t.Errorf("reader: %s = %q (%v), want %s", pragma, got, err, want)
			}
		}
		if _, err := conn.ExecContext(ctx, "INSERT INTO notes (text) VALUES ('x')"); err == nil {
			t.Error("a reader wrote")
		}
	}
	err := f.Write(ctx, func(tx *sql.Tx) error {
		for pragma, want := range map[string]string{
			"busy_timeout": "200", "foreign_keys": "1", "journal_mode": "wal", "synchronous": "2", "trusted_schema": "0",
		} {
			var got string
			if err := tx.QueryRow("PRAGMA " + pragma).Scan(&got); err != nil || got != want {
				t.Errorf("writer: %s = %q (%v), want %s", pragma, got, err, want)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func provesAConnectionWithoutARuleIsNoticed(t *testing.T) {
	f := openNotes(t, temp(t), Options{})
	conns := make([]*sql.Conn, readers)
	for i := range conns {
		conns[i], _ = f.Read().Conn(t.Context())
	}
	if _, err := conns[1].ExecContext(t.Context(), "PRAGMA foreign_keys = 0"); err != nil {
		t.Fatal(err)
	}
	for _, c := range conns {
		c.Close()
	}
	if err := f.assertRules(t.Context(), f.Read(), readers, pragmas(200*time.Millisecond, false)); err == nil {
		t.Error("one of four connections broke a rule and nobody noticed")
	}
}

func TestVersionsAreComparedAsNumbers(t *testing.T) {
	for _, c := range []struct {
		got   string
		older bool
	}{{"3.51.2", true}, {"3.51.3", false}, {"3.51.10", false}, {"3.9.9", true}, {"3.100.0", false}, {"4.0", false}, {"3.51", true}, {"x", true}} {
		if olderThan(c.got, "3.51.3") != c.older {
			t.Errorf("olderThan(%q) is %v", c.got, !c.older)
		}
	}
}

func provesReadinessNoticesAFileThatWasReplaced(t *testing.T) {
	path := temp(t)
	f := openNotes(t, path, Options{})
	if err := f.Check(t.Context()); err != nil {
		t.Fatalf("a sound file: %v", err)
	}
	if err := os.Rename(path, path+".away"); err != nil {
		t.Skip("an open file cannot be moved here: ", err)
	}
	for range 2 { // first gone, then another in its place
		var u *UnavailableError
		if err := f.Check(t.Context()); !errors.Is(err, ErrReplaced) || !errors.As(err, &u) {
			t.Errorf("readiness: %v", err)
		}
		if err := f.Write(t.Context(), insert("lost")); !errors.Is(err, ErrReplaced) || !errors.As(err, &u) {
			t.Errorf("write into a file that nobody will see again: %v", err)
		}
		if err := os.WriteFile(path, []byte("other"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Rename(path+".away", path); err != nil {
		t.Fatal(err)
	}
	if err := f.Write(t.Context(), insert("kept")); err != nil || count(t, f) != 1 {
		t.Errorf("the file is back: %v, %d notes", err, count(t, f))
	}
}
