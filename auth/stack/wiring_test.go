package stack

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
)

// everything is a server with every flag set.
func everything() *Serve {
	return &Serve{
		AccessTTL: 15 * time.Minute, RefreshTTL: 336 * time.Hour, CodeTTL: time.Minute, RefreshGrace: time.Second,
		ApproveMaxAge: time.Minute, DPoPNonces: true, QuietPages: true,
	}
}

// A room that is not told something shows nothing of it, and nobody notices. So
// where every flag is set, and the configuration is the built-in one, no field
// of a room's configuration is left out.
func TestWiring(t *testing.T) {
	s := open(t, everything())
	optional := map[string]bool{
		"fault.List.Sleep":   true, // faults wait by the wall clock
		"fault.List.Problem": true, // a form that is wrong is answered with the text alone
	}
	seen := 0
	for _, config := range []any{s.c.authConfig(s.rooms), s.c.apiConfig(s.rooms), s.c.siteConfig(s.rooms), s.record, s.page, s.page.Stage, s.faults} {
		v := reflect.Indirect(reflect.ValueOf(config))
		for i := range v.NumField() {
			field := v.Type().Field(i)
			name := v.Type().String() + "." + field.Name
			if !field.IsExported() {
				continue
			}
			seen++
			if v.Field(i).IsZero() != optional[name] {
				t.Errorf("%s is zero: %v, and listed as optional: %v", name, v.Field(i).IsZero(), optional[name])
			}
		}
	}
	if seen < 60 {
		t.Errorf("only %d fields were looked at", seen)
	}
}

// With the built-in seed the start page has each of its sections, and a command
// for each thing that can be done from a terminal.
func TestStartPageIsWhole(t *testing.T) {
	p, _, _ := inside(t)
	page := p.browser(t).Get("/")
	doc, err := html.Parse(strings.NewReader(page.Text))
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]bool{}
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode || n.Data != "h2" && n.Data != "h3" && n.Data != "a" {
			continue
		}
		var text strings.Builder
		for inner := range n.Descendants() {
			if inner.Type == html.TextNode {
				text.WriteString(inner.Data)
			}
		}
		texts[strings.Join(strings.Fields(text.String()), " ")] = true
	}
	for _, want := range []string{
		"Sign in now", "Open the phone app", "Watch every flow", "API reference",
		"Who can sign in", "Which clients there are", "From the terminal", "What it answers to",
		"What can this server do?", "As a person, from this terminal",
		"A token for a machine", "What the API knows about it", "What it does not open", "Ask about the token", "Take it back",
		"A key, and proofs of it", "A token that only this key can use",
		"Ask behind the browser’s back",
		"Be a device without a keyboard", "Poll until somebody has decided",
		"Where does this API get its tokens?", "Register an app", "Read it, then remove it",
	} {
		if !texts[want] {
			t.Errorf("the start page has no %q", want)
		}
	}
}
