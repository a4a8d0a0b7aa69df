package store

import (
	"cmp"
	"context"
	"errors"
	"log/slog"

	"github.com/exampleco/punchcard/auth/ledger"
)

// verdict is the report of one check: the rule and the row. id is a hash or a
// public id, never a secret.
type verdict struct {
	rule          ledger.Rule
	expected, got string
	kind, id      string
}

// refusal is a write that a rule forbids. The writer finds it, maybe long
// after the method that queued the write, and it is reported when the caller
// receives it.
type refusal struct {
	verdict
	reason error // nil means ErrSpent
	fosite error // fosite's error for it
}

func (r *refusal) Error() string {
	return r.kind + " " + r.id + ": " + r.got + ", expected " + r.expected
}

func (r *refusal) Unwrap() []error { return []error{cmp.Or(r.reason, ErrSpent), r.fosite} }

// check reports a verdict, and returns ok.
func (s *Store) check(ctx context.Context, ok bool, v verdict) bool {
	return s.ledger.Check(ctx, v.rule, ok, v.expected, v.got, slog.String("kind", v.kind), slog.String("id", v.id))
}

// report returns err, and reports the rule that it stands for.
func (s *Store) report(ctx context.Context, err error) error {
	var r *refusal
	if errors.As(err, &r) {
		s.check(ctx, false, r.verdict)
	}
	return err
}

// wrote returns a function that reports a write. It is called after the write
// is on disk.
func (s *Store) wrote(ctx context.Context, op, table, kind, id string, more ...slog.Attr) func() {
	return func() { s.ledger.Wrote(ctx, op, table, kind, id, more...) }
}
