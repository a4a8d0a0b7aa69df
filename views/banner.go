package views

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
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
	p := pens{"\x1b[1m", "\x1b[2m", "\x1b[38;5;166m", "\x1b[0m"}
	if !b.Color {
		p = pens{}
	}
	var out strings.Builder
	fmt.Fprintf(&out, "\n  %s▚ punchcard%s %s · ready in %d ms · %s (%s)\n\n", p.accent+p.bold, p.plain, b.Version, b.Ready.Milliseconds(), b.DB, b.DBState)
	for _, l := range b.Links {
		fmt.Fprintf(&out, "  %s➜%s %-12s %s%s%s\n", p.accent, p.plain, l.Label, p.bold, l.URL, p.plain)
	}
	var people, clients [][3]string
	for _, who := range b.People {
		people = append(people, [3]string{who.Email, who.Role, who.Password})
	}
	for _, c := range b.Clients {
		clients = append(clients, [3]string{c.ID, c.Kind, c.Secret})
	}
	p.group(&out, "Sign in as", people)
	p.group(&out, "Clients", clients)
	out.WriteString("\n")
	if b.Note != "" {
		fmt.Fprintf(&out, "  %s\n", b.Note)
	}
	out.WriteString("  Stop with Ctrl-C · punchcard --help\n\n")
	_, _ = io.WriteString(w, out.String())
}

// pens are the terminal's ways of writing; all "" without colour.
type pens struct{ bold, dim, accent, plain string }

// group writes rows with their columns aligned, the last one dim.
func (p pens) group(out *strings.Builder, title string, rows [][3]string) {
	var wide [2]int
	for _, r := range rows {
		for i := range wide {
			wide[i] = max(wide[i], utf8.RuneCountInString(r[i]))
		}
	}
	for i, r := range rows {
		if i == 0 {
			out.WriteString("\n")
		} else {
			title = ""
		}
		line := fmt.Sprintf("  %-14s %-*s  %-*s", title, wide[0], r[0], wide[1], r[1])
		if r[2] != "" {
			line += "  " + p.dim + r[2] + p.plain
		}
		out.WriteString(strings.TrimRight(line, " ") + "\n")
	}
}
