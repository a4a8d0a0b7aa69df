package timesheets

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"reflect"
	"time"
)

// Rule is one thing that must hold.
type Rule struct {
	ID     string // its name for good, such as "entry-pending"; unique in the whole book
	Must   string // the rule in one plain sentence
	Clause string // what demands it, such as "RFC 6750 3.1"; "" where it is this API's own
	Why    string // what an attacker gains, or what breaks, without it
}

// Book lists the rules of a room, in the order of its rules.go. The argument is
// a struct whose fields are all of type Rule; anything else is a mistake in the
// program and panics.
func Book(room any) []Rule {
	v := reflect.ValueOf(room)
	out := make([]Rule, v.NumField())
	for i := range out {
		rule, ok := v.Field(i).Interface().(Rule)
		if !ok {
			panic(fmt.Sprintf("timesheets: field %s is no Rule", v.Type().Field(i).Name))
		}
		out[i] = rule
	}
	return out
}

// Ledger reports checks and writes, so that the log tells what was decided and
// why. The authorization server writes records of the same form: the form is
// the contract, and no code is shared for it.
type Ledger struct{ Log *slog.Logger }

// Check reports whether a rule held, and returns that. Expected and got must
// never hold a secret: Fingerprint names a token.
func (l Ledger) Check(ctx context.Context, rule Rule, ok bool, expected, got string) bool {
	verdict, level := "pass", slog.LevelDebug
	if !ok {
		verdict, level = "fail", slog.LevelInfo
	}
	// Not through the Logger, which looks up the caller each time: the rule says
	// where the record comes from.
	if h := l.Log.Handler(); h.Enabled(ctx, level) {
		r := slog.NewRecord(time.Now(), level, "check", 0)
		r.AddAttrs(slog.String("rule", rule.ID), slog.String("verdict", verdict), slog.String("expected", expected), slog.String("got", clip(got)),
			slog.String("clause", rule.Clause), slog.String("must", rule.Must), slog.String("why", rule.Why))
		_ = h.Handle(ctx, r)
	}
	return ok
}

// Wrote reports a committed write.
func (l Ledger) Wrote(ctx context.Context, op, table, kind, id string) {
	l.Log.LogAttrs(ctx, slog.LevelDebug, "store",
		slog.String("op", op), slog.String("table", table), slog.String("kind", kind), slog.String("id", id))
}

// Fingerprint names a token in the ledger without giving it away. It is the
// beginning of the SHA-256 in hex, as the authorization server's own records
// have it, so that one token can be followed through both.
func Fingerprint(token string) string {
	sum := sha256.Sum256([]byte(token))
	return "access token " + hex.EncodeToString(sum[:])[:8]
}

// clip keeps hostile input from filling the log.
func clip(s string) string {
	if len(s) > 200 {
		return s[:200] + "…"
	}
	return s
}

// check reports to the API's ledger whether a rule held.
func (a *API) check(ctx context.Context, rule Rule, ok bool, expected, got string) bool {
	return a.ledger.Check(ctx, rule, ok, expected, got)
}
