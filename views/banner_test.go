package views

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// demoBanner is the built-in seed's.
func demoBanner() BannerInfo {
	return BannerInfo{
		Version: "v1.2.3", Ready: 84 * time.Millisecond, DB: "punchcard.db", DBState: "new", URL: "http://localhost:8484",
		Links:  []BannerLink{{"Start here", "http://localhost:8484"}, {"Discovery", "http://localhost:8484/.well-known/openid-configuration"}, {"API", "http://localhost:8484/api"}},
		People: []BannerPerson{{"ada@example.com", "employee", "timesheets"}, {"grace@example.com", "manager", "timesheets"}},
		Clients: []BannerClient{{"timesheets-mobile", "native, public", ""}, {"timesheets-web", "web server", "timesheets-web-secret"},
			{"timesheets-cron", "machine", "timesheets-cron-secret"}, {"timesheets-gateway", "resource server", "timesheets-gateway-secret"}},
		Note: "Demo: these passwords and secrets are public, and there is no TLS.",
	}
}

func banner(b BannerInfo) string {
	var out strings.Builder
	Banner(&out, b)
	return out.String()
}

func TestBannerFitsATerminal(t *testing.T) {
	for line := range strings.Lines(banner(demoBanner())) {
		if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > 80 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}

func TestBannerSaysWhatIsNeeded(t *testing.T) {
	b := demoBanner()
	got := banner(b)
	for _, want := range []string{"v1.2.3", "84 ms", "punchcard.db (new)", b.Links[1].URL, "ada@example.com", "manager", "timesheets-web-secret", b.Note, "Ctrl-C"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing from\n%s", want, got)
		}
	}
	if b.People[0].Password = ""; strings.Count(banner(b), " timesheets\n") != 1 {
		t.Error("a password is shown that was not given")
	}
}

func TestBannerColumnsAreAligned(t *testing.T) {
	b := demoBanner()
	b.Clients = append(b.Clients, BannerClient{"a-client-with-a-long-name", "web server", "its-secret"})
	columns := map[string]int{}
	for line := range strings.Lines(banner(b)) {
		for _, group := range []struct{ name, mark string }{{"role", "employee"}, {"role", "manager"}, {"secret", "-secret"}, {"kind", "web server"}, {"kind", "machine"}} {
			if at := strings.Index(line, group.mark); at >= 0 && group.name != "secret" {
				if was, seen := columns[group.name]; seen && was != at {
					t.Errorf("%s stands at %d and %d:\n%s", group.name, was, at, line)
				}
				columns[group.name] = at
			}
		}
	}
	if len(columns) != 2 {
		t.Fatalf("columns %v", columns)
	}
}

func TestBannerColourIsOptional(t *testing.T) {
	b := demoBanner()
	if strings.Contains(banner(b), "\x1b") {
		t.Error("colour where none was asked for")
	}
	plain := banner(b)
	b.Color = true
	coloured := banner(b)
	if !strings.Contains(coloured, "\x1b[") {
		t.Error("no colour where it was asked for")
	}
	for _, code := range []string{"\x1b[1m", "\x1b[2m", "\x1b[0m", "\x1b[38;5;166m"} {
		coloured = strings.ReplaceAll(coloured, code, "")
	}
	if coloured != plain {
		t.Error("colour changes the text")
	}
}
