package views

import (
	"strings"
	"testing"
)

func TestProblemMarksTheFirstDifferenceOnBothSides(t *testing.T) {
	doc := draw(t, ProblemPage(Problem{Status: 400, Title: "No", Compare: &Compare{
		What: "redirect_uri", Got: "https://a.example/callbakc", Known: []string{"https://a.example/callback", "https://b.example/"}, DiffAt: 24,
	}}))
	var marked []string
	for _, m := range all(doc, "mark") {
		marked = append(marked, text(m))
	}
	if got := strings.Join(marked, " "); got != "k c" {
		t.Errorf("marked %q, want the k that was sent and the c that is registered", got)
	}
	for _, want := range []string{"redirect_uri that was sent", "https://a.example/callbakc", "https://a.example/callback", "https://b.example/", "at character 25"} {
		if !strings.Contains(text(doc), want) {
			t.Errorf("%q is not on the page", want)
		}
	}
	for _, a := range all(doc, "a") {
		if strings.Contains(attr(a, "href"), "example") {
			t.Errorf("a redirect URI became a link: %s", attr(a, "href"))
		}
	}
}

func TestProblemShowsWhatABrowserWouldHide(t *testing.T) {
	doc := draw(t, ProblemPage(Problem{Status: 400, Title: "No", Compare: &Compare{
		What: "redirect_uri", Got: "https://a.example/\u200bx\u202e\u00a0\n", Known: []string{"https://a.example/x"}, DiffAt: 18,
	}}))
	if !strings.Contains(text(doc), "https://a.example/⟨U+200B⟩x⟨U+202E⟩⟨U+00A0⟩⟨U+000A⟩") {
		t.Errorf("a hidden character stays hidden: %q", text(doc))
	}
	if m := all(doc, "mark"); len(m) != 2 || text(m[0]) != "⟨U+200B⟩" || text(m[1]) != "x" {
		t.Errorf("%d marks", len(m))
	}
}

func TestProblemInWords(t *testing.T) {
	for _, c := range []struct {
		compare Compare
		want    string
	}{
		{Compare{Got: "abc", Known: []string{"abd"}, DiffAt: 2}, "It differs from the nearest registered one at character 3."},
		{Compare{Got: "ab", Known: []string{"abd"}, DiffAt: 2}, "It ends where the registered one goes on."},
		{Compare{Got: "abdx", Known: []string{"abd"}, DiffAt: 3}, "It goes on after the registered one has ended, from character 4."},
		{Compare{Got: "abc", Known: nil, DiffAt: -1}, ""},
		{Compare{Got: "", Known: []string{"abd"}, DiffAt: -1}, ""},
		{Compare{Got: "äöü", Known: []string{"äöx"}, DiffAt: 2}, "It differs from the nearest registered one at character 3."},
	} {
		if got := diffNote(c.compare); got != c.want {
			t.Errorf("%+v: %q, want %q", c.compare, got, c.want)
		}
	}
}

func TestProblemWithNothingSent(t *testing.T) {
	doc := draw(t, ProblemPage(Problem{Status: 400, Title: "No", Compare: &Compare{What: "redirect_uri", Known: []string{"https://a.example/"}, DiffAt: -1}}))
	if len(all(doc, "mark")) != 0 || !strings.Contains(text(doc), "nothing") {
		t.Error("nothing was sent, and the page does not say so")
	}
}
