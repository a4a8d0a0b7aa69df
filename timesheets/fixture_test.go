package timesheets

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	_ "modernc.org/sqlite"
)

// now is a Wednesday.
var now = time.Date(2026, 3, 18, 10, 30, 0, 0, time.UTC)

var everyScope = []string{"read:timesheets", "create:timesheets", "delete:timesheets", "approve:timesheets"}

const tokenIssuer, tokenAudience = "https://as.example/", "https://as.example/api"

// world is the API on a real file, with people and tokens that a test makes up.
type world struct {
	t      testing.TB
	api    *API
	server *httptest.Server
	db     *sql.DB
	writes *fileWriter
	tokens *tokenTable
	staff  *staff
	ledger *records
	clock  time.Time
}

func newWorld(t testing.TB, change ...func(*Config)) *world {
	t.Helper()
	db := openFile(t)
	w := &world{
		t: t, db: db, writes: &fileWriter{db: db}, clock: now, ledger: &records{},
		tokens: &tokenTable{callers: map[string]Caller{}},
		staff:  &staff{managers: map[string]string{"usr_ada": "usr_grace", "usr_alan": "usr_grace"}},
	}
	c := Config{
		Writer: w.writes, Read: db, Verifier: w.tokens, Directory: w.staff,
		Audience: tokenAudience, Issuer: tokenIssuer,
		Now: func() time.Time { return w.clock }, Log: slog.New(w.ledger),
	}
	for _, f := range change {
		f(&c)
	}
	api, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	w.api = api
	w.server = httptest.NewServer(api.Handler())
	t.Cleanup(w.server.Close)
	return w
}

func openFile(t testing.TB) *sql.DB {
	t.Helper()
	dsn := "file:" + filepath.Join(t.TempDir(), "t.db") + "?_txlock=immediate&_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)"
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	files, err := fs.Glob(Migrations, "migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files { // sorted by their numbers
		schema, err := Migrations.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec(string(schema)); err != nil {
			t.Fatal(name, err)
		}
	}
	return db
}

// fileWriter is the smallest Writer that keeps the contract.
type fileWriter struct {
	db   *sql.DB
	mu   sync.Mutex
	fail error // answered instead of writing
}

func (w *fileWriter) Write(_ context.Context, fn func(*sql.Tx) error, after ...func()) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.fail != nil {
		return w.fail
	}
	tx, err := w.db.Begin()
	if err != nil {
		return err
	}
	if err := fn(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	for _, f := range after {
		f()
	}
	return nil
}

type tokenTable struct {
	callers map[string]Caller
	fail    error
	asked   atomic.Int64
}

func (v *tokenTable) Verify(_ context.Context, token string) (Caller, error) {
	v.asked.Add(1)
	if v.fail != nil {
		return Caller{}, v.fail
	}
	c, ok := v.callers[token]
	if !ok {
		return Caller{}, InvalidToken("it was revoked")
	}
	return c, nil
}

type staff struct {
	managers map[string]string // person to manager
	fail     error
}

func (s *staff) Reports(_ context.Context, manager string) ([]string, error) {
	var found []string
	for person, m := range s.managers {
		if m == manager {
			found = append(found, person)
		}
	}
	return found, s.fail
}

// Known knows whoever has a manager or is one.
func (s *staff) Known(_ context.Context, ids []string) (known []string, err error) {
	for _, id := range ids {
		for person, manager := range s.managers {
			if id == person || id == manager {
				known = append(known, id)
				break
			}
		}
	}
	return known, s.fail
}

type outage struct{}

func (outage) Error() string     { return "disk on fire at /secret/path" }
func (outage) Unavailable() bool { return true }

// token makes a bearer token of a person who has granted the scopes.
func (w *world) token(person string, scopes ...string) string {
	return w.tokenOf(Caller{
		Subject: person, ClientID: "timesheets-mobile", Scopes: scopes,
		Email: strings.TrimPrefix(person, "usr_") + "@example.com", ExpiresAt: now.Add(time.Hour),
	})
}

func (w *world) tokenOf(c Caller) string {
	token := fmt.Sprintf("eyJ.secret-%d.sig", len(w.tokens.callers))
	w.tokens.callers[token] = c
	return token
}

// reply is an answer, read to its end.
type reply struct {
	t      testing.TB
	call   string
	status int
	header http.Header
	body   string
}

// do sends a request; a body is sent as JSON. Extra are header names and values.
func (w *world) do(token, route, body string, extra ...string) reply {
	w.t.Helper()
	method, path, _ := strings.Cut(route, " ")
	r, err := http.NewRequest(method, w.server.URL+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(extra); i += 2 {
		r.Header.Del(extra[i])
		if extra[i+1] != "" {
			r.Header.Set(extra[i], extra[i+1])
		}
	}
	return w.send(r)
}

func (w *world) send(r *http.Request) reply {
	w.t.Helper()
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return reply{w.t, r.Method + " " + r.URL.Path, resp.StatusCode, resp.Header, string(body)}
}

// want fails the test unless the answer has this status; an error must also
// look like every error of this API.
func (r reply) want(status int) reply {
	r.t.Helper()
	if r.status != status {
		r.t.Fatalf("%s: %d, want %d\n%s", r.call, r.status, status, r.body)
	}
	if r.header.Get("Cache-Control") != "no-store" || r.header.Get("X-Content-Type-Options") != "nosniff" {
		r.t.Errorf("%s: headers %v", r.call, r.header)
	}
	if status < 400 || r.body == "" {
		return r
	}
	p := r.problem()
	if r.header.Get("Content-Type") != "application/problem+json" || p.Status != status || p.Type != "about:blank" || p.Title == "" || p.Detail == "" {
		r.t.Errorf("%s: not a problem: %s %s", r.call, r.header.Get("Content-Type"), r.body)
	}
	return r
}

func (r reply) problem() problem { return decoded[problem](r) }
func (r reply) entry() entry     { return decoded[entry](r) }
func (r reply) list() list       { return decoded[list](r) }

func decoded[T any](r reply) (v T) {
	r.t.Helper()
	if err := json.Unmarshal([]byte(r.body), &v); err != nil {
		r.t.Fatalf("%s: %v\n%s", r.call, err, r.body)
	}
	return v
}

// at is where the problem says the request is wrong, in order.
func (r reply) at() string { return places(r.problem().Errors) }

// add creates an entry that must be accepted.
func (w *world) add(token, date string, hours float64) entry {
	w.t.Helper()
	body := fmt.Sprintf(`{"project":"Engine","date":%q,"hours":%v}`, date, hours)
	return w.do(token, "POST /api/timesheets", body).want(201).entry()
}
