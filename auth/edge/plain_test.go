package edge

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/lmittmann/tint"
)

// orders are what a terminal obeys, or what turns a line round: a title that is
// set, a C1 control as a rune and as a byte, a direction mark, a separator of
// lines, a tag beyond the basic plane.
const orders = "a\x1b]0;t\x07\u009b31m\x9bm\u202e\u2066\u2028\u200b\x7f\rb\U000e0041é"

func TestNoOrdersInTheLog(t *testing.T) {
	for name, make := range map[string]func(*bytes.Buffer) *slog.Logger{
		"text": func(b *bytes.Buffer) *slog.Logger { return Logger(b, "text", "info") },
		"JSON": func(b *bytes.Buffer) *slog.Logger { return Logger(b, "json", "info") },
		"color": func(b *bytes.Buffer) *slog.Logger {
			return slog.New(tint.NewTextHandler(b, &tint.Options{ReplaceAttr: plainAttr}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			for what, write := range map[string]func(*slog.Logger){
				"message": func(l *slog.Logger) { l.Info(orders + "\nx") },
				"value":   func(l *slog.Logger) { l.Info("m", "path", orders) },
				"error":   func(l *slog.Logger) { l.Info("m", "err", errors.New(orders)) },
				"group":   func(l *slog.Logger) { l.With("a", orders).WithGroup("g").Info("m", "b", orders) },
			} {
				var out bytes.Buffer
				write(make(&out))
				line := strings.TrimSuffix(out.String(), "\n")
				if name == "color" { // which are escape sequences of our own
					line = strings.NewReplacer("\x1b[2m", "", "\x1b[0m", "", "\x1b[92m", "").Replace(line)
				}
				if !utf8.ValidString(line) || strings.ContainsFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }) {
					t.Errorf("%s: %q", what, line)
				}
				if !strings.Contains(line, "é") || !strings.Contains(line, `u202e`) {
					t.Errorf("%s: %q has lost what was sent", what, line)
				}
				var read map[string]any
				if name == "JSON" && json.Unmarshal([]byte(line), &read) != nil {
					t.Errorf("%s: %q is no JSON", what, line)
				}
				if name == "JSON" && what == "value" && read["path"] != strings.ToValidUTF8(orders, "\ufffd") {
					t.Errorf("read back as %q", read["path"])
				}
			}
		})
	}
}

func TestPlainKeepsLines(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "one\n\ttwo": "one\n\ttwo", "a\x1bb": `a\u001bb`, "\xff": `\ufffd`, "\U000e0041": `\udb40\udc41`, "naïve": "naïve",
	} {
		if got := Plain(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
