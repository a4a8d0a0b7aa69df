package ledger_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"github.com/exampleco/punchcard/auth/ledger"
)

var exact = ledger.Rule{
	ID: "redirect-uri-exact", Must: "The redirect URI is exactly a registered one.", Clause: "RFC 9700 2.1",
	Why: "The code would go to an attacker's address.",
}

// written returns the records that do writes, from a level on.
func written(t *testing.T, level slog.Level, do func(ledger.Ledger)) []map[string]any {
	t.Helper()
	var out bytes.Buffer
	do(ledger.New(slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: level}))))
	var records []map[string]any
	for line := range strings.Lines(out.String()) {
		var r map[string]any
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		records = append(records, r)
	}
	return records
}

func TestCheck(t *testing.T) {
	check := func(ok bool) func(ledger.Ledger) {
		return func(l ledger.Ledger) {
			if got := l.Check(context.Background(), exact, ok, "a", strings.Repeat("b", 300), slog.String("kind", "client")); got != ok {
				t.Errorf("Check returned %t for %t", got, ok)
			}
		}
	}
	failed := written(t, slog.LevelInfo, check(false))
	if len(failed) != 1 {
		t.Fatalf("%d records of a failed check at info, want 1", len(failed))
	}
	for key, want := range map[string]string{
		"msg": "check", "level": "INFO", "rule": exact.ID, "must": exact.Must, "clause": exact.Clause, "why": exact.Why,
		"verdict": "fail", "expected": "a", "got": strings.Repeat("b", 200) + "…", "kind": "client",
	} {
		if failed[0][key] != want {
			t.Errorf("%s: %v, want %s", key, failed[0][key], want)
		}
	}
	if passed := written(t, slog.LevelDebug, check(true)); len(passed) != 1 || passed[0]["verdict"] != "pass" || passed[0]["level"] != "DEBUG" {
		t.Errorf("a passed check: %v", passed)
	}
	if quiet := written(t, slog.LevelInfo, check(true)); len(quiet) != 0 {
		t.Errorf("a passed check is written at info: %v", quiet)
	}
}

func TestWrote(t *testing.T) {
	got := written(t, slog.LevelDebug, func(l ledger.Ledger) {
		l.Wrote(context.Background(), "insert", "tokens", "access token", "0badcafe", slog.Int("rows", 2))
	})
	if len(got) != 1 || got[0]["msg"] != "store" || got[0]["op"] != "insert" || got[0]["table"] != "tokens" ||
		got[0]["kind"] != "access token" || got[0]["id"] != "0badcafe" || got[0]["rows"] != 2.0 {
		t.Errorf("got %v", got)
	}
}

func TestFingerprint(t *testing.T) {
	// echo -n secret | sha256sum begins with 2bb80d53.
	if got := ledger.Fingerprint("code", "secret"); got != "code 2bb80d53" {
		t.Errorf("got %q", got)
	}
	if got := ledger.Fingerprint("code", ""); got != "no code" {
		t.Errorf("got %q", got)
	}
}

func TestRules(t *testing.T) {
	other := ledger.Rule{ID: "second"}
	got := ledger.Rules(struct{ First, Second ledger.Rule }{exact, other})
	if len(got) != 2 || got[0] != exact || got[1] != other {
		t.Errorf("got %v", got)
	}
	defer func() {
		if recover() == nil {
			t.Error("a field that is no rule is taken")
		}
	}()
	ledger.Rules(struct{ Name string }{"x"})
}

func TestProofread(t *testing.T) {
	if err := ledger.Proofread([]ledger.Rule{exact}); err != nil {
		t.Error(err)
	}
	for wrong, edit := range map[string]func(*ledger.Rule){
		"spaces in its ID":   func(r *ledger.Rule) { r.ID = "redirect uri" },
		"capitals in its ID": func(r *ledger.Rule) { r.ID = "Redirect-URI" },
		"one word as its ID": func(r *ledger.Rule) { r.ID = "redirect" },
		"no ID":              func(r *ledger.Rule) { r.ID = "" },
		"no Must":            func(r *ledger.Rule) { r.Must = "" },
		"no full stop":       func(r *ledger.Rule) { r.Must = "The redirect URI is exact" },
		"a small letter":     func(r *ledger.Rule) { r.Must = "the redirect URI is exact." },
		"no Why":             func(r *ledger.Rule) { r.Why = "" },
	} {
		rule := exact
		if edit(&rule); ledger.Proofread([]ledger.Rule{rule}) == nil {
			t.Errorf("a rule with %s is taken", wrong)
		}
	}
	if ledger.Proofread([]ledger.Rule{exact, exact}) == nil {
		t.Error("a rule that stands twice is taken")
	}
}
