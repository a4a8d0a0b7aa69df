package ledger_test

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/exampleco/punchcard/auth/ledger"
	"github.com/exampleco/punchcard/timesheets"
)

// kept keeps the records, as they come.
type kept struct{ records []slog.Record }

func (k *kept) Enabled(context.Context, slog.Level) bool { return true }
func (k *kept) WithAttrs([]slog.Attr) slog.Handler       { return k }
func (k *kept) WithGroup(string) slog.Handler            { return k }
func (k *kept) Handle(_ context.Context, r slog.Record) error {
	k.records = append(k.records, r)
	return nil
}

// The Timesheets API shares the form of the records and no code: one handler
// reads both, key by key.
func TestTheAPIWritesTheSameForm(t *testing.T) {
	ctx := t.Context()
	ours, theirs := &kept{}, &kept{}
	us, them := ledger.New(slog.New(ours)), timesheets.Ledger{Log: slog.New(theirs)}
	long := strings.Repeat("x", 300)
	for _, ok := range []bool{true, false} {
		for _, clause := range []string{"RFC 6750 3.1", ""} {
			a := us.Check(ctx, ledger.Rule{ID: "a-b", Must: "It holds.", Clause: clause, Why: "Or it breaks."}, ok, "this", long)
			b := them.Check(ctx, timesheets.Rule{ID: "a-b", Must: "It holds.", Clause: clause, Why: "Or it breaks."}, ok, "this", long)
			if a != ok || b != ok {
				t.Errorf("Check of %t returned %t here, %t there", ok, a, b)
			}
		}
	}
	us.Wrote(ctx, "insert", "entries", "timesheet entry", "ts_1")
	them.Wrote(ctx, "insert", "entries", "timesheet entry", "ts_1")
	if len(ours.records) != 5 || len(theirs.records) != 5 {
		t.Fatalf("%d and %d records, want 5 each", len(ours.records), len(theirs.records))
	}
	for i, r := range ours.records {
		s := theirs.records[i]
		if r.Message != s.Message || r.Level != s.Level {
			t.Errorf("%s %s here, %s %s there", r.Level, r.Message, s.Level, s.Message)
		}
		if a, b := attrs(r), attrs(s); !slices.EqualFunc(a, b, slog.Attr.Equal) {
			t.Errorf("%s has\n%v here,\n%v there", r.Message, a, b)
		}
	}
	if a, b := ledger.Fingerprint("access token", "secret"), timesheets.Fingerprint("secret"); a != b {
		t.Errorf("a token is %q here, %q there", a, b)
	}
}

func attrs(r slog.Record) (out []slog.Attr) {
	r.Attrs(func(a slog.Attr) bool { out = append(out, a); return true })
	return out
}
