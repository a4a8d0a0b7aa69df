package views

import (
	"strings"
	"testing"
)

func hostileAccount() Account {
	at := Moment{Words: "2 minutes ago", Exact: "23 November 2026, 09:00 UTC", ISO: "2026-11-23T09:00:00Z"}
	return Account{
		Action: "/account", For: hostile, SignOut: "/logout", Name: hostile, Email: hostile, Initials: "AL", Roles: hostile, Done: hostile,
		Apps: []AccountApp{
			{ID: hostile, Name: hostile, Kind: "native, public", Since: at, Used: at, Scopes: []AccountScope{
				{Name: "openid", Tag: "openid profile", Title: "Know who you are", Kept: true}, {Name: hostile, Tag: hostile, Title: hostile}}},
			{ID: "b", Name: hostile, Kind: "browser, public", Since: at, SilentUntil: "25 December 2026", RegisteredOn: "24 November 2026"},
		},
		Browsers: []AccountBrowser{{ID: "s1", Name: "Chrome on Windows", Agent: hostile, Here: true, Since: at, Seen: at}, {ID: hostile, Name: "Safari on an iPhone", Since: at, Seen: at}},
		Password: AccountPassword{Field: "new_password", Problem: "That is too short."}, MinPassword: 8, Idle: "12 hours", Life: "7 days",
	}
}

// A person who has allowed nothing reads so; nothing on the page is for others.
func TestAnEmptyAccount(t *testing.T) {
	doc := draw(t, AccountPage(Account{Action: "/account", Name: "Ada", Browsers: []AccountBrowser{{ID: "s1", Name: "Firefox on Linux", Here: true}}}))
	said := text(doc)
	for _, want := range []string{"No app can do anything in your name", "You are signed in nowhere else", "this browser"} {
		if !strings.Contains(said, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	for _, unwanted := range []string{"Take back", "Disconnect", " · ", "ago"} {
		if strings.Contains(text(one(t, doc, "main")), unwanted) {
			t.Errorf("the page says %q", unwanted)
		}
	}
}

// Without a mouse and without sight, each button says what it acts on, and a
// field that is wrong says why.
func TestAccountButtonsSayOnWhat(t *testing.T) {
	page := hostileAccount()
	page.Apps[0].Name, page.Apps[0].Scopes[1].Title = "Timesheets", "See your timesheets"
	doc := draw(t, AccountPage(page))
	var said []string
	for _, b := range all(doc, "button") {
		said = append(said, strings.Join(strings.Fields(text(b)), " "))
	}
	buttons := strings.Join(said, "\n")
	for _, want := range []string{"Take back: See your timesheets, from " + Isolated("Timesheets"), "Disconnect " + Isolated("Timesheets"), "End the sign-in of Safari on an iPhone"} {
		if !strings.Contains(buttons, want) {
			t.Errorf("no button says %q:\n%s", want, buttons)
		}
	}
	for _, input := range all(doc, "input") {
		if wrong := attr(input, "name") == "new_password"; wrong != (attr(input, "aria-invalid") == "true") || wrong != (attr(input, "aria-describedby") == "problem") {
			t.Errorf("%s: aria-invalid %q", attr(input, "name"), attr(input, "aria-invalid"))
		}
	}
}
