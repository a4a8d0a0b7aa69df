package client

import (
	"strings"
	"unicode"
)

// plain makes text of somebody else's safe to print: a terminal obeys control
// characters, and direction marks make a line read as another one.
func plain(s string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c == '\n' || c == '\t' || c == '\r':
			return ' '
		case unicode.IsControl(c) || unicode.Is(unicode.Cf, c) || unicode.Is(unicode.Zl, c) || unicode.Is(unicode.Zp, c):
			return -1
		}
		return c
	}, strings.ToValidUTF8(s, "�"))
}
