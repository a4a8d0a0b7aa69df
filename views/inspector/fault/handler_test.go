package fault

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// ask puts a fault on the list as a test in any language would.
func ask(t *testing.T, l *List, body string) Fault {
	t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequest("POST", "/inspector/faults", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	l.API().ServeHTTP(w, r)
	var f Fault
	if w.Code != http.StatusCreated || json.Unmarshal(w.Body.Bytes(), &f) != nil {
		t.Fatalf("%s: %d %s", body, w.Code, w.Body)
	}
	return f
}

// served is a server that says "done" to everything and counts.
func served(t *testing.T, l *List) (url string, done *atomic.Int64) {
	t.Helper()
	done = &atomic.Int64{}
	s := httptest.NewServer(l.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		done.Add(1)
		w.Header().Set("X-Body", strings.ReplaceAll(string(body), "\n", " "))
		if r.URL.RawQuery == "long" {
			_, _ = io.WriteString(w, strings.Repeat("long ", 100_000)) // more than net/http keeps to itself
			return
		}
		_, _ = io.WriteString(w, "done")
	})))
	s.Config.ErrorLog = nil
	t.Cleanup(s.Close)
	return s.URL, done
}

// post sends a form on a connection of its own, so that nothing is tried again.
func post(target, form string, header ...string) (status int, body string, h http.Header, err error) {
	r, err := http.NewRequest("POST", target, strings.NewReader(form))
	if err != nil {
		return 0, "", nil, err
	}
	r.Close = true
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, "", nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text), resp.Header, err
}

func TestErrorOnceThenAsUsual(t *testing.T) {
	l := &List{}
	url, done := served(t, l)
	ask(t, l, `{"client":"timesheets-mobile","endpoint":"token","fault":"error"}`)
	form := "grant_type=refresh_token&client_id=timesheets-mobile"
	if status, body, _, err := post(url+"/oauth/token", "client_id=another"); err != nil || status != 200 || body != "done" {
		t.Fatalf("another client: %d %s %v", status, body, err)
	}
	status, body, h, err := post(url+"/oauth/token", form)
	var e struct{ Error, Error_Description string }
	// RFC 6749 5.2 has the shape; server_error is the code of 4.1.2.1.
	if err != nil || status != 500 || json.Unmarshal([]byte(body), &e) != nil || e.Error != "server_error" || e.Error_Description == "" {
		t.Fatalf("%d %s %v", status, body, err)
	}
	if h.Get("Cache-Control") != "no-store" || !strings.HasPrefix(h.Get("Content-Type"), "application/json") {
		t.Errorf("headers %v", h)
	}
	if done.Load() != 1 {
		t.Errorf("the server was asked %d times, want once, for the other client", done.Load())
	}
	status, body, h, err = post(url+"/oauth/token", form)
	if err != nil || status != 200 || body != "done" || h.Get("X-Body") != form {
		t.Fatalf("the second: %d %s %q %v", status, body, h.Get("X-Body"), err)
	}
	if all := l.All(); len(all) != 0 {
		t.Errorf("still waiting: %v", all)
	}
	if l.waiting.Load() != nil {
		t.Error("an empty list still costs more than a load")
	}
}

func TestExactlyAsOftenAsAsked(t *testing.T) {
	for _, times := range []string{"1", "7"} {
		l := &List{}
		url, done := served(t, l)
		ask(t, l, `{"client":"c","endpoint":"token","fault":"error","status":503,"times":`+times+`}`)
		var failed atomic.Int64
		var each sync.WaitGroup
		for range 50 {
			each.Go(func() {
				status, _, h, err := post(url+"/oauth/token", "client_id=c")
				if err != nil {
					t.Error(err)
				}
				if status == 503 {
					failed.Add(1)
					if h.Get("Retry-After") == "" {
						t.Error("503 without Retry-After")
					}
				}
			})
		}
		each.Wait()
		want := map[string]int64{"1": 1, "7": 7}[times]
		if failed.Load() != want || done.Load() != 50-want {
			t.Errorf("times %s: failed %d, served %d", times, failed.Load(), done.Load())
		}
	}
}

func TestOneCompareAndSet(t *testing.T) {
	const times = 100_000
	w := &waiting{}
	w.left.Store(times)
	var fired, last atomic.Int64
	var each sync.WaitGroup
	for range 8 {
		each.Go(func() {
			for range times {
				hit, end := w.fire()
				if hit {
					fired.Add(1)
				}
				if end {
					last.Add(1)
				}
			}
		})
	}
	each.Wait()
	if fired.Load() != times || last.Load() != 1 {
		t.Errorf("fired %d times of %d, %d the last", fired.Load(), times, last.Load())
	}
}

func TestDropResponse(t *testing.T) {
	l := &List{}
	url, done := served(t, l)
	ask(t, l, `{"endpoint":"token","fault":"drop_response","times":2}`)
	for n, query := range []string{"", "?long"} {
		status, body, _, err := post(url+"/oauth/token"+query, "client_id=c")
		if !errors.Is(err, io.EOF) {
			t.Fatalf("the client got %d %.50q, %v; want a connection closed without a word", status, body, err)
		}
		if done.Load() != int64(n+1) {
			t.Fatalf("the server has done it %d times, want %d", done.Load(), n+1)
		}
	}
	if status, body, _, err := post(url+"/oauth/token", "client_id=c"); err != nil || status != 200 || body != "done" {
		t.Fatalf("afterwards: %d %s %v", status, body, err)
	}
}

// keeper is a recorder as it stands outside of the faults.
type keeper struct {
	http.ResponseWriter
	lost  string
	notes []string
	kept  strings.Builder
}

func (k *keeper) Lose(reason string) { k.lost = reason }
func (k *keeper) Note(text string)   { k.notes = append(k.notes, text) }
func (k *keeper) Write(b []byte) (int, error) {
	if k.lost != "" {
		return k.kept.Write(b)
	}
	return k.ResponseWriter.Write(b)
}

type wrapper struct{ http.ResponseWriter }

func (w wrapper) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func TestARecorderSeesWhatWasLost(t *testing.T) {
	l := &List{Sleep: func(context.Context, time.Duration) error { return nil }}
	ask(t, l, `{"endpoint":"token","fault":"drop_response"}`)
	ask(t, l, `{"endpoint":"token","fault":"delay","delay_ms":3000}`)
	ask(t, l, `{"endpoint":"token","fault":"error","status":500}`)
	next := l.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "a token") }))
	answer := httptest.NewRecorder()
	k := &keeper{ResponseWriter: answer}
	func() {
		defer func() {
			if p := recover(); p != http.ErrAbortHandler {
				t.Errorf("panicked with %v", p)
			}
		}()
		next.ServeHTTP(wrapper{wrapper{k}}, httptest.NewRequest("POST", "/oauth/token", nil))
	}()
	if k.kept.String() != "a token" || answer.Body.Len() != 0 || k.lost == "" {
		t.Errorf("kept %q, sent %q, reason %q", k.kept.String(), answer.Body, k.lost)
	}
	for _, want := range []string{"3s", "500"} {
		k := &keeper{ResponseWriter: httptest.NewRecorder()}
		next.ServeHTTP(wrapper{k}, httptest.NewRequest("POST", "/oauth/token", nil))
		if len(k.notes) != 1 || !strings.Contains(k.notes[0], want) || !strings.Contains(k.notes[0], "on purpose") || k.lost != "" {
			t.Errorf("notes %q, lost %q", k.notes, k.lost)
		}
	}
}

func TestDelay(t *testing.T) {
	slept, wake := make(chan time.Duration), make(chan struct{})
	l := &List{Sleep: func(ctx context.Context, d time.Duration) error {
		slept <- d
		<-wake
		return ctx.Err()
	}}
	url, done := served(t, l)
	ask(t, l, `{"endpoint":"api","fault":"delay","delay_ms":60000}`)
	got := make(chan string)
	go func() {
		resp, err := http.Get(url + "/api/timesheets")
		if err != nil {
			got <- err.Error()
			return
		}
		defer resp.Body.Close()
		text, _ := io.ReadAll(resp.Body)
		got <- string(text)
	}()
	select {
	case d := <-slept:
		if d != time.Minute || done.Load() != 0 {
			t.Errorf("slept %v, served %d meanwhile", d, done.Load())
		}
	case text := <-got:
		t.Fatalf("answered at once: %q", text)
	}
	close(wake)
	if text := <-got; text != "done" {
		t.Errorf("afterwards %q", text)
	}
}

// clocked has the deadlines of a connection.
type clocked struct {
	http.ResponseWriter
	read, write time.Time
}

func (c *clocked) SetReadDeadline(at time.Time) error  { c.read = at; return nil }
func (c *clocked) SetWriteDeadline(at time.Time) error { c.write = at; return nil }

func TestDelayMovesTheDeadlines(t *testing.T) {
	l := &List{Sleep: func(context.Context, time.Duration) error { return nil }}
	ask(t, l, `{"endpoint":"jwks","fault":"delay","delay_ms":60000}`)
	w, begun := &clocked{ResponseWriter: httptest.NewRecorder()}, time.Now()
	l.Handler(http.NotFoundHandler()).ServeHTTP(wrapper{w}, httptest.NewRequest("GET", "/.well-known/jwks.json", nil))
	if w.read.Before(begun.Add(time.Minute)) || w.write.Before(begun.Add(time.Minute)) {
		t.Errorf("the connection ends at %v and %v, before the delay does", w.read, w.write)
	}
}

func TestADelayEndsWithItsClient(t *testing.T) {
	l := &List{}
	ask(t, l, `{"endpoint":"jwks","fault":"delay","delay_ms":60000}`)
	ctx, leave := context.WithCancel(context.Background())
	leave()
	defer func() {
		if p := recover(); p != http.ErrAbortHandler {
			t.Errorf("panicked with %v", p)
		}
	}()
	l.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("served nobody") })).
		ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/.well-known/jwks.json", nil).WithContext(ctx))
}

func TestErrorsInTheWordsOfTheEndpoint(t *testing.T) {
	cors := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Access-Control-Allow-Origin", "http://localhost:5173")
			next.ServeHTTP(w, r)
		})
	}
	for _, c := range []struct {
		endpoint, path, kind, has string
		cors                      bool
	}{
		{"token", "/oauth/token", "application/json;charset=UTF-8", `"error":"temporarily_unavailable"`, true},
		{"introspect", "/oauth/introspect", "application/json;charset=UTF-8", `"error":"temporarily_unavailable"`, false},
		{"discovery", "/.well-known/openid-configuration", "application/json;charset=UTF-8", `"error":`, true},
		{"discovery", "/.well-known/oauth-authorization-server", "application/json;charset=UTF-8", `"error":`, true},
		{"api", "/api/timesheets", "application/problem+json", `"status":503`, true},
		{"authorize", "/authorize", "text/plain; charset=utf-8", "/inspector", false}, // RFC 9700 2.6: never with CORS
		{"consent", "/consent", "text/plain; charset=utf-8", "/inspector", false},
	} {
		l := &List{CORS: cors}
		ask(t, l, `{"endpoint":"`+c.endpoint+`","fault":"error","status":503}`)
		w := httptest.NewRecorder()
		l.Handler(http.NotFoundHandler()).ServeHTTP(w, httptest.NewRequest("GET", c.path, nil))
		h := w.Header()
		if w.Code != 503 || h.Get("Content-Type") != c.kind || !strings.Contains(w.Body.String(), c.has) || h.Get("Retry-After") == "" ||
			h.Get("Cache-Control") != "no-store" || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %d %v %s", c.path, w.Code, h, w.Body)
		}
		if got := h.Get("Access-Control-Allow-Origin") != ""; got != c.cors {
			t.Errorf("%s: CORS %v, want %v", c.path, got, c.cors)
		}
	}
}

func TestTheOldestFaultComesFirst(t *testing.T) {
	l := &List{}
	ask(t, l, `{"endpoint":"token","fault":"error","status":501}`)
	ask(t, l, `{"endpoint":"token","fault":"error","status":502}`)
	for _, want := range []int{501, 502, 404} {
		w := httptest.NewRecorder()
		l.Handler(http.NotFoundHandler()).ServeHTTP(w, httptest.NewRequest("POST", "/oauth/token", nil))
		if w.Code != want {
			t.Errorf("%d, want %d", w.Code, want)
		}
	}
}

func BenchmarkNoFaults(b *testing.B) {
	h := (&List{}).Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	r := httptest.NewRequest("POST", "/oauth/token", nil)
	b.ReportAllocs()
	for b.Loop() {
		h.ServeHTTP(nil, r)
	}
}
