package edge

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
	"unicode"
	"unicode/utf8"
)

// escaping writes lines of JSON and escapes every character that can control a
// terminal or change the direction of text: C1 controls (ECMA-48), direction
// marks and other invisible format characters, line and paragraph separators.
// In JSON these occur only inside strings, where \uXXXX means the same. JSON
// itself already escapes C0 controls (RFC 8259 7).
type escaping struct{ to io.Writer }

// Write takes whole lines, as slog's handlers write them.
func (e escaping) Write(line []byte) (int, error) {
	if _, err := e.to.Write(escaped(line)); err != nil {
		return 0, err
	}
	return len(line), nil
}

// escaped returns the line unchanged if nothing needs escaping, which is
// nearly always the case.
func escaped(line []byte) []byte {
	var out []byte
	kept := 0
	for i := 0; i < len(line); {
		if line[i] < utf8.RuneSelf && line[i] != 0x7f {
			i++
			continue
		}
		r, n := utf8.DecodeRune(line[i:])
		if obeyed(r, n) {
			out = append(out, line[kept:i]...)
			out = appendEscape(out, r)
			kept = i + n
		}
		i += n
	}
	if kept == 0 {
		return line
	}
	return append(out, line[kept:]...)
}

// obeyed reports whether a character is not drawn as itself. An invalid byte
// counts too, because a terminal that does not read UTF-8 can take it for a C1
// control.
func obeyed(r rune, n int) bool {
	return r == utf8.RuneError && n == 1 || r == 0x7f || 0x80 <= r && r < 0xa0 ||
		unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp)
}

// Plain makes a text safe for a terminal, line by line: control characters are
// written as \uXXXX.
func Plain(text string) string { return plain(text, "\n\t") }

func plain(text, kept string) string {
	if !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError }) {
		return text
	}
	var out []byte
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		if (r < ' ' || obeyed(r, n)) && !strings.ContainsRune(kept, r) {
			out = appendEscape(out, r)
		} else {
			out = append(out, text[i:i+n]...)
		}
		i += n
	}
	return string(out)
}

// plainAttr makes a logged text safe. slog's handler quotes a value with line
// breaks, but passes on an escape sequence, and anyone can send one in the
// path of a request. A message is one line.
func plainAttr(groups []string, a slog.Attr) slog.Attr {
	switch v := a.Value; {
	case len(groups) == 0 && a.Key == slog.MessageKey:
		a.Value = slog.StringValue(plain(v.String(), ""))
	case v.Kind() == slog.KindString:
		a.Value = slog.StringValue(Plain(v.String()))
	case v.Kind() == slog.KindAny:
		if _, level := v.Any().(slog.Level); level {
			break
		}
		if text := fmt.Sprintf("%+v", v.Any()); Plain(text) != text {
			a.Value = slog.StringValue(Plain(text))
		}
	}
	return a
}

// appendEscape writes a rune as JSON does: RFC 8259 7, with a surrogate pair
// beyond the basic plane.
func appendEscape(out []byte, r rune) []byte {
	if r > 0xffff {
		r -= 0x10000
		return fmt.Appendf(out, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
	}
	return fmt.Appendf(out, `\u%04x`, r)
}
