package site

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/exampleco/punchcard/views"
)

const pathRules = "/docs/rules"

// Rule is one rule of the book.
type Rule struct {
	ID     string // its name for good, and its anchor on the page
	Must   string // what has to hold, in one sentence
	Clause string // what demands it, "" where it is this product's own
	Why    string // what an attacker gains, or what breaks, without it
}

// Chapter is the rules of one room.
type Chapter struct {
	ID, Title, Text string
	Rules           []Rule
}

// ruleShown is a rule with all that the page says of it.
type ruleShown struct {
	Rule
	clauses, attacks []views.Link
	failed           string // address of a recorded run in which it failed, "" for none
}

type chapterShown struct {
	id, title, text string
	rules           []ruleShown
}

// ruleBook is the page at /docs/rules.
type ruleBook struct {
	chapters     []chapterShown
	asked        string // the filter
	found, total int
	appHref      string
	apiHref      string // the API reference, "" where there is none
	watched      bool   // runs may be linked
}

// rules is the page; rulesJSON is the same for programs. Both take the filter
// q: every word of it has to occur in a rule.
func (p *pages) rules(w http.ResponseWriter, r *http.Request) {
	book := p.ruleBook(r)
	if p.App != "" {
		book.appHref = pathApp
	}
	if p.Document != nil {
		book.apiHref = pathDocs
	}
	views.Write(w, r, http.StatusOK, rulesPage(book))
}

func (p *pages) ruleBook(r *http.Request) ruleBook {
	var failed map[string]string
	if p.FailedRuns != nil {
		failed = p.FailedRuns()
	}
	book := ruleBook{asked: strings.Join(strings.Fields(r.URL.Query().Get("q")), " "), watched: p.FailedRuns != nil}
	words := strings.Fields(strings.ToLower(book.asked))
	for _, c := range p.Rules {
		shown := chapterShown{id: c.ID, title: c.Title, text: c.Text}
		for _, rule := range c.Rules {
			book.total++
			if rule.has(words, c.Title) {
				shown.rules = append(shown.rules, ruleShown{rule, views.Clauses(rule.Clause), p.Attacks[rule.ID], failed[rule.ID]})
			}
		}
		if len(shown.rules) > 0 {
			book.chapters = append(book.chapters, shown)
			book.found += len(shown.rules)
		}
	}
	return book
}

// has says whether each word occurs somewhere in the rule or in its chapter's
// title.
func (r Rule) has(words []string, chapter string) bool {
	text := strings.ToLower(strings.Join([]string{r.ID, r.Must, r.Clause, r.Why, chapter}, "\n"))
	for _, word := range words {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}

// linkJSON and ruleJSON are the form of /docs/rules.json.
type linkJSON struct {
	Title string `json:"title"`
	Href  string `json:"href,omitempty"`
}

type ruleJSON struct {
	ID      string     `json:"id"`
	Chapter string     `json:"chapter"`
	Must    string     `json:"must"`
	Why     string     `json:"why"`
	Clauses []linkJSON `json:"clauses"`
	Attacks []linkJSON `json:"attacks"`
	Failed  string     `json:"failed,omitempty"` // a recorded run
	Href    string     `json:"href"`             // on the page
}

func (p *pages) rulesJSON(w http.ResponseWriter, r *http.Request) {
	out := []ruleJSON{}
	for _, c := range p.ruleBook(r).chapters {
		for _, rule := range c.rules {
			row := ruleJSON{
				ID: rule.ID, Chapter: c.title, Must: rule.Must, Why: rule.Why, Href: p.base + pathRules + "#" + rule.ID,
				Clauses: linksJSON("", rule.clauses), Attacks: linksJSON(p.base, rule.attacks),
			}
			if rule.failed != "" {
				row.Failed = p.base + rule.failed
			}
			out = append(out, row)
		}
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store") // runs come and go
	h.Set("X-Content-Type-Options", "nosniff")
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(map[string]any{"rules": out})
}

func linksJSON(base string, links []views.Link) []linkJSON {
	out := []linkJSON{}
	for _, l := range links {
		row := linkJSON{Title: l.Text, Href: l.Href}
		if l.Href != "" {
			row.Href = base + l.Href
		}
		out = append(out, row)
	}
	return out
}
