package seed

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPeopleAlone(t *testing.T) {
	people, err := ParsePeople([]byte("people:\n  - id: usr_a\n    reports_to: usr_b\n  - id: usr_b\n"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Person{{ID: "usr_a", ReportsTo: "usr_b"}, {ID: "usr_b"}}, people); diff != "" {
		t.Error(diff)
	}
	if people, err := ParsePeople([]byte(good)); err != nil || len(people) != 2 {
		t.Errorf("of a whole document: %v %v", people, err)
	}
	for document, want := range map[string]string{
		"people:\n  - id: usr_a\n    reports_to: usr_c\n":                       "line 3: person \"usr_a\": reports_to names usr_c, and no person has that id",
		"people:\n  - id: usr_a\n  - id: usr_a\n":                               "line 3: person \"usr_a\": id is already used at line 2",
		"people:\n  - reports_to: usr_a\n  - id: usr_a\n":                       "line 2: person: id is missing",
		"people:\n  - id: usr_a\n    bos: usr_a\n":                              `line 3: unknown key "bos"; known here: id, email, name, password, roles, reports_to, show_on_login`,
		"people:\n  - id: a\n    reports_to: b\n  - id: b\n    reports_to: a\n": "",
	} {
		_, err := ParsePeople([]byte(document))
		if err == nil || want != "" && err.Error() != want {
			t.Errorf("%q:\n got %v\nwant %s", document, err, want)
		}
	}
}
