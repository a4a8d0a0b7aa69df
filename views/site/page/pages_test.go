package page

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/a-h/templ"

	"github.com/exampleco/punchcard/views"
	"github.com/exampleco/punchcard/views/viewstest"
)

func TestEveryPage(t *testing.T) { viewstest.Pages(t, sitePages()) }

func TestPagesFit(t *testing.T) { viewstest.Fit(t, sitePages(), views.Write) }

func TestNamesOfStrangersAreIsolated(t *testing.T) { viewstest.Isolates(t, sitePages()["start"]) }

// Whatever a stylesheet styles is on some page, or made by a module; the rest
// is dead.
func TestNoDeadStyles(t *testing.T) {
	for _, sheet := range []string{"parts.css", "site/lists.css", "site/start.css", "site/callback.css", "docs/reference.css", "docs/try.css"} {
		viewstest.NoDeadStyles(t, sheet, sitePages(), madeByModules(t)...)
	}
}

// What a module of the reference makes has its style on that page as well.
func TestWhatModulesMakeIsStyled(t *testing.T) {
	made := templ.Raw(`<i class="` + strings.Join(madeByModules(t), " ") + `"></i>`)
	viewstest.Styled(t, templ.Join(ReferencePage(hostileReference()), made))
}

// sitePages draws each page as it is at its fullest, at its barest, and with
// hostile words wherever words come from outside.
func sitePages() map[string]templ.Component {
	command := views.StartCommand{Title: "Discovery", Text: "What it can do.", Shell: "curl -s 'http://localhost:8484/?a=1&b=2' | sed 's/<.*>//'"}
	return map[string]templ.Component{
		"back with a code": CallbackPage(Callback{Code: hostile, StateOK: true, IssuerOK: true, Seconds: 60, Verifier: "v",
			Exchange: "curl '" + hostile + "' v", Next: []views.StartCommand{command}, Again: "/try"}),
		"back, refused":  CallbackPage(Callback{Error: hostile, ErrorDescription: hostile, StateOK: true, IssuerOK: true, Again: "/try"}),
		"back, foreign":  CallbackPage(Callback{Code: hostile, Again: "/try"}),
		"back, for none": CallbackPage(Callback{Again: "/try"}),
		"start": StartPage(views.Start{Issuer: "http://localhost:8484", Version: "v1", SignedInName: hostile, SignInHref: "/try", SignOutHref: "/logout", AccountHref: "/account",
			People:    []views.StartPerson{{Name: hostile, Email: hostile, Role: hostile, Initials: "AL", Password: "timesheets"}},
			Clients:   []views.StartClient{{ID: "a", Name: hostile, Kind: "native", Description: hostile, Secret: "s", Redirects: []string{"javascript:alert(1)", hostile, "c", "d", hostile}, Scopes: []string{hostile, "b"}}},
			Endpoints: []views.StartEndpoint{{Methods: "GET", Path: "/authorize", Spec: "RFC 6749 3.1"}}, Commands: []views.StartCommand{command, command}}),
		"reference":       ReferencePage(hostileReference()),
		"reference, bare": ReferencePage(Reference{Title: "API", Groups: []ReferenceGroup{{ID: "a", Title: "A", Operations: []ReferenceOperation{{ID: "b", Method: "GET", Path: "/b", Summary: "B"}}}}}),
		"start, empty":    StartPage(views.Start{Issuer: "https://auth.example", Version: "v1"}),
	}
}

// madeByModules is every class that a module of ours gives to an element.
func madeByModules(t *testing.T) []string {
	t.Helper()
	modules, err := filepath.Glob("../../../static/docs/*.js")
	if err != nil || len(modules) == 0 {
		t.Fatalf("%d modules (%v)", len(modules), err)
	}
	var out []string
	for _, module := range modules {
		content, err := os.ReadFile(module)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`class: '([^']*)'`).FindAllStringSubmatch(string(content), -1) {
			out = append(out, strings.Fields(m[1])...)
		}
	}
	return out
}
