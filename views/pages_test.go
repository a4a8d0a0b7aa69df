package views

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/a-h/templ"
	"golang.org/x/net/html"

	"github.com/exampleco/punchcard/static"
	"github.com/exampleco/punchcard/views/viewstest"
)

// everyPage draws each page as it is at its fullest, at its barest, and with
// hostile words wherever words come from outside.
func everyPage() map[string]templ.Component {
	strip := &Strip{Step: 3, Of: 8, Title: "consent", Text: "Nothing has been issued yet."}
	person := LoginPerson{Name: hostile, Email: hostile, Role: hostile, Initials: "AL", Href: "/login?email=ada"}
	command := StartCommand{Title: "Discovery", Text: "What it can do.", Shell: "curl -s 'http://localhost:8484/?a=1&b=2' | sed 's/<.*>//'"}
	return map[string]templ.Component{
		"login":       LoginPage(Login{Action: "/login", Flow: "f1", ClientName: hostile, ClientKind: "native", RedirectHost: hostile, Email: hostile, Problem: "No.", Notice: hostile, People: []LoginPerson{person, person}, Strip: strip}),
		"login, bare": LoginPage(Login{Action: "/login"}),
		"consent":     ConsentPage(hostileConsent(strip)),
		"consent, bare": ConsentPage(Consent{
			Action: "/consent", Flow: "f1", Session: "s1", ClientName: "A", SwitchHref: "/login",
		}),
		"device":              DevicePage(Device{Action: "/device", UserCode: hostile, Problem: "No.", Strip: strip}),
		"device, from a link": DevicePage(Device{Action: "/device", UserCode: "BCDF-GHJK", Elsewhere: "http://localhost:8484/device?user_code=BCDF-GHJK"}),
		"device, to compare": DeviceComparePage(DeviceCompare{Action: "/device", Flow: hostile, Session: hostile, UserCode: "BCDF-GHJK", ClientName: hostile, ClientID: hostile, ClientKind: "native", RegisteredOn: "2 January 2026",
			PersonName: hostile, PersonEmail: hostile, Initials: "AL", SwitchHref: "/login?flow=f1", UserAgent: hostile, Source: hostile, SourceNote: hostile, Asked: "just now", AskedAt: "09:00:00 UTC", Left: "9 minutes left", Strip: strip}),
		"device, silent":  DeviceComparePage(DeviceCompare{Action: "/device", UserCode: "BCDF-GHJK", ClientName: "A", PersonName: "A", SwitchHref: "/login"}),
		"device, allowed": DeviceDonePage(DeviceDone{ClientName: hostile, ClientKind: "native", Allowed: true, Strip: strip}),
		"device, stopped": DeviceDonePage(DeviceDone{ClientName: hostile, ClientKind: "web"}),
		"login, device":   LoginPage(Login{Action: "/login", Flow: "f1", ClientName: "A", ClientKind: "native", DeviceCode: "BCDF-GHJK"}),
		"consent, device": ConsentPage(Consent{Action: "/consent", Flow: "f1", Session: "s1", ClientName: "A", SwitchHref: "/login", DeviceCode: "BCDF-GHJK"}),
		"problem": ProblemPage(Problem{Status: 400, Code: hostile, Clause: "RFC 6749 4.1.2.1", Title: "No", Text: hostile, Why: hostile, RequestID: "r1",
			Compare: &Compare{What: "redirect_uri", Got: "javascript:alert(1)//" + hostile, Known: []string{hostile, "https://other.example"}, DiffAt: 3}, Action: &Link{Href: "/", Text: "Home"}}),
		"problem, bare":         ProblemPage(Problem{Status: 500, Title: "No", Text: "Nothing."}),
		"logout":                LogoutPage(LogoutAsk{Action: "/logout", Fields: []Field{{"flow", hostile}, {"b", "2"}}, PersonName: hostile, PersonEmail: hostile, Initials: "AL", ClientName: hostile, Cancel: "/"}),
		"logout, bare":          LogoutPage(LogoutAsk{Action: "/logout", PersonName: "A", PersonEmail: "a@example.com", Cancel: "/"}),
		"handover":              HandoverPage(Handover{Action: "https://app.example/callback?a=1", Fields: []Field{{"code", hostile}, {"state", hostile}}, ClientName: hostile, RedirectDisplay: hostile, RedirectNote: hostile}),
		"handover, refused":     HandoverPage(Handover{Action: "http://127.0.0.1:5/callback", Fields: []Field{{"error", "access_denied"}}, ClientName: "A", Refused: true}),
		"select":                SelectPage(Select{Action: "/select-account", Flow: hostile, Session: hostile, ClientName: hostile, ClientKind: "web", PersonName: hostile, PersonEmail: hostile, Initials: "AL", OtherHref: "/login?flow=f1", RedirectHost: hostile, Strip: strip}),
		"signed out":            SignedOutPage(SignedOut{Home: "/"}),
		"logout, unchecked":     LogoutPage(LogoutAsk{Action: "/logout", PersonName: "A", PersonEmail: "a@example.com", ClientName: hostile, Unchecked: "https://app.example/" + hostile, Cancel: "/"}),
		"signed out, unchecked": SignedOutPage(SignedOut{Home: "/", Onward: "https://app.example/?state=1", Shown: "https://app.example/" + hostile, ClientName: hostile}),
		"signed out everywhere": SignedOutPage(SignedOut{Home: "/", Everywhere: true}),
		"account":               AccountPage(hostileAccount()),
		"account, bare":         AccountPage(Account{Action: "/account", Name: "A", Email: "a@example.com"}),
		"back with a code": CallbackPage(Callback{Code: hostile, StateOK: true, IssuerOK: true, Seconds: 60, Verifier: "v",
			Exchange: "curl '" + hostile + "' v", Next: []StartCommand{command}, Again: "/try"}),
		"back, refused":  CallbackPage(Callback{Error: hostile, ErrorDescription: hostile, StateOK: true, IssuerOK: true, Again: "/try"}),
		"back, foreign":  CallbackPage(Callback{Code: hostile, Again: "/try"}),
		"back, for none": CallbackPage(Callback{Again: "/try"}),
		"start": StartPage(Start{Issuer: "http://localhost:8484", Version: "v1", SignedInName: hostile, SignInHref: "/try", SignOutHref: "/logout", AccountHref: "/account",
			People:    []StartPerson{{Name: hostile, Email: hostile, Role: hostile, Initials: "AL", Password: "timesheets"}},
			Clients:   []StartClient{{ID: "a", Name: hostile, Kind: "native", Description: hostile, Secret: "s", Redirects: []string{"javascript:alert(1)", hostile, "c", "d", hostile}, Scopes: []string{hostile, "b"}}},
			Endpoints: []StartEndpoint{{Methods: "GET", Path: "/authorize", Spec: "RFC 6749 3.1"}}, Commands: []StartCommand{command, command}}),
		"reference":       ReferencePage(hostileReference()),
		"reference, bare": ReferencePage(Reference{Title: "API", Groups: []ReferenceGroup{{ID: "a", Title: "A", Operations: []ReferenceOperation{{ID: "b", Method: "GET", Path: "/b", Summary: "B"}}}}}),
		"start, empty":    StartPage(Start{Issuer: "https://auth.example", Version: "v1"}),
	}
}

func hostileConsent(strip *Strip) Consent {
	return Consent{Action: "/consent", Flow: hostile, Session: hostile, ClientName: hostile, ClientKind: "browser", ClientDescription: hostile,
		PersonName: hostile, PersonEmail: hostile, Initials: "AL", SwitchHref: "/login?flow=f1", RedirectDisplay: hostile, RedirectNote: hostile, RememberDays: 30, Strip: strip,
		Scopes: []ConsentScope{
			{Name: "openid", Tag: "openid profile", Title: "Know who you are", Description: "Your name.", Checked: true, Locked: true},
			{Name: hostile, Tag: hostile, Title: hostile, Description: hostile, Warning: hostile, Checked: true, Held: true},
			{Name: "approve:timesheets", Tag: "approve:timesheets", Title: "Approve", Reason: hostile, Disabled: true},
		}, API: hostile, LeftOut: []ConsentLeftOut{{Tag: hostile, Title: hostile, Reason: hostile}}}
}

func provesEveryPage(t *testing.T) { viewstest.Pages(t, everyPage()) }

// Names of strangers stand in <bdi>, so that a direction mark in one turns
// nothing else on the page.
func TestNamesOfStrangersAreIsolated(t *testing.T) {
	for _, name := range []string{"login", "select", "consent", "handover", "logout", "start"} {
		found := false
		for _, n := range all(draw(t, everyPage()[name]), "") {
			for c := n.FirstChild; c != nil; c = c.NextSibling {
				if c.Type != html.TextNode || !strings.Contains(c.Data, "\u202E") || n.Data == "title" {
					continue
				}
				found = found || n.Data == "bdi"
				if slices.Contains([]string{"h1", "h3", "b"}, n.Data) && attr(n.Parent, "class") != "scope" {
					t.Errorf("%s: a name stands bare in <%s>", name, n.Data)
				}
			}
		}
		if !found {
			t.Errorf("%s: no name is isolated", name)
		}
	}
	title := text(one(t, draw(t, everyPage()["consent"]), "title"))
	if !strings.Contains(title, "\u2068"+hostile[:8]) || !strings.Contains(title, "👩‍💻\u2069?") {
		t.Errorf("the title does not isolate the name: %q", title)
	}
}

func TestPagesFit(t *testing.T) { viewstest.Fit(t, everyPage(), Write) }

// Whatever the stylesheet styles is on some page, or made by a module; the
// rest is dead.
func TestNoDeadStyles(t *testing.T) {
	pages := everyPage()
	for _, kind := range []string{"native", "web"} {
		pages["consent "+kind] = ConsentPage(Consent{ClientKind: kind})
	}
	for _, sheet := range []string{"base.css", "sections.css", "parts.css", "account.css", "flow/ticket.css", "flow/consent.css", "flow/device.css", "flow/problem.css", "site/lists.css", "site/start.css", "site/callback.css", "docs/reference.css", "docs/try.css"} {
		viewstest.NoDeadStyles(t, sheet, pages, madeByModules(t)...)
	}
}

// madeByModules is every class that a module of ours gives to an element.
func madeByModules(t *testing.T) []string {
	t.Helper()
	modules, err := filepath.Glob("../static/docs/*.js")
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

func TestPagesUseOurStylesheetOnly(t *testing.T) {
	var links []string
	for _, n := range all(draw(t, SignedOutPage(SignedOut{Home: "/"})), "link") {
		links = append(links, attr(n, "rel")+" "+attr(n, "href"))
	}
	want := []string{"icon " + static.Path("favicon.svg"), "stylesheet " + static.Path("base.css"), "stylesheet " + static.Path("flow/ticket.css")}
	if !slices.Equal(links, want) {
		t.Errorf("links %q, want %q", links, want)
	}
}
