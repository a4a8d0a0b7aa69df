package inspector

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/exampleco/punchcard/views"
	"github.com/exampleco/punchcard/views/inspector/page"
	"github.com/exampleco/punchcard/views/inspector/record"
)

// newest draws the run that changed last, of those that the filter lets through.
func (p *pages) newest(w http.ResponseWriter, r *http.Request) {
	filter := filterOf(r)
	runs := filter.through(p.Recorder.Recent())
	view := page.Inspector{Follow: true}
	if len(runs) > 0 {
		p.draw(w, r, view, newestOf(runs).Number)
		return
	}
	p.show(w, r, http.StatusOK, view, 0)
}

// newestOf is the run that began last, leaving aside mere look-ups: a library
// that reads the metadata once more takes no flow off the page.
func newestOf(runs []record.Run) record.Run {
	best := runs[0]
	for _, run := range runs[1:] {
		if aside(best) && !aside(run) || aside(best) == aside(run) && run.Number > best.Number {
			best = run
		}
	}
	return best
}

func aside(run record.Run) bool {
	switch run.Title().Kind {
	case record.KindMetadata, record.KindKeys, record.KindPreflight:
		return true
	}
	return false
}

func (p *pages) one(w http.ResponseWriter, r *http.Request) {
	number, err := strconv.Atoi(r.PathValue("run"))
	if err != nil || number < 1 {
		p.problem(w, r, http.StatusNotFound, "There is no such run", "Runs have numbers. The list at "+path+" has those that are kept.")
		return
	}
	p.draw(w, r, page.Inspector{}, number)
}

// draw shows one run.
func (p *pages) draw(w http.ResponseWriter, r *http.Request, view page.Inspector, number int) {
	run, ok, err := p.Recorder.Find(r.Context(), number)
	if err != nil {
		w.Header().Set("Retry-After", "5")
		p.problem(w, r, http.StatusServiceUnavailable, "Not right now", "The database cannot be read. Try again in a few seconds.")
		return
	}
	if !ok {
		view.Missing = "Run " + strconv.Itoa(number) + " is not kept any more, or never was: the file has the last 1,000."
		p.show(w, r, http.StatusNotFound, view, number)
		return
	}
	drawn := p.drawing(r.Context(), run, r.URL.Query().Get("step"), filterOf(r).query())
	view.Run = &drawn
	p.show(w, r, http.StatusOK, view, number)
}

// show writes the page, or the part of it that a script asked for.
func (p *pages) show(w http.ResponseWriter, r *http.Request, status int, view page.Inspector, current int) {
	view.Frame, view.TryHref, view.AppHref, view.Starters = p.frame(r), p.TryHref, p.AppHref, p.Starters
	filter := filterOf(r)
	all := p.Recorder.Recent()
	slices.SortFunc(all, func(a, b record.Run) int { return b.Number - a.Number })
	view.Filter = p.filter(filter, all)
	for _, run := range filter.through(all) {
		line := p.line(run, filter.query())
		line.Current = run.Number == current
		view.Runs = append(view.Runs, line)
	}
	view.Filter.Shown = len(view.Runs)
	view.Attacks = p.attackCards()
	view.Workshop = p.workshop()
	view.Frame.Notice = notices[r.URL.Query().Get("done")]
	switch r.URL.Query().Get("part") {
	case "run":
		views.WriteApp(w, r, status, page.InspectorRun(view))
	case "runs":
		views.WriteApp(w, r, status, page.InspectorRuns(view))
	default:
		views.WriteApp(w, r, status, page.InspectorPage(view))
	}
}

// notices say what was just done; the address names them, so that nobody can
// put words of their own on the page.
var notices = map[string]string{
	"reset":     "The demo is back at its seed. Everybody is signed out, and all tokens are dead.",
	"fault":     "The fault waits for its request.",
	"cleared":   "No fault waits any more.",
	"lifetimes": "Tokens that are issued from now on have the new lifetimes.",
	"expired":   "It has expired. Use it, and see what the server says.",
	"gone":      "There was nothing left to expire: it was used, replaced or revoked before.",
}

// flow leads from the strip on login and consent to the run.
func (p *pages) flow(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), time.Second)
	defer cancel()
	for {
		if number, ok := p.Recorder.ByFlow(r.PathValue("id")); ok {
			http.Redirect(w, r, path+"/"+strconv.Itoa(number), http.StatusSeeOther)
			return
		}
		select {
		case <-ctx.Done():
			p.problem(w, r, http.StatusNotFound, "This flow was not recorded", "It is older than the runs that are kept, or the recorder was busy. The list at "+path+" has what there is.")
			return
		case <-time.After(20 * time.Millisecond): // the page may have been faster than the recorder
		}
	}
}

// filter narrows the list.
type filter struct{ client, person, outcome string }

func filterOf(r *http.Request) filter {
	q := r.URL.Query()
	return filter{q.Get("client"), q.Get("person"), q.Get("outcome")}
}

func (f filter) admits(run *record.Run) bool {
	return (f.client == "" || f.client == run.Client) &&
		(f.person == "" || f.person == personOf(run)) &&
		(f.outcome == "" || f.outcome == string(run.Outcome()))
}

func (f filter) through(runs []record.Run) (out []record.Run) {
	for _, run := range runs {
		if f.admits(&run) {
			out = append(out, run)
		}
	}
	return out
}

// query is the filter as it stands in an address.
func (f filter) query() string {
	q := url.Values{}
	for name, value := range map[string]string{"client": f.client, "person": f.person, "outcome": f.outcome} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if len(q) == 0 {
		return ""
	}
	return "?" + q.Encode()
}

// personOf is the subject of a run's tokens, or who signed in without getting
// any.
func personOf(run *record.Run) string {
	if run.Person != "" {
		return run.Person
	}
	return run.Email
}

func (p *pages) filter(f filter, all []record.Run) page.RunFilter {
	out := page.RunFilter{Client: f.client, Person: f.person, Outcome: f.outcome, Total: len(all), Query: f.query()}
	add := func(to []page.FilterChoice, value, text string) []page.FilterChoice {
		if value == "" || slices.ContainsFunc(to, func(c page.FilterChoice) bool { return c.Value == value }) {
			return to
		}
		return append(to, page.FilterChoice{Value: value, Text: text})
	}
	for i := range all {
		person := personOf(&all[i])
		out.Clients = add(out.Clients, all[i].Client, p.clientName(all[i].Client))
		out.People = add(out.People, person, p.personName(person))
	}
	byText := func(a, b page.FilterChoice) int {
		if a.Text < b.Text {
			return -1
		}
		return 1
	}
	slices.SortFunc(out.Clients, byText)
	slices.SortFunc(out.People, byText)
	return out
}

func (p *pages) line(run record.Run, query string) page.RunLine {
	person := personOf(&run)
	return page.RunLine{
		Number: run.Number, Href: path + "/" + strconv.Itoa(run.Number) + query, Title: p.title(&run), Kind: kindOf(run.Title()),
		When: when(run.Began, p.Now()), Client: p.clientName(run.Client), Person: p.personName(person),
		Outcome: page.Outcome(run.Outcome()), Kept: len(run.Exchanges) == 0,
	}
}

func (p *pages) clientName(id string) string {
	if name := p.ClientName(id); name != "" {
		return name
	}
	return id
}

func (p *pages) personName(id string) string {
	if name := p.PersonName(id); name != "" {
		return name
	}
	return id
}

// when words a moment of the last days.
func when(at, now time.Time) string {
	at, now = at.Local(), now.Local()
	switch at.Format(time.DateOnly) {
	case now.Format(time.DateOnly):
		return "today " + at.Format(time.TimeOnly)
	case now.AddDate(0, 0, -1).Format(time.DateOnly):
		return "yesterday " + at.Format(time.TimeOnly)
	}
	return at.Format("2 January 15:04:05")
}
