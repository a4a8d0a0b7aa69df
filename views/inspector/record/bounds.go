package record

import (
	"container/list"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/time/rate"
)

// Limits of what is kept. Anybody can send a request, so each has its bound:
// an exchange, a run, all of them, and what is on its way to become one.
const (
	maxRuns     = 200 // runs in memory
	maxRefused  = 40  // those of them in which nothing but refusals happened
	firstKept   = 40  // exchanges from the beginning of a run, which keeps that
	lastKept    = 160 // and its end
	maxBytes    = 32 << 20
	maxRunBytes = 4 << 20
	maxHeld     = 16 << 20 // bodies of exchanges that are not joined yet
	maxKeys     = 512      // what connects a run to a later exchange
	firstKeys   = 32       // those from its beginning, which are never let go
	keyBytes    = 96       // what one costs, here and in the index
	maxValues   = 24       // that are looked for in a request, and in an answer
	maxTraveled = 2000     // values of a run that are followed through it

	maxBody   = 64 << 10 // of each body
	maxNotes  = 64       // checks of an exchange, and writes
	maxNoted  = 2 << 10  // bytes of what was expected, and of what came
	maxHanded = 16 << 10

	// What was refused did nothing, so little of it has to be kept.
	refusedBody   = 4 << 10
	refusedAnswer = 16 << 10
	refusedTarget = 2 << 10
	refusedField  = 1 << 10
	refusedFields = 64
)

// shorten keeps of a refused exchange what explains the refusal.
func (x *Exchange) shorten() {
	cut := false
	part := func(s string, n int) string {
		if len(s) <= n {
			return s
		}
		cut = true
		return strings.Clone(s[:n]) // not a part of the whole, which would stay in memory
	}
	if n := len(x.Body) - refusedBody; n > 0 {
		x.Body, x.BodyCut = strings.Clone(x.Body[:refusedBody]), x.BodyCut+n
	}
	if n := len(x.AnswerBody) - refusedAnswer; n > 0 {
		x.AnswerBody, x.AnswerCut = strings.Clone(x.AnswerBody[:refusedAnswer]), x.AnswerCut+n
	}
	x.Target = part(x.Target, refusedTarget)
	fields := 0
	for name, values := range x.Header {
		if fields += len(values); fields > refusedFields {
			cut = true
			delete(x.Header, name)
			continue
		}
		for i, v := range values {
			values[i] = part(v, refusedField)
		}
	}
	if cut {
		x.Partly = true
		x.Notes = append(x.Notes, "kept in part, because it was refused")
	}
}

// size is what an exchange takes in memory, nearly.
func (x *Exchange) size() int {
	n := 1024 + len(x.Target) + len(x.Body) + len(x.AnswerBody) + len(x.Handed)
	for _, h := range []http.Header{x.Header, x.Answer} {
		for name, values := range h {
			n += 64 + len(name)
			for _, v := range values {
				n += 16 + len(v)
			}
		}
	}
	for _, c := range x.Checks {
		n += 160 + len(c.Expected) + len(c.Got) // the words of its rule are shared
	}
	return n + 160*len(x.Writes)
}

// cost is what a run takes in memory.
func (r *Run) cost() int { return r.bytes + keyBytes*len(r.keys) }

// owner is whose share a run counts to. What was never anything but refused
// comes from strangers, who can call themselves whatever they like.
func (r *Run) owner() (client, person string) {
	switch {
	case !r.welcome:
		return "refused", ""
	case r.Title().Kind == KindRegister: // each would be a client of its own
		return "registrations", ""
	}
	return "client " + r.Client, r.Person
}

// makeRoom lets runs go until the rest fits. The run in front is the one that
// is being made.
func (r *Recorder) makeRoom() {
	for r.recent.Len() > 1 && (r.recent.Len() > maxRuns || r.bytes > maxBytes) {
		r.forget(r.crowding(r.bytes > maxBytes))
	}
	refused := 0
	for e := r.recent.Front(); e != nil; {
		next := e.Next()
		if client, _ := e.Value.(*Run).owner(); client == "refused" {
			if refused++; refused > maxRefused {
				r.forget(e)
			}
		}
		e = next
	}
}

// crowding is the oldest run of whoever has most: of the client, and of the
// person within it. So a busy one pushes out its own runs, and a quiet one's
// stay.
func (r *Recorder) crowding(byBytes bool) *list.Element {
	type owner struct{ client, person string }
	clients, people := map[string]int{}, map[owner]int{}
	front := r.recent.Front()
	for e := r.recent.Back(); e != front; e = e.Prev() {
		run := e.Value.(*Run)
		weight := 1
		if byBytes {
			weight = run.cost()
		}
		client, person := run.owner()
		clients[client] += weight
		people[owner{client, person}] += weight
	}
	var found *list.Element
	most, mostOfIt := 0, 0
	for e := r.recent.Back(); e != front; e = e.Prev() { // the oldest first, which wins where shares are the same
		client, person := e.Value.(*Run).owner()
		if c, p := clients[client], people[owner{client, person}]; c > most || c == most && p > mostOfIt && sameClient(found, client) {
			found, most, mostOfIt = e, c, p
		}
	}
	return found
}

func sameClient(e *list.Element, client string) bool {
	other, _ := e.Value.(*Run).owner()
	return other == client
}

// A room full of people does not make as many exchanges as this, and of more
// nobody could read any. What is beyond is not looked at, so that a server under
// load is hardly slowed down, and of one source half of it, so that somebody who
// floods the server does not keep others from being seen.
const (
	perSecond       = 200
	atOnce          = 1000
	sourcePerSecond = perSecond / 2
	sourceAtOnce    = atOnce / 2
	maxSources      = 256
)

// sources are the budgets of those who send: a page by its origin, everybody
// else by address and program.
type sources struct {
	mu    sync.Mutex
	by    map[string]*rate.Limiter
	limit rate.Limit // of each; 0 is sourcePerSecond
}

func (s *sources) allow(q *http.Request) bool {
	host, _, err := net.SplitHostPort(q.RemoteAddr)
	if err != nil {
		host = q.RemoteAddr
	}
	agent := q.UserAgent()
	key := host + " " + q.Header.Get("Origin") + " " + agent[:min(len(agent), 200)]
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.by[key]
	if l == nil {
		if s.limit == 0 {
			s.limit = sourcePerSecond
		}
		if s.by == nil || len(s.by) >= maxSources {
			s.by = map[string]*rate.Limiter{}
		}
		l = rate.NewLimiter(s.limit, sourceAtOnce)
		s.by[strings.Clone(key)] = l
	}
	return l.Allow()
}

// limited keeps the first maxBody bytes, as long as there is room for all that
// is kept so at the same time.
type limited struct {
	strings.Builder
	cut  int
	held *atomic.Int64
}

func (l *limited) keep(p []byte) {
	room := max(0, min(maxBody-l.Len(), len(p), int(maxHeld-l.held.Load())))
	l.held.Add(int64(room))
	l.Builder.Write(p[:room])
	l.cut += len(p) - room
}

// release gives back the room of an exchange that is joined, or dropped.
func (c *capture) release() {
	c.request.held.Add(-int64(c.request.Len() + c.answer.Len()))
}

// tooMany are the runs that do not fit. As in memory, they are those of whoever
// has most: each client's are counted from its newest, taking the people within
// it in turns, and those with the highest counts go.
const tooMany = `WITH people AS (
		SELECT number, size, client, row_number() OVER (PARTITION BY client, person ORDER BY number DESC) AS nth FROM inspector_runs
	), clients AS (
		SELECT number, size, row_number() OVER (PARTITION BY client ORDER BY nth, number DESC) AS nth FROM people
	), shares AS (
		SELECT number, row_number() OVER (ORDER BY nth, number DESC) AS place, sum(size) OVER (ORDER BY nth, number DESC) AS total FROM clients
	)
	SELECT number FROM shares WHERE place > ? OR total > ?`
