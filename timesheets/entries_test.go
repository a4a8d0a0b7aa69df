package timesheets

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestAnEntryIsCreatedReadListedAndDeleted(t *testing.T) {
	w := newWorld(t)
	ada := w.token("usr_ada", everyScope...)
	r := w.do(ada, "POST /api/timesheets", `{"project":"Engine","date":"2026-03-17","hours":7.25,"notes":"one\n\ttwo"}`).want(201)
	e := r.entry()
	if !regexp.MustCompile(`^ts_[a-z2-7]{16}$`).MatchString(e.ID) {
		t.Errorf("id %q", e.ID)
	}
	if r.header.Get("Location") != "/api/timesheets/"+e.ID || r.header.Get("ETag") == "" {
		t.Errorf("headers %v", r.header)
	}
	want := `{"id":"` + e.ID + `","user_id":"usr_ada","project":"Engine","date":"2026-03-17","hours":7.25,"notes":"one\n\ttwo",` +
		`"status":"pending","approved":false,"decided_by":null,"decided_at":null,"comment":null,` +
		`"created_at":"2026-03-18T10:30:00Z","updated_at":"2026-03-18T10:30:00Z"}`
	if r.body != want {
		t.Errorf("created %s\nwant    %s", r.body, want)
	}
	got := w.do(ada, "GET "+r.header.Get("Location"), "").want(200)
	if got.body != want || got.header.Get("ETag") != r.header.Get("ETag") {
		t.Errorf("read %v %s", got.header, got.body)
	}
	if got := w.do(ada, "GET /api/timesheets", "").want(200); got.body != `{"items":[`+want+`]}` {
		t.Errorf("listed %s", got.body)
	}
	log := w.ledger.take()
	w.recorded(log, "DEBUG store", `op="insert"`, `table="entries"`, `id="`+e.ID+`"`)
	w.recorded(log, `rule="day-24-hours"`, `verdict="pass"`)

	w.do(ada, "DELETE /api/timesheets/"+e.ID, "").want(204)
	w.recorded(w.ledger.take(), "DEBUG store", `op="delete"`, `id="`+e.ID+`"`)
	w.do(ada, "GET /api/timesheets/"+e.ID, "").want(404)
	w.do(ada, "DELETE /api/timesheets/"+e.ID, "").want(404)
	if got := w.do(ada, "GET /api/timesheets", "").want(200); got.body != `{"items":[]}` {
		t.Errorf("after the delete %s", got.body)
	}
}

// Each field at its limits; the place of every refusal is the contract's pointer.
func TestFieldsOfANewEntry(t *testing.T) {
	w := newWorld(t)
	ada := w.token("usr_ada", everyScope...)
	const ok = `"project":"P","date":"2026-03-17","hours":0.25`
	swap := func(name, value string) string {
		return "{" + regexp.MustCompile(`"`+name+`":("[^"]*"|[0-9.]+)`).ReplaceAllLiteralString(ok, `"`+name+`":`+value) + "}"
	}
	long := func(n int) string { return `"` + strings.Repeat("ü", n) + `"` }
	for body, at := range map[string]string{
		swap("hours", "0.25"): "", swap("hours", "1e0"): "", swap("hours", "2.50"): "",
		swap("hours", "0"): "body/hours", swap("hours", "-1"): "body/hours", swap("hours", "-0"): "body/hours",
		swap("hours", "24.25"): "body/hours", swap("hours", "24.01"): "body/hours", swap("hours", "8.1"): "body/hours",
		swap("hours", "8.000000001"): "body/hours", swap("hours", `"8"`): "body/hours", swap("hours", "null"): "body/hours",
		swap("hours", "true"): "body/hours", swap("hours", "[8]"): "body/hours", swap("hours", "{}"): "body/hours",

		swap("date", `"2024-02-29"`): "", swap("date", `"2000-01-01"`): "", swap("date", `"2100-12-31"`): "",
		swap("date", `"2026-02-29"`): "body/date", swap("date", `"2026-02-30"`): "body/date", swap("date", `"2026-13-01"`): "body/date",
		swap("date", `"0000-00-00"`): "body/date", swap("date", `"1999-12-31"`): "body/date", swap("date", `"2101-01-01"`): "body/date",
		swap("date", `"9999-12-31"`): "body/date", swap("date", `"2026-3-1"`): "body/date", swap("date", `"2026-03-01T00:00:00Z"`): "body/date",
		swap("date", `"2026-03-01+14:00"`): "body/date", swap("date", `" 2026-03-01"`): "body/date", swap("date", `"12026-03-01"`): "body/date",
		swap("date", `""`): "body/date", swap("date", "20260301"): "body/date", swap("date", "null"): "body/date", swap("date", `{"date":1}`): "body/date",

		swap("project", long(100)): "", swap("project", `"<script>"`): "", swap("project", `"' OR 1=1--"`): "",
		swap("project", `""`): "body/project", swap("project", long(101)): "body/project", swap("project", `"a\nb"`): "body/project",
		swap("project", `"a\u0000"`): "body/project", swap("project", `"\u009b"`): "body/project", swap("project", `"\u007f"`): "body/project",
		swap("project", "7"): "body/project", swap("project", "null"): "body/project",
		// Nothing to see is no text, with or without spaces round it.
		swap("project", `"\u200b"`): "body/project", swap("project", `" "`): "body/project", swap("project", `"\u3164"`): "body/project", swap("project", `"\u2800\u00a0"`): "body/project",
		swap("project", `"\ufeff\u2060 \u202e"`): "body/project", swap("project", `"\u115f\u1160\uffa0\u034f\ufe0f"`): "body/project",
		swap("project", `" x "`): "", swap("project", `"می\u200cخواهم"`): "", swap("project", `"👩🏽\u200d💻"`): "", swap("project", `"工"`): "", swap("project", `"!"`): "",
		`{` + ok + `,"notes":"\u200b"}`: "body/notes", `{` + ok + `,"notes":" \n\t "}`: "body/notes", `{` + ok + `,"notes":"\u200bx"}`: "", `{` + ok + `,"notes":"क्\u200dष"}`: "",

		`{` + ok + `,"notes":""}`: "", `{` + ok + `,"notes":"a\n\tb"}`: "", `{` + ok + `,"notes":` + long(2000) + `}`: "",
		`{` + ok + `,"notes":` + long(2001) + `}`: "body/notes", `{` + ok + `,"notes":"\r"}`: "body/notes",
		`{` + ok + `,"notes":"\u0000"}`: "body/notes", `{` + ok + `,"notes":"\u001b[31m"}`: "body/notes", `{` + ok + `,"notes":1}`: "body/notes",

		`{}`: "body/date body/hours body/project", `{"hours":99}`: "body/date body/hours body/project",
		`[]`: "body", `null`: "body", `"x"`: "body", `8`: "body",
	} {
		r := w.do(ada, "POST /api/timesheets", body)
		if at == "" {
			r.want(201)
			w.do(ada, "DELETE "+r.header.Get("Location"), "").want(204)
		} else if got := r.want(422).at(); got != at {
			t.Errorf("%.80s: errors at %q, want %q", body, got, at)
		}
	}
	w.recorded(w.ledger.take(), "INFO check", `rule="request-schema"`, `verdict="fail"`, "body/hours")
}

// Mass assignment: what is the server's to say is refused, and named exactly.
func TestUnknownFieldsAreRefusedByName(t *testing.T) {
	w := newWorld(t)
	ada := w.token("usr_ada", everyScope...)
	const ok = `{"project":"P","date":"2026-03-17","hours":1,`
	for extra, at := range map[string]string{
		`"user_id":"usr_alan"}`: "body/user_id", `"id":"ts_mine"}`: "body/id", `"status":"approved"}`: "body/status",
		`"approved":true}`: "body/approved", `"decided_by":"usr_grace"}`: "body/decided_by", `"created_at":null}`: "body/created_at",
		`"Notes":"x"}`: "body/Notes", `"HOURS":2}`: "body/HOURS", `"__proto__":{}}`: "body/__proto__",
		`"a.b":1,"c":2,"d[0]":3,"":4,"e/f~g":5}`:                   "body/ body/a.b body/c body/d[0] body/e~1f~0g",
		`"project.x":1,"zz":2}`:                                    "body/project.x body/zz",
		`"` + strings.Repeat("n", maxName) + `":1}`:                "body/" + strings.Repeat("n", maxName),
		`"nested":{"user_id":"usr_alan"},"hours ":1,"user_id":[]}`: "body/hours  body/nested body/user_id",
	} {
		if got := w.do(ada, "POST /api/timesheets", ok+extra).want(422).at(); got != at {
			t.Errorf("%s: errors at %q, want %q", extra, got, at)
		}
	}
	var many strings.Builder
	for i := range maxNames - 4 {
		fmt.Fprintf(&many, `"f.%d":0,`, i)
	}
	if p := w.do(ada, "POST /api/timesheets", ok+many.String()+`"z":0}`).want(422).problem(); len(p.Errors) != maxViolations {
		t.Errorf("%d errors", len(p.Errors))
	}
	if n := len(w.do(ada, "GET /api/timesheets", "").list().Items); n != 0 {
		t.Errorf("%d entries were stored", n)
	}
}

func TestNoAnswerEchoesWhatWasSent(t *testing.T) {
	w := newWorld(t)
	ada := w.token("usr_ada", everyScope...)
	for _, r := range []reply{
		w.do(ada, "POST /api/timesheets", `{"project":"canary\u0000","date":"canary","hours":"canary","notes":{"canary":"canary"}}`).want(422),
		w.do(ada, "POST /api/timesheets", `{"project":canary}`).want(400),
		w.do(ada, "POST /api/timesheets", `{"hours":1,"hours":"canary"}`).want(400),
		w.do(ada, "GET /api/timesheets?from=canary&to=canary&status=canary&limit=canary&cursor=canary", "").want(422),
		w.do(ada, "GET /api/timesheets?cursor=canary", "").want(400),
		w.do(ada, "GET /api/timesheets/canary", "").want(404),
		w.do(ada, "GET /api/canary", "").want(404),
		w.do(ada, "POST /api/timesheets", `{}`, "Content-Type", "text/canary").want(415),
	} {
		if strings.Contains(r.body, "canary") {
			t.Errorf("%s: %s", r.call, r.body)
		}
	}
}

func TestOtherPeoplesEntriesLookLikeNone(t *testing.T) {
	w := newWorld(t)
	ada, alan, grace := w.token("usr_ada", everyScope...), w.token("usr_alan", everyScope...), w.token("usr_grace", everyScope...)
	e := w.add(ada, "2026-03-17", 8)
	unknown := w.do(alan, "GET /api/timesheets/ts_aaaaaaaaaaaaaaaa", "").want(404).body
	for _, id := range []string{e.ID, "1", "-1", "9223372036854775808", "1e3", "1%00", "%27%20OR%201=1--", "a%2Fb", "%ff", "upload", strings.ToUpper(e.ID)} {
		for _, method := range []string{"GET", "DELETE"} {
			// The manager too: her reach over Ada's entry is the decision alone.
			for _, token := range []string{alan, grace} {
				if got := w.do(token, method+" /api/timesheets/"+id, "").want(404).body; got != unknown {
					t.Errorf("%s %s: %s", method, id, got)
				}
			}
		}
	}
	w.recorded(w.ledger.take(), "INFO check", `rule="entry-own"`, `verdict="fail"`, "usr_alan", "usr_ada")
	if n := len(w.do(alan, "GET /api/timesheets", "").list().Items); n != 0 {
		t.Errorf("Alan sees %d of Ada's entries", n)
	}
	w.do(ada, "GET /api/timesheets/"+e.ID, "").want(200)
}

func TestADayHas24Hours(t *testing.T) {
	w := newWorld(t)
	ada, alan, grace := w.token("usr_ada", everyScope...), w.token("usr_alan", everyScope...), w.token("usr_grace", everyScope...)
	w.add(ada, "2026-03-17", 16)
	second := w.add(ada, "2026-03-17", 7.75)
	const more = `{"project":"P","date":"2026-03-17","hours":0.5}`
	if got := w.do(ada, "POST /api/timesheets", more).want(422).at(); got != "body/hours" {
		t.Errorf("errors at %q", got)
	}
	w.recorded(w.ledger.take(), "INFO check", `rule="day-24-hours"`, `verdict="fail"`)
	w.add(ada, "2026-03-17", 0.25) // to the brim
	w.add(ada, "2026-03-18", 24)   // the next day is another
	w.add(alan, "2026-03-17", 24)  // and so is another person's

	w.do(grace, "PUT /api/approvals/"+second.ID, `{"decision":"approve"}`).want(200)
	w.do(ada, "POST /api/timesheets", more).want(422) // approved hours count
	w.do(grace, "PUT /api/approvals/"+w.add(grace, "2026-03-17", 1).ID, "").want(403)
}

func TestRejectedHoursMakeRoom(t *testing.T) {
	w := newWorld(t)
	ada, grace := w.token("usr_ada", everyScope...), w.token("usr_grace", everyScope...)
	e := w.add(ada, "2026-03-17", 24)
	w.do(grace, "PUT /api/approvals/"+e.ID, `{"decision":"reject"}`).want(200)
	w.add(ada, "2026-03-17", 24)
}

func TestParallelPostsCannotPassADay(t *testing.T) {
	w := newWorld(t)
	ada := w.token("usr_ada", everyScope...)
	var wg sync.WaitGroup
	status := make([]int, 40)
	for i := range status {
		wg.Go(func() {
			status[i] = w.do(ada, "POST /api/timesheets", `{"project":"P","date":"2026-03-17","hours":5}`).status
		})
	}
	wg.Wait()
	count := map[int]int{}
	for _, s := range status {
		count[s]++
	}
	if count[http.StatusCreated] != 4 || count[http.StatusUnprocessableEntity] != 36 { // 4 x 5 h fit into 24 h
		t.Errorf("answers %v", count)
	}
	total := 0.0
	for _, e := range w.do(ada, "GET /api/timesheets", "").list().Items {
		total += e.Hours
	}
	if total != 20 {
		t.Errorf("%v hours stored", total)
	}
}

func TestOnlyPendingEntriesCanBeDeleted(t *testing.T) {
	w := newWorld(t)
	ada, grace := w.token("usr_ada", everyScope...), w.token("usr_grace", everyScope...)
	for _, decision := range []string{"approve", "reject"} {
		e := w.add(ada, "2026-03-17", 1)
		w.do(grace, "PUT /api/approvals/"+e.ID, `{"decision":"`+decision+`"}`).want(200)
		w.do(ada, "DELETE /api/timesheets/"+e.ID, "").want(409)
		w.do(ada, "GET /api/timesheets/"+e.ID, "").want(200)
	}
	w.recorded(w.ledger.take(), "INFO check", `rule="entry-pending"`, `verdict="fail"`)
}

func TestStorageTroubleIs503AndTellsNothing(t *testing.T) {
	w := newWorld(t)
	ada := w.token("usr_ada", everyScope...)
	e := w.add(ada, "2026-03-17", 1)
	w.writes.fail = fmt.Errorf("commit: %w", outage{})
	for _, route := range []string{"POST /api/timesheets", "DELETE /api/timesheets/" + e.ID} {
		body := ""
		if strings.HasPrefix(route, "POST") {
			body = `{"project":"P","date":"2026-03-17","hours":1}`
		}
		r := w.do(ada, route, body).want(503)
		if r.header.Get("Retry-After") != "5" || strings.Contains(r.body, "fire") {
			t.Errorf("%v %s", r.header, r.body)
		}
	}
	if log := w.ledger.take(); strings.Contains(log, `op="delete"`) {
		t.Errorf("a write that failed is reported:\n%s", log)
	}
	w.writes.fail = fmt.Errorf("bug in SELECT * FROM secrets")
	if r := w.do(ada, "DELETE /api/timesheets/"+e.ID, "").want(500); strings.Contains(r.body, "secrets") {
		t.Error(r.body)
	}
	w.recorded(w.ledger.take(), "ERROR", "secrets")

	w.db.Close() // reads fail too
	for _, route := range []string{"GET /api/timesheets", "GET /api/timesheets/" + e.ID, "GET /api/approvals", "PUT /api/approvals/" + e.ID} {
		if r := w.do(ada, route, "").want(503); r.header.Get("Retry-After") != "5" {
			t.Errorf("%s: %v", route, r.header)
		}
	}
}

func TestTimesAreStoredInMilliseconds(t *testing.T) {
	w := newWorld(t)
	w.clock = now.Add(123456789 * time.Nanosecond)
	ada := w.token("usr_ada", everyScope...)
	made := w.add(ada, "2026-03-17", 1)
	if read := w.do(ada, "GET /api/timesheets/"+made.ID, "").entry(); !read.CreatedAt.Equal(made.CreatedAt) || made.CreatedAt.Nanosecond() != 123000000 {
		t.Errorf("created %v, read %v", made.CreatedAt, read.CreatedAt)
	}
}
