package timesheets

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

const validEntry = `{"project":"P","date":"2026-03-17","hours":1}`

func TestWhatIsNotThereIsAProblemToo(t *testing.T) {
	w := newWorld(t)
	ada := w.token("usr_ada", everyScope...)
	for _, path := range []string{
		"/api/", "/api/nothing", "/api/timesheets/", "/api/timesheets/a/b", "/api//timesheets", "/api/./me", "/api/x/../me", "/api/Me",
		"/api/openapi", // huma's own never
		"/openapi.json", "/openapi.yaml", "/docs", "/api/docs", "/schemas/Entry.json",
	} {
		for _, method := range []string{"GET", "POST", "OPTIONS"} {
			if r := w.do(ada, method+" "+path, "").want(404); r.header.Get("Location") != "" || r.header.Get("Allow") != "" {
				t.Errorf("%s %s: %v", method, path, r.header)
			}
		}
	}
	for route, allow := range map[string]string{
		"PUT /api/timesheets":          "GET, HEAD, POST",
		"DELETE /api/timesheets":       "GET, HEAD, POST",
		"OPTIONS /api/timesheets":      "GET, HEAD, POST",
		"POST /api/timesheets/ts_a":    "DELETE, GET, HEAD, PUT",
		"PATCH /api/timesheets/ts_a":   "DELETE, GET, HEAD, PUT",
		"PATCH /api/timesheets/upload": "DELETE, GET, HEAD, POST, PUT",
		"POST /api/openapi.json":       "GET, HEAD",
		"POST /api/approvals":          "GET, HEAD",
		"GET /api/approvals/ts_a":      "PUT",
		"HEAD /api/approvals/ts_a":     "PUT",
		"DELETE /api/me":               "GET, HEAD",
		"TRACE /api/me":                "GET, HEAD",
		"PROPFIND /api/me":             "GET, HEAD",
		"get /api/me":                  "GET, HEAD",
		"POST /api/me?_method=GET":     "GET, HEAD",
		"OPTIONS /api/approvals/ts_ab": "PUT",
	} {
		if got := w.do("", route, "").want(405).header.Get("Allow"); got != allow { // RFC 9110 15.5.6
			t.Errorf("%s: Allow %q, want %q", route, got, allow)
		}
	}
	if r := w.do(ada, "HEAD /api/me", "").want(200); r.body != "" {
		t.Errorf("HEAD has a body: %s", r.body)
	}
}

func TestTheMethodIsTheRequestLines(t *testing.T) {
	w := newWorld(t)
	ada := w.token("usr_ada", everyScope...)
	e := w.add(ada, "2026-03-17", 8)
	for _, name := range []string{"X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"} {
		w.do(ada, "GET /api/timesheets/"+e.ID+"?_method=DELETE", "", name, "DELETE").want(200)
		w.do(ada, "POST /api/timesheets/"+e.ID+"?_method=DELETE", validEntry, name, "DELETE").want(405)
	}
	w.do(ada, "GET /api/timesheets/"+e.ID, "").want(200)
}

func TestMalformedJSON(t *testing.T) {
	w := newWorld(t)
	ada := w.token("usr_ada", everyScope...)
	for name, body := range map[string]string{
		"cut off":            validEntry[:20],
		"trailing data":      validEntry + "x",
		"two documents":      validEntry + validEntry,
		"duplicate key":      `{"project":"P","date":"2026-03-17","hours":1,"hours":2}`,
		"duplicate escaped":  `{"project":"P","date":"2026-03-17","hours":1,"h\u006furs":2}`,
		"bad UTF-8":          `{"project":"` + "\xff\xfe" + `","date":"2026-03-17","hours":1}`,
		"lone surrogate":     `{"project":"\ud800","date":"2026-03-17","hours":1}`,
		"byte order mark":    "\xef\xbb\xbf" + validEntry,
		"UTF-16":             "\xff\xfe{\x00}\x00",
		"NaN":                `{"project":"P","date":"2026-03-17","hours":NaN}`,
		"Infinity":           `{"project":"P","date":"2026-03-17","hours":Infinity}`,
		"hex":                `{"project":"P","date":"2026-03-17","hours":0x8}`,
		"leading zero":       `{"project":"P","date":"2026-03-17","hours":08}`,
		"plus":               `{"project":"P","date":"2026-03-17","hours":+8}`,
		"too large a number": `{"project":"P","date":"2026-03-17","hours":1e309}`,
		"comment":            validEntry + "// hello",
		"single quotes":      `{'project':'P'}`,
		"trailing comma":     `{"project":"P",}`,
		"raw line feed":      "{\"project\":\"a\nb\",\"date\":\"2026-03-17\",\"hours\":1}",
		"depth":              strings.Repeat("[", 100000) + strings.Repeat("]", 100000),
		"depth in a field":   `{"project":` + strings.Repeat(`{"a":`, 50000) + `1` + strings.Repeat("}", 50000) + `}`,
		"nothing":            "\x00",
		"white space":        " \n ",
		"form":               "project=P&hours=1",
	} {
		if r := w.do(ada, "POST /api/timesheets", body); r.status != 400 {
			t.Errorf("%s: %d %s", name, r.status, r.body)
		} else {
			r.want(400)
		}
	}
	w.do(ada, "POST /api/timesheets", "", "Content-Type", "application/json").want(400)
	w.do(ada, "POST /api/timesheets", " \n"+validEntry+"\r\n").want(201)
	for body, say := range map[string]string{
		`{"a":1,"a":1}`: "twice", "\xef\xbb\xbf{}": "byte order mark", "{\"a\":\"\xff\"}": "UTF-8", `{"a":1e999}`: "out of range", `{"a":x}`: "byte 5",
	} {
		if got := w.do(ada, "POST /api/timesheets", body).want(400).problem().Detail; !strings.Contains(got, say) {
			t.Errorf("%q: %s", body, got)
		}
	}
}

// A small body must not cost much to refuse.
func TestBodiesMadeToBeDear(t *testing.T) {
	w := newWorld(t)
	ada := w.token("usr_ada", everyScope...)
	var dotted strings.Builder
	for i := 0; dotted.Len() < 1<<20-100; i++ {
		fmt.Fprintf(&dotted, `".%x":0,`, i)
	}
	for name, body := range map[string]string{
		"names with dots": "{" + dotted.String() + `"z":0}`,
		"one long name":   `{"` + strings.Repeat(".", 1<<19) + `":0}`,
		"further inside":  `{"notes":[{` + dotted.String() + `"z":0}]}`,
	} {
		start := time.Now()
		w.do(ada, "POST /api/timesheets", body).want(400)
		if took := time.Since(start); took > 3*time.Second {
			t.Errorf("%s: refused after %v", name, took)
		}
	}
}

func TestOnlyJSONIsRead(t *testing.T) {
	w := newWorld(t)
	ada := w.token("usr_ada", everyScope...)
	for _, media := range []string{"", "text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
		"text/json", "application/problem+json", "application/ld+json", "application/jsonx", "application/json, text/plain", "*/*", ";", "json"} {
		if r := w.do(ada, "POST /api/timesheets", validEntry, "Content-Type", media).want(415); r.header.Get("Accept") != "application/json" {
			t.Errorf("%v", r.header)
		}
	}
	for i, media := range []string{"application/json", "application/json; charset=utf-8", "Application/JSON", "application/json;charset=UTF-8"} {
		body := fmt.Sprintf(`{"project":"P","date":"2026-03-%02d","hours":24}`, i+1)
		w.do(ada, "POST /api/timesheets", body, "Content-Type", media).want(201)
	}
	r, _ := http.NewRequest("POST", w.server.URL+"/api/timesheets", strings.NewReader(validEntry))
	r.Header = http.Header{"Authorization": {"Bearer " + ada}, "Content-Type": {"application/json", "text/plain"}}
	w.send(r).want(415)
}

func TestABodyOfOneMiBIsTheLargest(t *testing.T) {
	w := newWorld(t)
	ada := w.token("usr_ada", everyScope...)
	fits := validEntry + strings.Repeat(" ", 1<<20-len(validEntry))
	w.do(ada, "POST /api/timesheets", fits).want(201)
	w.do(ada, "POST /api/timesheets", fits+" ").want(413)
	for size, want := range map[int]int{1 << 20: 201, 1<<20 + 1: 413, 1 << 24: 413} {
		// Without a length: the end is known when it comes.
		body := io.MultiReader(strings.NewReader(validEntry), io.LimitReader(endless{}, int64(size-len(validEntry))))
		r := httptest.NewRequest("POST", "/api/timesheets", io.NopCloser(body))
		r.ContentLength = -1
		r.Header = http.Header{"Authorization": {"Bearer " + ada}, "Content-Type": {"application/json"}}
		rec := httptest.NewRecorder()
		w.api.Handler().ServeHTTP(rec, r)
		if rec.Code != want {
			t.Errorf("%d bytes: %d %s", size, rec.Code, rec.Body)
		}
		if want == 413 && rec.Header().Get("Connection") != "close" {
			t.Errorf("%d bytes: the connection is kept for the rest", size)
		}
	}
	w.do("revoked", "POST /api/timesheets", fits+" ").want(401) // nothing is read for a stranger
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return copy(p, bytes.Repeat([]byte(" "), len(p))), nil }

func TestABodyThatCannotBeRead(t *testing.T) {
	w := newWorld(t)
	ada := w.token("usr_ada", everyScope...)
	timeout := &net.OpError{Op: "read", Err: context.DeadlineExceeded}
	for want, err := range map[int]error{400: errors.New("unexpected EOF"), 408: timeout, 413: &http.MaxBytesError{Limit: 5}} {
		r := httptest.NewRequest("POST", "/api/timesheets", iotest.ErrReader(err))
		r.Header = http.Header{"Authorization": {"Bearer " + ada}, "Content-Type": {"application/json"}}
		rec := httptest.NewRecorder()
		w.api.Handler().ServeHTTP(rec, r)
		if rec.Code != want || rec.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%v: %d %s", err, rec.Code, rec.Body)
		}
	}
}

func TestAPanicIsAProblem(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.Directory = broken{} })
	r := w.do(w.token("usr_grace", everyScope...), "GET /api/approvals", "").want(500)
	if strings.Contains(r.body, "boom") {
		t.Error(r.body)
	}
	w.recorded(w.ledger.take(), "ERROR panic", "boom")
}

type broken struct{}

func (broken) Known(context.Context, []string) ([]string, error) { panic("boom") }

func (broken) Reports(context.Context, string) ([]string, error) { panic("boom") }

func TestAnswersAreJSONWhateverIsAccepted(t *testing.T) {
	w := newWorld(t)
	ada := w.token("usr_ada", everyScope...)
	for _, accept := range []string{"*/*", "text/html", "application/problem+json, application/json", "application/xml;q=0.9", "application/json;q=0", "json", "a;,b", "0;,0", ";", ",", ";,;,", "text/csv"} {
		if got := w.do(ada, "GET /api/me", "", "Accept", accept).want(200).header.Get("Content-Type"); got != "application/json" {
			t.Errorf("Accept %s: %s", accept, got)
		}
		w.do(ada, "GET /api/timesheets?limit=x", "", "Accept", accept).want(422)
	}
}

func TestNewWantsAllOfItsConfig(t *testing.T) {
	db := openFile(t)
	whole := Config{Writer: &fileWriter{db: db}, Read: db, Verifier: &tokenTable{}, Directory: &staff{},
		Audience: "a", Issuer: "i", Now: time.Now, Log: slog.New(slog.DiscardHandler)}
	if _, err := New(whole); err != nil {
		t.Fatal(err)
	}
	for name, drop := range map[string]func(*Config){
		"Writer": func(c *Config) { c.Writer = nil }, "Read": func(c *Config) { c.Read = nil },
		"Verifier": func(c *Config) { c.Verifier = nil }, "Directory": func(c *Config) { c.Directory = nil },
		"Audience": func(c *Config) { c.Audience = "" }, "Issuer": func(c *Config) { c.Issuer = "" },
		"Now": func(c *Config) { c.Now = nil }, "Log": func(c *Config) { c.Log = nil },
	} {
		c := whole
		drop(&c)
		if _, err := New(c); err == nil {
			t.Errorf("New without %s succeeded", name)
		}
	}
	whole.Writer = &fileWriter{fail: outage{}}
	var u interface{ Unavailable() bool }
	if _, err := New(whole); !errors.As(err, &u) {
		t.Errorf("an outage at start: %v", err)
	}
}
