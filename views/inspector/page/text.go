package page

import (
	"context"
	"io"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/exampleco/punchcard/views"
)

// sheets are the styles of the inspector's pages.
var sheets = []string{"parts.css", "inspector/frame.css", "inspector/run.css", "inspector/steps.css", "inspector/exchange.css", "inspector/token.css", "inspector/acts.css"}

// pieces writes raw text as it was on the wire: in a <pre> every space counts,
// so this is no template.
func pieces(ps []Piece) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		var b strings.Builder
		for _, p := range ps {
			text := templ.EscapeString(visibleLines(p.Text))
			switch {
			case p.Value != "":
				b.WriteString(`<mark class="` + string(p.Kind) + `" data-v="` + templ.EscapeString(p.Value) + `" tabindex="0" title="` + templ.EscapeString(p.Title) + `">` + text + `</mark>`)
			case p.Kind != "":
				b.WriteString(`<span class="` + string(p.Kind) + `" title="` + templ.EscapeString(p.Title) + `">` + text + `</span>`)
			case p.Class != "":
				b.WriteString(`<span class="w-` + p.Class + `">` + text + `</span>`)
			default:
				b.WriteString(text)
			}
		}
		_, err := io.WriteString(w, b.String())
		return err
	})
}

// visibleLines is visible for a text of several lines.
func visibleLines(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = views.Visible(line)
	}
	return strings.Join(lines, "\n")
}

// words writes a label: plain words and the specification's side by side, of
// which the switch shows one.
func words(ws []Words) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		var b strings.Builder
		for _, word := range ws {
			plain := templ.EscapeString(views.Visible(word.Plain))
			switch {
			case word.Kind != "" && word.Value != "":
				b.WriteString(`<mark class="` + string(word.Kind) + `" data-v="` + templ.EscapeString(word.Value) + `">` + plain + `</mark>`)
			case word.Kind != "":
				b.WriteString(`<mark class="` + string(word.Kind) + `">` + plain + `</mark>`)
			case word.Spec != "":
				b.WriteString(`<span class="plain">` + plain + `</span><span class="spec">` + templ.EscapeString(views.Visible(word.Spec)) + `</span>`)
			default:
				b.WriteString(plain)
			}
		}
		_, err := io.WriteString(w, b.String())
		return err
	})
}

// outcomeWord is what a state is called where its colour alone would say it.
func outcomeWord(o Outcome) string {
	switch o {
	case OutcomeDone:
		return "went well"
	case OutcomeRefused:
		return "refused"
	case OutcomeAttack:
		return "used twice"
	}
	return "open"
}

// droppedText counts what was not recorded.
func droppedText(n uint64) string {
	return "Exchanges that were not recorded, because there were more than the recorder could take: " + strconv.FormatUint(n, 10) + "."
}

// failed counts the checks that failed.
func failed(lines []LedgerLine) (n int) {
	for _, l := range lines {
		if !l.OK {
			n++
		}
	}
	return n
}

// anchor is an address of ours with the step as its fragment.
func anchor(href string) templ.SafeURL { return templ.SafeURL(href) }

// current marks the one of several that is shown, in the word that says what
// they are. Without a word it would mean that it is not.
func current(is bool, word string) templ.Attributes {
	if !is {
		return nil
	}
	return templ.Attributes{"aria-current": word}
}
