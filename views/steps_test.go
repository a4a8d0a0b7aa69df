package views

import (
	"strings"
	"testing"

	"golang.org/x/net/html"
)

func TestLoginFormCanBeFilledByAPasswordManager(t *testing.T) {
	doc := draw(t, LoginPage(Login{Action: "/login", Flow: "f1", ClientName: "Timesheets", Email: "ada@example.com", Problem: "No match."}))
	passwords := with(doc, "type", "password")
	if len(passwords) != 1 || attr(passwords[0], "autocomplete") != "current-password" || attr(passwords[0], "name") != "password" {
		t.Fatalf("password fields: %d", len(passwords))
	}
	if has(passwords[0], "value") {
		t.Error("a password is sent back")
	}
	form := one(t, doc, "form")
	if len(with(form, "type", "password")) != 1 || attr(form, "action") != "/login" {
		t.Error("the password is not in the form")
	}
	email := with(form, "name", "email")
	if len(email) != 1 || attr(email[0], "autocomplete") != "username" || attr(email[0], "value") != "ada@example.com" {
		t.Error("the e-mail is not kept")
	}
	if flow := with(form, "name", "flow"); len(flow) != 1 || attr(flow[0], "value") != "f1" || attr(flow[0], "type") != "hidden" {
		t.Error("the flow is lost")
	}
	if n := len(all(form, "button")); n != 1 {
		t.Errorf("%d buttons", n)
	}
	alert := with(doc, "role", "alert")
	if len(alert) != 1 || text(alert[0]) != "No match." {
		t.Fatal("the problem is not announced")
	}
	for _, field := range []*html.Node{email[0], passwords[0]} {
		if attr(field, "aria-describedby") != attr(alert[0], "id") {
			t.Errorf("%s is not tied to the problem", attr(field, "name"))
		}
	}
}

func TestLoginWithoutAProblemSaysNone(t *testing.T) {
	doc := draw(t, LoginPage(Login{Action: "/login"}))
	if len(with(doc, "role", "alert")) != 0 || len(with(doc, "aria-invalid", "true")) != 0 {
		t.Error("a problem is announced")
	}
	if len(with(doc, "name", "flow")) != 0 {
		t.Error("a flow is sent where there is none")
	}
}

func TestLoginPeopleAreLinks(t *testing.T) {
	doc := draw(t, LoginPage(Login{Action: "/login", People: []LoginPerson{{Name: "Ada Lovelace", Email: "ada@example.com", Role: "employee", Href: "/login?email=ada%40example.com&flow=f1"}}}))
	links := with(doc, "href", "/login?email=ada%40example.com&flow=f1")
	if len(links) != 1 || !strings.Contains(text(links[0]), "Ada Lovelace") {
		t.Errorf("%d links that fill in the e-mail", len(links))
	}
}

func TestConsentBoxes(t *testing.T) {
	doc := draw(t, ConsentPage(Consent{Action: "/consent", Flow: "f1", Session: "s1", RememberDays: 30, Scopes: []ConsentScope{
		{Name: "openid", Title: "Know who you are", Checked: true, Locked: true},
		{Name: "read:timesheets", Title: "See", Checked: true},
		{Name: "delete:timesheets", Title: "Delete", Warning: "Can’t be undone."},
		{Name: "approve:timesheets", Title: "Approve", Disabled: true, Reason: "Only managers can."},
	}, API: "Timesheets", LeftOut: []ConsentLeftOut{{Tag: "batch:upload", Title: "Upload", Reason: "This app is not registered for it."}}}))
	want := []struct {
		name              string
		checked, disabled bool
	}{{"openid", true, true}, {"read:timesheets", true, false}, {"delete:timesheets", false, false}, {"approve:timesheets", false, true}}
	boxes := with(doc, "name", "scope")
	if len(boxes) != len(want) {
		t.Fatalf("%d boxes, want %d", len(boxes), len(want))
	}
	for i, w := range want {
		if b := boxes[i]; attr(b, "type") != "checkbox" || attr(b, "value") != w.name || has(b, "checked") != w.checked || has(b, "disabled") != w.disabled {
			t.Errorf("box %d: %v, want %+v", i, b.Attr, w)
		}
	}
	if all := text(doc); !strings.Contains(all, "Only managers can.") || !strings.Contains(all, "Can’t be undone.") {
		t.Error("the reason or the warning is missing")
	}
	remember := with(doc, "name", "remember")
	if len(remember) != 1 || attr(remember[0], "value") != "1" || has(remember[0], "checked") {
		t.Error("remembering is not a box of its own, unticked")
	}
	// RFC 6749 3.3: what the app cannot have is said, and is nothing to tick.
	folded := one(t, doc, "details")
	if said := text(folded); has(folded, "open") || !strings.Contains(said, "Not available to this app (1)") || !strings.Contains(said, "batch:upload") || len(all(folded, "input")) != 0 {
		t.Errorf("what was left out is drawn as %q", said)
	}
	if legend := text(one(t, doc, "legend")); !strings.Contains(legend, "in Timesheets") {
		t.Errorf("the API is not named: %q", legend)
	}
}

// Enter in a form presses its first submit button (HTML, implicit
// submission): that must be Allow, whatever stands first to the eye.
func TestConsentIsAllowedByEnter(t *testing.T) {
	doc := draw(t, ConsentPage(Consent{Action: "/consent"}))
	var decisions []string
	for _, b := range all(one(t, doc, "form"), "button") {
		decisions = append(decisions, attr(b, "name")+"="+attr(b, "value"))
	}
	if got := strings.Join(decisions, " "); got != "decision=allow decision=deny" {
		t.Errorf("buttons %s", got)
	}
}

func TestConsentThatCannotBeRememberedDoesNotOffer(t *testing.T) {
	if len(with(draw(t, ConsentPage(Consent{})), "name", "remember")) != 0 {
		t.Error("remembering is offered")
	}
}

func TestConsentSaysWhoIsUnchecked(t *testing.T) {
	const note = "Nobody here has checked this app."
	if strings.Contains(text(draw(t, ConsentPage(Consent{ClientName: "Web"}))), note) {
		t.Error("said of a declared app")
	}
	page := text(draw(t, ConsentPage(Consent{ClientName: "Pocket", RegisteredOn: "25 November 2026"})))
	if at := strings.Index(page, note); at < 0 || at > strings.Index(page, "Allow selected") || !strings.Contains(page, "25 November 2026") {
		t.Error("not said before the button")
	}
}

func TestStripShowsTheStep(t *testing.T) {
	doc := draw(t, ConsentPage(Consent{Strip: &Strip{Step: 3, Of: 8, Title: "consent", Text: "Nothing yet."}}))
	footer := one(t, doc, "footer")
	if s := text(footer); !strings.Contains(s, "Step 3 of 8: consent") || !strings.Contains(s, "Nothing yet.") {
		t.Errorf("the strip says %q", s)
	}
	if done, now, dots := len(with(footer, "class", "done")), len(with(footer, "class", "now")), len(all(footer, "i")); done != 2 || now != 1 || dots != 8 {
		t.Errorf("%d done, %d now, %d in all", done, now, dots)
	}
	if text(one(t, draw(t, ConsentPage(Consent{})), "footer")) != "" {
		t.Error("a strip without a step")
	}
}

func TestLogoutAsksWithItsFields(t *testing.T) {
	doc := draw(t, LogoutPage(LogoutAsk{Action: "/logout", Fields: []Field{{"flow", "f1"}}, PersonName: "Ada Lovelace", ClientName: "Timesheets", Cancel: "/"}))
	form := one(t, doc, "form")
	if flow := with(form, "name", "flow"); len(flow) != 1 || attr(flow[0], "value") != "f1" || attr(form, "action") != "/logout" {
		t.Error("the form loses what it carries")
	}
	if !strings.Contains(text(doc), "Timesheets asks to sign you out") || !strings.Contains(text(doc), "Ada Lovelace") {
		t.Error("it does not say who asks, or who is signed out")
	}
}
