package seed

import (
	"cmp"
	"reflect"
	"slices"
)

// ParsePeople reads from a document which people there are and who reports to
// whom. A resource server on its own needs nothing else; passwords and clients
// belong to the authorization server. It accepts a whole document, and one
// that has only people with only id and reports_to. Errors are as for Parse:
// every mistake with its line.
func ParsePeople(data []byte) ([]Person, error) {
	r := &reader{lines: map[string]int{}, broken: map[string]bool{}}
	doc := &Document{}
	if root := r.root(data); root != nil {
		r.read(root, reflect.ValueOf(doc).Elem(), "")
		c := &checker{reader: r, doc: doc}
		ids := map[string]int{}
		for i, person := range doc.People {
			e := c.entry("people", i, "person", person.ID)
			e.id("id", person.ID, ids)
			c.checkBoss(e, person)
		}
		c.checkCycles()
	}
	if len(r.mistakes) > 0 {
		slices.SortStableFunc(r.mistakes, func(a, b Mistake) int { return cmp.Compare(a.Line, b.Line) })
		return nil, slices.Compact(r.mistakes)
	}
	return doc.People, nil
}
