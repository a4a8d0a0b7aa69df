package views

import (
	"slices"
	"strings"
	"testing"

	"github.com/a-h/templ"

	"github.com/exampleco/punchcard/static"
	"github.com/exampleco/punchcard/views/viewstest"
)

// everyPage draws each page as it is at its fullest, at its barest, and with
// hostile words wherever words come from outside.
func everyPage() map[string]templ.Component {
	strip := &Strip{Step: 3, Of: 8, Title: "consent", Text: "Nothing has been issued yet."}
	person := LoginPerson{Name: hostile, Email: hostile, Role: hostile, Initials: "AL", Href: "/login?email=ada"}
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

// The names of apps and people are told apart from the words around them.
func TestNamesOfStrangersAreIsolated(t *testing.T) {
	for _, name := range []string{"login", "select", "consent", "handover", "logout"} {
		t.Run(name, func(t *testing.T) { viewstest.Isolates(t, everyPage()[name]) })
	}
	title := text(one(t, draw(t, everyPage()["consent"]), "title"))
	if !strings.Contains(title, "\u2068"+hostile[:8]) || !strings.Contains(title, "👩‍💻\u2069?") {
		t.Errorf("the title does not isolate the name: %q", title)
	}
}

func TestPagesFit(t *testing.T) { viewstest.Fit(t, everyPage(), Write) }

// Whatever a stylesheet styles is on some page; the rest is dead.
func TestNoDeadStyles(t *testing.T) {
	pages := everyPage()
	for _, kind := range []string{"native", "web"} {
		pages["consent "+kind] = ConsentPage(Consent{ClientKind: kind})
	}
	for _, sheet := range []string{"base.css", "sections.css", "account.css", "flow/ticket.css", "flow/consent.css", "flow/device.css", "flow/problem.css"} {
		viewstest.NoDeadStyles(t, sheet, pages)
	}
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
