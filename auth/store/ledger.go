package store

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"time"
)

// verdict is one check, as it is reported: what was to be true of what, and
// which clause demands it. id is a hash or a public id, never a secret.
type verdict struct {
	rule, expected, got, clause string
	kind, id                    string
}

// refusal is a write that a rule forbids. It is found by the writer, maybe
// long after the method that queued it, and reported when the caller hears
// of it.
type refusal struct {
	verdict
	reason error // nil for ErrSpent
	fosite error // what fosite calls it
}

func (r *refusal) Error() string {
	return r.kind + " " + r.id + ": " + r.got + ", expected " + r.expected
}

func (r *refusal) Unwrap() []error { return []error{cmp.Or(r.reason, ErrSpent), r.fosite} }

// check reports a verdict.
func (s *Store) check(ctx context.Context, ok bool, v verdict) {
	word, level := "pass", slog.LevelDebug
	if !ok {
		word, level = "fail", slog.LevelInfo
	}
	s.record(ctx, level, "check",
		slog.String("rule", v.rule), slog.String("verdict", word),
		slog.String("expected", v.expected), slog.String("got", v.got), slog.String("clause", v.clause),
		slog.String("kind", v.kind), slog.String("id", v.id))
}

// record goes to the handler itself, because the Logger would look for the
// caller of each, and a dozen belong to one token.
func (s *Store) record(ctx context.Context, level slog.Level, message string, attrs ...slog.Attr) {
	if h := s.log.Handler(); h.Enabled(ctx, level) {
		r := slog.NewRecord(time.Now(), level, message, 0)
		r.AddAttrs(attrs...)
		_ = h.Handle(ctx, r)
	}
}

// report passes err on, and reports the rule that it stands for.
func (s *Store) report(ctx context.Context, err error) error {
	var r *refusal
	if errors.As(err, &r) {
		s.check(ctx, false, r.verdict)
	}
	return err
}

// wrote returns a function that reports a write, to run once it is on disk.
func (s *Store) wrote(ctx context.Context, op, table, kind, id string, more ...slog.Attr) func() {
	return func() {
		s.record(ctx, slog.LevelDebug, "store", append([]slog.Attr{
			slog.String("op", op), slog.String("table", table), slog.String("kind", kind), slog.String("id", id),
		}, more...)...)
	}
}

// short is enough of a hash to follow it through the ledger.
func short(hash string) string { return hash[:8] }
