package stack

import (
	"strconv"

	"github.com/exampleco/punchcard/auth"
	"github.com/exampleco/punchcard/timesheets"
	"github.com/exampleco/punchcard/timesheets/issuer"
	"github.com/exampleco/punchcard/views"
	"github.com/exampleco/punchcard/views/inspector/attack"
	"github.com/exampleco/punchcard/views/site"
)

// ruleBook is the whole book, as its page has it: the authorization server's
// rules, and those of the API with either kind of verifier.
func ruleBook() (book []site.Chapter) {
	for _, c := range auth.Chapters() {
		chapter := site.Chapter{ID: c.ID, Title: c.Title, Text: c.Text}
		for _, r := range c.Rules {
			chapter.Rules = append(chapter.Rules, site.Rule{ID: r.ID, Must: r.Must, Clause: r.Clause, Why: r.Why})
		}
		book = append(book, chapter)
	}
	for _, c := range []struct {
		site.Chapter
		rules []timesheets.Rule
	}{
		{site.Chapter{ID: "api", Title: "The Timesheets API", Text: "What a call of the API has to bring, and what it may change."}, timesheets.Rules()},
		{site.Chapter{ID: "issuer", Title: "An API beside another issuer", Text: "How the Timesheets API checks tokens by itself when it runs alone: punchcard api."}, issuer.Rules()},
	} {
		for _, r := range c.rules {
			c.Rules = append(c.Rules, site.Rule{ID: r.ID, Must: r.Must, Clause: r.Clause, Why: r.Why})
		}
		book = append(book, c.Chapter)
	}
	return book
}

// attacksByRule are the inspector's attacks, by the rule that stops each.
func attacksByRule() map[string][]views.Link {
	out := map[string][]views.Link{}
	for _, a := range attack.All() {
		out[a.Rule] = append(out[a.Rule], views.Link{Href: "/inspector/attacks/" + a.ID, Text: a.Title})
	}
	return out
}

// failedRuns is nil where only managers may see what was recorded.
func (c *Serve) failedRuns(r *rooms) func() map[string]string {
	if !c.private {
		return nil
	}
	return func() map[string]string {
		out := map[string]string{}
		if r.recorder == nil {
			return out
		}
		for rule, at := range r.recorder.Failures() {
			step := strconv.Itoa(at.Exchange)
			out[rule] = "/inspector/" + strconv.Itoa(at.Run) + "?step=" + step + "#" + step
		}
		return out
	}
}
