package oauth

import (
	"testing"

	"github.com/exampleco/punchcard/auth/ledger"
)

func TestRules(t *testing.T) {
	if err := ledger.Proofread(Rules()); err != nil {
		t.Error(err)
	}
}

// RFC 6749 5.2: error_description has no quote, no backslash, no control
// character and nothing outside of ASCII.
func TestPrintable(t *testing.T) {
	for sent, want := range map[string]string{
		`plain, with 'quotes' and ~`: `plain, with 'quotes' and ~`,
		`say "hi"`:                   `say 'hi'`,
		"a\\b\r\nc\x7f":              "a?b??c?",
		"Zoë":                        "Zo?",
	} {
		if got := Printable(sent); got != want {
			t.Errorf("%q became %q, want %q", sent, got, want)
		}
	}
}
