// Package ledger is how a room reports what it checked and what it wrote.
//
// A rule is a value with a name, a sentence, a clause and a reason. A branch
// that enforces a rule cites it:
//
//	if !s.ledger.Check(ctx, rules.RedirectExact, ok, known, sent) { … }
//
// and one log/slog record says the rest. So the log reads as a ledger, the
// rule book is printed from the same values, and a handler that shows a flow
// needs no table of words. No record contains a secret: a code, token,
// verifier or cookie appears as its kind and the beginning of its hash.
//
// Other rooms depend on the form of the record, not on this package. The
// Timesheets API writes the same two records without importing it:
//
//	check   rule must clause why verdict expected got [kind id]
//	store   op table kind id [family rows ended]
package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"time"
)

// Rule is one thing that must hold.
type Rule struct {
	ID     string // its permanent name, such as "redirect-uri-exact"; unique in the whole book
	Must   string // the rule in one plain sentence
	Clause string // what demands it, such as "RFC 9700 2.1"; "" where it is this product's own
	Why    string // what an attacker gains, or what breaks, without it
}

// Ledger writes the records of one room.
type Ledger struct{ handler slog.Handler }

// New returns the ledger that writes to log.
func New(log *slog.Logger) Ledger { return Ledger{log.Handler()} }

// Check reports whether a rule held, and returns ok. Expected and got must
// never contain a secret: Fingerprint names one. More names the row that the
// check is about, by kind and id.
func (l Ledger) Check(ctx context.Context, rule Rule, ok bool, expected, got string, more ...slog.Attr) bool {
	verdict, level := "pass", slog.LevelDebug
	if !ok {
		verdict, level = "fail", slog.LevelInfo
	}
	// Not through the Logger, which looks up the caller each time: one token
	// has a dozen of these, and the rule says where they come from.
	if l.handler.Enabled(ctx, level) {
		r := slog.NewRecord(time.Now(), level, "check", 0)
		r.AddAttrs(slog.String("rule", rule.ID), slog.String("verdict", verdict), slog.String("expected", expected), slog.String("got", Clip(got)),
			slog.String("clause", rule.Clause), slog.String("must", rule.Must), slog.String("why", rule.Why))
		r.AddAttrs(more...)
		_ = l.handler.Handle(ctx, r)
	}
	return ok
}

// Wrote reports a committed write: the operation (insert, update, delete), the
// table, the kind of row, and its public id or the beginning of its hash. More
// can name the family of a grant or count rows.
func (l Ledger) Wrote(ctx context.Context, op, table, kind, id string, more ...slog.Attr) {
	if !l.handler.Enabled(ctx, slog.LevelDebug) {
		return
	}
	r := slog.NewRecord(time.Now(), slog.LevelDebug, "store", 0)
	r.AddAttrs(slog.String("op", op), slog.String("table", table), slog.String("kind", kind), slog.String("id", id))
	r.AddAttrs(more...)
	_ = l.handler.Handle(ctx, r)
}

// Fingerprint names a secret without revealing it: its kind and the first
// eight hexadecimal digits of its SHA-256.
func Fingerprint(kind, secret string) string {
	if secret == "" {
		return "no " + kind
	}
	return kind + " " + Short(Hash(secret))
}

// Hash is how a bearer value is stored and compared: SHA-256 in hexadecimal.
func Hash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// Short is enough of a hash to follow it through the ledger.
func Short(hash string) string { return hash[:min(8, len(hash))] }

// Clip keeps hostile input from filling the log: at most 200 bytes.
func Clip(s string) string {
	if len(s) > 200 {
		return s[:200] + "…"
	}
	return s
}
