package views

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// BannerInfo is what the terminal shows once the port answers.
type BannerInfo struct {
	Version string
	Ready   time.Duration
	DB      string
	DBState string // "new" or "kept"
	URL     string
	Links   []BannerLink
	People  []BannerPerson
	Clients []BannerClient
	Note    string
	Color   bool
}

// BannerLink is a labelled URL that answers.
type BannerLink struct{ Label, URL string }

// BannerPerson can sign in; the password is set only if it is public.
type BannerPerson struct{ Email, Role, Password string }

// BannerClient may ask for tokens; the secret is set only if it is public.
type BannerClient struct{ ID, Kind, Secret string }

// Banner writes the greeting, at most 80 columns wide for names of ordinary
// length.
func Banner(w io.Writer, b BannerInfo) {
	bold, dim, accent, plain := "\x1b[1m", "\x1b[2m", "\x1b[38;5;166m", "\x1b[0m"
	if !b.Color {
		bold, dim, accent, plain = "", "", "", ""
	}
	var out strings.Builder
	fmt.Fprintf(&out, "\n  %s▚ punchcard%s %s · ready in %d ms · %s (%s)\n\n", accent+bold, plain, b.Version, b.Ready.Milliseconds(), b.DB, b.DBState)
	for _, l := range b.Links {
		fmt.Fprintf(&out, "  %s➜%s %-12s %s%s%s\n", accent, plain, l.Label, bold, l.URL, plain)
	}
	for i, p := range b.People {
		fmt.Fprintf(&out, "%s  %-14s %-20s %-10s %s%s%s\n", gap(i), title(i, "Sign in as"), p.Email, p.Role, dim, p.Password, plain)
	}
	for i, c := range b.Clients {
		fmt.Fprintf(&out, "%s  %-14s %-20s %-16s %s%s%s\n", gap(i), title(i, "Clients"), c.ID, c.Kind, dim, c.Secret, plain)
	}
	out.WriteString("\n")
	if b.Note != "" {
		fmt.Fprintf(&out, "  %s\n", b.Note)
	}
	out.WriteString("  Stop with Ctrl-C · punchcard --help\n\n")
	_, _ = io.WriteString(w, out.String())
}

func gap(i int) string {
	if i == 0 {
		return "\n"
	}
	return ""
}

// title is shown on the first line of a group.
func title(i int, text string) string {
	if i == 0 {
		return text
	}
	return ""
}
