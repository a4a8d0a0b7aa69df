package page

import (
	"strconv"
	"strings"
	"testing"

	"github.com/exampleco/punchcard/views"
)

func TestStartShowsOnlyWhatIsPublic(t *testing.T) {
	page := views.Start{People: []views.StartPerson{{Name: "Ada", Email: "ada@example.com"}}, Clients: []views.StartClient{{ID: "web", Name: "Web"}}}
	if s := text(draw(t, StartPage(page))); strings.Contains(s, "password") && strings.Contains(s, "client_secret") {
		t.Error("a password or a secret is announced where there is none to show")
	}
	page.People[0].Password, page.Clients[0].Secret = "timesheets", "web-secret"
	if s := text(draw(t, StartPage(page))); !strings.Contains(s, "timesheets") || !strings.Contains(s, "web-secret") {
		t.Error("the demo's password or secret is missing")
	}
}

func TestStartSignsInOnlyWhereItCanComeBack(t *testing.T) {
	if doc := draw(t, StartPage(views.Start{})); strings.Contains(text(doc), "Sign in now") {
		t.Error("a button that leads nowhere")
	}
	doc := draw(t, StartPage(views.Start{SignInHref: "/try", People: []views.StartPerson{{Name: "Ada Lovelace"}}}))
	if links := with(doc, "href", "/try"); len(links) != 1 || text(links[0]) != "Sign in now" || attr(links[0], "class") != "btn primary" {
		t.Error("no way in")
	}
	if len(with(doc, "class", "btn primary")) != 1 {
		t.Error("more than one primary button")
	}
}

// A client with many addresses does not fill the screen: the first ones are in
// sight and all of them are there, once.
func TestLongListsOfAddressesAreFolded(t *testing.T) {
	for n, folded := range map[int]string{1: "", 3: "", 4: "", 5: "2 more", 13: "10 more"} {
		var uris []string
		for i := range n {
			uris = append(uris, "http://localhost:"+strconv.Itoa(3000+i)+"/callback")
		}
		doc := draw(t, StartPage(views.Start{Clients: []views.StartClient{{ID: "a", Name: "A", Redirects: uris}}}))
		for _, uri := range uris {
			if got := strings.Count(text(doc), uri); got != 1 {
				t.Errorf("%d addresses: %s is there %d times", n, uri, got)
			}
		}
		summary := ""
		for _, s := range all(doc, "summary") {
			summary += text(s)
		}
		if summary != folded {
			t.Errorf("%d addresses: folded under %q, want %q", n, summary, folded)
		}
	}
}

func TestStartEmptyListsSaySo(t *testing.T) {
	empty := with(draw(t, StartPage(views.Start{})), "class", "empty")
	if len(empty) != 3 { // people, clients, endpoints
		t.Errorf("%d empty states", len(empty))
	}
}

func TestStartCommandsAreWholeAndInOrder(t *testing.T) {
	commands := []views.StartCommand{{Title: "A", Shell: "one 'a' \"b\" <c> & $D\ntwo"}, {Title: "B", Shell: "three"}}
	var got []string
	for _, pre := range all(draw(t, StartPage(views.Start{Commands: commands})), "pre") {
		got = append(got, text(pre))
	}
	if len(got) != 2 || got[0] != commands[0].Shell || got[1] != commands[1].Shell {
		t.Errorf("commands %q", got)
	}
}

// The picture tells the flow without its arrows: whoever hears the page gets
// each step with who speaks to whom.
func TestPictureCanBeHeard(t *testing.T) {
	doc := draw(t, StartPage(views.Start{}))
	figure := one(t, doc, "figure")
	steps := all(figure, "li")
	if len(steps) != 8 { // the strip on login and consent counts to 8
		t.Fatalf("%d steps", len(steps))
	}
	for i, step := range steps {
		if route := with(step, "class", "route"); len(route) != 1 || !strings.Contains(text(route[0]), " → ") {
			t.Errorf("step %d does not say who speaks to whom", i+1)
		}
	}
	if s := strings.Join(strings.Fields(text(steps[4])), " "); s != "5 Swap code + verifier app → server" {
		t.Errorf("step 5 says %q", s)
	}
}
