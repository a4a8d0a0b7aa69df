package timesheets

import (
	"fmt"
	"log/slog"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// quiet is a world whose ledger nobody reads.
func quiet(t testing.TB) *world {
	return newWorld(t, func(c *Config) { c.Log = slog.New(slog.DiscardHandler) })
}

// serve answers without a network. Headers are names and values.
func (w *world) serve(t testing.TB, token, route, body string, headers ...string) reply {
	method, path, _ := strings.Cut(route, " ")
	r := httptest.NewRequest(method, "http://api.example/", strings.NewReader(body))
	path, query, _ := strings.Cut(path, "?")
	r.URL.Path, r.URL.RawQuery = path, query // as they are, however odd
	r.Header.Set("Authorization", "Bearer "+token)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header[headers[i]] = []string{headers[i+1]}
	}
	rec := httptest.NewRecorder()
	w.api.Handler().ServeHTTP(rec, r)
	return reply{t, route, rec.Code, rec.Header(), rec.Body.String()}
}

// orderly fails unless the answer has one of the statuses, looks as it should,
// and repeats nothing of what was sent and refused.
func (r reply) orderly(sent string, statuses ...int) {
	r.t.Helper()
	if !slices.Contains(statuses, r.status) {
		r.t.Fatalf("%s: %d %s", r.call, r.status, r.body)
	}
	if r.want(r.status); r.status >= 400 && strings.Contains(sent, canary) && strings.Contains(withoutPointers(r), canary) {
		r.t.Errorf("echoed: %s", r.body)
	}
}

// canary is in the seeds as a value. As a name it may come back, in a pointer.
const canary = "c4n4ry"

func withoutPointers(r reply) string {
	p := r.problem()
	for i := range p.Errors {
		p.Errors[i].Pointer = nil
	}
	return fmt.Sprint(p)
}

// bodies are where every target that takes a body begins.
var bodies = []string{
	validEntry, changed, keyed, `{}`, `[]`, `null`, "", "0", `{"hours":1e309}`, `{"hours":-0}`, `{"a.b":1,"a":2}`, `{"":[{}]}`, "\xff", "\xef\xbb\xbf{}",
	`{"project":"P","date":"2026-03-17","hours":24,"notes":"\u2028"}`, `{"project":{"project":1},"date":[],"hours":"c4n4ry"}`,
	strings.Repeat(`[{"a":`, 300), `{"project":"c4n4ry\u0000","date":"2026-02-29","hours":8}`, `{"date":"c4n4ry"}`, `{"hours":c4n4ry}`, `{"a":1,"a":"c4n4ry"}`,
	`{"decision":"approve"}`, `{"decision":"reject","comment":"c4n4ry"}`, `{"decision":"c4n4ry","comment":7}`,
	rows(row("usr_ada", "2026-03-17", 24), row("usr_alan", "2026-03-17", 0.25)), rows(row("c4n4ry", "2026-03-17", 1)), rows(row("usr_ada", "c4n4ry", 25), `{}`, `[]`, `null`),
	`{"entries":[{"user_id":"usr_ada"}],"entries[0].hours":{}}`, `{"entries":{"entries":[]}}`,
}

// bodyRefusals are what a body can bring about.
var bodyRefusals = []int{400, 413, 422}

func seeded(f *testing.F) *world {
	for _, body := range bodies {
		f.Add(body)
	}
	return quiet(f)
}

func (w *world) clear(t testing.TB) {
	t.Helper()
	if _, err := w.db.Exec(`DELETE FROM entries`); err != nil {
		t.Fatal(err)
	}
}

// keepsTheRules is what every stored entry has to be, however it came.
func (e entry) keepsTheRules(t testing.TB, owner string) {
	t.Helper()
	if e.UserID != owner || e.Status != pending || e.Hours <= 0 || e.Hours > 24 || e.Hours*4 != float64(int(e.Hours*4)) || e.Project == "" || len(e.Date) != 10 {
		t.Errorf("taken: %+v", e)
	}
}

// FuzzCreate: whatever the body is, it is taken or refused in good order, and
// what is taken keeps the rules.
func FuzzCreate(f *testing.F) {
	w := seeded(f)
	ada := w.token("usr_ada", everyScope...)
	f.Fuzz(func(t *testing.T, body string) {
		r := w.serve(t, ada, "POST /api/timesheets", body, "Content-Type", "application/json")
		if r.orderly(body, append(bodyRefusals, 201)...); r.status == 201 {
			r.entry().keepsTheRules(t, "usr_ada")
			w.clear(t)
		}
	})
}

func FuzzReplace(f *testing.F) {
	w := seeded(f)
	ada := w.token("usr_ada", everyScope...)
	id := w.add(ada, "2026-03-17", 1).ID
	f.Fuzz(func(t *testing.T, body string) {
		r := w.serve(t, ada, "PUT /api/timesheets/"+id, body, "If-Match", "*", "Content-Type", "application/json")
		if r.orderly(body, append(bodyRefusals, 200)...); r.status == 200 {
			r.entry().keepsTheRules(t, "usr_ada")
		}
	})
}

func FuzzDecide(f *testing.F) {
	w := seeded(f)
	ada, grace := w.token("usr_ada", everyScope...), w.token("usr_grace", everyScope...)
	f.Fuzz(func(t *testing.T, body string) {
		w.clear(t)
		id := w.serve(t, ada, "POST /api/timesheets", validEntry).entry().ID
		r := w.serve(t, grace, "PUT /api/approvals/"+id, body)
		r.orderly(body, append(bodyRefusals, 200)...)
		if e := w.serve(t, ada, "GET /api/timesheets/"+id, "").entry(); (e.Status == pending) != (r.status != 200) {
			t.Errorf("answered %d, stored %+v", r.status, e)
		}
	})
}

func FuzzUpload(f *testing.F) {
	w := seeded(f)
	cron := w.machine("batch:upload")
	f.Fuzz(func(t *testing.T, body string) {
		r := w.serve(t, cron, uploadRoute, body, "Content-Type", "application/json")
		r.orderly(body, append(bodyRefusals, 201)...)
		n := 0
		if r.status == 201 {
			made := decoded[uploaded](r)
			for _, e := range made.Items {
				e.keepsTheRules(t, e.UserID)
			}
			n = made.Count
		}
		if stored := w.stored(); stored != n { // all or nothing
			t.Errorf("%d stored, told %d", stored, n)
		}
		w.clear(t)
	})
}

func FuzzQuery(f *testing.F) {
	w := quiet(f)
	ada := w.token("usr_ada", everyScope...)
	w.fortnight(ada)
	cursor := w.do(ada, "GET /api/timesheets?limit=2", "").list().NextCursor
	for _, query := range []string{"", "limit=2&cursor=" + cursor, "cursor=c4n4ry", "cursor=" + cursor[1:], "from=2026-03-01&to=2026-03-02", "from=c4n4ry",
		"status=c4n4ry", "limit=c4n4ry", "limit=99999999999999999999", "project=%00", "project=%ff", "%zz", "limit=2;cursor=x", "from=2026-03-02&to=2026-03-01", "cursor=%0a"} {
		f.Add(query, "text/csv;q=0.5, */*")
		f.Add(query, "application/json")
		f.Add(query, "a;,b")
	}
	f.Fuzz(func(t *testing.T, query, accept string) {
		for _, path := range []string{"/api/timesheets", "/api/approvals"} {
			r := w.serve(t, ada, "GET "+path+"?"+query, "", "Accept", accept)
			if r.orderly(query, 200, 400, 422); r.status == 200 && r.header.Get("Content-Type") == jsonType && len(r.list().Items) > 200 {
				t.Errorf("a page of %d", len(r.list().Items))
			}
		}
	})
}

// FuzzCursor: nothing but what was sealed is ever opened.
func FuzzCursor(f *testing.F) {
	key := cursorKey(strings.Repeat("k", 32))
	f.Add(key.seal(position{"2026-03-17", 7, "ts_a"}, []string{"timesheets", "usr_ada"}), "usr_ada")
	f.Add("", "")
	f.Fuzz(func(t *testing.T, cursor, caller string) {
		list := []string{"timesheets", caller}
		if p, ok := key.open(cursor, list); ok && key.seal(p, list) != cursor {
			t.Errorf("%q opened as %+v", cursor, p)
		}
	})
}

// FuzzHeaders: conditions and keys are the other texts that a client writes.
func FuzzHeaders(f *testing.F) {
	w := quiet(f)
	ada := w.token("usr_ada", everyScope...)
	for _, value := range []string{`"1"`, `W/"1"`, `"1", "2"`, "*", `*, "1"`, "", ",", `"`, "\"\x7f\"", "c4n4ry", `"c4n4ry"`, "k", strings.Repeat("k", 256), "ü", "\xff", "a b"} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		w.clear(t)
		r := w.serve(t, ada, "POST /api/timesheets", validEntry, "Idempotency-Key", value)
		if r.orderly(value, 201, 422); r.status == 422 {
			r = w.serve(t, ada, "POST /api/timesheets", validEntry)
		}
		if _, err := w.db.Exec(`DELETE FROM idempotency_answers`); err != nil {
			t.Fatal(err)
		}
		id := r.entry().ID
		w.serve(t, ada, "PUT /api/timesheets/"+id, changed, "If-Match", value).orderly(value, 200, 412, 422)
		w.serve(t, ada, "DELETE /api/timesheets/"+id, "", "If-Match", value).orderly(value, 204, 412, 422)
	})
}
