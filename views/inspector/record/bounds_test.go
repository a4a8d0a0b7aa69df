package record

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/time/rate"
)

// unbudgeted lets a test send as much as it likes.
func (w *world) unbudgeted() {
	w.sources.limit = rate.Inf
	w.budget.SetLimit(rate.Inf)
}

// tokens is a form with as many as fit, of which each post has the same first.
func tokens(post int) string {
	var b strings.Builder
	b.WriteString("token=the-same-each-time")
	for i := 0; b.Len() < 64<<10; i++ {
		fmt.Fprintf(&b, "&token=%d-%d-other", post, i)
	}
	return b.String()
}

// Any web page can send this, and each of it is refused. It costs next to
// nothing: in memory, in what connects, in the file.
func TestAFloodOfRefusalsStaysSmall(t *testing.T) {
	for name, status := range map[string]int{"refused": 400, "taken": 200} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, filepath.Join(t.TempDir(), "runs.db"))
			w.unbudgeted()
			w.answer = says(status, `{"error":"invalid_request"}`)
			for post := range 200 {
				w.post("/oauth/revoke", "application/x-www-form-urlencoded", tokens(post))
			}
			run := w.run(1)
			limit := map[int]int{400: 2 << 20, 200: maxRunBytes + maxKeys*keyBytes}[status]
			if w.bytes > limit || run.cost() != w.bytes {
				t.Errorf("%d bytes in memory, %d by the run, want at most %d", w.bytes, run.cost(), limit)
			}
			if len(w.index) > maxKeys || len(run.keys) > maxKeys {
				t.Errorf("%d keys in the index, %d of the run, want at most %d", len(w.index), len(run.keys), maxKeys)
			}
			if n := len(run.Values()); n > maxTraveled {
				t.Errorf("%d values are followed, want at most %d", n, maxTraveled)
			}
			for _, x := range run.Exchanges {
				if n := len(x.Sent()); n > maxValues {
					t.Fatalf("%d values in one exchange, want at most %d", n, maxValues)
				}
			}
			if held := w.held.Load(); held != 0 {
				t.Errorf("%d bytes are still held after all is joined", held)
			}
			if n := len(w.stored()); n > limit*3/2 { // a mask can be longer than what it masks
				t.Errorf("%d bytes in the file, want at most %d", n, limit*3/2)
			}
		})
	}
}

// What explains a refusal is kept of it, wherever the bulk of it is.
func TestARefusedExchangeIsKeptInPart(t *testing.T) {
	long := strings.Repeat("x", 60<<10)
	for name, send := range map[string]func(*world){
		"target": func(w *world) { w.send("/authorize?client_id=app&state="+long, nil) },
		"query":  func(w *world) { w.send("/api/timesheets?"+strings.Repeat("a=b&", 15<<10), nil) },
		"header": func(w *world) { w.send("/api/me", nil, "X-Long", long, "Referer", "http://x/?"+long) },
		"form":   func(w *world) { w.send("/oauth/token", url.Values{"x": {long}}) },
		"JSON":   func(w *world) { w.sendJSON("/api/timesheets", `{"x":["`+strings.Repeat(`","`, 20<<10)+`"]}`) },
		"fields": func(w *world) {
			r := httptest.NewRequest("GET", "/api/me", nil)
			for i := range 1000 {
				r.Header["X-"+strconv.Itoa(i)] = []string{"y", "z"}
			}
			w.handler.ServeHTTP(httptest.NewRecorder(), r)
			w.drain()
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, filepath.Join(t.TempDir(), "runs.db"))
			w.answer = says(400, `{"error":"invalid_request"}`)
			send(w)
			if x := w.run(1).Exchanges[0]; x.size() > 32<<10 || x.ErrorCode() != "invalid_request" {
				t.Errorf("%d bytes are kept, the error is %q", x.size(), x.ErrorCode())
			}
		})
	}
}

// A check can repeat what was sent, and a handler can report many.
func TestTheLedgerOfAnExchangeIsBounded(t *testing.T) {
	w := newWorld(t, filepath.Join(t.TempDir(), "runs.db"))
	w.answer = func(_ http.ResponseWriter, r *http.Request) {
		for range 1000 {
			w.log.DebugContext(r.Context(), "check", "rule", "r", "got", strings.Repeat("x", 60<<10))
		}
	}
	w.send("/api/me", nil)
	if x := w.run(1).Exchanges[0]; len(x.Checks) != maxNotes || len(x.Checks[0].Got) > maxNoted+3 {
		t.Errorf("%d checks are kept, of %d bytes", len(x.Checks), len(x.Checks[0].Got))
	}
}

// Bodies on their way to be joined have a bound together: those beyond are cut,
// and their requests are served like any other.
func TestWhatIsNotJoinedYetIsBounded(t *testing.T) {
	w := newWorld(t, filepath.Join(t.TempDir(), "runs.db"))
	w.unbudgeted()
	w.answer = says(200, `{}`)
	form := strings.Repeat("x=y&", maxBody/4)
	for range maxHeld/maxBody + 100 {
		r := httptest.NewRequest("POST", "/oauth/token", strings.NewReader(form))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w.handler.ServeHTTP(httptest.NewRecorder(), r)
	}
	if held := w.held.Load(); held > maxHeld || held < maxHeld-maxBody {
		t.Errorf("%d bytes wait to be joined, want nearly %d", held, maxHeld)
	}
	w.drain()
	if held := w.held.Load(); held != 0 {
		t.Errorf("%d bytes are held after all is joined", held)
	}
}

func (w *world) people(n int) {
	w.Helper()
	for i := range n {
		for _, step := range flowOf("p" + strconv.Itoa(i)).steps(w) {
			step()
		}
	}
}

// machine gets tokens of its own, each a run.
func (w *world) machine(n int) {
	w.Helper()
	for i := range n {
		w.answer = says(200, `{"access_token":"`+jwt(`{"sub":"cron","client_id":"cron","jti":"m`+strconv.Itoa(i)+`"}`)+`"}`)
		w.send("/oauth/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {"cron"}})
	}
}

// stranger sends what is refused, each time as another client.
func (w *world) stranger(n int) {
	w.Helper()
	w.answer = says(400, `{"error":"invalid_client"}`)
	for i := range n {
		w.send("/authorize?client_id=none-"+strconv.Itoa(i), nil)
	}
}

// clients counts the runs of each.
func clients(runs []Run) map[string]int {
	out := map[string]int{}
	for _, run := range runs {
		client, _ := run.owner()
		out[client]++
	}
	return out
}

// A busy client pushes its own runs out of memory, and a stranger those of
// strangers. Everybody else's stay.
func TestSharesOfMemory(t *testing.T) {
	w := newWorld(t, filepath.Join(t.TempDir(), "runs.db"))
	w.unbudgeted()
	w.people(30)
	w.stranger(100)
	w.machine(210)
	got := clients(w.Recent())
	if got["client app"] != 30 || got["refused"] != maxRefused || got["client cron"] != maxRuns-30-maxRefused {
		t.Errorf("kept %v, want 30 of the people, %d refused, and the rest of the machine", got, maxRefused)
	}
	for _, run := range w.Recent() {
		if run.Client == "cron" && run.Number < 30+100+210-maxRuns {
			t.Errorf("run %d of the machine is kept, which is not among its newest", run.Number)
		}
	}
	// One person who does as much as all others together.
	busy := flowOf("busy")
	for i := range 210 {
		w.answer = says(200, `{"access_token":"`+jwt(`{"sub":"usr_busy","client_id":"app","jti":"b`+strconv.Itoa(i)+`"}`)+`"}`)
		w.send("/oauth/token", url.Values{"grant_type": {"authorization_code"}, "client_id": {"app"}, "code": {busy.code + strconv.Itoa(i)}})
	}
	seen := map[string]bool{}
	for _, run := range w.Recent() {
		seen[run.Person] = true
	}
	if len(seen) != 32 { // thirty, the busy one, and nobody
		t.Errorf("%d people are seen, want 32", len(seen))
	}
}

// The same in the file, by number and by size.
func TestSharesOfTheFile(t *testing.T) {
	w := newWorld(t, filepath.Join(t.TempDir(), "runs.db"))
	row := func(number int, client, person string, size int) {
		if _, err := w.db.Exec(`INSERT INTO inspector_runs VALUES (?, 0, 0, '{}', x'', '{}', ?, ?, ?)`, number, client, person, size); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 30 {
		row(1+i, "client app", "usr_"+strconv.Itoa(i), 1000)
	}
	for i := range 100 {
		row(100+i, "client app", "usr_busy", 1000)
	}
	for i := range 1000 {
		row(1000+i, "client cron", "", 1000)
	}
	left := func(runs, size int) map[string]int {
		t.Helper()
		rows, err := w.db.Query(`SELECT client, person FROM inspector_runs WHERE number NOT IN (`+tooMany+`)`, runs, size)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		out := map[string]int{}
		for rows.Next() {
			var client, person string
			if err := rows.Scan(&client, &person); err != nil {
				t.Fatal(err)
			}
			if out[client]++; person != "" && person != "usr_busy" {
				out["quiet people"]++
			}
		}
		return out
	}
	if got := left(200, keptBytes); got["client app"] != 100 || got["client cron"] != 100 || got["quiet people"] != 30 {
		t.Errorf("of 200 there are %v, want 100 of each client, and all 30 quiet people", got)
	}
	if got := left(keptRuns, 150_000); got["client app"] != 75 || got["client cron"] != 75 || got["quiet people"] != 30 {
		t.Errorf("of 150 kB there are %v, want 75 of each client, and all 30 quiet people", got)
	}
	w.machine(1)
	w.saveAll(t.Context())
	var n int
	if err := w.db.QueryRow(`SELECT count(*) FROM inspector_runs`).Scan(&n); err != nil || n != keptRuns {
		t.Errorf("%d runs in the file (%v), want %d", n, err, keptRuns)
	}
}

// Whoever floods the server does not keep others from being seen.
func TestOneSourceHasHalfOfTheBudget(t *testing.T) {
	w := newWorld(t, filepath.Join(t.TempDir(), "runs.db"))
	w.answer = says(200, `{}`)
	w.budget.SetLimit(0) // so that no time passes
	w.sources.limit = 1e-9
	for range 3 * atOnce {
		r := httptest.NewRequest("GET", "/api/me", nil)
		r.Header.Set("Origin", "http://flood.example")
		w.handler.ServeHTTP(httptest.NewRecorder(), r)
	}
	w.drain()
	dropped := w.Dropped()
	if dropped == 0 {
		t.Fatal("a flood is looked at whole")
	}
	w.machine(20)
	if w.Dropped() != dropped || clients(w.Recent())["client cron"] != 20 {
		t.Errorf("of 20 others, %d were dropped", w.Dropped()-dropped)
	}
}
