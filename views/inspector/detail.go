package inspector

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/exampleco/punchcard/views/inspector/page"
	"github.com/exampleco/punchcard/views/inspector/record"
)

// detail is the exchange behind a step.
func (d *drawn) detail(steps []step, at int) *page.Detail {
	s := steps[at]
	x := s.exchange
	out := &page.Detail{
		Step: s.Number, Tags: tags(x), Request: d.request(x), Response: d.response(x), Lost: x.Lost,
		Tokens: d.tokens(x), Curl: curl(x, d.base()),
	}
	if out.Step == "" {
		out.Step = s.ID
	}
	if at > 0 {
		out.Previous = steps[at-1].Href
	}
	if at+1 < len(steps) {
		out.Next = steps[at+1].Href
	}
	for _, c := range x.Checks {
		out.Checks = append(out.Checks, d.line(c))
	}
	for _, w := range x.Writes {
		row := rowOf(w)
		row.Step = s.Href
		out.Writes = append(out.Writes, row)
	}
	return out
}

func (d *drawn) base() string { return strings.TrimSuffix(d.Issuer, "/") }

func tags(x *record.Exchange) []string {
	out := []string{ms(x)}
	switch x.Kind {
	case record.KindAPI, record.KindToken, record.KindRevoke, record.KindIntrospect, record.KindPushed, record.KindDevice, record.KindRegister:
		out = append(out, "direct")
		if len(x.Header["Cookie"]) == 0 {
			out = append(out, "no cookies sent")
		}
	case record.KindMetadata, record.KindKeys, record.KindUserinfo, record.KindOther:
	default:
		out = append(out, "through the browser")
	}
	return append(out, x.Notes...)
}

// line is a check with the clause behind it, in the words of its rule.
func (d *drawn) line(c record.Check) page.LedgerLine {
	return page.LedgerLine{
		OK: c.OK, Rule: cmp.Or(c.Must, c.Rule), Expected: d.marks.ledger(c.Expected), Got: d.marks.ledger(c.Got),
		Differs: differs(c), Clause: c.Clause, Href: clauseHref(c.Clause), Why: c.Why, RuleHref: d.ruleHref(c),
	}
}

// ruleHref is where the rule stands in the book. Runs of an older version have
// rules that are not in it, and no sentence.
func (d *drawn) ruleHref(c record.Check) string {
	if c.Must == "" || d.RulesHref == "" {
		return ""
	}
	return d.RulesHref + "#" + c.Rule
}

// differs says where a value that has to be exact leaves the registered one
// that it is nearest to.
func differs(c record.Check) string {
	if c.OK || !slices.Contains(exactRules, c.Rule) || c.Got == "" || c.Expected == "" {
		return ""
	}
	best, near, nearest := -1, "", ""
	for _, known := range strings.Fields(c.Expected) {
		for _, alike := range []string{known, onPort(known, c.Got)} {
			if n := common(alike, c.Got); n > best {
				best, near, nearest = n, known, alike
			}
		}
	}
	got, want := []rune(c.Got), []rune(nearest)
	switch {
	case best == len(got) && best == len(want):
		return ""
	case best == len(got):
		return fmt.Sprintf("ends after character %d, where %s goes on", best, near)
	case best == len(want):
		return fmt.Sprintf("goes on after character %d, where %s ends", best, near)
	}
	return fmt.Sprintf("differs from %s at character %d: “%c” instead of “%c”", near, best+1, got[best], want[best])
}

// onPort gives a registered loopback URI the port that was sent: a native app's
// may differ in that (RFC 8252 7.3).
func onPort(registered, sent string) string {
	u, err := url.Parse(registered)
	s, serr := url.Parse(sent)
	if err != nil || serr != nil || u.Port() != "" || s.Port() == "" || !slices.Contains([]string{"localhost", "127.0.0.1", "::1"}, u.Hostname()) {
		return registered
	}
	return strings.Replace(registered, u.Host, u.Host+":"+s.Port(), 1)
}

func common(a, b string) int {
	x, y := []rune(a), []rune(b)
	n := 0
	for n < len(x) && n < len(y) && x[n] == y[n] {
		n++
	}
	return n
}

// rowOf words a write.
func rowOf(w record.Write) page.RowWritten {
	verb := map[string]string{
		"insert": "A new %s", "use": "The %s is spent", "retire": "The %s is good for nothing any more", "delete": "%s removed", "update": "The %s is changed",
		"upsert": "The %s is kept", "revoke": "Ended for good: %s", "bind": "The %s now belongs to this browser",
		"decide": "The person’s answer to the %s", "spend": "The %s is over", "expire": "The %s ends now",
		"withdraw": "Taken back: %s", "disable": "The %s is disabled", "purge": "Cleared away: %s", "reset": "Emptied: %s", "repeat": "The %s is given once more",
		"poll": "When the %s was last asked about", "compare": "The person has compared the %s",
	}[w.Op]
	if verb == "" {
		verb = w.Op + " %s"
	}
	text := fmt.Sprintf(verb, w.Kind)
	if w.Op == "revoke" || w.Op == "delete" && w.Rows > 0 {
		text += fmt.Sprintf(" (%d rows)", w.Rows)
	}
	return page.RowWritten{Op: w.Op, Table: w.Table, Kind: w.Kind, ID: w.ID, Text: strings.ToUpper(text[:1]) + text[1:]}
}
