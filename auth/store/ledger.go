package store

import (
	"cmp"
	"context"
	"errors"
	"log/slog"

	"github.com/exampleco/punchcard/auth/ledger"
)

// verdict is one check, as it is reported: which rule, and of which row. id is
// a hash or a public id, never a secret.
type verdict struct {
	rule          ledger.Rule
	expected, got string
	kind, id      string
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

// check reports a verdict, and returns ok.
func (s *Store) check(ctx context.Context, ok bool, v verdict) bool {
	return s.ledger.Check(ctx, v.rule, ok, v.expected, v.got, slog.String("kind", v.kind), slog.String("id", v.id))
}

// report passes err on, and reports the rule that it stands for.
func (s *Store) report(ctx context.Context, err error) error {
	var r *refusal
	if errors.As(err, &r) {
		s.check(ctx, false, r.verdict)
	}
	return err
}

// wrote returns what reports a write; it is run once that is on disk.
func (s *Store) wrote(ctx context.Context, op, table, kind, id string, more ...slog.Attr) func() {
	return func() { s.ledger.Wrote(ctx, op, table, kind, id, more...) }
}
