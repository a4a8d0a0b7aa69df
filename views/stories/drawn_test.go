package stories

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
)

// drawn is a run as the inspector's page draws it.
type drawn struct {
	doc *html.Node
}

// shown reads a page of the inspector.
func shown(t *testing.T, base, path string) drawn {
	t.Helper()
	r, err := http.NewRequest("GET", base+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "text/html")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != 200 {
		t.Fatalf("%s: %d %v", path, answer.StatusCode, err)
	}
	return drawn{parse(t, string(body))}
}

// run finds the run of a person's flow as soon as it has as many numbered steps
// as are expected; the recorder is a moment behind.
func run(t *testing.T, base, path string, numbered int) drawn {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		d := shown(t, base, path)
		n := 0
		for _, s := range d.steps() {
			if s[0] >= '0' && s[0] <= '9' {
				n++
			}
		}
		if n >= numbered || time.Now().After(deadline) {
			return d
		}
	}
}

// steps are the labels, those that move the flow on with their numbers.
func (d drawn) steps() (out []string) {
	list := find(d.doc, func(n *html.Node) bool { return hasClass(n, "steps-drawn") })
	for _, li := range all(list, func(n *html.Node) bool { return n.Data == "li" }) {
		number := text(find(li, func(n *html.Node) bool { return hasClass(n, "n") }))
		label := text(find(li, func(n *html.Node) bool { return hasClass(n, "lab") }))
		out = append(out, strings.TrimSpace(number+" "+label))
	}
	return out
}

func (d drawn) title() string {
	return text(find(d.doc, func(n *html.Node) bool { return n.Data == "h1" }))
}

func (d drawn) number() string {
	return attr(find(d.doc, func(n *html.Node) bool { return attr(n, "id") == "run" }), "data-run")
}

// href of the first step whose label begins so.
func (d drawn) href(t *testing.T, label string) string {
	t.Helper()
	list := find(d.doc, func(n *html.Node) bool { return hasClass(n, "steps-drawn") })
	for _, a := range all(list, func(n *html.Node) bool { return n.Data == "a" }) {
		if strings.HasPrefix(text(find(a, func(n *html.Node) bool { return hasClass(n, "lab") })), label) {
			href, _, _ := strings.Cut(attr(a, "href"), "#")
			return href
		}
	}
	t.Fatalf("no step %q among %q", label, d.steps())
	return ""
}

// failed are the checks that failed, each as it is read.
func (d drawn) failed() (out []string) {
	for _, li := range all(d.doc, func(n *html.Node) bool { return n.Data == "li" && hasClass(n, "fail") }) {
		out = append(out, text(li))
	}
	return out
}

func (d drawn) part(class string) string {
	return text(find(d.doc, func(n *html.Node) bool { return hasClass(n, class) }))
}

// wire is a part whose every character counts.
func (d drawn) wire(class string) string {
	var b strings.Builder
	for n := range find(d.doc, func(n *html.Node) bool { return hasClass(n, class) }).Descendants() {
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
		}
	}
	return b.String()
}

func (d drawn) family() (state, says string) {
	f := find(d.doc, func(n *html.Node) bool { return hasClass(n, "family") })
	if f == nil {
		return "", ""
	}
	for _, class := range strings.Fields(attr(f, "class")) {
		if s, ok := strings.CutPrefix(class, "f-"); ok {
			state = s
		}
	}
	return state, text(f)
}

// expect compares lists line by line.
func expect(t *testing.T, what string, got, want []string) {
	t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%s:\n  %s\nwant\n  %s", what, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// codeFlow are the steps of the authorization code flow with PKCE, as the
// page's own picture counts them: eight that move it on, and what happens in
// between.
func codeFlow(allowed, asked, hours int) []string {
	return []string{
		"Make a secret verifier",
		"1 Ask to sign in + challenge",
		"Shows the sign-in page",
		"2 Name and password",
		"Next: what is allowed?",
		"Asks what is allowed",
		fmt.Sprintf("3 Allow %d of %d permissions", allowed, asked),
		"4 Come back + code",
		"5 Swap code + verifier",
		"SHA-256 matches ✓",
		"6 access token + refresh token",
		"7 GET /api/timesheets + access token",
		fmt.Sprintf("8 %d timesheets", hours),
	}
}
