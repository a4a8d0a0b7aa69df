package attack_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/exampleco/punchcard/views/inspector/attack"
)

// Each attack can be read as a lesson: a story, its own source, and a choice
// of answers with the true one among them.
func TestLessons(t *testing.T) {
	all := attack.All()
	if len(all) != len(wanted) {
		t.Errorf("%d attacks, want %d", len(all), len(wanted))
	}
	function := regexp.MustCompile(`(?m)^// (\w+) [^\n]+\.\n//\n(?://[^\n]*\n)+func (\w+)\(p \*play\) \(Outcome, error\) \{$`)
	for i, a := range all {
		t.Run(a.ID, func(t *testing.T) {
			if a.ID != wanted[i].id || a.Answer != wanted[i].answer {
				t.Errorf("is %s %q, want %v", a.ID, a.Answer, wanted[i])
			}
			m := function.FindStringSubmatch(a.Source)
			if m == nil || m[1] != m[2] || !strings.EqualFold(m[2], strings.ReplaceAll(a.ID, "-", "")) || strings.Count(a.Source, "\nfunc ") != 1 {
				t.Errorf("its source is not one function of its name under its story: %q", m)
			}
			file, err := os.ReadFile(filepath.Join("..", "..", "..", filepath.FromSlash(a.File)))
			if err != nil || string(file) != a.Source {
				t.Errorf("%s is not where its source is: %v", a.File, err)
			}
			if len(a.Story) < 3 {
				t.Errorf("the story has %d paragraphs", len(a.Story))
			}
			for _, paragraph := range append(a.Story, a.Lesson, a.Title) {
				if paragraph == "" || strings.Contains(paragraph, "//") || strings.ContainsAny(paragraph, "\n'") {
					t.Errorf("paragraph %q", paragraph)
				}
			}
			if !strings.Contains(strings.Join(a.Story, " "), a.Clause) {
				t.Errorf("the story does not name the clause %s", a.Clause)
			}
			if !slices.Contains(a.Choices, a.Answer) || !strings.HasSuffix(a.Choices[0], ", it works") {
				t.Errorf("choices %q, answer %q", a.Choices, a.Answer)
			}
			if n := len(slices.Compact(slices.Sorted(slices.Values(a.Choices)))); n < 3 || n != len(a.Choices) {
				t.Errorf("choices %q are too few, or not all different", a.Choices)
			}
		})
	}
}

// An attack says in words what a configuration has no stage for.
func TestLacks(t *testing.T) {
	for _, c := range []struct {
		id, want string
		change   func(*attack.Stage)
	}{
		{"code-twice", "", func(*attack.Stage) {}},
		{"other-clients-code", "This configuration does not have another client that may use the code grant and has a secret.", func(s *attack.Stage) { s.Rival = attack.Client{} }},
		{"other-clients-code", "This configuration does not have another client that may use the code grant and has a secret.", func(s *attack.Stage) { s.Rival.Secret = "" }},
		{"code-twice", "", func(s *attack.Stage) {
			s.Rival, s.Colleague, s.Manager = attack.Client{}, attack.Person{}, attack.Person{}
		}},
		{"code-twice", "This configuration does not have an employee whose password is known.", func(s *attack.Stage) { s.Employee.Password = "" }},
		{"other-persons-entry", "This configuration does not have a second employee whose password is known.", func(s *attack.Stage) { s.Colleague = attack.Person{} }},
		{"approve-own", "This configuration does not have a manager whose password is known.", func(s *attack.Stage) { s.Manager = attack.Person{} }},
		{"approve-own", "", func(s *attack.Stage) { s.Employee = attack.Person{} }},
		{"edited-jwt", "This configuration does not have a public client with a loopback redirect URI.", func(s *attack.Stage) { s.Client = attack.Client{} }},
		{"id-token-as-access", "This configuration does not have the scope openid for the client timesheets-mobile.", func(s *attack.Stage) { s.Client.Scope = "read:timesheets" }},
		{"missing-scope", "This configuration does not have the scope create:timesheets for the client timesheets-mobile, nor the scope delete:timesheets for the client timesheets-mobile, nor an employee whose password is known.", func(s *attack.Stage) {
			s.Client.Scope, s.Employee = "read:timesheets", attack.Person{}
		}},
	} {
		s := seed("http://localhost:1")
		c.change(s)
		a := found(t, c.id)
		if got := a.Lacks(s); got != c.want {
			t.Errorf("%s lacks %q, want %q", c.id, got, c.want)
		}
		if c.want == "" {
			continue
		}
		if _, err := a.Run(t.Context(), s); err == nil || err.Error() != c.want {
			t.Errorf("%s runs without its stage: %v", c.id, err)
		}
	}
}
