package seed

import (
	"cmp"
	"reflect"
	"slices"
)

// ParsePeople reads of a document who there is and who reports to whom: all
// that a resource server by itself has to know of people, whose passwords and
// clients are the authorization server's. It takes a whole document as well as
// one with nothing but people, each with nothing but id and reports_to. Errors,
// as with Parse: every mistake with its line.
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
