package views

import (
	"strings"
	"testing"
)

// Whoever registers chooses its own name: it is set apart from those that were
// declared, and cannot be more than text.
func TestRegisteredAppsStandApart(t *testing.T) {
	if strings.Contains(text(draw(t, StartPage(Start{}))), "Registered by themselves") {
		t.Error("a heading over nothing")
	}
	page := draw(t, StartPage(Start{
		Clients:     []StartClient{{ID: "web", Name: "Web"}},
		Registered:  []StartClient{{ID: "reg_1", Name: "<b>Timesheets</b>", Kind: "native, public, not checked", Redirects: []string{"http://localhost/\u202ecb"}, Expires: "26 November 2026, 09:00 UTC"}},
		MoreClients: 7,
	}))
	section := with(page, "aria-labelledby", "registered")
	if len(section) != 1 {
		t.Fatal("no section of their own")
	}
	said := strings.Join(strings.Fields(text(section[0])), " ")
	for _, want := range []string{"Nobody has checked these", "<b>Timesheets</b>", "not checked", "⟨U+202E⟩", "26 November 2026, 09:00 UTC, unless it is used", "7 older ones"} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is not in %q", want, said)
		}
	}
	if names := all(section[0], "bdi"); len(names) != 1 || len(all(section[0], "b")) != 0 {
		t.Errorf("%d names are kept to themselves", len(names))
	}
	if strings.Contains(said, "Web") || strings.Contains(text(with(page, "aria-labelledby", "clients")[0]), "reg_1") {
		t.Error("the two kinds are mixed")
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
