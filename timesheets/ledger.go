package timesheets

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"time"
)

// ledger reports checks and writes, so that the log tells what was decided and
// why, and whoever shows a flow needs nothing but a slog.Handler.
type ledger struct{ log *slog.Logger }

// check reports one verdict and returns it. Expected and got must never hold a
// secret. The clause is empty where the rule is this API's own.
func (l ledger) check(ctx context.Context, rule, clause string, ok bool, expected, got string) bool {
	verdict, level := "pass", slog.LevelDebug
	if !ok {
		verdict, level = "fail", slog.LevelInfo
	}
	// Not by way of the Logger, which looks for the caller each time: the rule says where it stands.
	if h := l.log.Handler(); h.Enabled(ctx, level) {
		r := slog.NewRecord(time.Now(), level, "check", 0)
		r.AddAttrs(slog.String("rule", rule), slog.String("verdict", verdict),
			slog.String("expected", expected), slog.String("got", clip(got)), slog.String("clause", clause))
		_ = h.Handle(ctx, r)
	}
	return ok
}

// wrote reports a committed write.
func (l ledger) wrote(ctx context.Context, op, table, kind, id string) {
	l.log.LogAttrs(ctx, slog.LevelDebug, "store",
		slog.String("op", op), slog.String("table", table), slog.String("kind", kind), slog.String("id", id))
}

// fingerprint names a token in the ledger without giving it away. It is the
// beginning of the SHA-256 in hex, as the authorization server's own records
// have it, so that one token can be followed through both.
func fingerprint(token string) string {
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
