package sqlite

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/exampleco/punchcard/auth/ledger"
)

func TestRules(t *testing.T) {
	if err := ledger.Proofread(Rules()); err != nil {
		t.Error(err)
	}
}

// The error of Open is the one line that the terminal shows. The ledger has the
// rule beside it only for those who ask for every check.
func TestARefusedFileIsReportedOnce(t *testing.T) {
	path := temp(t)
	if err := os.WriteFile(path, []byte("a letter"), 0o600); err != nil {
		t.Fatal(err)
	}
	for level, want := range map[slog.Level]int{slog.LevelInfo: 0, slog.LevelDebug: 1} {
		var out bytes.Buffer
		_, err := Open(t.Context(), path, Options{Log: slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: level}))})
		if !errors.Is(err, ErrNotOurs) {
			t.Fatalf("error %v, want ErrNotOurs", err)
		}
		if got := strings.Count(out.String(), "rule="+rules.Ours.ID+" verdict=fail"); got != want || strings.Count(out.String(), "\n") != want {
			t.Errorf("at %s: %d records, want %d:\n%s", level, got, want, out.String())
		}
	}
}
