package timesheets

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
)

const uploadRoute = "POST /api/timesheets/upload"

// rows makes a batch of rows that are written out.
func rows(each ...string) string { return `{"entries":[` + strings.Join(each, ",") + `]}` }

// row is one that is good by itself.
func row(person, date string, hours float64) string {
	return fmt.Sprintf(`{"user_id":%q,"project":"P","date":%q,"hours":%v}`, person, date, hours)
}

func TestABatchIsUploaded(t *testing.T) {
	w := newWorld(t)
	cron, ada, alan := w.machine("batch:upload"), w.token("usr_ada", everyScope...), w.token("usr_alan", everyScope...)
	r := w.do(cron, uploadRoute, rows(row("usr_alan", "2026-03-17", 8), row("usr_ada", "2026-03-16", 7.5), row("usr_ada", "2026-03-17", 1))).want(201)
	made := decoded[uploaded](r)
	if made.Count != 3 || len(made.Items) != 3 || made.Items[0].UserID != "usr_alan" || made.Items[1].Date != "2026-03-16" || made.Items[2].Hours != 1 {
		t.Fatalf("%s", r.body)
	}
	for i, e := range made.Items {
		got := w.do(map[string]string{"usr_ada": ada, "usr_alan": alan}[e.UserID], "GET /api/timesheets/"+e.ID, "").want(200).entry()
		if got != e || got.Status != pending || !got.CreatedAt.Equal(now) {
			t.Errorf("row %d: stored %+v, told %+v", i, got, e)
		}
	}
	log := w.ledger.take()
	if n := strings.Count(log, `op="insert"`); n != 3 {
		t.Errorf("%d writes reported", n)
	}
}

// Every mistake of every row is named, and nothing is stored for any.
func TestABadRowRefusesTheBatch(t *testing.T) {
	w := newWorld(t)
	cron := w.machine("batch:upload")
	good := row("usr_ada", "2026-03-17", 1)
	for body, at := range map[string]string{
		rows(good, `{}`): "body/entries/1/date body/entries/1/hours body/entries/1/project body/entries/1/user_id",
		rows(row("usr_nobody", "2026-03-17", 1), good, row("usr_eve", "2026-03-17", 1)):                                                 "body/entries/0/user_id body/entries/2/user_id",
		rows(good, row("usr_ada", "2026-02-30", 25), row("usr_x", "2026-03-17", 1), `[]`, `null`, `7`):                                  "body/entries/1/date body/entries/1/hours body/entries/2/user_id body/entries/3 body/entries/4 body/entries/5",
		rows(`{"user_id":"usr_ada","project":"P","date":"2026-03-17","hours":"8"}`, row("usr_ada", "2026-03-17", 24), good):             "body/entries/0/hours body/entries/2/hours",
		rows(`{"user_id":"usr_ada","project":"P","date":"2026-03-17","hours":1,"status":"approved","Hours":2}`, good):                   "body/entries/0/Hours body/entries/0/status",
		rows(`{"user_id":7,"project":"","date":"x","hours":0,"notes":"\u200b"}`):                                                        "body/entries/0/date body/entries/0/hours body/entries/0/notes body/entries/0/project body/entries/0/user_id",
		rows(`{"user_id":"","project":"P","date":"2026-03-17","hours":1}`, `{"user_id":null,"project":"P","date":"x","hours":{"a":1}}`): "body/entries/0/user_id body/entries/1/date body/entries/1/hours body/entries/1/user_id",
		`{"entries":[` + good + `],"entries[0].hours":{"x":1},"more":1}`:                                                                "body/entries[0].hours body/more",
		`{"entries":[` + row("usr_eve", "2026-03-17", 1) + `],"dry_run":true}`:                                                          "body/dry_run body/entries/0/user_id",
		`{"entries":[]}`: "body/entries", `{"entries":null}`: "body/entries", `{"entries":{}}`: "body/entries", `{"entries":"x"}`: "body/entries",
		`{}`: "body/entries", `{"Entries":[]}`: "body/Entries body/entries", `[]`: "body", `null`: "body", `"x"`: "body",
		rows(strings.Split(strings.Repeat(`{}|`, 1001), "|")[:1001]...): "body/entries",
	} {
		if got := w.do(cron, uploadRoute, body).want(422).at(); got != at {
			t.Errorf("%.150s: errors at %q, want %q", body, got, at)
		}
	}
	for _, body := range []string{"{", `{"entries":[{"hours":1,"hours":1}]}`, rows(strings.Split(strings.Repeat(`0|`, 10001), "|")[:10001]...), ""} {
		w.do(cron, uploadRoute, body, "Content-Type", "application/json").want(400)
	}
	if n := w.stored(); n != 0 {
		t.Errorf("%d entries were stored", n)
	}
	w.recorded(w.ledger.take(), "INFO check", `rule="batch-rows-valid"`, `verdict="fail"`)
}

// Rows are reported in the order of the batch, however many they are.
func TestAllOfAThousandBadRowsAreReported(t *testing.T) {
	w := newWorld(t)
	var bad []string
	for range 1000 {
		bad = append(bad, row("usr_ada", "2026-03-17", 24.25))
	}
	errs := w.do(w.machine("batch:upload"), uploadRoute, rows(bad...)).want(422).problem().Errors
	if len(errs) != 1000 {
		t.Fatalf("%d errors", len(errs))
	}
	for i, v := range errs {
		if want := fmt.Sprintf("/entries/%d/hours", i); *v.Pointer != want {
			t.Fatalf("error %d is at %s", i, *v.Pointer)
		}
	}
}

func TestAThousandRowsAreTaken(t *testing.T) {
	w := newWorld(t)
	var all []string
	for i := range 1000 {
		all = append(all, row("usr_ada", fmt.Sprintf("2026-%02d-%02d", i/28%12+1, i%28+1), 1))
	}
	r := w.do(w.machine("batch:upload"), uploadRoute, rows(all...)).want(201)
	if got := decoded[uploaded](r).Count; got != 1000 || w.stored() != 1000 {
		t.Errorf("count %d, stored %d", got, w.stored())
	}
}

// The 24 hours hold within the batch and against what is stored, and the row
// that goes over is the one that is named.
func TestABatchKeepsTheDay(t *testing.T) {
	w := newWorld(t)
	cron, ada, grace := w.machine("batch:upload"), w.token("usr_ada", everyScope...), w.token("usr_grace", everyScope...)
	w.add(ada, "2026-03-17", 16)
	rejectable := w.add(ada, "2026-03-18", 24)
	w.do(grace, "PUT /api/approvals/"+rejectable.ID, `{"decision":"reject"}`).want(200)
	for body, at := range map[string]string{
		rows(row("usr_ada", "2026-03-17", 8.25)): "body/entries/0/hours",
		rows(row("usr_ada", "2026-03-17", 4), row("usr_ada", "2026-03-17", 4.25), row("usr_ada", "2026-03-17", 4)):    "body/entries/1/hours",
		rows(row("usr_alan", "2026-03-17", 24), row("usr_grace", "2026-03-17", 24), row("usr_alan", "2026-03-17", 1)): "body/entries/2/hours",
	} {
		if got := w.do(cron, uploadRoute, body).want(422).at(); got != at {
			t.Errorf("%s: errors at %q, want %q", body, got, at)
		}
	}
	if n := w.stored(); n != 2 {
		t.Errorf("%d entries", n)
	}
	w.do(cron, uploadRoute, rows(row("usr_ada", "2026-03-17", 4), row("usr_ada", "2026-03-17", 4), row("usr_ada", "2026-03-18", 24))).want(201)
}

func TestAnUploadSentAgainHappensOnce(t *testing.T) {
	w := newWorld(t)
	cron := w.machine("batch:upload", "create:timesheets")
	body := rows(row("usr_ada", "2026-03-17", 8), row("usr_alan", "2026-03-17", 8))
	var wg sync.WaitGroup
	replies := make([]reply, 50)
	for i := range replies {
		wg.Go(func() { replies[i] = w.do(cron, uploadRoute, body, "Idempotency-Key", "night") })
	}
	wg.Wait()
	replayed := 0
	for _, r := range replies {
		if r.want(201); r.body != replies[0].body {
			t.Errorf("%s and %s", r.body, replies[0].body)
		}
		if r.header.Get("Idempotency-Replayed") == "true" {
			replayed++
		}
	}
	if w.stored() != 2 || replayed != 49 {
		t.Errorf("%d entries, %d replays", w.stored(), replayed)
	}
	// The first answer stands, even if the person has left since.
	delete(w.staff.managers, "usr_alan")
	w.do(cron, uploadRoute, body, "Idempotency-Key", "night").want(201)
	w.do(cron, uploadRoute, body, "Idempotency-Key", "next night").want(422)
	for _, other := range []string{rows(row("usr_ada", "2026-03-17", 8)), rows(row("usr_eve", "2026-03-17", 8)), rows(`{}`)} {
		w.do(cron, uploadRoute, other, "Idempotency-Key", "night").want(422)
	}
	if w.stored() != 2 {
		t.Errorf("%d entries", w.stored())
	}
}

func TestAKeyIsForOneOperation(t *testing.T) {
	a := newWorld(t).api
	c := Caller{Subject: "s", ClientID: "c"}
	one, _ := a.repeatable(c, "create-timesheet", Retry{"k"}, 1)
	two, _ := a.repeatable(c, "upload-timesheets", Retry{"k"}, 1)
	if one.key != two.key || one.content == two.content {
		t.Error("a key would be taken for two operations with the same content")
	}
}

func TestPostsPutsAndUploadsTogetherCannotPassADay(t *testing.T) {
	w := newWorld(t)
	ada, cron := w.token("usr_ada", everyScope...), w.machine("batch:upload")
	movable := make([]entry, 17)
	for i := range movable {
		movable[i] = w.add(ada, fmt.Sprintf("2026-02-%02d", i+1), 5)
	}
	var wg sync.WaitGroup
	status := make([]int, 51)
	for i := range movable {
		body := `{"project":"P","date":"2026-03-17","hours":5}`
		wg.Go(func() { status[3*i] = w.do(ada, "POST /api/timesheets", body).status })
		wg.Go(func() { status[3*i+1] = w.do(ada, "PUT /api/timesheets/"+movable[i].ID, body, "If-Match", "*").status })
		wg.Go(func() { status[3*i+2] = w.do(cron, uploadRoute, rows(row("usr_ada", "2026-03-17", 5))).status })
	}
	wg.Wait()
	won := 0
	for _, s := range status {
		switch s {
		case http.StatusOK, http.StatusCreated:
			won++
		case http.StatusUnprocessableEntity:
		default:
			t.Errorf("status %d", s)
		}
	}
	total := 0.0
	for _, e := range w.do(ada, "GET /api/timesheets?from=2026-03-17&to=2026-03-17", "").list().Items {
		total += e.Hours
	}
	if won != 4 || total != 20 { // 4 x 5 h fit into 24 h
		t.Errorf("%d won, %v hours stored", won, total)
	}
}

func TestAnUploadNeedsTheDirectoryAndTheDisk(t *testing.T) {
	w := newWorld(t)
	cron, ada := w.machine("batch:upload"), w.token("usr_ada", everyScope...)
	e := w.add(ada, "2026-03-17", 1)
	w.staff.fail = outage{}
	w.do(cron, uploadRoute, rows(row("usr_ada", "2026-03-17", 1))).want(503)
	w.staff.fail, w.writes.fail = nil, outage{}
	for _, r := range []reply{
		w.do(cron, uploadRoute, rows(row("usr_ada", "2026-03-17", 1))),
		w.do(cron, uploadRoute, rows(row("usr_ada", "2026-03-17", 1)), "Idempotency-Key", "k"),
		w.do(ada, "PUT /api/timesheets/"+e.ID, changed, "If-Match", "*"),
	} {
		if r.want(503); r.header.Get("Retry-After") != "5" || strings.Contains(r.body, "fire") {
			t.Errorf("%v %s", r.header, r.body)
		}
	}
	if log := w.ledger.take(); strings.Count(log, `op="insert"`) != 1 || strings.Contains(log, `op="update"`) {
		t.Errorf("a write that failed is reported:\n%s", log)
	}
}
