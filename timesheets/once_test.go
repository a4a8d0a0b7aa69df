package timesheets

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

const keyed = `{"project":"P","date":"2026-03-17","hours":1,"notes":"n"}`

// stored counts the entries of everybody.
func (w *world) stored() (n int) {
	if err := w.db.QueryRow(`SELECT count(*) FROM entries`).Scan(&n); err != nil {
		panic(err) // fuzz targets forbid w.t
	}
	return n
}

func TestARequestSentAgainHappensOnce(t *testing.T) {
	w := newWorld(t)
	ada := w.token("usr_ada", everyScope...)
	first := w.do(ada, "POST /api/timesheets", keyed, "Idempotency-Key", "k1").want(201)
	if first.header.Get("Idempotency-Replayed") != "" {
		t.Errorf("%v", first.header)
	}
	w.ledger.take()
	w.clock = now.Add(24*time.Hour - time.Millisecond)
	fresh := w.tokenOf(Caller{Subject: "usr_ada", ClientID: "timesheets-mobile", Scopes: everyScope, ExpiresAt: now.Add(100 * time.Hour)}) // refreshed meanwhile
	for _, body := range []string{keyed, " { \"hours\":1.00,\n\"date\":\"2026-03-17\", \"notes\":\"\\u006e\",\"project\":\"P\"} "} {
		again := w.do(fresh, "POST /api/timesheets", body, "Idempotency-Key", "k1").want(201)
		if again.body != first.body || again.header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("%v %s, first %s", again.header, again.body, first.body)
		}
		for _, name := range []string{"Location", "ETag", "Content-Type"} {
			if again.header.Get(name) != first.header.Get(name) || first.header.Get(name) == "" {
				t.Errorf("%s %q, first %q", name, again.header.Get(name), first.header.Get(name))
			}
		}
	}
	log := w.ledger.take()
	if strings.Contains(log, `op="insert"`) {
		t.Errorf("a replay is reported as a write:\n%s", log)
	}
	w.recorded(log, `rule="idempotency-key-one-request"`, `got="sent again"`)
	if n := w.stored(); n != 1 {
		t.Errorf("%d entries", n)
	}
	w.clock = now.Add(24 * time.Hour) // the day is over
	if later := w.do(fresh, "POST /api/timesheets", keyed, "Idempotency-Key", "k1").want(201); later.header.Get("Location") == first.header.Get("Location") {
		t.Errorf("answered from what was kept for longer than 24 hours")
	}
	again := w.do(fresh, "POST /api/timesheets", keyed, "Idempotency-Key", "k1").want(201)
	if again.header.Get("Idempotency-Replayed") != "true" || w.stored() != 2 {
		t.Errorf("the key's second life: %v, %d entries", again.header, w.stored())
	}
}

func TestAKeyIsForOneRequest(t *testing.T) {
	w := newWorld(t)
	ada, alan := w.token("usr_ada", everyScope...), w.token("usr_alan", everyScope...)
	w.do(ada, "POST /api/timesheets", keyed, "Idempotency-Key", "canary").want(201)
	for _, body := range []string{validEntry, strings.Replace(keyed, `"n"`, `"N"`, 1), strings.Replace(keyed, ":1,", ":1.25,", 1)} {
		r := w.do(ada, "POST /api/timesheets", body, "Idempotency-Key", "canary").want(422)
		if r.at() != "Idempotency-Key" || strings.Contains(r.body, "canary") {
			t.Errorf("%s", r.body)
		}
	}
	w.recorded(w.ledger.take(), "INFO check", `rule="idempotency-key-one-request"`, `verdict="fail"`)
	if n := w.stored(); n != 1 {
		t.Errorf("%d entries", n)
	}
	// The same key of another person, or of the same person in another app, is another key.
	other := w.tokenOf(Caller{Subject: "usr_ada", ClientID: "timesheets-spa", Scopes: everyScope, ExpiresAt: now.Add(time.Hour)})
	for i, token := range []string{alan, other} {
		if r := w.do(token, "POST /api/timesheets", keyed, "Idempotency-Key", "canary").want(201); r.header.Get("Idempotency-Replayed") != "" || w.stored() != i+2 {
			t.Errorf("%v, %d entries", r.header, w.stored())
		}
	}
}

func TestARequestThatFailedCanUseItsKeyAgain(t *testing.T) {
	w := newWorld(t)
	ada := w.token("usr_ada", everyScope...)
	full := w.add(ada, "2026-03-17", 24)
	w.do(ada, "POST /api/timesheets", keyed, "Idempotency-Key", "k").want(422)
	w.do(ada, "POST /api/timesheets", `{}`, "Idempotency-Key", "k").want(422)
	w.writes.fail = outage{}
	w.do(ada, "POST /api/timesheets", keyed, "Idempotency-Key", "k").want(503)
	w.writes.fail = nil
	w.do(ada, "DELETE /api/timesheets/"+full.ID, "").want(204)
	if r := w.do(ada, "POST /api/timesheets", keyed, "Idempotency-Key", "k").want(201); r.header.Get("Idempotency-Replayed") != "" {
		t.Errorf("%v", r.header)
	}
}

// The answer and the entry are written together: where keeping the answer
// fails, there is no entry that a second attempt would double.
func TestNoEntryWithoutItsAnswer(t *testing.T) {
	w := newWorld(t)
	ada := w.token("usr_ada", everyScope...)
	if _, err := w.db.Exec(`CREATE TRIGGER lost BEFORE INSERT ON idempotency_answers BEGIN SELECT RAISE(ABORT, 'lost'); END`); err != nil {
		t.Fatal(err)
	}
	w.do(ada, "POST /api/timesheets", keyed, "Idempotency-Key", "k").want(500)
	if n := w.stored(); n != 0 {
		t.Errorf("%d entries", n)
	}
	w.do(ada, "POST /api/timesheets", keyed).want(201) // without a key nothing is kept
}

func TestFiftyParallelRequestsUnderOneKey(t *testing.T) {
	w := newWorld(t)
	ada := w.token("usr_ada", everyScope...)
	var wg sync.WaitGroup
	replies := make([]reply, 50)
	for i := range replies {
		wg.Go(func() { replies[i] = w.do(ada, "POST /api/timesheets", keyed, "Idempotency-Key", "k") })
	}
	wg.Wait()
	replayed := 0
	for _, r := range replies {
		r.want(201)
		if r.body != replies[0].body || r.header.Get("Location") != replies[0].header.Get("Location") {
			t.Errorf("%s and %s", r.body, replies[0].body)
		}
		if r.header.Get("Idempotency-Replayed") == "true" {
			replayed++
		}
	}
	if n := w.stored(); n != 1 || replayed != 49 {
		t.Errorf("%d entries, %d replays", n, replayed)
	}
}

func TestWhatAKeyLooksLike(t *testing.T) {
	w := newWorld(t)
	ada := w.token("usr_ada", everyScope...)
	send := func(keys ...string) reply {
		r := httptest.NewRequest("POST", "/api/timesheets", strings.NewReader(keyed))
		r.Header = http.Header{"Authorization": {"Bearer " + ada}, "Content-Type": {"application/json"}, "Idempotency-Key": keys}
		rec := httptest.NewRecorder()
		w.api.Handler().ServeHTTP(rec, r)
		return reply{t, "POST", rec.Code, rec.Header(), rec.Body.String()}
	}
	for _, key := range []string{"!", "~", strings.Repeat("k", 255), `"8e03978e-40d5-43dd-bc93-6894a57f9324"`, "a,b"} {
		send(key).want(201)
	}
	n := w.stored()
	for _, keys := range [][]string{{strings.Repeat("k", 256)}, {""}, {"a b"}, {" "}, {"a\tb"}, {"ü"}, {"\xff"}, {"\x7f"}, {"\x00"}, {"a\n"}, {"a", "a"}, {"a", "b"}, {"", "a"}, {"a", ""}} {
		if got := send(keys...).want(422).at(); got != "Idempotency-Key" {
			t.Errorf("%q: errors at %q", keys, got)
		}
	}
	if w.stored() != n {
		t.Errorf("%d entries, were %d", w.stored(), n)
	}
}

func TestPurge(t *testing.T) {
	w := newWorld(t)
	ada := w.token("usr_ada", everyScope...)
	kept := func() (n int) {
		if err := w.db.QueryRow(`SELECT count(*) FROM idempotency_answers`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	w.do(ada, "POST /api/timesheets", keyed, "Idempotency-Key", "old-key").want(201)
	w.clock = now.Add(time.Minute)
	w.do(ada, "POST /api/timesheets", keyed, "Idempotency-Key", "new-key").want(201)
	var text string
	if err := w.db.QueryRow(`SELECT group_concat(hex(key) || hex(request) || answer) FROM idempotency_answers`).Scan(&text); err != nil || strings.Contains(text, "-key") {
		t.Errorf("a key is stored in clear: %s, %v", text, err)
	}
	for _, step := range []struct {
		after time.Duration
		want  int
	}{{24*time.Hour - 1, 2}, {24 * time.Hour, 1}, {24*time.Hour + time.Minute, 0}} {
		w.clock = now.Add(step.after)
		if err := w.api.Purge(context.Background()); err != nil {
			t.Fatal(err)
		}
		if got := kept(); got != step.want {
			t.Errorf("after %v: %d kept, want %d", step.after, got, step.want)
		}
	}
	if w.stored() != 2 {
		t.Errorf("entries were purged: %d", w.stored())
	}
	w.writes.fail = outage{}
	if err := w.api.Purge(context.Background()); err == nil {
		t.Error("an outage went unnoticed")
	}
}
