package timesheets

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

const changed = `{"project":"Translation","date":"2026-03-18","hours":2.5,"notes":"moved"}`

func TestAnEntryIsReplaced(t *testing.T) {
	w := newWorld(t)
	ada := w.token("usr_ada", everyScope...)
	r := w.do(ada, "POST /api/timesheets", `{"project":"Engine","date":"2026-03-17","hours":7.25,"notes":"first"}`).want(201)
	id, first := r.entry().ID, r.header.Get("ETag")
	w.clock = now.Add(time.Minute)
	w.ledger.take()
	r = w.do(ada, "PUT /api/timesheets/"+id, changed, "If-Match", first).want(200)
	want := `{"id":"` + id + `","user_id":"usr_ada","project":"Translation","date":"2026-03-18","hours":2.5,"notes":"moved",` +
		`"status":"pending","approved":false,"decided_by":null,"decided_at":null,"comment":null,` +
		`"created_at":"2026-03-18T10:30:00Z","updated_at":"2026-03-18T10:31:00Z"}`
	second := r.header.Get("ETag")
	if r.body != want || second == "" || second == first {
		t.Errorf("ETag %s, was %s\n%s\nwant %s", second, first, r.body, want)
	}
	if got := w.do(ada, "GET /api/timesheets/"+id, "").want(200); got.body != want || got.header.Get("ETag") != second {
		t.Errorf("read back %s %s", got.header.Get("ETag"), got.body)
	}
	w.recorded(w.ledger.take(), "DEBUG store", `op="update"`, `id="`+id+`"`)

	// What is left out is emptied: PUT replaces.
	r = w.do(ada, "PUT /api/timesheets/"+id, `{"project":"P","date":"2026-03-18","hours":1}`, "If-Match", second).want(200)
	if r.entry().Notes != "" || r.header.Get("ETag") == second || r.header.Get("ETag") == first {
		t.Errorf("%s %s", r.header.Get("ETag"), r.body)
	}
}

// RFC 9110 13.1.1: "*" and lists, strong comparison; RFC 6585 3 for its absence.
func TestIfMatch(t *testing.T) {
	w := newWorld(t)
	ada := w.token("usr_ada", everyScope...)
	e := w.add(ada, "2026-03-17", 1)
	route := "PUT /api/timesheets/" + e.ID
	current := func() string { return w.do(ada, "GET /api/timesheets/"+e.ID, "").want(200).header.Get("ETag") }
	stale := current()
	w.do(ada, route, changed, "If-Match", stale).want(200)
	w.do(ada, route, changed).want(428)
	for _, header := range []string{stale, `"x"`, `"x", ` + stale, `W/` + current(), `W/"x",W/` + current(), `""`, "", " , ,", `"` + strings.Repeat("x", 5000) + `"`, `"x,*"`, "\"\xff\""} {
		before := current()
		r, _ := http.NewRequest("PUT", w.server.URL+"/api/timesheets/"+e.ID, strings.NewReader(changed))
		r.Header = http.Header{"Authorization": {"Bearer " + ada}, "Content-Type": {"application/json"}, "If-Match": {header}}
		w.send(r).want(412)
		if current() != before {
			t.Errorf("If-Match %s: the entry was changed", header)
		}
	}
	for _, header := range []string{"x", `"x`, `"`, `x"`, `w/"x"`, `W/ "x"`, `"x" "y"`, `"x"y`, `*, "x"`, `"x", *`, "**", "W/*", "W/", "\"a b\"", "\"\x7f\"", "'x'", current()[1:]} {
		if header == "\"\x7f\"" {
			continue // net/http's client does not send it; FuzzIfMatch does
		}
		if got := w.do(ada, route, changed, "If-Match", header).want(422).at(); got != "If-Match" {
			t.Errorf("If-Match %s: errors at %q", header, got)
		}
	}
	for _, form := range []string{"%s", "*", " * ", `"x", %s`, `%s,"x"`, `, %s ,,`, `W/"x" , %s`} {
		header := strings.ReplaceAll(form, "%s", current())
		w.do(ada, route, changed, "If-Match", header).want(200)
	}
	r, _ := http.NewRequest("PUT", w.server.URL+"/api/timesheets/"+e.ID, strings.NewReader(changed))
	r.Header = http.Header{"Authorization": {"Bearer " + ada}, "Content-Type": {"application/json"}, "If-Match": {`"x"`, current()}}
	w.send(r).want(200) // RFC 9110 5.3: two lines are one list
	log := w.ledger.take()
	w.recorded(log, "INFO check", `rule="if-match-sent"`, `verdict="fail"`)
	w.recorded(log, "INFO check", `rule="if-match-current"`, `verdict="fail"`)
}

func TestWhatCannotBeReplaced(t *testing.T) {
	w := newWorld(t)
	ada, alan, grace := w.token("usr_ada", everyScope...), w.token("usr_alan", everyScope...), w.token("usr_grace", everyScope...)
	e := w.add(ada, "2026-03-17", 8)
	unknown := w.do(alan, "PUT /api/timesheets/ts_aaaaaaaaaaaaaaaa", changed, "If-Match", "*").want(404).body
	for _, token := range []string{alan, grace} {
		for _, tag := range []string{"*", `"1"`, `"x"`} {
			if got := w.do(token, "PUT /api/timesheets/"+e.ID, changed, "If-Match", tag).want(404).body; got != unknown {
				t.Errorf("%s", got)
			}
		}
		// That a condition is missing is only told to somebody who may know the entry.
		w.do(token, "PUT /api/timesheets/"+e.ID, changed).want(404)
	}
	w.recorded(w.ledger.take(), "INFO check", `rule="entry-own"`, `verdict="fail"`)
	// RFC 9110 13.2.1: a refusal for another reason comes before the condition.
	for _, tag := range []string{"*", `"x"`} {
		w.do(ada, "PUT /api/timesheets/"+e.ID, `{"project":"P","date":"2026-03-17","hours":25}`, "If-Match", tag).want(422)
		w.do(ada, "PUT /api/timesheets/"+e.ID, `{"project":"P","date":"2026-03-17","hours":1,"status":"approved"}`, "If-Match", tag).want(422)
	}
	for _, decision := range []string{"approve", "reject"} {
		e := w.add(ada, "2026-03-16", 1)
		tag := w.do(ada, "GET /api/timesheets/"+e.ID, "").header.Get("ETag")
		decided := w.do(grace, "PUT /api/approvals/"+e.ID, `{"decision":"`+decision+`"}`).want(200).body
		now := w.do(ada, "GET /api/timesheets/"+e.ID, "").header.Get("ETag")
		for _, tag := range []string{tag, now, "*"} {
			w.do(ada, "PUT /api/timesheets/"+e.ID, changed, "If-Match", tag).want(409)
			w.do(ada, "DELETE /api/timesheets/"+e.ID, "", "If-Match", tag).want(409)
		}
		if got := w.do(ada, "GET /api/timesheets/"+e.ID, "").body; got != decided {
			t.Errorf("changed after the decision: %s", got)
		}
	}
}

func TestDeleteHonoursIfMatch(t *testing.T) {
	w := newWorld(t)
	ada := w.token("usr_ada", everyScope...)
	e := w.add(ada, "2026-03-17", 1)
	stale := w.do(ada, "GET /api/timesheets/"+e.ID, "").header.Get("ETag")
	current := w.do(ada, "PUT /api/timesheets/"+e.ID, changed, "If-Match", stale).want(200).header.Get("ETag")
	w.do(ada, "DELETE /api/timesheets/"+e.ID, "", "If-Match", stale).want(412)
	w.do(ada, "DELETE /api/timesheets/"+e.ID, "", "If-Match", "x").want(422)
	w.do(ada, "GET /api/timesheets/"+e.ID, "").want(200)
	w.do(ada, "DELETE /api/timesheets/"+e.ID, "", "If-Match", current).want(204)
	w.do(ada, "DELETE /api/timesheets/"+e.ID, "", "If-Match", "*").want(404)
}

func TestAReplacementKeepsTheDay(t *testing.T) {
	w := newWorld(t)
	ada := w.token("usr_ada", everyScope...)
	w.add(ada, "2026-03-18", 20)
	e := w.add(ada, "2026-03-17", 24)
	put := func(date string, hours float64) reply {
		return w.do(ada, "PUT /api/timesheets/"+e.ID, fmt.Sprintf(`{"project":"P","date":%q,"hours":%v}`, date, hours), "If-Match", "*")
	}
	put("2026-03-17", 23).want(200) // its own hours do not stand in its way
	put("2026-03-17", 24).want(200)
	if got := put("2026-03-18", 4.25).want(422).at(); got != "body/hours" {
		t.Errorf("errors at %q", got)
	}
	w.recorded(w.ledger.take(), "INFO check", `rule="day-24-hours"`, `verdict="fail"`)
	put("2026-03-18", 4).want(200)
	w.add(ada, "2026-03-17", 24) // the day it has left is free
}

func TestOfParallelReplacementsOneWins(t *testing.T) {
	w := newWorld(t)
	ada := w.token("usr_ada", everyScope...)
	r := w.do(ada, "POST /api/timesheets", validEntry).want(201)
	var wg sync.WaitGroup
	replies := make([]reply, 50)
	for i := range replies {
		wg.Go(func() {
			replies[i] = w.do(ada, "PUT "+r.header.Get("Location"), fmt.Sprintf(`{"project":"P%d","date":"2026-03-17","hours":1}`, i), "If-Match", r.header.Get("ETag"))
		})
	}
	wg.Wait()
	won := ""
	for _, r := range replies {
		if r.status == 200 && won == "" {
			won = r.body
			continue
		}
		r.want(412)
	}
	if got := w.do(ada, "GET "+r.header.Get("Location"), "").want(200).body; got != won || won == "" {
		t.Errorf("stored %s, the winner was told %s", got, won)
	}
}
