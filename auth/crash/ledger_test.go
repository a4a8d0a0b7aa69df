package crash

import (
	"fmt"
	"slices"
	"sync"
	"testing"
)

// ledger is what the clients know: every answer that they got, and which
// requests got none.
type ledger struct {
	t  *testing.T
	mu sync.Mutex

	uses    map[string]int    // how often a code or refresh token was taken; twice is theft
	entries map[string]*entry // by id
	lost    map[string]*entry // by notes: creates without an answer, whose id nobody knows

	// Since the last look, in which each of these is examined.
	touched  []*entry
	families []*family
	passes   []pass   // codes that were issued and not redeemed, or redeemed without an answer
	machine  []string // access tokens of the machine client
	sessions []*agent // browsers that have signed in

	buried []string // access tokens of families that are dead, for the last look
	counts map[string]int
}

// entry is a timesheet entry as its owner has reason to see it.
type entry struct {
	id, owner, notes string
	status, comment  string // pending, approved, rejected, deleted
	maybe            string // the status that a request without an answer was for
}

// family is all tokens that came of one code.
type family struct {
	app     app
	code    pass
	current tokens
	old     []string // refresh tokens that were taken, the code's successor first
	dead    bool     // revoked, or replayed and refused: the client was told
	unsure  string   // "refresh", "revoke", "replay": the request that got no answer
	keep    bool     // its owner wants to go on with it after the crash
}

func newLedger(t *testing.T) *ledger {
	return &ledger{t: t, uses: map[string]int{}, entries: map[string]*entry{}, lost: map[string]*entry{}, counts: map[string]int{}}
}

func (l *ledger) count(what string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts[what]++
}

// took writes down that a code or refresh token was exchanged for tokens.
// RFC 6749 4.1.2, RFC 9700 4.14.2: once.
func (l *ledger) took(kind, value string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts[kind+" taken"]++
	if l.uses[value]++; l.uses[value] > 1 {
		l.t.Errorf("a %s was taken %d times", kind, l.uses[value])
	}
}

// created writes down the answer to a create.
func (l *ledger) created(e *entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.entries[e.id] != nil {
		l.t.Errorf("id %s was given twice", e.id)
	}
	l.entries[e.id] = e
	l.touched = append(l.touched, e)
	l.counts["create"]++
}

// settle writes down what an answer has made of an entry.
func (l *ledger) settle(e *entry, status, comment string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.status, e.comment, e.maybe = status, comment, ""
	l.touched = append(l.touched, e)
	l.counts[status]++
}

// doubt writes down that a request for status got no answer.
func (l *ledger) doubt(e *entry, status, comment string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.maybe, e.comment = status, comment
	l.touched = append(l.touched, e)
	l.counts["no answer"]++
}

func (l *ledger) add(f *family) *family {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.families = append(l.families, f)
	l.counts["family"]++
	return f
}

// take removes what has been collected since the last look.
func take[T any](l *ledger, from *[]T) []T {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := *from
	*from = nil
	return out
}

// put adds to what the next look examines.
func put[T any](l *ledger, to *[]T, what T) {
	l.mu.Lock()
	defer l.mu.Unlock()
	*to = append(*to, what)
}

// String lists the counts, for the report.
func (l *ledger) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	names := make([]string, 0, len(l.counts))
	for name := range l.counts {
		names = append(names, name)
	}
	slices.Sort(names)
	out := ""
	for _, name := range names {
		out += fmt.Sprintf("  %-24s %d\n", name, l.counts[name])
	}
	return out
}
