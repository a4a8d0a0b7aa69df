package seed

import (
	"strings"
	"testing"
)

// RFC 6531, RFC 5891: addresses beyond ASCII are taken as they are; what is
// none, or is another one's in other letters, is refused with its line.
func TestAddressesBeyondASCII(t *testing.T) {
	document := func(first, second string) string {
		return `
apis: [{identifier: "{base}/api", name: A, scopes: [{name: read, title: Read}]}]
people:
  - {id: kim, email: "` + first + `", name: Kim, password: long enough}
  - {id: jo, email: "` + second + `", name: Jo, password: long enough}
`
	}
	doc := parsed(t, document("kim@bücher.example", "jürgen@example.com"))
	if doc.People[0].Email != "kim@bücher.example" || doc.People[1].Email != "jürgen@example.com" {
		t.Errorf("%+v: the claim has to say what was declared", doc.People)
	}
	for second, want := range map[string]string{
		"kim@xn--bcher-kva.example":     `line 5: person "jo": email is already used at line 4`,
		"KIM@bu\u0308cher.example":      `line 5: person "jo": email is already used at line 4`,
		"jo@bü\u05d0.example":           `line 5: person "jo": email has a domain that is no internationalized domain name`,
		"jo@xn--a.example":              `line 5: person "jo": email has a domain that is no internationalized domain name`,
		"j\u200bo@example.com":          `line 5: person "jo": email has a character before the @ that cannot be seen`,
		"jo@" + strings.Repeat("ü", 99): `line 5: person "jo": email has a domain`,
	} {
		if _, err := Parse([]byte(document("kim@bücher.example", second))); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", second, err, want)
		}
	}
}
