package auth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"time"
)

// check reports one verdict as a log record, so that the log reads as a
// ledger and whoever shows a flow needs nothing but a slog.Handler. Expected
// and got must never hold a secret: use fingerprint for those.
func (s *Server) check(ctx context.Context, rule, clause string, ok bool, expected, got string) bool {
	verdict, level := "pass", slog.LevelDebug
	if !ok {
		verdict, level = "fail", slog.LevelInfo
	}
	// Not by way of the Logger, which looks for the caller each time: a dozen of
	// these belong to one token, and the rule says where it stands.
	if h := s.log.Handler(); h.Enabled(ctx, level) {
		r := slog.NewRecord(time.Now(), level, "check", 0)
		r.AddAttrs(slog.String("rule", rule), slog.String("verdict", verdict),
			slog.String("expected", expected), slog.String("got", clip(got)), slog.String("clause", clause))
		_ = h.Handle(ctx, r)
	}
	return ok
}

// fingerprint names a secret in the ledger without giving it away.
func fingerprint(kind, secret string) string {
	if secret == "" {
		return "no " + kind
	}
	return kind + " " + hashOf(secret)[:8]
}

// hashOf is how a bearer value is stored and compared: SHA-256, hex.
func hashOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// clip keeps hostile input from filling the log.
func clip(s string) string {
	if len(s) > 200 {
		return s[:200] + "…"
	}
	return s
}
