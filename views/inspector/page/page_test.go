package page

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/exampleco/punchcard/views"
)

// The picture tells the run without its arrows: whoever hears the page gets
// each step with who speaks to whom, and one step is the current one.
func TestRunCanBeHeard(t *testing.T) {
	run := codeRun()
	list := with(draw(t, InspectorPage(inspectorOf(run))), "class", "steps-drawn")
	if len(list) != 1 || list[0].Data != "ol" {
		t.Fatalf("%d lists of steps", len(list))
	}
	steps := all(list[0], "li")
	if len(steps) != len(run.Steps) {
		t.Fatalf("%d steps, want %d", len(steps), len(run.Steps))
	}
	for i, step := range steps {
		if route := with(step, "class", "route"); len(route) != 1 || text(route[0]) != run.Steps[i].Route {
			t.Errorf("step %s does not say %q", run.Steps[i].ID, run.Steps[i].Route)
		}
		if current := slices.ContainsFunc(all(step, "a"), func(a *html.Node) bool { return has(a, "aria-current") }); current != run.Steps[i].Selected {
			t.Errorf("step %s: current is %v", run.Steps[i].ID, current)
		}
	}
}

// Without a script each step is a link of its own, and what needs one is not
// to be seen.
func TestRunWorksWithoutAScript(t *testing.T) {
	page := inspectorOf(codeRun())
	page.Follow = false
	doc := draw(t, InspectorPage(page))
	for _, s := range page.Run.Steps {
		if len(with(doc, "href", s.Href)) == 0 {
			t.Errorf("no link selects step %s", s.ID)
		}
	}
	for _, n := range all(doc, "") {
		if slices.Contains(strings.Fields(attr(n, "class")), "scripted") && !has(n, "hidden") {
			t.Errorf("<%s> %q needs a script and is shown without", n.Data, text(n))
		}
	}
	for _, href := range []string{page.Run.Detail.Previous, page.Run.Detail.Next, page.Run.HAR, "/inspector/12?step=5"} {
		if len(with(doc, "href", href)) == 0 {
			t.Errorf("no link to %s", href)
		}
	}
}

// A check that failed stands first and open, with its clause; those that
// passed are folded.
func TestFailedCheckIsNamedFirst(t *testing.T) {
	ledger := with(draw(t, InspectorPage(inspectorOf(refusedRun()))), "class", "ledger")
	if len(ledger) != 1 {
		t.Fatalf("%d ledgers", len(ledger))
	}
	lines := all(ledger[0], "details")
	if len(lines) != 2 || !has(lines[0], "open") || has(lines[1], "open") {
		t.Fatalf("%d checks, or the wrong ones are open", len(lines))
	}
	for _, want := range []string{"failed:", "redirect_uri exact", "FAILED", "RFC 9700 2.1", "http://localhost:9000/callback", "http://localhost:9000/elsewhere", "differs at character 23: e instead of c"} {
		if !strings.Contains(text(lines[0]), want) {
			t.Errorf("the check that failed does not say %q", want)
		}
	}
}

// A value has one id wherever it occurs, so that all of it can light up.
func TestValueIsTheSameEverywhere(t *testing.T) {
	doc := draw(t, InspectorPage(inspectorOf(codeRun())))
	for _, place := range []string{"steps-drawn", "wire-text", "tree", "values"} {
		found := with(doc, "class", place)
		if len(found) == 0 {
			t.Fatalf("no %s", place)
		}
		marks := with(found[0], "data-v", codeID)
		if len(marks) == 0 {
			t.Errorf("the code cannot be found in %s", place)
		}
		for _, m := range marks {
			if m.Data != "mark" || attr(m, "class") != "v-code" {
				t.Errorf("%s: the code is <%s class=%q>", place, m.Data, attr(m, "class"))
			}
		}
	}
}

// The raw exchange is what was on the wire, space by space, but for signs that
// would turn the text round.
func TestRawExchangeIsExact(t *testing.T) {
	run := codeRun()
	run.Detail.Request = []Piece{{Text: "GET", Class: "m"}, {Text: "  /a \n\n  <b>&amp;"}, {Text: "\u202E", Kind: KindState, Value: stateID, Title: `"><script>`}}
	raw := with(draw(t, InspectorPage(inspectorOf(run))), "class", "wire-text")
	if len(raw) != 1 || raw[0].Data != "pre" {
		t.Fatalf("%d requests", len(raw))
	}
	if got, want := text(raw[0]), "GET  /a \n\n  <b>&amp;"+views.Visible("\u202E"); got != want {
		t.Errorf("the request is %q, want %q", got, want)
	}
}

// A family whose token came twice is told by words, not by its colour alone.
func TestReuseIsToldInTheFamily(t *testing.T) {
	family := with(draw(t, InspectorPage(inspectorOf(reuseRun()))), "class", "pane family f-attacked")
	if len(family) != 1 {
		t.Fatalf("%d families that were attacked", len(family))
	}
	reused := with(family[0], "class", "knot k-reused")
	if len(reused) != 1 || !strings.Contains(text(reused[0]), "refresh token") || !strings.Contains(text(reused[0]), "used twice") {
		t.Error("the token that came twice is not named")
	}
	if n := len(with(family[0], "class", "knot k-revoked")); n != 2 {
		t.Errorf("%d of the two live tokens are revoked", n)
	}
	if len(all(family[0], "form")) != 0 {
		t.Error("what is dead can be expired")
	}
}

// What is left of a token in the file is shown as that, and as nothing else.
func TestMaskedTokenHasNoParts(t *testing.T) {
	tokens := with(draw(t, InspectorPage(inspectorOf(maskedRun()))), "class", "pane token")
	if len(tokens) != 2 {
		t.Fatalf("%d tokens", len(tokens))
	}
	if jwt := with(tokens[0], "class", "jwt"); len(jwt) != 1 || text(jwt[0]) != "eyJhbG… (hash 5e0d77aa)" {
		t.Error("not what the file has")
	}
}

// A prediction comes first: the form cannot be sent without one.
func TestAttackAsksForAPrediction(t *testing.T) {
	page := attackPage()
	form := one(t, draw(t, AttackPageOf(page)), "form")
	if attr(form, "action") != page.Action || attr(form, "method") != "post" {
		t.Errorf("the form goes to %s", attr(form, "action"))
	}
	choices := with(form, "name", "prediction")
	if len(choices) != len(page.Choices) {
		t.Fatalf("%d choices, want %d", len(choices), len(page.Choices))
	}
	for i, c := range choices {
		if attr(c, "type") != "radio" || attr(c, "value") != page.Choices[i] || !has(c, "required") || has(c, "checked") {
			t.Errorf("choice %d is not open, or can be left out", i+1)
		}
	}
	if describedBy := attr(one(t, form, "fieldset"), "aria-describedby"); describedBy != "problem" {
		t.Errorf("the choices are not tied to the problem, but to %q", describedBy)
	}
	page.Lacks = "there is no second app."
	if doc := draw(t, AttackPageOf(page)); len(all(doc, "form")) != 0 || !strings.Contains(text(doc), page.Lacks) {
		t.Error("an attack without a stage can be run, or does not say why not")
	}
}

// aria-current without a word means "not current": no screen reader would say
// which step is shown.
func TestTheCurrentStepIsNamed(t *testing.T) {
	for name, page := range inspectorPages() {
		named := map[string]int{}
		for _, a := range all(draw(t, page), "a") {
			if !has(a, "aria-current") {
				continue
			}
			if attr(a, "aria-current") == "" {
				t.Errorf("%s: %s is current, and nothing says as what", name, attr(a, "href"))
			}
			named[attr(a, "aria-current")]++
		}
		if name == "inspector" && (named["step"] != 1 || named["page"] != 1) {
			t.Errorf("%s: current are %v", name, named)
		}
	}
}
