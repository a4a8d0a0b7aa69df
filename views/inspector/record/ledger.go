package record

import (
	"context"
	"log/slog"
	"strings"
)

// Ledger returns a handler that keeps the checks and writes of the exchange
// that a record's context leads to, and passes everything on to next, as far
// as next wants it.
func Ledger(next slog.Handler) slog.Handler { return ledger{next} }

type ledger struct{ next slog.Handler }

// Enabled admits every level inside an exchange, because passed checks are
// reported at debug.
func (l ledger) Enabled(ctx context.Context, level slog.Level) bool {
	return captureOf(ctx) != nil || l.next.Enabled(ctx, level)
}

func (l ledger) Handle(ctx context.Context, r slog.Record) error {
	if r.Message == "check" || r.Message == "store" {
		if c := captureOf(ctx); c != nil {
			c.note(r)
		}
	}
	if !l.next.Enabled(ctx, r.Level) {
		return nil
	}
	return l.next.Handle(ctx, r)
}

func (l ledger) WithAttrs(attrs []slog.Attr) slog.Handler { return ledger{l.next.WithAttrs(attrs)} }
func (l ledger) WithGroup(name string) slog.Handler       { return ledger{l.next.WithGroup(name)} }

// note keeps a record. What is reported after the answer was sent belongs to
// no exchange any more.
func (c *capture) note(r slog.Record) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sealed {
		return
	}
	if len(c.exchange.Writes) == maxNotes || len(c.exchange.Checks) == maxNotes {
		return
	}
	if r.Message == "store" {
		if c.exchange.Writes == nil {
			c.exchange.Writes = make([]Write, 0, 4)
		}
		c.exchange.Writes = append(c.exchange.Writes, writeOf(r))
		return
	}
	if c.exchange.Checks == nil {
		c.exchange.Checks = make([]Check, 0, 16) // a token's are a dozen
	}
	c.exchange.Checks = append(c.exchange.Checks, checkOf(r))
}

// noted is a value of a record, which can repeat what was sent.
func noted(a slog.Attr) string {
	s := a.Value.String()
	if len(s) > maxNoted {
		return strings.ToValidUTF8(s[:maxNoted], "") + "…"
	}
	return s
}

func checkOf(r slog.Record) (check Check) {
	r.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "rule":
			check.Rule = a.Value.String()
		case "verdict":
			check.OK = a.Value.String() == "pass"
		case "expected":
			check.Expected = noted(a)
		case "got":
			check.Got = noted(a)
		case "clause":
			check.Clause = a.Value.String()
		case "must":
			check.Must = a.Value.String()
		case "why":
			check.Why = a.Value.String()
		case "kind":
			check.Kind = a.Value.String()
		case "id":
			check.ID = a.Value.String()
		}
		return true
	})
	return check
}

func writeOf(r slog.Record) (w Write) {
	r.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "op":
			w.Op = a.Value.String()
		case "table":
			w.Table = a.Value.String()
		case "kind":
			w.Kind = a.Value.String()
		case "id":
			w.ID = a.Value.String()
		case "family":
			w.Family = a.Value.String()
		case "rows":
			w.Rows = a.Value.Int64()
		case "ended":
			w.Ended = a.Value.Int64()
		}
		return true
	})
	return w
}
