package record

import (
	"regexp"
	"strings"
	"testing"
)

// What shaped reads by hand is this.
var shapes = regexp.MustCompile(`pc[a-z]_[A-Za-z0-9_-]{20,}|eyJ[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*`)

func byShapes(s string) string {
	return shapes.ReplaceAllStringFunc(s, func(secret string) string { return NewValue(Token, secret).Mask })
}

func TestShapes(t *testing.T) {
	code, token := "pcc_"+strings.Repeat("a", 20), "eyJhbGciOi.eyJz.c2ln"
	for _, s := range []string{
		"", "p", "pc", "pcc", "pcc_", "eyJ", "eyJ.", "eyJabcd", "eyJabcd.", "eyJabcd..", "eyJabc..", "eyJabcd.x.y.z", "eyeyJabcd..", "pcpcc_" + code,
		code, code[:23], code + code, "/api/" + code + "/x", token, `"` + token + `"`, token + "." + token, "x" + token + code + " " + code + "é" + token, "pcC_" + code[4:], "pc1_" + code[4:],
	} {
		if got, want := shaped(s), byShapes(s); got != want {
			t.Errorf("%q is masked as %q, want %q", s, got, want)
		}
	}
}

func FuzzShapes(f *testing.F) {
	f.Add("pcc_aaaaaaaaaaaaaaaaaaaa eyJabcd.x.y")
	f.Fuzz(func(t *testing.T, s string) {
		if got, want := shaped(s), byShapes(s); got != want {
			t.Errorf("%q is masked as %q, want %q", s, got, want)
		}
	})
}
