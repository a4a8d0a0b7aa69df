package seed

import (
	"bytes"
	"encoding/binary"
	"reflect"
	"strings"
	"testing"
	"unicode/utf16"
)

// The built-in document, as PowerShell or an editor on Windows writes it, is
// the built-in document.
func TestTheSameDocumentInAnotherEncoding(t *testing.T) {
	want, err := Parse(Builtin())
	if err != nil {
		t.Fatal(err)
	}
	crlf := bytes.ReplaceAll(Builtin(), []byte("\n"), []byte("\r\n"))
	wide := func(order binary.AppendByteOrder) (out []byte) {
		for _, unit := range utf16.Encode([]rune("\ufeff" + string(crlf))) {
			out = order.AppendUint16(out, unit)
		}
		return out
	}
	for name, text := range map[string][]byte{
		"CRLF": crlf, "UTF-8 with a mark": append([]byte("\ufeff"), crlf...),
		"UTF-16, little-endian": wide(binary.LittleEndian), "UTF-16, big-endian": wide(binary.BigEndian),
	} {
		got, err := Parse(text)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: another document, %v", name, err)
		}
		if people, err := ParsePeople(text); err != nil || len(people) != len(want.People) {
			t.Errorf("%s: %d people, %v", name, len(people), err)
		}
	}
	for _, broken := range []string{"\xff\xfea", "people: \xff", "\xfe\xff\x00a\x00"} {
		if _, err := Parse([]byte(broken)); err == nil || strings.ContainsRune(err.Error(), '\ufffd') {
			t.Errorf("%q: %v", broken, err)
		}
	}
}
