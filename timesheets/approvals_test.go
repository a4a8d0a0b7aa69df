package timesheets

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestAManagerSeesWhatWaitsForHer(t *testing.T) {
	w := newWorld(t)
	ada, alan, grace := w.token("usr_ada", everyScope...), w.token("usr_alan", everyScope...), w.token("usr_grace", everyScope...)
	w.staff.managers["usr_grace"] = "usr_grace" // a directory with a loop in it
	eve := w.token("usr_eve", everyScope...)
	first, second := w.add(ada, "2026-03-16", 8), w.add(alan, "2026-03-17", 8)
	w.add(grace, "2026-03-17", 8)
	w.add(eve, "2026-03-17", 8)
	decided := w.add(ada, "2026-03-15", 8)
	w.do(grace, "PUT /api/approvals/"+decided.ID, "").want(200)

	l := w.do(grace, "GET /api/approvals", "").want(200).list()
	if len(l.Items) != 2 || l.Items[0].ID != second.ID || l.Items[1].ID != first.ID {
		t.Errorf("waiting: %+v", l.Items)
	}
	for name, token := range map[string]string{"an employee": ada, "a stranger": eve} {
		if got := w.do(token, "GET /api/approvals", "").want(200); got.body != `{"items":[]}` {
			t.Errorf("%s sees %s", name, got.body)
		}
	}
	page := w.do(grace, "GET /api/approvals?limit=1", "").want(200).list()
	rest := w.do(grace, "GET /api/approvals?limit=1&cursor="+page.NextCursor, "").want(200).list()
	if page.Items[0].ID != second.ID || rest.Items[0].ID != first.ID || rest.NextCursor != "" {
		t.Errorf("pages %+v, %+v", page, rest)
	}
	if got := w.do(grace, "GET /api/approvals?limit=0", "").want(422).at(); got != "limit" {
		t.Errorf("errors at %q", got)
	}
}

func TestADecision(t *testing.T) {
	for body, want := range map[string]struct{ status, comment string }{
		"":                       {"approved", "null"}, // the public sample's form
		`{"decision":"approve"}`: {"approved", "null"},
		`{"decision":"approve","comment":"Thanks\nGrace"}`:      {"approved", `"Thanks\nGrace"`},
		`{"decision":"reject","comment":"Too much"}`:            {"rejected", `"Too much"`},
		`{"decision":"reject","comment":""}`:                    {"rejected", "null"},
		`{"decision":"reject","comment":null}`:                  {"rejected", "null"},
		fmt.Sprintf(`{"decision":"reject","comment":%q}`, ü500): {"rejected", `"` + ü500 + `"`},
	} {
		w := newWorld(t)
		ada, grace := w.token("usr_ada", everyScope...), w.token("usr_grace", everyScope...)
		e := w.add(ada, "2026-03-17", 8)
		before := w.do(ada, "GET /api/timesheets/"+e.ID, "").header.Get("ETag")
		w.clock = now.Add(time.Minute)
		r := w.do(grace, "PUT /api/approvals/"+e.ID, body).want(200)
		for _, part := range []string{
			`"status":"` + want.status + `"`, fmt.Sprintf(`"approved":%v`, want.status == "approved"), `"comment":` + want.comment,
			`"decided_by":"usr_grace"`, `"decided_at":"2026-03-18T10:31:00Z"`, `"updated_at":"2026-03-18T10:31:00Z"`,
			`"created_at":"2026-03-18T10:30:00Z"`, `"user_id":"usr_ada"`,
		} {
			if !strings.Contains(r.body, part) {
				t.Errorf("%.60s: no %s in %s", body, part, r.body)
			}
		}
		after := w.do(ada, "GET /api/timesheets/"+e.ID, "").want(200)
		if after.body != r.body || after.header.Get("ETag") == before || after.header.Get("ETag") != r.header.Get("ETag") {
			t.Errorf("read back: %s %s (was %s)", after.header.Get("ETag"), after.body, before)
		}
		w.recorded(w.ledger.take(), "DEBUG store", `op="update"`, `id="`+e.ID+`"`)
		w.do(grace, "PUT /api/approvals/"+e.ID, body).want(409)
	}
}

var ü500 = strings.Repeat("ü", 500)

func TestDecisionBodiesThatSayNothing(t *testing.T) {
	w := newWorld(t)
	ada, grace := w.token("usr_ada", everyScope...), w.token("usr_grace", everyScope...)
	e := w.add(ada, "2026-03-17", 8)
	for body, at := range map[string]string{
		`{}`: "body/decision", `{"decision":null}`: "body/decision", `{"decision":"approved"}`: "body/decision",
		`{"decision":"Approve"}`: "body/decision", `{"decision":true}`: "body/decision", `{"decision":""}`: "body/decision",
		`{"comment":"x"}`: "body/decision", `null`: "body", `[]`: "body", `true`: "body",
		`{"decision":"approve","comment":"` + ü500 + `x"}`:        "body/comment",
		`{"decision":"approve","comment":"a\u0007"}`:              "body/comment",
		`{"decision":"approve","comment":"\u200b \u3164"}`:        "body/comment",
		`{"decision":"approve","comment":7}`:                      "body/comment",
		`{"decision":"approve","decided_by":"usr_ada"}`:           "body/decided_by",
		`{"decision":"approve","Comment":"x","status":"pending"}`: "body/Comment body/status",
	} {
		if got := w.do(grace, "PUT /api/approvals/"+e.ID, body).want(422).at(); got != at {
			t.Errorf("%.60s: errors at %q, want %q", body, got, at)
		}
	}
	w.do(grace, "PUT /api/approvals/"+e.ID, `{"decision":"approve"}`, "Content-Type", "").want(415)
	w.do(grace, "PUT /api/approvals/"+e.ID, ` `).want(400)
	if got := w.do(ada, "GET /api/timesheets/"+e.ID, "").entry(); got.Status != "pending" {
		t.Errorf("decided all the same: %+v", got)
	}
	w.do(grace, "PUT /api/approvals/"+e.ID, "", "Content-Type", "text/plain").want(200) // no body has no type
}

func TestWhoMayDecide(t *testing.T) {
	w := newWorld(t)
	ada, alan, grace := w.token("usr_ada", everyScope...), w.token("usr_alan", everyScope...), w.token("usr_grace", everyScope...)
	e := w.add(ada, "2026-03-17", 8)
	w.do(ada, "PUT /api/approvals/"+e.ID, "").want(403)
	w.recorded(w.ledger.take(), "INFO check", `rule="approval-not-own"`, `verdict="fail"`)

	unknown := w.do(alan, "PUT /api/approvals/ts_aaaaaaaaaaaaaaaa", "").want(404).body
	if got := w.do(alan, "PUT /api/approvals/"+e.ID, "").want(404).body; got != unknown {
		t.Errorf("a colleague: %s, an unknown id: %s", got, unknown)
	}
	w.recorded(w.ledger.take(), "INFO check", `rule="approval-reporting-line"`, `verdict="fail"`)

	w.staff.managers["usr_ada"] = "usr_ada" // a loop does not let her approve herself
	w.do(ada, "PUT /api/approvals/"+e.ID, "").want(403)
	w.do(grace, "PUT /api/approvals/"+e.ID, "").want(404) // reports to somebody else by now
	w.staff.managers["usr_ada"] = "usr_grace"
	w.staff.fail = outage{}
	w.do(grace, "PUT /api/approvals/"+e.ID, "").want(503)
	w.do(grace, "GET /api/approvals", "").want(503)
	w.staff.fail = nil
	w.do(grace, "PUT /api/approvals/"+e.ID, "").want(200)
	w.recorded(w.ledger.take(), "DEBUG check", `rule="approval-reporting-line"`, `verdict="pass"`)
	w.do(ada, "PUT /api/approvals/"+e.ID, "").want(403) // her own stays hers, decided or not
	w.do(alan, "PUT /api/approvals/"+e.ID, "").want(404)
}

func TestOfParallelDecisionsOneWins(t *testing.T) {
	w := newWorld(t)
	ada, grace := w.token("usr_ada", everyScope...), w.token("usr_grace", everyScope...)
	e := w.add(ada, "2026-03-17", 8)
	w.ledger.take()
	var wg sync.WaitGroup
	replies := make([]reply, 50)
	for i := range replies {
		wg.Go(func() {
			body := `{"decision":"approve"}`
			if i%2 == 1 {
				body = fmt.Sprintf(`{"decision":"reject","comment":"%d"}`, i)
			}
			replies[i] = w.do(grace, "PUT /api/approvals/"+e.ID, body)
		})
	}
	wg.Wait()
	won := ""
	for _, r := range replies {
		if r.status == http.StatusOK && won == "" {
			won = r.body
			continue
		}
		r.want(409)
	}
	if got := w.do(ada, "GET /api/timesheets/"+e.ID, "").want(200).body; got != won || won == "" {
		t.Errorf("stored %s, the winner was told %s", got, won)
	}
	log := w.ledger.take()
	if n := strings.Count(log, `op="update"`); n != 1 {
		t.Errorf("%d writes reported", n)
	}
	w.recorded(log, "INFO check", `rule="entry-pending"`, `verdict="fail"`)
}

func TestDecideAndDeleteRace(t *testing.T) {
	w := newWorld(t)
	ada, grace := w.token("usr_ada", everyScope...), w.token("usr_grace", everyScope...)
	for range 25 {
		e := w.add(ada, "2026-03-17", 0.25)
		var wg sync.WaitGroup
		var approve, remove reply
		wg.Go(func() { approve = w.do(grace, "PUT /api/approvals/"+e.ID, "") })
		wg.Go(func() { remove = w.do(ada, "DELETE /api/timesheets/"+e.ID, "") })
		wg.Wait()
		switch {
		case approve.status == 200:
			remove.want(409)
			w.do(ada, "GET /api/timesheets/"+e.ID, "").want(200)
		default:
			approve.want(404)
			remove.want(204)
		}
	}
}
