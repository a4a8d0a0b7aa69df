package oauth

import "github.com/exampleco/punchcard/auth/ledger"

// Page is what an error says to the person in front of the browser. Views draw
// it; here it is only words.
type Page struct {
	Title, Text string
	Why         string // what stands in the way, and how to remove it; "" for nothing more
	Clause      string // of the rule that was broken
	Compare     *Comparison
	Action      Link // the way on, zero for none
}

// Link leads on from a page.
type Link struct{ Href, Text string }

// NewPage is an error for the person in front of the browser.
func NewPage(status int, code, title, text string) *Error {
	return &Error{Code: code, Description: title, Status: status, Page: &Page{Title: title, Text: text}}
}

// Citing names the rule that was broken: a page shows its clause.
func (e *Error) Citing(rule ledger.Rule) *Error {
	e.Page.Clause = rule.Clause
	return e
}

// Offering puts a way on onto the page.
func (e *Error) Offering(href, text string) *Error {
	e.Page.Action = Link{href, text}
	return e
}

// Comparing lays what was sent beside what is registered. alike turns a
// registered value into what would have been admitted in its place.
func (e *Error) Comparing(what, got string, known []string, alike func(string) string) *Error {
	e.Page.Compare = compare(what, ledger.Clip(got), known, alike)
	return e
}

// Exactly is for Comparing values without any latitude.
func Exactly(registered string) string { return registered }

// Comparison is a sent value beside the registered ones, the nearest first.
type Comparison struct {
	What   string   // name of the parameter
	Got    string   // "" for nothing
	Known  []string // may be empty
	DiffAt int      // index of the first rune of Got that differs from Known[0]; -1 for none
}

// compare finds where a sent value first leaves the registered one it is
// nearest to.
func compare(what, got string, known []string, alike func(string) string) *Comparison {
	c := &Comparison{What: what, Got: got, DiffAt: -1}
	best := -1
	for _, k := range known {
		shown, n := k, commonPrefix(got, k)
		if other := alike(k); commonPrefix(got, other) > n {
			shown, n = other, commonPrefix(got, other)
		}
		if n > best {
			best = n
			c.Known = append([]string{shown}, c.Known...)
		} else {
			c.Known = append(c.Known, k)
		}
	}
	if got != "" && len(known) > 0 {
		c.DiffAt = best
	}
	return c
}

// commonPrefix counts the runes that two texts begin with alike.
func commonPrefix(a, b string) int {
	x, y := []rune(a), []rune(b)
	n := 0
	for n < len(x) && n < len(y) && x[n] == y[n] {
		n++
	}
	return n
}
