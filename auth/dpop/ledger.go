package dpop

import (
	"context"
	"log/slog"
	"time"
)

// check reports one verdict, as the other rooms do, and returns it. Expected
// and got never hold a nonce, a jti or a whole proof.
func (c *Checker) check(ctx context.Context, rule, clause string, ok bool, expected, got string) bool {
	verdict, level := "pass", slog.LevelDebug
	if !ok {
		verdict, level = "fail", slog.LevelInfo
	}
	if len(got) > 200 {
		got = got[:200] + "…"
	}
	c.record(ctx, level, "check", slog.String("rule", rule), slog.String("verdict", verdict),
		slog.String("expected", expected), slog.String("got", got), slog.String("clause", clause))
	return ok
}

// wrote reports a committed write.
func (c *Checker) wrote(ctx context.Context, op, id string) {
	c.record(ctx, slog.LevelDebug, "store", slog.String("op", op), slog.String("table", "dpop_proofs"),
		slog.String("kind", "DPoP proof"), slog.String("id", id))
}

// record goes to the handler itself: the Logger would look for the caller of
// each, and a dozen belong to one proof.
func (c *Checker) record(ctx context.Context, level slog.Level, message string, attrs ...slog.Attr) {
	if h := c.Log.Handler(); h.Enabled(ctx, level) {
		r := slog.NewRecord(time.Now(), level, message, 0)
		r.AddAttrs(attrs...)
		_ = h.Handle(ctx, r)
	}
}
