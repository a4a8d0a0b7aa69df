package page

import (
	"strings"
	"testing"

	"github.com/exampleco/punchcard/views"
)

// Whoever registers chooses its own name: it is set apart from those that were
// declared, and cannot be more than text.
func TestRegisteredAppsStandApart(t *testing.T) {
	if strings.Contains(text(draw(t, StartPage(views.Start{}))), "Registered by themselves") {
		t.Error("a heading over nothing")
	}
	page := draw(t, StartPage(views.Start{
		Clients:     []views.StartClient{{ID: "web", Name: "Web"}},
		Registered:  []views.StartClient{{ID: "reg_1", Name: "<b>Timesheets</b>", Kind: "native, public, not checked", Redirects: []string{"http://localhost/\u202ecb"}, Expires: "26 November 2026, 09:00 UTC"}},
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
