package mailbox

import (
	"strings"
	"testing"
)

// Each row is one mailbox in several spellings, and no two rows are the same.
func TestKey(t *testing.T) {
	rows := [][]string{
		{"ada@example.com", "Ada@Example.COM", " ada@example.com ", "\u3000ada@example.com", "ａｄａ＠ｅｘａｍｐｌｅ．ｃｏｍ", "ada@example。com"},
		// RFC 5890 2.3.2.1: A-label and U-label name one domain. Browsers send the first for the second.
		{"kim@bücher.example", "kim@xn--bcher-kva.example", "KIM@BÜCHER.example", "kim@XN--BCHER-KVA.example", "kim@bu\u0308cher.example"},
		// RFC 6531 3.3: a local part beyond ASCII is itself; there is no other form of it.
		{"jürgen@example.com", "JÜRGEN@example.com", "ju\u0308rgen@example.com"},
		{"jurgen@example.com"}, {"xn--jrgen-kva@example.com"}, {"kim@bucher.example"},
		{"用户@例子.公司", "用户@xn--fsqu00a.xn--55qx5d"},
		{"kim@faß.example", "kim@xn--fa-hia.example"}, // not fass: UTS 46, as browsers have it since 2016
		{"kim@fass.example"},
	}
	seen := map[string]string{}
	for _, row := range rows {
		for _, spelling := range row {
			if Key(spelling) != Key(row[0]) {
				t.Errorf("%q and %q are compared as %q and %q", spelling, row[0], Key(spelling), Key(row[0]))
			}
		}
		if other := seen[Key(row[0])]; other != "" {
			t.Errorf("%q and %q are one", row[0], other)
		}
		seen[Key(row[0])] = row[0]
	}
	for _, nobody := range []string{"", "ada", "@", "a@b@c", "kim@xn--a.example", "kim@-.ü", strings.Repeat("ü", 600) + "@example.com"} {
		Key(nobody) // whatever is typed has an answer
	}
	if Key(strings.Repeat("a", maxTyped)+"@example.com") != "" {
		t.Error("an address without end is normalised")
	}
}

func TestProblem(t *testing.T) {
	for address, want := range map[string]string{
		"ada@example.com": "", "jürgen@example.com": "", "kim@bücher.example": "", "kim@xn--bcher-kva.example": "", "用户@例子.公司": "", "o'hara+x@my_host": "",
		"ada": "is not an address", "ada@": "is not an address", "@example.com": "is not an address", "Ada <ada@example.com>": "is not an address", "a b@example.com": "is not an address",
		"a\u200bda@example.com": "cannot be seen", "a\u202eda@example.com": "cannot be seen",
		"ada＠x@example.com":    "second @",
		"kim@bü\u05d0.example": "no internationalized domain", "kim@xn--a.example": "no internationalized domain", "kim@" + strings.Repeat("ü", 64) + ".example": "no internationalized domain",
		strings.Repeat("a", 59) + "@" + strings.Repeat(strings.Repeat("b", 60)+".", 3) + "example.com": "",
		strings.Repeat("a", 63) + "@" + strings.Repeat(strings.Repeat("ü", 40)+".", 4) + "example.com": "longer than 254",
	} {
		if got := Problem(address); (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%q: %q, want %q", address, got, want)
		}
	}
}
