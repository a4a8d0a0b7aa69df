package auth

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"flag"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/exampleco/punchcard/auth/audience"
	"github.com/exampleco/punchcard/auth/ledger"
	"github.com/exampleco/punchcard/auth/oauth"
	"github.com/exampleco/punchcard/auth/seed"
	"github.com/exampleco/punchcard/auth/store/sqlite"
)

const (
	issuer   = "http://localhost:8484"
	redirect = "http://127.0.0.1:49152/callback"
	verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	allScope = "openid profile email offline_access read:timesheets create:timesheets delete:timesheets approve:timesheets"
)

// clock is time that a test moves.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.at }
func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	c.at = c.at.Add(d)
	c.mu.Unlock()
}

// brittle is the real writer, until told that the disk is full.
type brittle struct {
	*sqlite.File
	full atomic.Bool
	gate atomic.Pointer[gate]
	bad  atomic.Int32 // which of the writes to come fails: 1 is the next one
}

// gate holds commits until as many have come as it was made for; those that
// come later pass.
type gate struct {
	missing atomic.Int32
	open    chan struct{}
}

func newGate(n int32) *gate {
	g := &gate{open: make(chan struct{})}
	g.missing.Store(n)
	return g
}

func (g *gate) pass() {
	if g.missing.Add(-1) == 0 {
		close(g.open)
	}
	<-g.open
}

type diskFull struct{}

func (diskFull) Error() string     { return "database or disk is full" }
func (diskFull) Unavailable() bool { return true }

func (b *brittle) Write(ctx context.Context, fn func(tx *sql.Tx) error, after ...func()) error {
	if b.full.Load() || b.bad.Load() > 0 && b.bad.Add(-1) == 0 {
		return diskFull{}
	}
	return b.File.Write(ctx, fn, after...)
}

func (b *brittle) Commit(ctx context.Context) error {
	if b.full.Load() {
		b.File.Rollback(ctx)
		return diskFull{}
	}
	if g := b.gate.Load(); g != nil {
		g.pass()
	}
	return b.File.Commit(ctx)
}

// world is a server on a real file with a clock of its own.
type world struct {
	*Server
	t     testing.TB
	clock *clock
	disk  *brittle
	mux   *http.ServeMux
	grace time.Duration // of refresh tokens, from the next open on
	slash string        // at the end of the issuer, from the next open on
}

func newWorld(t testing.TB) *world {
	t.Helper()
	furnish.Do(func() { furnished = firstStart(t) })
	path := filepath.Join(t.TempDir(), "auth.db")
	if err := os.WriteFile(path, furnished, 0o600); err != nil {
		t.Fatal(err)
	}
	return openWorld(t, path)
}

// furnished is a file as a first start leaves it, with its keys made and its
// passwords hashed: to do that for each test takes longer than most of them.
var (
	furnish   sync.Once
	furnished []byte
)

func firstStart(t testing.TB) []byte {
	path := filepath.Join(t.TempDir(), "first.db")
	w := openWorld(t, path)
	if err := w.disk.File.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	first, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return first
}

func openWorld(t testing.TB, path string) *world {
	t.Helper()
	var sets []sqlite.MigrationSet
	for name, fs := range Migrations() {
		sets = append(sets, sqlite.MigrationSet{Name: name, FS: fs})
	}
	file, err := sqlite.Open(t.Context(), path, sqlite.Options{Migrations: sets})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close(context.Background()) })
	if err := file.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, clock: &clock{at: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)}, disk: &brittle{File: file}}
	w.open(document(t, seed.Builtin()), true)
	return w
}

func document(t testing.TB, yaml []byte) *seed.Document {
	t.Helper()
	d, err := seed.Parse(yaml)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// open starts the server anew with a document, as a restart does.
func (w *world) open(d *seed.Document, builtin bool) {
	w.t.Helper()
	s, err := New(w.t.Context(), Config{
		Issuer: issuer + w.slash, Document: d, Builtin: builtin, Writer: w.disk, Read: w.disk.Read(),
		AccessTTL: 15 * time.Minute, RefreshTTL: 14 * 24 * time.Hour, CodeTTL: time.Minute,
		RefreshGrace: w.grace, OpenRegistration: true, Now: w.clock.now, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.Server, w.mux = s, http.NewServeMux()
	s.Register(w.mux)
}

func (w *world) post(path string, form url.Values, cookies ...*http.Cookie) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, issuer+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, c := range cookies {
		r.AddCookie(c)
	}
	rec := httptest.NewRecorder()
	w.mux.ServeHTTP(rec, r)
	return rec
}

// grant takes the shortest way to a code: a person signed in, and a flow that
// they have allowed.
func (w *world) grant(email, scope string) string {
	w.t.Helper()
	return w.grantTo("timesheets-mobile", email, scope)
}

func (w *world) grantTo(client, email, scope string) string {
	w.t.Helper()
	return w.grantFor(email, url.Values{
		"client_id": {client}, "redirect_uri": {redirect}, "response_type": {"code"}, "scope": {scope},
		"code_challenge": {challengeOf(verifier)}, "code_challenge_method": {"S256"},
	})
}

func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// grantFor is grant with an authorization request of one's own.
func (w *world) grantFor(email string, request url.Values) string {
	w.t.Helper()
	ctx := w.t.Context()
	person, err := w.people.Authenticate(ctx, email, "timesheets", "192.0.2.1")
	if err != nil {
		w.t.Fatal(err)
	}
	secret, _, err := w.people.StartSession(ctx, person, "test", "")
	if err != nil {
		w.t.Fatal(err)
	}
	q, err := w.parseAuthorization(ctx, request)
	if err != nil {
		w.t.Fatal(err)
	}
	browser := oauth.RandomToken("")
	f, err := w.parkFlow(ctx, "authorization", q, ledger.Hash(browser))
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.decideFlow(ctx, f, allowed, person.ID, audience.Permitted(q.Scopes, person.Permissions)); err != nil {
		w.t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodGet, issuer+"/authorize?flow="+f.Handle, nil)
	r.AddCookie(&http.Cookie{Name: w.browserCookieName(browser), Value: browser})
	r.AddCookie(&http.Cookie{Name: w.cookieName(sessionCookie), Value: secret})
	rec := httptest.NewRecorder()
	w.mux.ServeHTTP(rec, r)
	back, err := url.Parse(rec.Header().Get("Location"))
	if err != nil || back.Query().Get("code") == "" {
		w.t.Fatalf("no code: %d %s %s", rec.Code, rec.Header().Get("Location"), rec.Body)
	}
	return back.Query().Get("code")
}

func (w *world) exchange(code string) *httptest.ResponseRecorder {
	return w.post(pathToken, url.Values{"grant_type": {"authorization_code"}, "client_id": {"timesheets-mobile"}, "code": {code}, "redirect_uri": {redirect}, "code_verifier": {verifier}})
}

func (w *world) refresh(token string) *httptest.ResponseRecorder {
	return w.post(pathToken, url.Values{"grant_type": {"refresh_token"}, "client_id": {"timesheets-mobile"}, "refresh_token": {token}})
}

func (w *world) tokens(rec *httptest.ResponseRecorder) tokenResponse {
	w.t.Helper()
	var out tokenResponse
	if err := json.Unmarshal(rec.Body.Bytes(), &out); rec.Code != http.StatusOK || err != nil {
		w.t.Fatalf("no tokens: %d %s", rec.Code, rec.Body)
	}
	return out
}

func (w *world) alive(token string) bool {
	w.t.Helper()
	_, err := w.Verify(w.t.Context(), token, issuer+"/api")
	if err != nil && !invalid(err) {
		w.t.Fatal(err)
	}
	return err == nil
}

func (w *world) refused(rec *httptest.ResponseRecorder, status int, code string) {
	w.t.Helper()
	var body struct{ Error string }
	_ = json.Unmarshal(rec.Body.Bytes(), &body)
	if rec.Code != status || body.Error != code {
		w.t.Errorf("got %d %s, want %d %s", rec.Code, rec.Body, status, code)
	}
}

func TestLifetimes(t *testing.T) {
	w := newWorld(t)
	code := w.grant("ada@example.com", allScope)
	w.clock.pass(time.Minute)
	w.refused(w.exchange(code), 400, "invalid_grant") // RFC 6749 4.1.2

	got := w.tokens(w.exchange(w.grant("ada@example.com", allScope)))
	w.clock.pass(15*time.Minute - time.Second)
	if !w.alive(got.AccessToken) {
		t.Error("dead a second before its time")
	}
	w.clock.pass(time.Second)
	if w.alive(got.AccessToken) {
		t.Error("alive at exp (RFC 9068 4: the time MUST be before it)")
	}
	w.clock.pass(14 * 24 * time.Hour)
	w.refused(w.refresh(got.RefreshToken), 400, "invalid_grant") // idle
}

// A family ends after 90 days although it was used every day.
func TestFamilyEnds(t *testing.T) {
	w := newWorld(t)
	got := w.tokens(w.exchange(w.grant("ada@example.com", allScope)))
	for range 89 {
		w.clock.pass(24 * time.Hour)
		got = w.tokens(w.refresh(got.RefreshToken))
	}
	w.clock.pass(24 * time.Hour)
	w.refused(w.refresh(got.RefreshToken), 400, "invalid_grant")
}

// A restart with another document: what a role no longer gives is no longer
// in the next token, and who is gone gets nothing more.
func TestRolesAndPeopleChange(t *testing.T) {
	w := newWorld(t)
	grace := w.tokens(w.exchange(w.grant("grace@example.com", allScope)))
	alan := w.tokens(w.exchange(w.grant("alan@example.com", allScope)))
	late := w.grant("alan@example.com", allScope)

	d := document(t, seed.Builtin())
	people := d.People[:0]
	for _, p := range d.People {
		if p.ID == "usr_grace" {
			p.Roles = []string{"employee"}
		}
		if p.ID != "usr_alan" {
			people = append(people, p)
		}
	}
	d.People = people
	w.open(d, false)

	next := w.tokens(w.refresh(grace.RefreshToken))
	if strings.Contains(next.Scope, "approve:timesheets") || !strings.Contains(next.Scope, "read:timesheets") {
		t.Errorf("no manager any more, and the token says %q", next.Scope)
	}
	if w.alive(alan.AccessToken) {
		t.Error("a removed person's token still opens the API")
	}
	w.refused(w.refresh(alan.RefreshToken), 400, "invalid_grant")
	w.refused(w.exchange(late), 400, "invalid_grant")
}

// OWASP ASVS 8.3.2: what a configuration takes away is gone from living tokens at
// the next call, here, at introspection and at UserInfo, and not only from the
// next token. The token goes on with what is left.
func TestLessIsGivenAtTheNextCall(t *testing.T) {
	without := func(list []string, name string) []string {
		return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == name })
	}
	client := func(d *seed.Document, id string) *seed.Client {
		return &d.Clients[slices.IndexFunc(d.Clients, func(c seed.Client) bool { return c.ID == id })]
	}
	const all = "openid profile email offline_access read:timesheets create:timesheets delete:timesheets approve:timesheets"
	for name, row := range map[string]struct {
		less func(d *seed.Document)
		gone string // of the token's scopes; "all" for a token that is dead
	}{
		"role of the person": {func(d *seed.Document) { d.People[2].Roles = []string{"employee"} }, "approve:timesheets"},
		"role":               {func(d *seed.Document) { d.Roles[1].Permissions = without(d.Roles[1].Permissions, "delete:timesheets") }, "delete:timesheets"},
		"client": {func(d *seed.Document) {
			c := client(d, "timesheets-mobile")
			c.Scopes = without(c.Scopes, "create:timesheets")
		}, "create:timesheets"},
		"client's identity": {func(d *seed.Document) { c := client(d, "timesheets-mobile"); c.Scopes = without(c.Scopes, "openid") }, "openid"},
		"API": {func(d *seed.Document) {
			d.APIs[0].Scopes = slices.DeleteFunc(slices.Clone(d.APIs[0].Scopes), func(s seed.Scope) bool { return s.Name == "read:timesheets" })
		}, "read:timesheets"},
		"grants": {func(d *seed.Document) {
			c := client(d, "timesheets-mobile")
			c.Grants, c.RedirectURIs = []string{"client_credentials"}, nil
		}, "all"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			got := w.tokens(w.exchange(w.grant("grace@example.com", all)))
			machine := w.tokens(w.post(pathToken, form("grant_type", "client_credentials", "client_id", "timesheets-cron", "client_secret", "timesheets-cron-secret")))
			if token, err := w.Verify(t.Context(), got.AccessToken, ""); err != nil || strings.Join(token.Scopes, " ") != all {
				t.Fatalf("before: %v %v", token.Scopes, err)
			}
			d := document(t, seed.Builtin())
			row.less(d)
			w.open(d, false)
			token, err := w.Verify(t.Context(), got.AccessToken, "")
			told := w.post(pathIntrospect, form("client_id", "timesheets-gateway", "client_secret", "timesheets-gateway-secret", "token", got.AccessToken)).Body.String()
			if row.gone == "all" {
				if !invalid(err) || told != "{\"active\":false}\n" {
					t.Errorf("a token of a client that has no such grant: %v, %s", err, told)
				}
				return
			}
			want := strings.Join(without(strings.Fields(all), row.gone), " ")
			if err != nil || strings.Join(token.Scopes, " ") != want || !strings.Contains(told, `"scope":"`+want+`"`) {
				t.Errorf("%v %v, introspection %s; want %q", token.Scopes, err, told, want)
			}
			r := httptest.NewRequest(http.MethodGet, issuer+pathUserinfo, nil)
			r.Header.Set("Authorization", "Bearer "+got.AccessToken)
			rec := httptest.NewRecorder()
			w.mux.ServeHTTP(rec, r)
			if refused := rec.Code == 403 && strings.Contains(rec.Header().Get("WWW-Authenticate"), "insufficient_scope"); refused != (row.gone == "openid") {
				t.Errorf("UserInfo: %d %s", rec.Code, rec.Header().Get("WWW-Authenticate"))
			}
			if next := w.tokens(w.refresh(got.RefreshToken)); next.Scope != want || (next.IDToken == "") != (row.gone == "openid") {
				t.Errorf("the next token has %q, an ID token: %v", next.Scope, next.IDToken != "")
			}
			if token, err := w.Verify(t.Context(), machine.AccessToken, ""); err != nil || strings.Join(token.Scopes, " ") != "batch:upload" {
				t.Errorf("somebody else's: %v %v", token.Scopes, err)
			}
		})
	}
}

// The same where the document is applied to a running server, which remembers
// what it has read, and for a client that takes a scope from itself.
func TestLessIsGivenWithoutARestart(t *testing.T) {
	w := newWorld(t)
	got := w.tokens(w.exchange(w.grant("grace@example.com", "openid approve:timesheets")))
	scopes := func() string {
		token, err := w.Verify(t.Context(), got.AccessToken, "")
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(token.Scopes, " ")
	}
	if has := scopes(); has != "openid approve:timesheets" {
		t.Fatal(has)
	}
	d := document(t, seed.Builtin())
	d.People[2].Roles = []string{"employee"}
	if err := w.apply(t.Context(), d, true); err != nil {
		t.Fatal(err)
	}
	if has := scopes(); has != "openid" {
		t.Errorf("no manager any more, and the token opens %q", has)
	}
	if err := w.apply(t.Context(), document(t, seed.Builtin()), true); err != nil {
		t.Fatal(err)
	}
	if has := scopes(); has != "openid approve:timesheets" {
		t.Errorf("a manager again, and the token opens %q", has)
	}
}

// Nothing that was granted is allowed any more: there is nothing to refresh.
func TestNothingIsLeftToRefresh(t *testing.T) {
	w := newWorld(t)
	got := w.tokens(w.exchange(w.grant("grace@example.com", "offline_access approve:timesheets")))
	d := document(t, seed.Builtin())
	d.People[2].Roles = []string{"employee"}
	w.open(d, false)
	w.refused(w.refresh(got.RefreshToken), 400, "invalid_grant")
}

// rounds of the races; a hundred, on demand, is what was reported.
var rounds = flag.Int("rounds", 5, "rounds of each race")

// Whatever is used once has one winner, and two uses are a replay, in
// whatever order they come: nothing of the family is left.
func TestOneWinner(t *testing.T) {
	const racers = 50
	race := func(use func() *httptest.ResponseRecorder) (won []*httptest.ResponseRecorder, lost map[string]int) {
		var mu sync.Mutex
		var wg sync.WaitGroup
		lost = map[string]int{}
		gun := make(chan struct{})
		for range racers {
			wg.Go(func() {
				<-gun
				rec := use()
				mu.Lock()
				defer mu.Unlock()
				if rec.Code == http.StatusOK {
					won = append(won, rec)
				} else {
					var body struct{ Error string }
					_ = json.Unmarshal(rec.Body.Bytes(), &body)
					lost[body.Error]++
				}
			})
		}
		close(gun)
		wg.Wait()
		return won, lost
	}
	w := newWorld(t)
	for round := range *rounds {
		code := w.grant("ada@example.com", allScope)
		won, lost := race(func() *httptest.ResponseRecorder { return w.exchange(code) })
		if len(won) != 1 || lost["invalid_grant"] != racers-1 {
			t.Fatalf("round %d, code: %d winners, losers %v", round, len(won), lost)
		}
		if got := w.tokens(won[0]); w.alive(got.AccessToken) {
			t.Errorf("round %d: the code was replayed and its token lives", round)
		}
		fresh := w.tokens(w.exchange(w.grant("ada@example.com", allScope)))
		won, lost = race(func() *httptest.ResponseRecorder { return w.refresh(fresh.RefreshToken) })
		if len(won) != 1 || lost["invalid_grant"] != racers-1 {
			t.Fatalf("round %d, refresh: %d winners, losers %v", round, len(won), lost)
		}
		got := w.tokens(won[0])
		if w.alive(got.AccessToken) {
			t.Errorf("round %d: the refresh token was replayed and its family lives", round)
		}
		w.refused(w.refresh(got.RefreshToken), 400, "invalid_grant")
	}
}

// RFC 9700 4.14.2, RFC 6749 4.1.2: who loses a race is a replay like any other.
// Both have read the token as unspent when the first of them commits.
func TestALostRaceRevokes(t *testing.T) {
	w := newWorld(t)
	for name, use := range map[string]func() func() *httptest.ResponseRecorder{
		"code": func() func() *httptest.ResponseRecorder {
			code := w.grant("ada@example.com", allScope)
			return func() *httptest.ResponseRecorder { return w.exchange(code) }
		},
		"refresh token": func() func() *httptest.ResponseRecorder {
			token := w.tokens(w.exchange(w.grant("ada@example.com", allScope))).RefreshToken
			return func() *httptest.ResponseRecorder { return w.refresh(token) }
		},
	} {
		send := use()
		var done sync.WaitGroup
		w.disk.gate.Store(newGate(2))
		answers := make([]*httptest.ResponseRecorder, 2)
		for i := range answers {
			done.Go(func() { answers[i] = send() })
		}
		done.Wait()
		w.disk.gate.Store(nil)
		if answers[0].Code != http.StatusOK {
			answers[0], answers[1] = answers[1], answers[0]
		}
		won := w.tokens(answers[0])
		w.refused(answers[1], 400, "invalid_grant")
		if w.alive(won.AccessToken) {
			t.Errorf("%s: the winner's token lives on", name)
		}
		w.refused(w.refresh(won.RefreshToken), 400, "invalid_grant")
	}
}

// fullDisk lets requests run while nothing can be written: each must be 503,
// with a time to come back.
func (w *world) fullDisk(requests map[string]func() *httptest.ResponseRecorder) {
	w.t.Helper()
	w.disk.full.Store(true)
	for name, send := range requests {
		if rec := send(); rec.Code != http.StatusServiceUnavailable || rec.Header().Get("Retry-After") == "" {
			w.t.Errorf("%s: %d %s, want 503 with Retry-After", name, rec.Code, rec.Body)
		}
	}
	w.disk.full.Store(false)
}

// RFC 7009 2.2.1: what could not be revoked must not look revoked; a replay
// that could not be punished is no settled matter either.
func provesRevocationOnAFullDisk(t *testing.T) {
	w := newWorld(t)
	got := w.tokens(w.exchange(w.grant("ada@example.com", allScope)))
	used := w.grant("ada@example.com", allScope)
	replayed := w.tokens(w.exchange(used))
	w.fullDisk(map[string]func() *httptest.ResponseRecorder{
		"revoke": func() *httptest.ResponseRecorder {
			return w.post(pathRevoke, url.Values{"client_id": {"timesheets-mobile"}, "token": {got.RefreshToken}})
		},
		"code replay": func() *httptest.ResponseRecorder { return w.exchange(used) },
	})
	if !w.alive(got.AccessToken) {
		t.Error("reading stopped as well")
	}
	w.refused(w.exchange(used), 400, "invalid_grant")
	if w.alive(replayed.AccessToken) {
		t.Error("the replay that could not be punished then was not punished now")
	}
}

// Nothing is half done: the refresh token that could not be rotated, and the
// code that could not be exchanged, are still good.
func provesRotationOnAFullDisk(t *testing.T) {
	w := newWorld(t)
	got := w.tokens(w.exchange(w.grant("ada@example.com", allScope)))
	code := w.grant("ada@example.com", allScope)
	w.fullDisk(map[string]func() *httptest.ResponseRecorder{
		"refresh": func() *httptest.ResponseRecorder { return w.refresh(got.RefreshToken) },
		"code":    func() *httptest.ResponseRecorder { return w.exchange(code) },
	})
	if !w.alive(got.AccessToken) {
		t.Error("reading stopped as well")
	}
	w.tokens(w.refresh(got.RefreshToken))
	w.tokens(w.exchange(code))
}

func TestVerifyRefuses(t *testing.T) {
	w := newWorld(t)
	got := w.tokens(w.exchange(w.grant("ada@example.com", allScope)))
	sign := func(typ string, edit func(map[string]any)) string {
		raw, err := w.keys.Verify(got.AccessToken, "at+jwt")
		if err != nil {
			t.Fatal(err)
		}
		var c map[string]any
		if err := json.Unmarshal(raw, &c); err != nil {
			t.Fatal(err)
		}
		edit(c)
		token, err := w.keys.Sign("ES256", typ, c)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	parts := strings.Split(got.AccessToken, ".")
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"at+jwt"}`))
	for name, token := range map[string]string{
		"signed by us, never issued": sign("at+jwt", func(c map[string]any) { c["jti"] = "x" }),
		"other audience":             sign("at+jwt", func(c map[string]any) { c["aud"] = "https://other.example" }),
		"audience as a list":         sign("at+jwt", func(c map[string]any) { c["aud"] = []string{issuer + "/api", "x"} }),
		"no audience":                sign("at+jwt", func(c map[string]any) { delete(c, "aud") }),
		"other issuer":               sign("at+jwt", func(c map[string]any) { c["iss"] = issuer + "/" }),
		"no exp":                     sign("at+jwt", func(c map[string]any) { delete(c, "exp") }),
		"exp as text":                sign("at+jwt", func(c map[string]any) { c["exp"] = "9999999999" }),
		"typ JWT":                    sign("JWT", func(map[string]any) {}),
		"ID token":                   got.IDToken,
		"refresh token":              got.RefreshToken,
		"alg none":                   none + "." + parts[1] + ".",
		"tampered":                   parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"usr_grace"}`)) + "." + parts[2],
		"truncated":                  got.AccessToken[:len(got.AccessToken)-1],
		"empty":                      "",
	} {
		if _, err := w.Verify(t.Context(), token, issuer+"/api"); !invalid(err) {
			t.Errorf("%s: %v, want invalid", name, err)
		}
	}
	if _, err := w.Verify(t.Context(), got.AccessToken, "https://other.example"); !invalid(err) {
		t.Errorf("meant for another API: %v", err)
	}
}

// RFC 6749 2.3.1: guessing a client's secret gets slow, for the guesser alone.
func TestGuessingSecrets(t *testing.T) {
	w := newWorld(t)
	ask := func(client, secret string) *httptest.ResponseRecorder {
		return w.post(pathToken, url.Values{"grant_type": {"client_credentials"}, "client_id": {client}, "client_secret": {secret}})
	}
	for range secretBurst {
		w.refused(ask("timesheets-cron", "wrong"), 401, "invalid_client")
	}
	slow := ask("timesheets-cron", "timesheets-cron-secret")
	if w.refused(slow, 429, "invalid_client"); slow.Header().Get("Retry-After") != "2" {
		t.Errorf("Retry-After %q, want 2", slow.Header().Get("Retry-After"))
	}
	w.refused(ask("timesheets-legacy", "timesheets-legacy-secret"), 400, "unauthorized_client") // another client is not held up
	for range 2 * secretBurst {
		w.refused(w.post(pathToken, url.Values{"grant_type": {"client_credentials"}, "client_id": {"timesheets-mobile"}, "client_secret": {"none"}}), 401, "invalid_client")
	}
	elsewhere := httptest.NewRequest(http.MethodPost, issuer+pathToken, strings.NewReader("grant_type=client_credentials&client_id=timesheets-cron&client_secret=timesheets-cron-secret"))
	elsewhere.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	elsewhere.RemoteAddr = "198.51.100.7:4000"
	rec := httptest.NewRecorder()
	w.mux.ServeHTTP(rec, elsewhere)
	w.tokens(rec) // another network does not wait
	w.clock.pass(secretEvery)
	w.tokens(ask("timesheets-cron", "timesheets-cron-secret"))
}
