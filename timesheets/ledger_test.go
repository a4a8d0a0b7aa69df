package timesheets

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
)

// records is the ledger, kept.
type records struct {
	mu   sync.Mutex
	all  []string
	attr []slog.Attr
}

func (h *records) Enabled(context.Context, slog.Level) bool { return true }
func (h *records) WithAttrs(a []slog.Attr) slog.Handler     { h.attr = append(h.attr, a...); return h }
func (h *records) WithGroup(string) slog.Handler            { return h }
func (h *records) Handle(_ context.Context, r slog.Record) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s", r.Level, r.Message)
	r.Attrs(func(a slog.Attr) bool { fmt.Fprintf(&b, " %s=%q", a.Key, a.Value); return true })
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all = append(h.all, b.String())
	return nil
}

// take returns what was recorded since the last take.
func (h *records) take() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	text := strings.Join(h.all, "\n")
	h.all = nil
	return text
}

// recorded fails unless the ledger has a line with all these parts.
func (w *world) recorded(log string, parts ...string) {
	w.t.Helper()
line:
	for line := range strings.SplitSeq(log, "\n") {
		for _, part := range parts {
			if !strings.Contains(line, part) {
				continue line
			}
		}
		return
	}
	w.t.Errorf("the ledger has no record with %q:\n%s", parts, log)
}
