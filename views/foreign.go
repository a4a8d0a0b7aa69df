package views

import (
	"fmt"
	"strings"
	"unicode"
)

// Visible shows what a browser would hide: control characters, spaces that
// are none, and the marks that turn the direction of text, with which a value
// can be made to look like another one.
func Visible(s string) string {
	var out strings.Builder
	for _, r := range s {
		if unicode.IsPrint(r) {
			out.WriteRune(r)
		} else {
			fmt.Fprintf(&out, "⟨U+%04X⟩", r)
		}
	}
	return out.String()
}

// Isolated keeps a name's direction marks to the name, where there are no
// elements to do it: first strong isolate, pop directional isolate (UAX #9).
func Isolated(name string) string { return "\u2068" + name + "\u2069" }
