package record

import (
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/time/rate"
	_ "modernc.org/sqlite"

	"github.com/exampleco/punchcard/auth"
)

// world is a recorder over a server that answers what a test says.
type world struct {
	testing.TB
	*Recorder
	handler http.Handler
	answer  func(w http.ResponseWriter, r *http.Request)
	log     *slog.Logger
	db      *sql.DB
}

type direct struct{ db *sql.DB }

func (d direct) Write(ctx context.Context, fn func(tx *sql.Tx) error, after ...func()) error {
	tx, err := d.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := errors.Join(fn(tx)); err != nil {
		_ = tx.Rollback()
		return err
	}
	return tx.Commit()
}

func newWorld(t testing.TB, file string) *world {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	var made bool
	if err := db.QueryRow(`SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'inspector_runs')`).Scan(&made); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"00001_init.sql", "00003_shares.sql"} {
		schema, err := Migrations.ReadFile("migrations/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if made { // by a recorder before this one
			continue
		}
		if _, err := db.Exec(string(schema)); err != nil {
			t.Fatal(err)
		}
	}
	w := &world{TB: t, db: db}
	w.log = slog.New(Ledger(slog.NewJSONHandler(io.Discard, nil)))
	if w.Recorder, err = New(t.Context(), Config{Writer: direct{db}, Read: db, Now: time.Now, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}); err != nil {
		t.Fatal(err)
	}
	w.handler = w.Recorder.Handler(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.answer(rw, r)
	}))
	return w
}

// send makes one request and joins it at once. A form makes it a POST.
func (w *world) send(target string, form url.Values, header ...string) *httptest.ResponseRecorder {
	w.Helper()
	r := httptest.NewRequest("GET", target, nil)
	if form != nil {
		r = httptest.NewRequest("POST", target, strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	w.drain()
	return rec
}

// redirects answers with a redirect, says with a token response.
func redirects(to string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Location", to); w.WriteHeader(303) }
}

// refreshes answers with a page that goes on by itself.
func refreshes(to string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Refresh", "0;url="+to)
		fmt.Fprintf(w, `<title>Back to the app</title><a href=%q>go on</a>`, to)
	}
}

func says(status int, body string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func (w *world) run(number int) Run {
	w.Helper()
	run, ok, err := w.Find(w.Context(), number)
	if !ok || err != nil {
		w.Fatalf("run %d: %v %v", number, ok, err)
	}
	return run
}

// kinds of the exchanges of a run, in order.
func (w *world) kinds(number int) string {
	w.Helper()
	var kinds []string
	for _, x := range w.run(number).Exchanges {
		kinds = append(kinds, string(x.Kind))
	}
	return strings.Join(kinds, ", ")
}

func jwt(claims string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"ES256","typ":"at+jwt"}`)) + "." +
		base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".c2lnbmF0dXJlLW9mLXRoZS10b2tlbg"
}

// flow is one person's sign-in, from the first request to the API.
type flow struct {
	name, verifier, handle, code, access, refresh string
}

func flowOf(name string) flow {
	pad := func(kind string) string { return ChallengeOf(name + kind)[:40] }
	return flow{name, "verifier-" + pad("v"), "handle-of-" + pad("h"), "pcc_" + pad("c"), jwt(`{"sub":"usr_` + name + `","client_id":"app","jti":"jti-` + name + `","sid":"sid-` + name + `"}`), "pcr_" + pad("r")}
}

// steps are what a flow does; each can be taken alone, to interleave two.
func (f flow) steps(w *world) []func() {
	cookie := "punchcard_browser_8484=browser-of-" + f.name + strings.Repeat("x", 30)
	back := "http://127.0.0.1:9/callback?code=" + f.code + "&state=the-state-" + f.name
	return []func(){
		func() {
			w.answer = redirects("/login?flow=" + f.handle)
			w.send("/authorize?client_id=app&state=the-state-"+f.name+"&code_challenge="+ChallengeOf(f.verifier), nil, "Cookie", cookie)
		},
		func() {
			w.answer = redirects("/authorize?flow=" + f.handle)
			w.send("/login", url.Values{"flow": {f.handle}, "email": {f.name + "@example.com"}, "password": {"the-password-of-" + f.name}}, "Cookie", cookie)
		},
		func() { w.answer = redirects(back); w.send("/authorize?flow="+f.handle, nil, "Cookie", cookie) },
		func() {
			w.answer = says(200, `{"access_token":"`+f.access+`","token_type":"Bearer","refresh_token":"`+f.refresh+`"}`)
			w.send("/oauth/token", url.Values{"grant_type": {"authorization_code"}, "client_id": {"app"}, "code": {f.code}, "code_verifier": {f.verifier}})
		},
		func() {
			w.answer = says(200, `{"items":[]}`)
			w.send("/api/timesheets", nil, "Authorization", "Bearer "+f.access)
		},
	}
}

const whole = "authorize, login, resume, token, api"

func TestAFlowIsOneRun(t *testing.T) {
	w := newWorld(t, filepath.Join(t.TempDir(), "runs.db"))
	for _, step := range flowOf("ada").steps(w) {
		step()
	}
	if got := w.kinds(1); got != whole {
		t.Errorf("run 1 is %s, want %s", got, whole)
	}
	run := w.run(1)
	if run.Client != "app" || run.Person != "usr_ada" || run.Email != "ada@example.com" || run.Outcome() != Done {
		t.Errorf("client %q, person %q, email %q, outcome %q", run.Client, run.Person, run.Email, run.Outcome())
	}
	if n := len(w.Recent()); n != 1 {
		t.Errorf("%d runs, want 1", n)
	}
}

// Two flows at the same moment, step by step in turns, with the same challenge
// even, as examples have it: their codes, tokens and handles differ.
func TestTwoFlowsStayApart(t *testing.T) {
	w := newWorld(t, filepath.Join(t.TempDir(), "runs.db"))
	a, b := flowOf("ada"), flowOf("bob")
	b.verifier = a.verifier
	first, second := a.steps(w), b.steps(w)
	for i := range first {
		first[i]()
		second[i]()
	}
	for number, person := range map[int]string{1: "usr_ada", 2: "usr_bob"} {
		if got := w.kinds(number); got != whole {
			t.Errorf("run %d is %s, want %s", number, got, whole)
		}
		if got := w.run(number).Person; got != person {
			t.Errorf("run %d is of %s, want %s", number, got, person)
		}
	}
}

// What connects: a refresh by its token, a wrong verifier by its code, an edited
// token by its jti, a sign-out by the browser.
func TestWhatConnects(t *testing.T) {
	f := flowOf("ada")
	edited := strings.Replace(jwt(`{"sub":"usr_ada","client_id":"app","jti":"jti-ada","scope":"all"}`), "c2ln", "AAAA", 1)
	for name, c := range map[string]struct {
		target string
		form   url.Values
		header []string
	}{
		"refresh":          {"/oauth/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {f.refresh}}, nil},
		"the code again":   {"/oauth/token", url.Values{"grant_type": {"authorization_code"}, "code": {f.code}, "code_verifier": {"some-other-verifier"}}, nil},
		"another client":   {"/oauth/token", url.Values{"grant_type": {"authorization_code"}, "code": {f.code}, "client_id": {"rival"}}, nil},
		"an edited token":  {"/api/me", nil, []string{"Authorization", "Bearer " + edited}},
		"introspection":    {"/oauth/introspect", url.Values{"token": {f.access}}, nil},
		"revocation":       {"/oauth/revoke", url.Values{"token": {f.refresh}}, nil},
		"userinfo":         {"/userinfo", nil, []string{"Authorization", "Bearer " + f.access}},
		"the same browser": {"/logout", nil, []string{"Cookie", "punchcard_browser_8484=browser-of-ada" + strings.Repeat("x", 30)}},
		"the code arrives": {"/callback?code=" + f.code + "&state=the-state-ada", nil, nil},
		"an error arrives": {"/callback?error=access_denied&state=the-state-ada", nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, filepath.Join(t.TempDir(), "runs.db"))
			for _, step := range f.steps(w) {
				step()
			}
			for _, step := range flowOf("bob").steps(w) { // the newest run is somebody else's
				step()
			}
			w.answer = says(200, `{}`)
			w.send(c.target, c.form, c.header...)
			if got := len(w.run(1).Exchanges); got != 6 {
				t.Errorf("run 1 has %d exchanges, want 6; there are %d runs", got, len(w.Recent()))
			}
		})
	}
}

func TestWhatDoesNotConnect(t *testing.T) {
	w := newWorld(t, filepath.Join(t.TempDir(), "runs.db"))
	for _, step := range flowOf("ada").steps(w) {
		step()
	}
	w.answer = says(401, `{}`)
	w.send("/api/me", nil)
	w.send("/api/me", nil, "Authorization", "Bearer "+jwt(`{"jti":"of-nobody"}`))
	w.send("/oauth/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {"cron"}, "client_secret": {"cron-secret"}})
	w.send("/authorize?client_id=app&state=the-state-ada&code_challenge="+ChallengeOf(flowOf("ada").verifier), nil)
	if got := w.kinds(1); got != whole || len(w.Recent()) != 5 {
		t.Errorf("run 1 is %s and there are %d runs, want %s and 5", got, len(w.Recent()), whole)
	}
}

// Passwords, cookies and client secrets are in no field of what is kept, in
// whatever place and spelling they came.
func TestNeverKept(t *testing.T) {
	const secret = "never-to-be-kept-1234567890"
	basic := base64.StdEncoding.EncodeToString([]byte("web:" + secret))
	for name, send := range map[string]func(w *world){
		"password":             func(w *world) { w.send("/login", url.Values{"email": {"a@b"}, "password": {secret}}) },
		"password as e-mail":   func(w *world) { w.send("/login", url.Values{"email": {secret}, "password": {"x"}}) },
		"password in a query":  func(w *world) { w.send("/login?password="+secret, nil) },
		"in other letter case": func(w *world) { w.send("/login?PassWord="+secret, nil) },
		"escaped name":         func(w *world) { w.send("/login?pass%77ord="+secret, nil) },
		"broken escape":        func(w *world) { w.send("/login?x=%zz&password="+secret, nil) },
		"client_secret":        func(w *world) { w.send("/oauth/token", url.Values{"client_id": {"web"}, "client_secret": {secret}}) },
		"client_assertion":     func(w *world) { w.send("/oauth/token", url.Values{"client_assertion": {secret}}) },
		"basic":                func(w *world) { w.send("/oauth/token", url.Values{}, "Authorization", "Basic "+basic) },
		"basic in lower case":  func(w *world) { w.send("/oauth/token", url.Values{}, "Authorization", "basic "+basic) },
		"account page": func(w *world) {
			w.send("/account", url.Values{"do": {"change-password"}, "current_password": {secret}, "new_password": {secret}, "repeat_password": {secret}, "for": {secret}})
		},
		"unknown scheme": func(w *world) { w.send("/api/me", nil, "Authorization", "Secret "+secret) },
		"cookie":         func(w *world) { w.send("/login", nil, "Cookie", "punchcard_session_1="+secret+"; other="+secret) },
		"referer":        func(w *world) { w.send("/login", nil, "Referer", "http://x/login?password="+secret) },
		"a body of no form": func(w *world) {
			r := httptest.NewRequest("POST", "/oauth/token", strings.NewReader(`{"client_secret":"`+secret+`"}`))
			r.Header.Set("Content-Type", "application/json")
			w.handler.ServeHTTP(httptest.NewRecorder(), r)
			w.drain()
		},
		"set-cookie": func(w *world) {
			w.answer = func(rw http.ResponseWriter, _ *http.Request) {
				http.SetCookie(rw, &http.Cookie{Name: "punchcard_session_1", Value: secret, Path: "/"})
			}
			w.send("/login", url.Values{"email": {"a@b"}})
		},
		"in a page": func(w *world) {
			w.answer = func(rw http.ResponseWriter, _ *http.Request) {
				rw.Header().Set("Content-Type", "text/html; charset=utf-8")
				fmt.Fprintf(rw, `<title>Sign in</title><input value=%q>`, secret)
			}
			w.send("/login", nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, filepath.Join(t.TempDir(), "runs.db"))
			w.answer = says(200, `{}`)
			send(w)
			run := w.run(1)
			if kept := fmt.Sprintf("%+v", *run.Exchanges[0]); strings.Contains(kept, secret) || strings.Contains(kept, basic) {
				t.Errorf("kept: %s", kept)
			}
		})
	}
}

// The file has six characters and a hash of each value, and a page from it
// still follows each value through the run.
func TestTheFileHasNoSecrets(t *testing.T) {
	file := filepath.Join(t.TempDir(), "runs.db")
	w := newWorld(t, file)
	f := flowOf("ada")
	for _, step := range f.steps(w) {
		step()
	}
	w.answer = says(404, `{"detail":"there is no /api/`+f.access+`"}`)
	w.send("/api/"+f.access+"?x="+f.refresh, nil, "X-Strange", f.code, "Authorization", "Bearer "+f.access+"x")
	before := w.run(1)
	w.saveAll(t.Context())
	var stored string
	if err := w.db.QueryRow(`SELECT group_concat(summary || body) FROM inspector_runs`).Scan(&stored); err != nil || stored == "" {
		t.Fatalf("nothing was stored: %v", err)
	}
	for name, secret := range map[string]string{"verifier": f.verifier, "challenge": ChallengeOf(f.verifier), "code": f.code, "access": f.access, "refresh": f.refresh, "handle": f.handle, "state": "the-state-ada", "password": "the-password-of-ada"} {
		if strings.Contains(stored, secret) || strings.Contains(stored, secret[:len(secret)-4]) || strings.Contains(stored, secret[4:]) {
			t.Errorf("the file has the %s", name)
		}
	}
	w.db.Close()

	again := newWorld(t, file)
	after := again.run(1)
	if len(after.Exchanges) != len(before.Exchanges) || after.Person != before.Person || after.Outcome() != before.Outcome() {
		t.Errorf("%d exchanges of %q (%s), want %d of %q (%s)", len(after.Exchanges), after.Person, after.Outcome(), len(before.Exchanges), before.Person, before.Outcome())
	}
	ids := func(r Run) (ids []string) {
		for _, v := range r.Values() {
			ids = append(ids, string(v.Kind)+" "+v.ID())
		}
		return ids
	}
	for _, id := range ids(before) {
		if !strings.Contains(strings.Join(ids(after), "\n"), id) {
			t.Errorf("the file lost %s; it has %s", id, ids(after))
		}
	}
	if _, payload := after.Claims(NewValue(Access, f.access)); !strings.Contains(payload, "usr_ada") {
		t.Errorf("what the token says is lost: %q", payload)
	}
	// A refresh after the restart goes on with the run.
	again.answer = says(200, `{}`)
	again.send("/oauth/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {f.refresh}})
	if n := len(again.run(1).Exchanges); n != len(before.Exchanges)+1 {
		t.Errorf("%d exchanges after one more, want %d", n, len(before.Exchanges)+1)
	}
	again.saveAll(t.Context())
	if n := len(again.run(1).Exchanges); n != len(before.Exchanges)+1 {
		t.Errorf("%d exchanges in the file, want %d", n, len(before.Exchanges)+1)
	}
	if err := again.db.QueryRow(`SELECT body FROM inspector_runs WHERE number = 1`).Scan(&stored); err != nil || strings.Contains(stored, f.refresh) {
		t.Errorf("the file has the refresh token now (%v)", err)
	}
}

// One value can be the beginning of another: a token without its signature is
// that of the token with it, which must be masked whole all the same.
func TestAMaskCoversTheLongerValue(t *testing.T) {
	w := newWorld(t, filepath.Join(t.TempDir(), "runs.db"))
	w.answer = says(401, `{}`)
	token := jwt(`{"jti":"one"}`)
	bare := token[:strings.LastIndex(token, ".")+1]
	w.send("/api/me", nil, "Authorization", "Bearer "+bare)
	w.answer = says(401, `{"detail":"there is no `+token+`"}`)
	w.send("/api/me", nil, "Authorization", "Bearer "+token)
	masked := w.run(1).Masked()
	for _, x := range masked.Exchanges {
		if strings.Contains(x.AnswerBody, "c2ln") {
			t.Errorf("masked as %q", x.AnswerBody)
		}
		if sent := x.Header.Get("Authorization"); strings.Contains(sent, "c2ln") || len(sent) > 40 {
			t.Errorf("masked as %q", sent)
		}
	}
}

func TestLimits(t *testing.T) {
	w := newWorld(t, filepath.Join(t.TempDir(), "runs.db"))
	f := flowOf("ada")
	f.steps(w)[0]()
	w.answer = says(200, `{}`)
	for range firstKept + lastKept + 4 {
		w.send("/oauth/introspect", url.Values{"flow": {f.handle}})
	}
	w.answer = says(200, strings.Repeat("x", maxBody+17))
	w.send("/oauth/introspect", url.Values{"flow": {f.handle}})
	run := w.run(1)
	if len(run.Exchanges) != firstKept+lastKept || run.Left != 6 || run.Exchanges[0].Kind != KindAuthorize {
		t.Errorf("%d exchanges, %d left out, the first is %s", len(run.Exchanges), run.Left, run.Exchanges[0].Kind)
	}
	last := run.Exchanges[len(run.Exchanges)-1]
	if len(last.AnswerBody) != maxBody || last.AnswerCut != 17 {
		t.Errorf("a body of %d, %d cut", len(last.AnswerBody), last.AnswerCut)
	}
	if w.bytes > maxBytes {
		t.Errorf("%d bytes are kept, more than %d", w.bytes, maxBytes)
	}
	for range maxRuns + 3 {
		w.send("/api/me", nil)
	}
	if n := len(w.Recent()); n != maxRuns || len(w.runs) != maxRuns {
		t.Errorf("%d runs in memory, want %d", n, maxRuns)
	}
	if w.Unsaved() == 0 {
		t.Error("runs left memory before they were saved, and that was not counted")
	}
	for k, n := range w.index {
		if w.runs[n] == nil {
			t.Fatalf("key %x leads to run %d, which is gone", k, n)
		}
	}
}

// A recorder that nobody lets work holds no request up, and counts what it
// could not take.
func TestNoRequestWaits(t *testing.T) {
	w := newWorld(t, filepath.Join(t.TempDir(), "runs.db"))
	w.answer = says(200, `{}`)
	w.budget.SetLimit(rate.Inf) // which is another reason
	w.sources.limit = rate.Inf
	for range queued + 7 {
		w.handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/api/me", nil))
	}
	if got := w.Dropped(); got != 7 {
		t.Errorf("%d dropped, want 7", got)
	}
}

// The ledger keeps what belongs to the exchange, and passes on what the log
// wants.
func TestLedger(t *testing.T) {
	w := newWorld(t, filepath.Join(t.TempDir(), "runs.db"))
	var logged strings.Builder
	log := slog.New(Ledger(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelInfo})))
	w.answer = func(rw http.ResponseWriter, r *http.Request) {
		log.DebugContext(r.Context(), "check", "rule", "redirect-uri-exact", "verdict", "fail", "expected", "a", "got", "b", "clause", "RFC 9700 2.1")
		log.DebugContext(r.Context(), "check", "rule", "alg-known", "verdict", "pass", "expected", "a", "got", "a", "clause", "", "must", "It holds.", "why", "Or it breaks.")
		log.DebugContext(r.Context(), "store", "op", "insert", "table", "codes", "kind", "authorization code", "id", "1a2b", "family", "f1", "rows", 3)
		log.DebugContext(r.Context(), "something else")
		log.InfoContext(r.Context(), "said aloud")
	}
	w.send("/api/me", nil)
	log.Debug("check", "rule", "of nobody's request")
	x := w.run(1).Exchanges[0]
	if want := []Check{
		{Rule: "redirect-uri-exact", Expected: "a", Got: "b", Clause: "RFC 9700 2.1"},
		{Rule: "alg-known", OK: true, Expected: "a", Got: "a", Must: "It holds.", Why: "Or it breaks."},
	}; !slices.Equal(x.Checks, want) {
		t.Errorf("checks %+v", x.Checks)
	}
	if got := w.Failures(); len(got) != 1 || got["redirect-uri-exact"] != (Place{Run: 1, Exchange: x.ID}) {
		t.Errorf("failures %v", got)
	}
	if len(x.Writes) != 1 || x.Writes[0] != (Write{Op: "insert", Table: "codes", Kind: "authorization code", ID: "1a2b", Family: "f1", Rows: 3}) {
		t.Errorf("writes %+v", x.Writes)
	}
	if got := logged.String(); !strings.Contains(got, "said aloud") || strings.Contains(got, "check") {
		t.Errorf("the log has %q", got)
	}
}

// A sign-out or a replay in one flow ends the grants of others, and their runs
// say so.
func TestEndings(t *testing.T) {
	w := newWorld(t, filepath.Join(t.TempDir(), "runs.db"))
	for _, name := range []string{"ada", "bob"} {
		for _, step := range flowOf(name).steps(w) {
			step()
		}
	}
	w.answer = func(_ http.ResponseWriter, r *http.Request) {
		w.log.DebugContext(r.Context(), "store", "op", "revoke", "table", "families", "kind", "grants of a session", "id", "sid-ada", "rows", 1)
	}
	w.send("/v2/logout", nil)
	if got := w.run(1).Ended; got != "the person signed out" {
		t.Errorf("ada's grant ended because %q", got)
	}
	if got := w.run(2).Ended; got != "" {
		t.Errorf("bob's grant ended because %q", got)
	}
}

// What a person takes back on the account page ends the grants that the store
// says have ended, and no others.
func TestTakenBack(t *testing.T) {
	for name, c := range map[string]struct {
		attrs []any
		ended bool
	}{
		"an app":                       {[]any{"op", "revoke", "kind", "grants to an app", "id", "usr_ada app", "rows", 1}, true},
		"another app":                  {[]any{"op", "revoke", "kind", "grants to an app", "id", "usr_ada other", "rows", 1}, false},
		"an app of which nothing was":  {[]any{"op", "revoke", "kind", "grants to an app", "id", "usr_ada app", "rows", 0}, false},
		"of other sessions":            {[]any{"op", "revoke", "kind", "grants of other sessions", "id", "usr_ada sid-new", "rows", 1}, true},
		"of all sessions but this":     {[]any{"op", "revoke", "kind", "grants of other sessions", "id", "usr_ada sid-ada", "rows", 1}, false},
		"everything":                   {[]any{"op", "revoke", "kind", "grants of a subject", "id", "usr_ada", "rows", 1}, true},
		"a scope, and with it all":     {[]any{"op", "withdraw", "kind", "scope offline_access", "id", "usr_ada app", "rows", 0, "ended", 1}, true},
		"a scope":                      {[]any{"op", "withdraw", "kind", "scope read:timesheets", "id", "usr_ada app", "rows", 1, "ended", 0}, false},
		"a registration, with the app": {[]any{"op", "revoke", "kind", "grants of a client", "id", "app"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, filepath.Join(t.TempDir(), "runs.db"))
			for _, step := range flowOf("ada").steps(w) {
				step()
			}
			w.answer = func(_ http.ResponseWriter, r *http.Request) {
				w.log.DebugContext(r.Context(), "store", append(c.attrs, "table", "families")...)
			}
			w.send("/account", url.Values{"do": {"disconnect"}, "client": {"app"}})
			if got := w.run(1).Ended; got != map[bool]string{true: "the person took it back"}[c.ended] {
				t.Errorf("the grant ended because %q", got)
			}
		})
	}
}

// The rules that cost a grant are in the book: under another name, a replay
// would not be seen.
func TestRulesThatEndAGrantExist(t *testing.T) {
	book := map[string]bool{}
	for _, r := range auth.Book() {
		book[r.ID] = true
	}
	for _, id := range endsTheFamily {
		if !book[id] {
			t.Errorf("no rule is called %q", id)
		}
	}
}

// A token that was used and is answered all the same was sent again within the
// grace: no theft, and no end.
func TestARetryIsNoReplay(t *testing.T) {
	used := []Check{{Rule: "refresh-token-used-once", Got: "used before"}}
	if x := (&Exchange{Kind: KindToken, Status: 400, Checks: used}); !x.Replay() {
		t.Error("refused, and no replay")
	}
	if x := (&Exchange{Kind: KindToken, Status: 200, Checks: used}); x.Replay() {
		t.Error("answered, and a replay")
	}
}

func TestAnswerThatIsLost(t *testing.T) {
	w := newWorld(t, filepath.Join(t.TempDir(), "runs.db"))
	w.answer = func(rw http.ResponseWriter, r *http.Request) {
		rw.(interface{ Lose(string) }).Lose("on purpose")
		says(200, `{"access_token":"`+flowOf("ada").access+`"}`)(rw, r)
	}
	rec := w.send("/oauth/token", url.Values{"grant_type": {"refresh_token"}})
	if rec.Body.Len() > 0 {
		t.Errorf("the client got %q", rec.Body)
	}
	x := w.run(1).Exchanges[0]
	if x.Lost != "on purpose" || x.Status != 200 || len(x.Given()) != 1 {
		t.Errorf("lost %q, status %d, %d values", x.Lost, x.Status, len(x.Given()))
	}
}

// What is on its way when everything is forgotten does not come back by way of
// the file.
func TestClear(t *testing.T) {
	w := newWorld(t, filepath.Join(t.TempDir(), "runs.db"))
	w.answer = says(200, `{}`)
	w.send("/api/me", nil)
	w.Clear()
	if err := w.write(t.Context(), []Run{{Number: 1}}, [][]byte{nil}, 0); err != nil {
		t.Fatal(err)
	}
	var n int
	if err := w.db.QueryRow(`SELECT count(*) FROM inspector_runs`).Scan(&n); err != nil || n != 0 || len(w.Recent()) != 0 {
		t.Errorf("%d runs in the file, %d in memory (%v)", n, len(w.Recent()), err)
	}
	w.send("/api/me", nil)
	if w.Recent()[0].Number != 2 {
		t.Errorf("the next run is %d, want 2", w.Recent()[0].Number)
	}
}

// Run announces, saves by itself, and writes the rest when it ends.
func TestRunSavesAndAnnounces(t *testing.T) {
	w := newWorld(t, filepath.Join(t.TempDir(), "runs.db"))
	ctx, stop := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() { w.Recorder.Run(ctx) })
	changes, cancel := w.Subscribe()
	defer cancel()
	w.answer = says(200, `{}`)
	w.handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/api/me", nil))
	if c := <-changes; c.Number != 1 || !c.New {
		t.Errorf("announced %+v", c)
	}
	stop()
	done.Wait()
	var n int
	if err := w.db.QueryRow(`SELECT count(*) FROM inspector_runs`).Scan(&n); err != nil || n != 1 {
		t.Errorf("%d runs in the file (%v)", n, err)
	}
}

// Another process has emptied the file: what is in memory goes as well.
func TestAResetByAnotherProcess(t *testing.T) {
	w := newWorld(t, filepath.Join(t.TempDir(), "runs.db"))
	w.answer = says(200, `{}`)
	w.send("/api/me", nil)
	w.noticeReset(t.Context())
	if len(w.Recent()) != 1 {
		t.Fatal("a run that was not saved yet is taken for one that was removed")
	}
	w.saveAll(t.Context())
	w.noticeReset(t.Context())
	if len(w.Recent()) != 1 {
		t.Fatal("forgotten, although the file has it")
	}
	if _, err := w.db.Exec(`DELETE FROM inspector_runs`); err != nil {
		t.Fatal(err)
	}
	w.noticeReset(t.Context())
	if len(w.Recent()) != 0 {
		t.Error("the run is still in memory")
	}
}
