package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/exampleco/punchcard/auth/keys"
	"github.com/exampleco/punchcard/auth/punchcardtest/agent"
	"github.com/exampleco/punchcard/auth/seed"
	"github.com/exampleco/punchcard/auth/stack"
	"github.com/exampleco/punchcard/auth/stack/alone"
	"github.com/exampleco/punchcard/auth/store/sqlite"
	"github.com/exampleco/punchcard/views/inspector/attack"
)

// The stories in this file drive the real program: run on port 0, the URL read
// from what it prints, a browser that keeps cookies and follows nothing by
// itself. What the conversation was is printed when a story fails.

// TestMain lets the test binary be another punchcard, or another process that
// writes to the file: in one process nobody may open it a second time.
func TestMain(m *testing.M) {
	if command := os.Getenv("PUNCHCARD_TEST_COMMAND"); command != "" {
		os.Exit(run(context.Background(), strings.Split(command, "\n"), os.Stdout, os.Stderr))
	}
	if file := os.Getenv("PUNCHCARD_TEST_FILE"); file != "" {
		if err := write(file, os.Getenv("PUNCHCARD_TEST_SQL")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func write(path, statements string) error {
	file, err := sqlite.Open(context.Background(), path, sqlite.Options{Existing: true})
	if err != nil {
		return err
	}
	err = file.Write(context.Background(), func(tx *sql.Tx) error { _, err := tx.Exec(statements); return err })
	return errors.Join(err, file.Close(context.Background()))
}

// elsewhere runs this binary once more and returns its exit code and what it
// printed.
func elsewhere(t *testing.T, env ...string) (exit int, stdout, stderr string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), env...)
	var out, said strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), said.String()
}

// another is a punchcard beside the running one.
func another(t *testing.T, args ...string) (exit int, stdout, stderr string) {
	t.Helper()
	return elsewhere(t, "PUNCHCARD_TEST_COMMAND="+strings.Join(args, "\n"))
}

// program is a running punchcard.
type program struct {
	t      *testing.T
	url    string // where it listens
	issuer string
	db     string
	stop   func() int // tells it to stop and returns the exit code
	stderr *agent.Log
}

// start runs the program in a folder of its own and waits for its ready line.
func start(t *testing.T, args ...string) *program {
	t.Helper()
	return startOn(t, filepath.Join(t.TempDir(), "punchcard.db"), args...)
}

func startOn(t *testing.T, db string, args ...string) *program {
	t.Helper()
	return startAt(t, time.Now, db, args...)
}

// furnished is a file as a first start leaves it, with its keys made and its
// passwords hashed: to do that for each test takes longer than most of them.
var (
	furnish   sync.Once
	furnished []byte
)

func firstStart(t testing.TB) []byte {
	path := filepath.Join(t.TempDir(), "first.db")
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var said agent.Log
	ended := make(chan int, 1)
	go func() { ended <- run(ctx, []string{"serve", "--db", path, "--addr", "127.0.0.1:0"}, io.Discard, &said) }()
	for deadline := time.Now().Add(20 * time.Second); !strings.Contains(said.String(), `"msg":"ready"`); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the first start: never ready\n%s", &said)
		}
	}
	cancel()
	if code := <-ended; code != 0 {
		t.Fatalf("the first start: exit %d\n%s", code, &said)
	}
	first, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return first
}

// startAt runs the program by another clock.
func startAt(t *testing.T, now func() time.Time, db string, args ...string) *program {
	t.Helper()
	p := &program{t: t, db: db, stderr: &agent.Log{}}
	ctx, cancel := context.WithCancel(context.Background())
	code := make(chan int, 1)
	if !slices.Contains(args, "--addr") {
		args = append(args, "--addr", "127.0.0.1:0")
	}
	if _, err := os.Stat(db); errors.Is(err, os.ErrNotExist) && !slices.Contains(args, "--config") && filepath.Base(db) == "punchcard.db" {
		furnish.Do(func() { furnished = firstStart(t) })
		if err := os.WriteFile(db, furnished, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	go func() {
		code <- runAt(ctx, now, append([]string{"serve", "--db", db, "--log-level", "debug"}, args...), io.Discard, p.stderr)
	}()
	var once sync.Once
	exit := -1
	p.stop = func() int {
		once.Do(func() {
			cancel()
			select {
			case exit = <-code:
			case <-time.After(20 * time.Second):
				t.Error("the program did not stop")
			}
		})
		return exit
	}
	t.Cleanup(func() { p.stop() })
	p.awaitReady(code)
	return p
}

// awaitReady reads where the program listens; ended tells that it never will.
func (p *program) awaitReady(ended <-chan int) {
	p.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		select {
		case c := <-ended:
			p.t.Fatalf("the program ended with %d before it was ready:\n%s", c, p.stderr)
		default:
		}
		for line := range strings.Lines(p.stderr.String()) {
			var ready struct{ Msg, URL, Issuer string }
			if json.Unmarshal([]byte(line), &ready) == nil && ready.Msg == "ready" {
				p.url, p.issuer = ready.URL, ready.Issuer
				return
			}
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("never ready:\n%s", p.stderr)
		}
	}
}

// base is the issuer as endpoints are built on it.
func (p *program) base() string { return strings.TrimSuffix(p.issuer, "/") }

func (p *program) browser(t testing.TB) *agent.Browser {
	t.Helper()
	return agent.New(t, p.issuer)
}

// TestHouse keeps the import table of the house: each room and what it must
// never reach, however far down.
func TestHouse(t *testing.T) {
	const us = "github.com/exampleco/punchcard/"
	never := map[string][]string{
		"auth":                     {us + "timesheets", us + "views/site", us + "views/inspector"},
		"auth/store":               {us + "views", us + "auth/people", us + "auth/keys", us + "auth/seed", us + "timesheets"},
		"auth/store/sqlite":        {us + "views", us + "auth/people", us + "timesheets", "github.com/ory/fosite"},
		"auth/people":              {us + "views", us + "auth/store", us + "auth/keys", us + "timesheets", "github.com/ory/fosite"},
		"auth/ledger":              {us + "auth", us + "timesheets", us + "views", "github.com/ory/fosite", "net/http", "database/sql"}, // every other room uses it
		"auth/jws":                 {us + "auth", us + "timesheets", us + "views", "github.com/ory/fosite", "net/http", "database/sql"},
		"auth/limit":               {us + "views", us + "auth/store", us + "auth/people", us + "auth/keys", us + "auth/seed", us + "timesheets", "github.com/ory/fosite", "net/http", "database/sql"},
		"auth/mailbox":             {us + "views", us + "auth/store", us + "auth/people", us + "auth/keys", us + "auth/seed", us + "timesheets", "github.com/ory/fosite", "database/sql"},
		"auth/keys":                {us + "views", us + "auth/store", us + "auth/people", us + "timesheets", "github.com/ory/fosite"},
		"auth/assertion":           {us + "views", us + "auth/store", us + "auth/people", us + "auth/keys", us + "auth/seed", us + "timesheets", "github.com/ory/fosite", "net/http", "database/sql"},
		"auth/admin":               {us + "timesheets", us + "views/site", us + "views/inspector"},
		"auth/seed":                {us + "views", us + "auth/store", us + "auth/people", us + "timesheets", "github.com/ory/fosite", "net/http", "database/sql"},
		"auth/dpop":                {us + "auth/store", us + "auth/people", us + "auth/keys", us + "views", us + "timesheets", "github.com/ory/fosite", "github.com/go-jose/go-jose"}, // stack gives it to both servers
		"auth/edge":                {us + "views", us + "auth/store", us + "auth/people", us + "auth/keys", us + "timesheets", "github.com/ory/fosite"},
		"auth/catalogue":           {us + "views", us + "auth/store", us + "auth/people", us + "auth/keys", us + "auth/seed", us + "timesheets"}, // it knows the URL alone
		"auth/crash":               {us + "views", us + "auth/store", us + "auth/people", us + "auth/keys", us + "timesheets"},                   // it knows the binary alone
		"auth/stack":               nil,                                                                                                          // it puts all the others together
		"auth/stack/alone":         {us + "views", us + "auth/people", us + "auth/keys", "github.com/ory/fosite"},                                // it knows its issuer's URL alone
		"auth/punchcardtest":       nil,                                                                                                          // a whole server, for tests
		"auth/punchcardtest/agent": {us + "auth", us + "timesheets", us + "views", us + "static", "github.com/ory/fosite", "database/sql"},       // it knows the URL alone
		"timesheets":               {us + "auth", us + "views", us + "static", "github.com/ory/fosite", "github.com/go-jose/go-jose"},
		"timesheets/issuer":        {us + "auth", us + "views", us + "static", "github.com/ory/fosite"},                                    // it knows the issuer's URL alone
		"timesheets/client":        {us + "auth", us + "timesheets", us + "views", us + "static", "database/sql", "github.com/ory/fosite"}, // it knows the URL alone
		"timesheets/client/tab":    {us + "auth", us + "timesheets", us + "views", us + "static", "net/http", "database/sql"},
		"views":                    {us + "auth", us + "timesheets", "database/sql"},
		"views/site":               {us + "auth", us + "timesheets", "database/sql"},
		"views/stories":            {us + "auth", us + "static", us + "timesheets"},                                    // it knows the binary alone
		"views/inspector/attack":   {us + "auth", us + "static", us + "timesheets", us + "views/site", "database/sql"}, // it knows the URL alone
		"views/inspector/fault":    {us + "auth", us + "static", us + "timesheets", us + "views/site", "database/sql"},
		"views/inspector/record":   {us + "auth", us + "timesheets", us + "static", us + "views/site"},
		"views/inspector":          {us + "auth", us + "timesheets", us + "views/site", "github.com/ory/fosite"},
		"static":                   {us + "auth", us + "timesheets", us + "views", "database/sql"},
	}
	packages, err := exec.Command("go", "list", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for _, pkg := range strings.Fields(string(packages)) {
		room := strings.TrimPrefix(strings.TrimPrefix(pkg, strings.TrimSuffix(us, "/")), "/")
		if _, known := never[room]; !known && room != "" {
			t.Errorf("room %s is not in the table of the house", room)
		}
	}
	for room, forbidden := range never {
		deps, err := exec.Command("go", "list", "-deps", "./"+room).Output()
		if err != nil {
			t.Errorf("%s: %v", room, err)
		}
		for _, dep := range strings.Fields(string(deps)) {
			if dep == us+room || strings.HasPrefix(dep, us+room+"/") {
				continue // itself, which may stand in a room that it must not reach
			}
			for _, f := range forbidden {
				if dep == f || strings.HasPrefix(dep, f+"/") {
					t.Errorf("%s reaches %s", room, dep)
				}
			}
		}
	}
	// Who imports whom directly: main no more than the composition and the
	// commands, and the composition is nobody's but theirs.
	direct, err := exec.Command("go", "list", "-f", "{{.ImportPath}} {{join .Imports \" \"}}", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	main := []string{"auth/stack", "auth/stack/alone", "auth/admin", "auth/edge", "timesheets/client"}
	composers := []string{strings.TrimSuffix(us, "/"), us + "auth/punchcardtest"}
	for line := range strings.Lines(string(direct)) {
		of := strings.Fields(line)
		for _, imported := range of[1:] {
			room, ours := strings.CutPrefix(imported, us)
			if of[0] == composers[0] && (ours && !slices.Contains(main, room) || strings.Contains(imported, "ory/fosite")) {
				t.Errorf("main imports %s", imported)
			}
			if (room == "auth/stack" || strings.HasPrefix(room, "auth/stack/")) && !slices.Contains(composers, of[0]) {
				t.Errorf("%s imports %s, which is for main and for tests", of[0], imported)
			}
		}
	}
}

// The seed's story: Ada allows some of what the app asks for, the app reads
// and writes within it, and not beyond.
func TestCodeFlowWithPKCE(t *testing.T) {
	p := start(t)
	b, c := p.browser(t), agent.Mobile()

	page := b.ConsentPage(c, "ada@example.com")
	boxes := page.Form(t).Boxes
	for scope, want := range map[string]string{
		"read:timesheets": "checked", "create:timesheets": "checked", "offline_access": "checked",
		"delete:timesheets": "", "approve:timesheets": "disabled", // an employee cannot give what she does not have
	} {
		if got, ok := boxes[scope]; !ok || got != want {
			t.Errorf("box %s is %q (drawn: %v), want %q", scope, got, ok, want)
		}
	}
	if policy := page.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "form-action 'self' http://localhost:* http://127.0.0.1:*") {
		t.Errorf("form-action does not let the browser go back to the app: %s", policy)
	}

	// She unticks create, and somebody adds what was never hers.
	back := b.Decide(page, "allow", func(v url.Values) {
		v["scope"] = []string{"read:timesheets", "offline_access", "approve:timesheets", "batch:upload"}
	})
	got := b.Tokens(b.Exchange(c, b.Arrive(c, back).Get("code")))
	if want := "openid profile email offline_access read:timesheets"; got.Scope != want {
		t.Errorf("scope = %q, want %q", got.Scope, want)
	}
	if got.Type != "Bearer" || got.Expires > 900 || got.Expires < 890 { // what is left of 15 minutes when it is answered
		t.Errorf("token_type %q expires_in %d, want Bearer and 15 minutes", got.Type, got.Expires)
	}

	head, body := agent.Claims(t, got.Access, 0), agent.Claims(t, got.Access, 1)
	if head["typ"] != "at+jwt" || head["alg"] != "ES256" || head["kid"] == nil {
		t.Errorf("access token header %v, want typ at+jwt, ES256, kid (RFC 9068 2.1)", head)
	}
	for claim, want := range map[string]any{"iss": p.issuer, "sub": "usr_ada", "aud": p.base() + "/api", "client_id": c.ID, "scope": got.Scope, "email": "ada@example.com"} {
		if body[claim] != want {
			t.Errorf("claim %s = %v, want %v", claim, body[claim], want)
		}
	}
	for _, claim := range []string{"exp", "iat", "jti", "auth_time"} {
		if body[claim] == nil {
			t.Errorf("claim %s is missing", claim)
		}
	}
	head, body = agent.Claims(t, got.ID, 0), agent.Claims(t, got.ID, 1)
	if head["alg"] != "RS256" || body["aud"] != c.ID || body["nonce"] != "n-0S6_WzA2Mj" || body["sid"] == nil || body["at_hash"] == nil || body["name"] != "Ada Lovelace" {
		t.Errorf("ID token %v %v", head, body)
	}

	if a := b.API("GET", "/timesheets", got.Access, ""); a.StatusCode != 200 || len(a.JSON(t)["items"].([]any)) == 0 {
		t.Errorf("read: %d %s", a.StatusCode, a.Text)
	}
	a := b.API("POST", "/timesheets", got.Access, `{"project":"Apollo","date":"2026-11-20","hours":2.5}`)
	if a.StatusCode != 403 || !strings.Contains(a.Header.Get("WWW-Authenticate"), `error="insufficient_scope"`) || !strings.Contains(a.Header.Get("WWW-Authenticate"), `scope="create:timesheets"`) {
		t.Errorf("create without the scope: %d %s", a.StatusCode, a.Header.Get("WWW-Authenticate"))
	}
	if a := b.API("GET", "/timesheets", "", ""); a.StatusCode != 401 || strings.Contains(a.Header.Get("WWW-Authenticate"), "error=") {
		t.Errorf("no token: %d %s, want 401 without error (RFC 6750 3.1)", a.StatusCode, a.Header.Get("WWW-Authenticate"))
	}
	called := b.Get("/.well-known/oauth-protected-resource/api/timesheets")
	if challenge := b.API("GET", "/timesheets", "", "").Header.Get("WWW-Authenticate"); !strings.Contains(challenge, `resource_metadata="`+called.Request.URL.String()+`"`) {
		t.Errorf("the challenge does not point at the metadata (RFC 9728 5.1): %s", challenge)
	}
	for path, want := range map[string]agent.Answer{"/api": b.Get("/.well-known/oauth-protected-resource/api"), "/api/timesheets": called} {
		if m := want.JSON(t); m["resource"] != p.base()+path || fmt.Sprint(m["authorization_servers"]) != "["+p.issuer+"]" {
			t.Errorf("resource metadata: %s", want.Text)
		}
	}
	if a := b.API("GET", "/timesheets", got.ID, ""); a.StatusCode != 401 {
		t.Errorf("an ID token opened the API: %d (RFC 9068 4)", a.StatusCode)
	}
	if a := b.API("GET", "/timesheets", got.Refresh, ""); a.StatusCode != 401 {
		t.Errorf("a refresh token opened the API: %d", a.StatusCode)
	}
	if a := b.Get("/api/timesheets?access_token=" + got.Access); a.StatusCode != 401 {
		t.Errorf("a token in the URL opened the API: %d (RFC 9700 4.3.2)", a.StatusCode)
	}
}

// What belongs to somebody else does not exist.
func TestOwnershipAndApproval(t *testing.T) {
	p := start(t)
	ada, grace, c := p.browser(t), p.browser(t), agent.Mobile()
	a, g := ada.SignedUp(c, "ada@example.com"), grace.SignedUp(c, "grace@example.com")
	if !strings.Contains(g.Scope, "approve:timesheets") {
		t.Fatalf("a manager can give approve:timesheets, got %q", g.Scope)
	}
	created := ada.API("POST", "/timesheets", a.Access, `{"project":"Apollo","date":"2026-06-05","hours":2.5,"notes":"guidance"}`)
	if created.StatusCode != 201 || created.Header.Get("Location") == "" {
		t.Fatalf("create: %d %s", created.StatusCode, created.Text)
	}
	id := created.JSON(t)["id"].(string)
	if r := grace.API("GET", "/timesheets/"+id, g.Access, ""); r.StatusCode != 404 {
		t.Errorf("another person's entry: %d, want 404", r.StatusCode)
	}
	if r := ada.API("GET", "/approvals", a.Access, ""); r.StatusCode != 403 {
		t.Errorf("an employee's approvals: %d, want 403", r.StatusCode)
	}
	if r := grace.API("GET", "/approvals", g.Access, ""); r.StatusCode != 200 || !strings.Contains(r.Text, id) {
		t.Errorf("the manager does not see it: %d %s", r.StatusCode, r.Text)
	}
	if r := grace.API("PUT", "/approvals/"+id, g.Access, `{"decision":"approve","comment":"thank you"}`); r.StatusCode != 200 || r.JSON(t)["status"] != "approved" {
		t.Errorf("approve: %d %s", r.StatusCode, r.Text)
	}
	if r := grace.API("PUT", "/approvals/"+id, g.Access, `{"decision":"reject"}`); r.StatusCode != 409 {
		t.Errorf("decided twice: %d, want 409", r.StatusCode)
	}
	own := grace.API("POST", "/timesheets", g.Access, `{"project":"Apollo","date":"2026-06-05","hours":1}`).JSON(t)["id"].(string)
	if r := grace.API("PUT", "/approvals/"+own, g.Access, ""); r.StatusCode != 403 {
		t.Errorf("her own hours: %d, want 403", r.StatusCode)
	}
	if r := ada.API("DELETE", "/timesheets/"+id, a.Access, ""); r.StatusCode != 403 {
		t.Errorf("delete without the scope: %d, want 403", r.StatusCode)
	}
}

// The seed's machine client uploads what people see and change afterwards.
func TestNightlyImport(t *testing.T) {
	p := start(t)
	b, ada, c := p.browser(t), p.browser(t), agent.Mobile()
	cron := b.Tokens(b.Do("POST", "/oauth/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {"timesheets-cron"}, "client_secret": {"timesheets-cron-secret"},
	}))
	const good = `{"user_id":"usr_ada","project":"Apollo","date":"2026-06-05","hours":2.5}`
	bad := b.API("POST", "/timesheets/upload", cron.Access, `{"entries":[`+good+`,{"user_id":"usr_nobody","project":"Apollo","date":"2026-06-05","hours":1}]}`)
	if bad.StatusCode != 422 || !strings.Contains(bad.Text, `"/entries/1/user_id"`) {
		t.Errorf("somebody unknown: %d %s", bad.StatusCode, bad.Text)
	}
	made := b.API("POST", "/timesheets/upload", cron.Access, `{"entries":[`+good+`]}`)
	if made.StatusCode != 201 || made.JSON(t)["count"] != 1.0 {
		t.Fatalf("upload: %d %s", made.StatusCode, made.Text)
	}
	a := ada.SignedUp(c, "ada@example.com")
	if r := ada.API("POST", "/timesheets/upload", a.Access, `{"entries":[`+good+`]}`); r.StatusCode != 403 || !strings.Contains(r.Header.Get("WWW-Authenticate"), `scope="batch:upload"`) {
		t.Errorf("a person's upload: %d %s", r.StatusCode, r.Text)
	}
	if r := b.API("GET", "/timesheets", cron.Access, ""); r.StatusCode != 403 {
		t.Errorf("a machine's entries: %d, want 403", r.StatusCode)
	}
	list := ada.API("GET", "/timesheets?from=2026-06-05&to=2026-06-05", a.Access, "").JSON(t)["items"].([]any)
	if len(list) != 1 { // the bad batch left nothing
		t.Fatalf("Ada has %d entries on that day, want 1", len(list))
	}
	id := list[0].(map[string]any)["id"].(string)
	if r := ada.API("PUT", "/timesheets/"+id, a.Access, `{"project":"Apollo","date":"2026-06-05","hours":3}`); r.StatusCode != 428 {
		t.Errorf("a change without If-Match: %d, want 428", r.StatusCode)
	}
}

// RFC 8628: a device without a keyboard shows a code. Its owner types it in a
// browser, sees who asks and from where, compares, chooses, and goes back.
func TestDeviceGrant(t *testing.T) {
	w := &watch{}
	p := startAt(t, w.now, filepath.Join(t.TempDir(), "punchcard.db"))
	tv, ada, c := p.browser(t), p.browser(t), agent.Mobile()
	d := tv.Television(c)
	if !regexp.MustCompile(`^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$`).MatchString(d.User) || len(d.Code) < 43 {
		t.Errorf("user_code %q, device_code of %d characters", d.User, len(d.Code))
	}
	if d.URI != p.base()+"/device" || d.Complete != d.URI+"?user_code="+d.User || d.Expires != 600 || d.Interval != 5 {
		t.Errorf("%+v", d)
	}
	agent.Refused(t, tv.Poll(c, d), 400, "authorization_pending")

	// The link only fills the code in, and can be carried to a phone.
	link := ada.Get(d.Complete)
	if link.StatusCode != 200 || link.Form(t).Values.Get("user_code") != d.User || !strings.Contains(link.Text, "<svg class=\"qr\"") {
		t.Errorf("the link: %d\n%.2000s", link.StatusCode, link.Text)
	}
	page := ada.Compares(strings.ToLower(strings.ReplaceAll(d.User, "-", " ")), "ada@example.com")
	for _, piece := range []string{d.User, "Timesheets Mobile", "timesheets-mobile", "Living room TV/1.0", "127.0.0.1", "ago"} {
		if !strings.Contains(page.Text, piece) && !(piece == "ago" && strings.Contains(page.Text, "just now")) {
			t.Errorf("the page does not say %q", piece)
		}
	}
	// No step is skipped: the consent page sends back, and its form is refused.
	flow := page.Form(t).Values.Get("flow")
	if a := ada.Follow(ada.Get("/consent?flow=" + url.QueryEscape(flow))); a.Request.URL.Path != "/device" {
		t.Errorf("consent before the codes were compared: %s", a.Request.URL.Path)
	}
	if a := ada.Do("POST", "/consent", url.Values{"flow": {flow}, "decision": {"allow"}}); a.StatusCode != 403 {
		t.Errorf("allowed before the codes were compared: %d", a.StatusCode)
	}
	w.move(5 * time.Second)
	agent.Refused(t, tv.Poll(c, d), 400, "authorization_pending")

	consent := ada.Decide(page, "same", nil)
	if consent.Request.URL.Path != "/consent" || !strings.Contains(consent.Text, d.User) || consent.Form(t).Boxes["approve:timesheets"] != "disabled" {
		t.Fatalf("came to %s: %v", consent.Request.URL.Path, consent.Form(t).Boxes)
	}
	done := ada.Decide(consent, "allow", func(v url.Values) { v.Add("scope", "approve:timesheets") })
	if done.StatusCode != 200 || !strings.Contains(done.Text, "You can go back to your device") {
		t.Fatalf("at the end: %s %d", done.Request.URL, done.StatusCode)
	}
	if again := ada.Get(done.Request.URL.RequestURI()); again.StatusCode != 200 || !strings.Contains(again.Text, "You can go back to your device") {
		t.Errorf("reloaded: %d", again.StatusCode)
	}

	got := tv.Tokens(tv.Poll(c, d))
	if got.Scope != "openid profile email offline_access read:timesheets create:timesheets" || got.Refresh == "" || got.Type != "Bearer" || got.Expires != 900 {
		t.Errorf("%+v", got)
	}
	access, id := agent.Claims(t, got.Access, 1), agent.Claims(t, got.ID, 1)
	sum := sha256.Sum256([]byte(got.Access))
	if access["sub"] != "usr_ada" || access["client_id"] != c.ID || access["aud"] != p.base()+"/api" || id["sub"] != "usr_ada" || id["aud"] != c.ID ||
		id["sid"] == nil || id["auth_time"] == nil || id["auth_time"] != access["auth_time"] || id["nonce"] != nil ||
		id["at_hash"] != base64.RawURLEncoding.EncodeToString(sum[:16]) {
		t.Errorf("access %v, id %v", access, id)
	}
	if a := tv.API("GET", "/timesheets", got.Access, ""); a.StatusCode != 200 {
		t.Errorf("the API: %d", a.StatusCode)
	}
	next := tv.Tokens(tv.Refresh(c, got.Refresh))
	// The code is spent; a second use is a replay like any other.
	agent.Refused(t, tv.Poll(c, d), 400, "invalid_grant")
	if a := tv.API("GET", "/timesheets", next.Access, ""); a.StatusCode != 401 {
		t.Errorf("after a replay of the device code: %d", a.StatusCode)
	}
}

// The API's description needs no token, names its issuer, and can be read by
// the app of a registered origin.
// An app that nobody has declared: it finds the API by its 401, the
// authorization server by the API's metadata (RFC 9728), registers itself (RFC
// 7591), and is let in by a person who has been told that nobody has checked
// it. What it is, it changes and takes back by itself (RFC 7592).
func TestAppThatRegistersItself(t *testing.T) {
	p := start(t)
	b := p.browser(t)
	challenge := b.API("GET", "/timesheets", "", "").Header.Get("WWW-Authenticate")
	_, at, _ := strings.Cut(challenge, `resource_metadata="`)
	api := b.Get(strings.TrimSuffix(at, `"`)).JSON(t)
	server, _ := api["authorization_servers"].([]any)
	if len(server) != 1 || api["resource"] != p.base()+"/api/timesheets" || strings.Contains(challenge, "error=") {
		t.Fatalf("%s: %v", challenge, api)
	}
	doc := b.Get(strings.TrimSuffix(fmt.Sprint(server[0]), "/") + "/.well-known/oauth-authorization-server").JSON(t)
	made := b.SendJSON("POST", fmt.Sprint(doc["registration_endpoint"]), "", `{"client_name":"Pocket Hours","redirect_uris":["http://localhost:3999/cb"],"token_endpoint_auth_method":"none","grant_types":["authorization_code","refresh_token"]}`)
	me := made.JSON(t)
	if made.StatusCode != 201 || me["application_type"] != "native" || me["client_secret"] != nil {
		t.Fatalf("%d %s", made.StatusCode, made.Text)
	}
	c := agent.Mobile()
	c.ID, c.Redirect = fmt.Sprint(me["client_id"]), "http://localhost:4001/cb" // RFC 8252 7.3: any port

	page := b.ConsentPage(c, "ada@example.com", "resource", fmt.Sprint(api["resource"]))
	if !strings.Contains(page.Text, "registered itself") || !strings.Contains(page.Text, "<bdi>Pocket Hours</bdi>") {
		t.Error("the page does not say what kind of app this is")
	}
	got := b.Tokens(b.Exchange(c, b.Arrive(c, b.Decide(page, "allow", nil)).Get("code")))
	if agent.Claims(t, got.Access, 1)["aud"] != p.base()+"/api" || b.API("GET", "/timesheets", got.Access, "").StatusCode != 200 {
		t.Error("the token does not open the API it was asked for")
	}
	// RFC 8707 2.2: the refresh may name the resource again, and no other.
	agent.Refused(t, b.Refresh(c, got.Refresh, "resource", "https://other.example/api"), 400, "invalid_target")
	got = b.Tokens(b.Refresh(c, got.Refresh, "resource", fmt.Sprint(api["resource"])))

	home := b.Get("/").Text
	if !strings.Contains(home, c.ID) || !strings.Contains(home, "Nobody has checked these") {
		t.Error("the start page does not show it")
	}
	mine, token := fmt.Sprint(me["registration_client_uri"]), fmt.Sprint(me["registration_access_token"])
	changed := b.SendJSON("PUT", mine, token, `{"client_id":"`+c.ID+`","redirect_uris":["https://pocket.example/cb"],"token_endpoint_auth_method":"client_secret_basic"}`)
	if m := changed.JSON(t); changed.StatusCode != 200 || m["client_secret"] == nil || m["client_name"] != nil {
		t.Errorf("%d %s", changed.StatusCode, changed.Text)
	}
	agent.Refused(t, b.Refresh(c, got.Refresh), 401, "invalid_client") // it has a secret now
	if a := b.SendJSON("DELETE", mine, token, ""); a.StatusCode != 204 {
		t.Errorf("delete: %d %s", a.StatusCode, a.Text)
	}
	if a := b.API("GET", "/me", got.Access, ""); a.StatusCode != 401 {
		t.Errorf("its access token: %d", a.StatusCode)
	}
	agent.Refused(t, b.SendJSON("GET", mine, token, ""), 401, "invalid_token")
	if strings.Contains(b.Get("/").Text, c.ID) {
		t.Error("the start page still shows it")
	}
}

// RFC 7591 3, CONTRACT: "open on loopback, by initial access token elsewhere".
// Whoever runs the server makes the token beside it.
func TestRegistrationFromElsewhere(t *testing.T) {
	p := start(t, "--issuer", "https://id.example", "--allow-demo-passwords")
	b := p.browser(t)
	at, page := p.url+"/oidc/register", `{"redirect_uris":["https://a.example/cb"]}`
	a := b.SendJSON("POST", at, "", page)
	if agent.Refused(t, a, 401, "invalid_token"); !strings.HasPrefix(a.Header.Get("WWW-Authenticate"), "Bearer ") || !strings.Contains(a.Text, "punchcard registration token") {
		t.Errorf("%s %s", a.Header.Get("WWW-Authenticate"), a.Text)
	}
	exit, out, said := another(t, "registration", "token", "--db", p.db, "--uses", "2")
	if exit != 0 || strings.Count(out, "\n") != 1 || !strings.Contains(said, "2 registrations") {
		t.Fatalf("exit %d, %q %q", exit, out, said)
	}
	token := strings.TrimSpace(out)
	agent.Refused(t, b.SendJSON("POST", at, token, `{"redirect_uris":["http://a.example/cb"]}`), 400, "invalid_redirect_uri") // which costs no use
	if a := b.SendJSON("POST", at, token, page); a.StatusCode != 201 {
		t.Fatalf("%d %s", a.StatusCode, a.Text)
	}
	// Somebody has vouched for it, so it may act where no person is asked.
	machine := b.SendJSON("POST", at, token, `{"grant_types":["client_credentials"],"scope":"batch:upload","client_name":"Importer"}`).JSON(t)
	got := b.Tokens(b.Do("POST", p.url+"/oauth/token", url.Values{"grant_type": {"client_credentials"}}, "Authorization",
		"Basic "+base64.StdEncoding.EncodeToString([]byte(fmt.Sprintf("%v:%v", machine["client_id"], machine["client_secret"])))))
	if got.Scope != "batch:upload" {
		t.Errorf("scope %q", got.Scope)
	}
	agent.Refused(t, b.SendJSON("POST", at, token, page), 401, "invalid_token") // used up
	if a := b.SendJSON("PUT", strings.Replace(fmt.Sprint(machine["registration_client_uri"]), "https://id.example", p.url, 1), fmt.Sprint(machine["registration_access_token"]),
		fmt.Sprintf(`{"client_id":%q,"client_secret":%q,"grant_types":["client_credentials"],"scope":"batch:upload"}`, machine["client_id"], machine["client_secret"])); a.StatusCode != 200 || a.JSON(t)["client_name"] != nil {
		t.Errorf("%d %s", a.StatusCode, a.Text)
	}
	preflight := b.Do("OPTIONS", at, nil, "Origin", "https://a.page.example", "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization,content-type")
	if got := preflight.Header.Get("Access-Control-Allow-Origin"); got != "https://a.page.example" {
		t.Errorf("a page with a token of its own: Allow-Origin %q", got)
	}
	if exit, _, _ := another(t, "registration", "token", "--db", p.db, "--uses", "0"); exit != 2 {
		t.Errorf("--uses 0: exit %d", exit)
	}
}

func TestOpenAPIDocument(t *testing.T) {
	p := start(t)
	a := p.browser(t).Get("/api/openapi.json", "Origin", "http://localhost:3000")
	if a.StatusCode != 200 || a.Header.Get("Access-Control-Allow-Origin") != "http://localhost:3000" || a.Header.Get("ETag") == "" {
		t.Errorf("%d %v", a.StatusCode, a.Header)
	}
	if servers := a.JSON(t)["servers"].([]any); servers[0].(map[string]any)["url"] != p.base() {
		t.Errorf("servers: %v, want %s", servers, p.base())
	}
	if !strings.Contains(a.Text, `"tokenUrl":"`+p.base()+`/oauth/token"`) {
		t.Errorf("the document does not name the token endpoint of %s", p.base())
	}
}

func TestRefusal(t *testing.T) {
	p := start(t)
	b, c := p.browser(t), agent.Mobile()
	page := b.ConsentPage(c, "ada@example.com")
	q := b.Arrive(c, b.Decide(page, "deny", nil))
	if q.Get("error") != "access_denied" || q.Has("code") {
		t.Errorf("deny: %v, want access_denied (RFC 6749 4.1.2.1)", q)
	}
	// The back button brings the form back; the answer stays what it was.
	if a := b.Decide(page, "allow", nil); a.StatusCode != http.StatusConflict {
		t.Errorf("allowed after denied: %d, want 409", a.StatusCode)
	}
	// Nothing ticked at all is a refusal, identity alone is not.
	only := agent.Mobile()
	only.Scope = "read:timesheets create:timesheets"
	q = b.Arrive(only, b.Decide(b.ConsentPage(only, ""), "allow", func(v url.Values) { v.Del("scope") }))
	if q.Get("error") != "access_denied" {
		t.Errorf("nothing granted: %v, want access_denied", q)
	}
	q = b.Arrive(c, b.Decide(b.ConsentPage(c, ""), "allow", func(v url.Values) { v.Del("scope") }))
	if got := b.Tokens(b.Exchange(c, q.Get("code"))); got.Scope != "openid profile email" || got.Refresh != "" {
		t.Errorf("identity alone: scope %q, refresh token %v", got.Scope, got.Refresh != "")
	}
}

func TestRefreshRotationAndReplay(t *testing.T) {
	p := start(t)
	b, c := p.browser(t), agent.Mobile()
	first := b.SignedUp(c, "ada@example.com")

	second := b.Tokens(b.Refresh(c, first.Refresh))
	if second.Refresh == first.Refresh || second.Refresh == "" {
		t.Fatal("the refresh token did not rotate (RFC 9700 4.14.2)")
	}
	if a := b.API("GET", "/me", first.Access, ""); a.StatusCode != 401 {
		t.Errorf("the access token from before the refresh: %d, want 401", a.StatusCode)
	}
	if agent.Claims(t, second.ID, 1)["nonce"] != nil {
		t.Error("a refreshed ID token has a nonce (OIDC Core 12.2)")
	}
	if agent.Claims(t, second.ID, 1)["auth_time"] != agent.Claims(t, first.ID, 1)["auth_time"] {
		t.Error("auth_time changed with a refresh (OIDC Core 12.2)")
	}

	// RFC 6749 6: narrower is honoured, and the grant does not shrink by it.
	third := b.Tokens(b.Refresh(c, second.Refresh, "scope", "read:timesheets"))
	if third.Scope != "read:timesheets" || agent.Claims(t, third.Access, 1)["scope"] != "read:timesheets" {
		t.Errorf("narrowed to %q, the token says %v", third.Scope, agent.Claims(t, third.Access, 1)["scope"])
	}
	// The scope of the authorization request, repeated: what was not granted is left out.
	fourth := b.Tokens(b.Refresh(c, third.Refresh, "scope", c.Scope))
	if want := "openid profile email offline_access read:timesheets create:timesheets"; fourth.Scope != want {
		t.Errorf("regained %q, want %q", fourth.Scope, want)
	}
	agent.Refused(t, b.Refresh(c, fourth.Refresh, "scope", "batch:upload"), 400, "invalid_scope")
	agent.Refused(t, b.Refresh(c, fourth.Refresh, "scope", "read:timesheets batch:upload"), 400, "invalid_scope")
	agent.Refused(t, b.Refresh(c, fourth.Refresh, "resource", "https://other.example/"), 400, "invalid_target")
	other := *c
	other.ID = "timesheets-app"
	agent.Refused(t, b.Refresh(&other, fourth.Refresh), 400, "invalid_grant")

	// The thief, or the owner, comes second: the family dies, access tokens included.
	if a := b.API("GET", "/me", fourth.Access, ""); a.StatusCode != 200 {
		t.Fatalf("the live token: %d %s", a.StatusCode, a.Text)
	}
	agent.Refused(t, b.Refresh(c, first.Refresh), 400, "invalid_grant")
	agent.Refused(t, b.Refresh(c, fourth.Refresh), 400, "invalid_grant")
	if a := b.API("GET", "/me", fourth.Access, ""); a.StatusCode != 401 || !strings.Contains(a.Header.Get("WWW-Authenticate"), `error="invalid_token"`) {
		t.Errorf("after the replay the API said %d %s", a.StatusCode, a.Header.Get("WWW-Authenticate"))
	}
}

func TestCodeReplayKillsItsTokens(t *testing.T) {
	p := start(t)
	b, c := p.browser(t), agent.Mobile()
	code := b.Code(c, "ada@example.com")
	got := b.Tokens(b.Exchange(c, code))
	agent.Refused(t, b.Exchange(c, code), 400, "invalid_grant")
	if a := b.API("GET", "/me", got.Access, ""); a.StatusCode != 401 {
		t.Errorf("its access token still opens the API: %d (RFC 6749 4.1.2)", a.StatusCode)
	}
	agent.Refused(t, b.Refresh(c, got.Refresh), 400, "invalid_grant")
}

// RFC 7636 4.6, and the downgrade that fosite leaves open: a wrong verifier
// first, none after it.
func TestVerifier(t *testing.T) {
	p := start(t)
	b, c := p.browser(t), agent.Mobile()
	code := b.Code(c, "ada@example.com")
	wrong := *c
	wrong.Verifier = strings.Repeat("w", 43)
	agent.Refused(t, b.Exchange(&wrong, code), 400, "invalid_grant")
	wrong.Verifier = ""
	agent.Refused(t, b.Exchange(&wrong, code), 400, "invalid_grant")
	wrong.Verifier = c.Verifier[:42]
	agent.Refused(t, b.Exchange(&wrong, code), 400, "invalid_grant")
	wrong = *c
	wrong.Redirect = "http://127.0.0.1:49153/callback"
	agent.Refused(t, b.Exchange(&wrong, code), 400, "invalid_grant") // RFC 6749 4.1.3
	wrong = *c
	wrong.ID = "timesheets-app"
	agent.Refused(t, b.Exchange(&wrong, code), 400, "invalid_grant")
	b.Tokens(b.Exchange(c, code)) // guesses of others do not lock the owner out
}

// An older OpenID Connect client, registered require_pkce: false, signs people
// in without a challenge: RFC 9700 2.1.1 lets its nonce do. It is no way round
// PKCE: what began with a challenge ends with its verifier, and a verifier
// without a challenge tells that somebody took the challenge out (4.8.2).
func TestOlderClientWithoutPKCE(t *testing.T) {
	p := start(t)
	b, c := p.browser(t), agent.Mobile()
	c.ID, c.Redirect, c.Scope = "timesheets-legacy", "http://localhost:3000/callback", "openid offline_access read:timesheets"
	redeem := func(code, verifier string) agent.Answer {
		form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {c.Redirect}}
		if verifier != "" {
			form.Set("code_verifier", verifier)
		}
		return b.Do("POST", "/oauth/token", form, "Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(c.ID+":timesheets-legacy-secret")))
	}
	none := []string{"code_challenge", "", "code_challenge_method", ""}

	got := b.Tokens(redeem(b.Code(c, "ada@example.com", append(none, "nonce", "of-this-sign-in")...), ""))
	if nonce := agent.Claims(t, got.ID, 1)["nonce"]; nonce != "of-this-sign-in" {
		t.Errorf("the ID token repeats the nonce %v, and that is all that protects this client", nonce)
	}
	if q := b.Arrive(c, b.Get(c.AuthorizeURL(append(none, "nonce", "")...))); q.Get("error") != "invalid_request" || !strings.Contains(q.Get("error_description"), "nonce") {
		t.Errorf("without challenge and nonce: %v", q)
	}

	code := b.Code(c, "", append(none, "nonce", "n")...)
	agent.Refused(t, redeem(code, c.Verifier), 400, "invalid_grant") // TK-06
	b.Tokens(redeem(code, ""))
	code = b.Code(c, "")
	agent.Refused(t, redeem(code, strings.Repeat("w", 43)), 400, "invalid_grant")
	agent.Refused(t, redeem(code, ""), 400, "invalid_grant") // TK-03
	b.Tokens(redeem(code, c.Verifier))

	public := agent.Mobile()
	if q := b.Arrive(public, b.Get(public.AuthorizeURL(append(none, "nonce", "n")...))); q.Get("error") != "invalid_request" {
		t.Errorf("a public client without a challenge: %v", q)
	}
}

func TestRevoke(t *testing.T) {
	p := start(t)
	b, c := p.browser(t), agent.Mobile()
	got := b.SignedUp(c, "ada@example.com")
	agent.Refused(t, b.Do("POST", "/oauth/revoke", url.Values{"client_id": {"timesheets-app"}, "token": {got.Refresh}}), 400, "invalid_grant")
	if a := b.API("GET", "/me", got.Access, ""); a.StatusCode != 200 {
		t.Errorf("another client revoked it: %d (RFC 7009 2.1)", a.StatusCode)
	}
	for _, token := range []string{got.Refresh, "nonsense"} {
		a := b.Do("POST", "/oauth/revoke", url.Values{"client_id": {c.ID}, "token": {token}, "token_type_hint": {"access_token"}})
		if kind := a.Header.Get("Content-Type"); a.StatusCode != 200 || strings.TrimSpace(a.Text) != "{}" || !strings.HasPrefix(kind, "application/json") {
			t.Errorf("revoke: %d %q of %q; want 200 and {} as JSON", a.StatusCode, a.Text, kind)
		}
	}
	if a := b.API("GET", "/me", got.Access, ""); a.StatusCode != 401 {
		t.Errorf("after the revocation: %d", a.StatusCode)
	}
	agent.Refused(t, b.Refresh(c, got.Refresh), 400, "invalid_grant")
}

// Auth0's browser SDK wants the issuer with a trailing slash; it is compared
// byte for byte everywhere.
func TestTrailingSlashIssuer(t *testing.T) {
	free := start(t)
	port := free.url[strings.LastIndex(free.url, ":")+1:]
	free.stop()
	issuer := "http://localhost:" + port + "/"
	p := start(t, "--addr", "127.0.0.1:"+port, "--issuer", issuer)
	b, c := p.browser(t), agent.Mobile()
	documents := []string{"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"}
	for _, path := range slices.Clone(documents) { // as clients ask that leave the slash where it is
		documents = append(documents, "/"+path, path+"/")
	}
	for _, path := range documents {
		doc := b.Get(p.base() + path).JSON(t)
		if doc["issuer"] != issuer || doc["token_endpoint"] != "http://localhost:"+port+"/oauth/token" {
			t.Errorf("%s: issuer %v, token_endpoint %v", path, doc["issuer"], doc["token_endpoint"])
		}
	}
	got := b.SignedUp(c, "ada@example.com") // arrive compares iss
	for _, token := range []string{got.Access, got.ID} {
		if iss := agent.Claims(t, token, 1)["iss"]; iss != issuer {
			t.Errorf("iss = %v, want %s", iss, issuer)
		}
	}
	if aud := agent.Claims(t, got.Access, 1)["aud"]; aud != "http://localhost:"+port+"/api" {
		t.Errorf("aud = %v", aud)
	}
	if a := b.API("GET", "/me", got.Access, ""); a.StatusCode != 200 {
		t.Errorf("api: %d", a.StatusCode)
	}
}

// What an authorization request must look like, before anybody is asked to
// log in: an unsafe address gets a page, everything else goes back to the app.
func TestAuthorizationRequests(t *testing.T) {
	p := start(t)
	b, c := p.browser(t), agent.Mobile()
	pages := map[string]string{
		"no client":              c.AuthorizeURL("client_id", ""),
		"unknown client":         c.AuthorizeURL("client_id", "nobody"),
		"hostile client":         c.AuthorizeURL("client_id", `"><script>alert(1)</script>`),
		"unknown redirect":       c.AuthorizeURL("redirect_uri", "https://evil.example/cb"),
		"user-info in redirect":  c.AuthorizeURL("redirect_uri", "http://evil@127.0.0.1:5/callback"),
		"no redirect, openid":    c.AuthorizeURL("redirect_uri", ""),
		"client twice":           c.AuthorizeURL() + "&client_id=timesheets-app",
		"redirect twice":         c.AuthorizeURL() + "&redirect_uri=https%3A%2F%2Fevil.example",
		"state of 60 kB":         c.AuthorizeURL("state", strings.Repeat("s", 60<<10)),
		"state of 3 kB":          c.AuthorizeURL("state", strings.Repeat("s", 3<<10)),
		"undecodable":            c.AuthorizeURL() + "&x=%zz",
		"port for a web client":  c.AuthorizeURL("client_id", "timesheets-spa", "redirect_uri", "http://localhost:3001/callback"),
		"loopback of other kind": c.AuthorizeURL("client_id", "timesheets-web", "redirect_uri", "http://127.0.0.1:8080/callback"),
	}
	for name, target := range pages {
		t.Run(name, func(t *testing.T) {
			a := b.Get(target)
			if a.StatusCode != 400 || a.Header.Get("Location") != "" || !strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") {
				t.Errorf("%d to %q as %s, want a page with 400", a.StatusCode, a.Header.Get("Location"), a.Header.Get("Content-Type"))
			}
			if strings.Contains(a.Text, "<script>alert") || strings.Contains(a.Text, `href="https://evil`) {
				t.Error("hostile input is live on the page")
			}
		})
	}
	redirected := []struct{ name, target, code string }{
		{"no response_type", c.AuthorizeURL("response_type", ""), "invalid_request"},
		{"implicit", c.AuthorizeURL("response_type", "token"), "unsupported_response_type"},
		{"hybrid", c.AuthorizeURL("response_type", "code id_token"), "unsupported_response_type"},
		{"no challenge", c.AuthorizeURL("code_challenge", ""), "invalid_request"},
		{"no method", c.AuthorizeURL("code_challenge_method", ""), "invalid_request"},
		{"plain", c.AuthorizeURL("code_challenge_method", "plain"), "invalid_request"},
		{"challenge of 42", c.AuthorizeURL("code_challenge", strings.Repeat("a", 42)), "invalid_request"},
		{"challenge of 44", c.AuthorizeURL("code_challenge", strings.Repeat("a", 44)), "invalid_request"},
		{"challenge with plus", c.AuthorizeURL("code_challenge", strings.Repeat("a", 42)+"+"), "invalid_request"},
		{"no scope", c.AuthorizeURL("scope", ""), "invalid_scope"},
		{"scope not this client's", c.AuthorizeURL("scope", "batch:upload"), "invalid_scope"},
		{"scope with quote", c.AuthorizeURL("scope", `openid "x`), "invalid_scope"},
		{"other audience", c.AuthorizeURL("audience", "https://other.example/api"), "invalid_target"},
		{"other resource", c.AuthorizeURL("resource", "https://other.example/api"), "invalid_target"},
		{"prompt none login", c.AuthorizeURL("prompt", "none login"), "invalid_request"},
		{"prompt junk", c.AuthorizeURL("prompt", "junk"), "invalid_request"},
		{"prompt none", c.AuthorizeURL("prompt", "none"), "login_required"},
		{"max_age -5", c.AuthorizeURL("max_age", "-5"), "invalid_request"},
		{"max_age abc", c.AuthorizeURL("max_age", "abc"), "invalid_request"},
		{"response_mode fragment", c.AuthorizeURL("response_mode", "fragment"), "invalid_request"}, // an app without a browser's script never sees one
		{"response_mode junk", c.AuthorizeURL("response_mode", "junk"), "invalid_request"},
		{"request object", c.AuthorizeURL("request", "e30.e30."), "request_not_supported"},
		{"request_uri", c.AuthorizeURL("request_uri", "http://127.0.0.1:1/"), "request_uri_not_supported"},
		{"forged id_token_hint", c.AuthorizeURL("id_token_hint", "e30.e30.e30"), "invalid_request"},
		{"nonce twice", c.AuthorizeURL() + "&nonce=other", "invalid_request"},
	}
	for _, row := range redirected {
		t.Run(row.name, func(t *testing.T) {
			q := b.Arrive(c, b.Get(row.target))
			if q.Get("error") != row.code || q.Has("code") {
				t.Errorf("error = %q, want %s", q.Get("error"), row.code)
			}
		})
	}
	// OIDC Core 3.1.2.1: POST works like GET, from another origin too.
	target, _ := url.Parse(c.AuthorizeURL())
	a := b.Do("POST", "/authorize", target.Query(), "Origin", "https://app.example", "Sec-Fetch-Site", "cross-site")
	if a.StatusCode != 303 || !strings.HasPrefix(a.Header.Get("Location"), "/authorize?flow=") {
		t.Fatalf("POST: %d %s", a.StatusCode, a.Header.Get("Location"))
	}
	if page := b.Follow(a); page.Request.URL.Path != "/login" {
		t.Errorf("the parked request came to %s", page.Request.URL.Path)
	}
	odd := *c
	odd.State = "a&b=c#d%0d%0a\r\nX:1\"<é"
	b.Code(&odd, "ada@example.com") // arrive compares the state byte for byte
}

// RFC 9126: the app hands its request over itself. What the browser carries
// then is a reference, and nothing that anybody adds to it counts.
func TestPushedAuthorizationRequest(t *testing.T) {
	p := start(t)
	b, eve, c := p.browser(t), p.browser(t), agent.Mobile()
	push := func(extra ...string) agent.Answer {
		asked, err := url.Parse(c.AuthorizeURL(extra...))
		if err != nil {
			t.Fatal(err)
		}
		return b.Do("POST", "/oauth/par", asked.Query())
	}
	link := func(a agent.Answer, extra ...string) string {
		t.Helper()
		m := a.JSON(t)
		uri, _ := m["request_uri"].(string)
		if a.StatusCode != 201 || !strings.HasPrefix(uri, "urn:ietf:params:oauth:request_uri:") || m["expires_in"] != 90.0 || a.Header.Get("Cache-Control") != "no-store" {
			t.Fatalf("push: %d %s", a.StatusCode, a.Text)
		}
		q := url.Values{"client_id": {c.ID}, "request_uri": {uri}}
		for i := 0; i+1 < len(extra); i += 2 {
			q.Set(extra[i], extra[i+1])
		}
		return "/authorize?" + q.Encode()
	}
	over := func(what string, a agent.Answer) {
		t.Helper()
		if a.StatusCode != 400 || a.Header.Get("Location") != "" || !strings.Contains(a.Text, "invalid_request_uri") {
			t.Errorf("%s: %d to %q, want a page with invalid_request_uri", what, a.StatusCode, a.Header.Get("Location"))
		}
	}
	// The app learns of a mistake before it sends anybody away.
	agent.Refused(t, push("code_challenge", ""), 400, "invalid_request")
	agent.Refused(t, push("redirect_uri", "https://evil.example/"), 400, "invalid_request") // RFC 9126 2.4 allows it to confidential clients, and this server to nobody
	agent.Refused(t, push("scope", "batch:upload"), 400, "invalid_scope")
	agent.Refused(t, push("request_uri", "urn:ietf:params:oauth:request_uri:x"), 400, "invalid_request")
	agent.Refused(t, push("client_id", "timesheets-web"), 401, "invalid_client")

	// What is sent beside the reference is ignored.
	here := link(push("scope", "openid read:timesheets"), "scope", c.Scope, "state", "eve", "redirect_uri", "https://evil.example/", "prompt", "none")
	over("another client", eve.Get(strings.Replace(here, c.ID, "timesheets-app", 1)))
	page := b.SignIn(b.Follow(b.Get(here)), "ada@example.com", "timesheets")
	over("a second time, elsewhere", eve.Get(here))
	over("a second time", b.Get(here))
	code := b.Arrive(c, b.Decide(page, "allow", nil)).Get("code") // the flow went on by itself
	if got := b.Tokens(b.Exchange(c, code)); got.Scope != "openid read:timesheets" {
		t.Errorf("scope %q, and %q was pushed", got.Scope, "openid read:timesheets")
	}
	// By POST, from the app's own page.
	posted, err := url.ParseQuery(strings.TrimPrefix(link(push()), "/authorize?"))
	if err != nil {
		t.Fatal(err)
	}
	a := b.Do("POST", "/authorize", posted, "Origin", "https://app.example", "Sec-Fetch-Site", "cross-site")
	if page := b.Follow(a); a.StatusCode != 303 || page.Request.URL.Path != "/consent" {
		t.Errorf("POST: %d, came to %s", a.StatusCode, page.Request.URL.Path)
	}
	over("POST and then GET", b.Get("/authorize?"+posted.Encode()))
}

// Form Post Response Mode: the code stands in no URL. Without a script a
// person presses the button; the policy lets the form go to the app alone.
func TestFormPost(t *testing.T) {
	p := start(t)
	b, c := p.browser(t), agent.Mobile()
	c.State = `<af0&"ifj'slé>`
	handed := func(a agent.Answer) url.Values {
		t.Helper()
		csp, f := a.Header.Get("Content-Security-Policy"), a.Form(t)
		if a.StatusCode != 200 || f.Action != c.Redirect || a.Header.Get("Cache-Control") != "no-store" || a.Header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%d to %q, %v", a.StatusCode, f.Action, a.Header)
		}
		if !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "form-action") || strings.Contains(csp, "unsafe") || strings.Contains(a.Text, "<script>") {
			t.Errorf("policy %s", csp)
		}
		if !strings.Contains(a.Text, "Continue to") {
			t.Error("no button for who has no script")
		}
		if f.Values.Get("state") != c.State || f.Values.Get("iss") != p.issuer {
			t.Errorf("handed over %v", f.Values)
		}
		return f.Values
	}
	page := b.ConsentPage(c, "ada@example.com", "response_mode", "form_post")
	last := b.Decide(page, "allow", nil)
	q := handed(last)
	if got := b.Tokens(b.Exchange(c, q.Get("code"))); got.Access == "" || len(q) != 3 {
		t.Errorf("handed over %v", q)
	}
	if a := b.Get(last.Request.URL.String()); a.StatusCode != 200 || strings.Contains(a.Text, "pcc_") || !strings.Contains(a.Text, "is complete") {
		t.Errorf("reloaded: %d, want the page that says it is complete", a.StatusCode)
	}
	// Errors go the same way, at once and after the person's answer.
	if q := handed(b.Decide(b.ConsentPage(c, "", "response_mode", "form_post"), "deny", nil)); q.Get("error") != "access_denied" || q.Has("code") {
		t.Errorf("denied: %v", q)
	}
	if q := handed(b.Get(c.AuthorizeURL("response_mode", "form_post", "scope", "batch:upload"))); q.Get("error") != "invalid_scope" || q.Get("error_description") == "" {
		t.Errorf("a wrong scope: %v", q)
	}
	// Nothing can be posted to a private-use scheme, and a form changes line ends: said at once, and by query.
	scheme := *c
	scheme.Redirect = "com.exampleco.timesheets:/callback"
	if q := b.Arrive(&scheme, b.Get(scheme.AuthorizeURL("response_mode", "form_post"))); q.Get("error") != "invalid_request" {
		t.Errorf("a private-use scheme: %v", q)
	}
	lines := *c
	lines.State = "a\nb"
	if q := b.Arrive(&lines, b.Get(lines.AuthorizeURL("response_mode", "form_post"))); q.Get("error") != "invalid_request" {
		t.Errorf("a state of two lines: %v", q)
	}
}

// Single-page apps of some libraries read the fragment: the code never reaches
// a web server's log. Multiple Response Types 2.1.
func TestFragment(t *testing.T) {
	p := start(t)
	b, c := p.browser(t), agent.Mobile()
	c.ID, c.Redirect = "timesheets-spa", "http://localhost:5173/callback"
	arrives := func(a agent.Answer) url.Values {
		t.Helper()
		to, err := url.Parse(a.Header.Get("Location"))
		if err != nil || a.StatusCode != 303 || to.RawQuery != "" || !strings.HasPrefix(a.Header.Get("Location"), c.Redirect+"#") {
			t.Fatalf("%d to %q", a.StatusCode, a.Header.Get("Location"))
		}
		q, err := url.ParseQuery(to.EscapedFragment())
		if err != nil || q.Get("state") != c.State || q.Get("iss") != p.issuer {
			t.Errorf("%v %v", q, err)
		}
		return q
	}
	q := arrives(b.Decide(b.ConsentPage(c, "ada@example.com", "response_mode", "fragment"), "allow", nil))
	if b.Tokens(b.Exchange(c, q.Get("code"))).Access == "" {
		t.Error("no token")
	}
	if q := arrives(b.Get(c.AuthorizeURL("response_mode", "fragment", "prompt", "none login"))); q.Get("error") != "invalid_request" {
		t.Errorf("an error: %v", q)
	}
	if q := b.Arrive(c, b.Get(c.AuthorizeURL("response_mode", "form_post"))); q.Get("error") != "invalid_request" {
		t.Errorf("form_post to a page without a server: %v", q)
	}
}

// A flow belongs to the browser that began it and to the person it was shown to.
// CSP 3 6.4.1: Chromium binds each redirect that follows a form to the policy of
// its page. In a browser's own window the last of ours is a page, which ends
// that; whoever else asks, and whatever no form came before, gets a redirect.
func TestThePageThatEndsAForm(t *testing.T) {
	p := start(t)
	b := p.browser(t)
	navigates := []string{"Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}
	for name, tc := range map[string]struct {
		redirect string
		header   []string
		page     bool
	}{
		"a window":                    {"http://127.0.0.1:9/callback", navigates, true},
		"a window on a plain address": {"http://127.0.0.1:9/callback", []string{"Upgrade-Insecure-Requests", "1"}, true},
		"a frame":                     {"http://127.0.0.1:9/callback", []string{"Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe", "Upgrade-Insecure-Requests", "1"}, false},
		"a script":                    {"http://127.0.0.1:9/callback", []string{"Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty"}, false},
		"no browser":                  {"http://127.0.0.1:9/callback", nil, false},
		"an app's own scheme":         {"com.exampleco.timesheets:/callback", navigates, false},
	} {
		for _, decision := range []string{"allow", "deny"} {
			c := agent.Mobile()
			c.Redirect = tc.redirect
			f := b.ConsentPage(c, "ada@example.com").Form(t)
			f.Values.Set("decision", decision)
			a := b.Get(b.Do("POST", f.Action, f.Values).Header.Get("Location"), tc.header...)
			to := a.Header.Get("Location")
			if tc.page {
				to = strings.TrimPrefix(a.Header.Get("Refresh"), "0;url=")
			}
			if want := map[bool]int{true: 200, false: 303}[tc.page]; a.StatusCode != want || !strings.HasPrefix(to, c.Redirect+"?") || strings.Contains(a.Text, "pcc_") {
				t.Errorf("%s, %s: %d to %q, want %d", name, decision, a.StatusCode, to, want)
			}
			q, err := url.ParseQuery(to[strings.Index(to, "?")+1:])
			if err != nil || q.Get("state") != c.State || q.Get("iss") != p.issuer || q.Has("code") != (decision == "allow") || q.Has("error") != (decision == "deny") {
				t.Errorf("%s, %s: the app gets %v", name, decision, q)
			}
		}
	}
	// No form came before: a redirect, also in a window.
	c := agent.Mobile()
	if a := b.Get(c.AuthorizeURL("prompt", "none"), navigates...); a.StatusCode != 303 || a.Header.Get("Refresh") != "" {
		t.Errorf("prompt=none: %d", a.StatusCode)
	}
}

func TestFlowsCannotBeTaken(t *testing.T) {
	p := start(t)
	ada, eve, c := p.browser(t), p.browser(t), agent.Mobile()
	page := ada.ConsentPage(c, "ada@example.com")
	eve.SignIn(eve.Get("/login"), "alan@example.com", "timesheets")
	if a := eve.Get(page.Request.URL.RequestURI()); a.StatusCode != 403 {
		t.Errorf("another browser got the consent page: %d", a.StatusCode)
	}
	if a := eve.Decide(page, "allow", nil); a.StatusCode != 403 {
		t.Errorf("another browser decided: %d", a.StatusCode)
	}
	// Alan signs in to Ada's browser while her consent page is open.
	ada.SignIn(ada.Get("/login"), "alan@example.com", "timesheets")
	if a := ada.Decide(page, "allow", nil); a.StatusCode != 403 {
		t.Errorf("Alan granted what was shown to Ada: %d", a.StatusCode)
	}
	f := page.Form(t)
	f.Values.Set("decision", "allow")
	if a := ada.Do("POST", f.Action, f.Values, "Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"); a.StatusCode != 403 {
		t.Errorf("a consent form from another site: %d", a.StatusCode)
	}
	if a := ada.Do("POST", "/login", url.Values{"email": {"ada@example.com"}, "password": {"timesheets"}}, "Sec-Fetch-Site", "same-site", "Origin", "http://localhost:9"); a.StatusCode != 403 {
		t.Errorf("a login form from another port: %d", a.StatusCode)
	}
	if a := ada.Get("/authorize?flow=nonsense"); a.StatusCode != 400 {
		t.Errorf("an invented flow: %d", a.StatusCode)
	}
}

// One consent form, pressed fifty times at once, is one decision; of the codes
// that the answers carry, the last one can be used and no other.
func TestConsentOnce(t *testing.T) {
	p := start(t)
	b, c := p.browser(t), agent.Mobile()
	for range 3 {
		f := b.ConsentPage(c, "ada@example.com").Form(t)
		f.Values.Set("decision", "allow")
		var wg sync.WaitGroup
		var mu sync.Mutex
		statuses := map[int]int{}
		for range 50 {
			wg.Go(func() {
				resp, err := b.HTTP.PostForm(p.base()+f.Action, f.Values)
				if err != nil {
					t.Error(err)
					return
				}
				resp.Body.Close()
				mu.Lock()
				statuses[resp.StatusCode]++
				mu.Unlock()
			})
		}
		wg.Wait()
		if statuses[http.StatusSeeOther] != 50 {
			t.Fatalf("answers %v, want that each press leads on", statuses)
		}
		var codes []string
		for range 5 {
			codes = append(codes, b.Arrive(c, b.Get("/authorize?flow="+f.Values.Get("flow"))).Get("code"))
		}
		for _, code := range codes[:4] {
			if a := b.Exchange(c, code); a.StatusCode != http.StatusBadRequest {
				t.Errorf("a code whose place another one has taken: %d, want 400", a.StatusCode)
			}
		}
		b.Tokens(b.Exchange(c, codes[4]))
		if a := b.Get("/authorize?flow=" + f.Values.Get("flow")); a.StatusCode != http.StatusOK || !strings.Contains(a.Text, "is complete") {
			t.Errorf("after the code was used: %d, want the page that says it is complete", a.StatusCode)
		}
	}
}

func TestRememberedConsent(t *testing.T) {
	p := start(t)
	b := p.browser(t)
	c := agent.Mobile()
	c.ID, c.Redirect, c.Scope = "timesheets-spa", "http://localhost:5173/callback", "openid read:timesheets create:timesheets"
	tick := func(scopes ...string) func(url.Values) {
		return func(v url.Values) { v["scope"] = scopes; v.Set("remember", "1") }
	}
	b.Arrive(c, b.Decide(b.ConsentPage(c, "ada@example.com"), "allow", tick("read:timesheets")))

	less := *c
	less.Scope = "openid read:timesheets"
	if q := b.Arrive(&less, b.Follow(b.Get(less.AuthorizeURL("prompt", "none")))); !q.Has("code") {
		t.Errorf("remembered, and still asked: %v", q)
	}
	b.ConsentPage(c, "")                          // create was not ticked, so it is asked for again
	b.ConsentPage(&less, "", "prompt", "consent") // and prompt=consent always asks
	native := agent.Mobile()
	native.Scope = "openid read:timesheets" // no more than is ticked, or the rest would be asked for anyway
	b.Decide(b.ConsentPage(native, ""), "allow", func(v url.Values) { v.Set("remember", "1") })
	b.ConsentPage(native, "") // RFC 8252 8.6: a native app is never waved through
}

// Ada looks at what stands open in her name, and closes it, bit by bit.
func TestAccount(t *testing.T) {
	p := start(t)
	b, c := p.browser(t), agent.Mobile()

	// Nobody is signed in: the page asks who is there, and then it is shown.
	page := b.Follow(b.Get("/account"))
	if page.Request.URL.Path != "/login" {
		t.Fatalf("came to %s %d", page.Request.URL, page.StatusCode)
	}
	page = b.SignIn(page, "ada@example.com", "timesheets")
	if page.Request.URL.Path != "/account" || !strings.Contains(page.Text, "No app can do anything in your name") {
		t.Fatalf("came to %s %d\n%.400s", page.Request.URL, page.StatusCode, page.Text)
	}
	if start := b.Get("/"); !strings.Contains(start.Text, `href="/account"`) {
		t.Error("the start page does not lead to it")
	}

	// An app is allowed something, and uses it.
	got := b.SignedUp(c, "ada@example.com")
	b.API("GET", "/timesheets", got.Access, "")
	page = b.Get("/account")
	for _, want := range []string{"Timesheets Mobile", "Add timesheets for you", "create:timesheets", "Used <time", "just now", "this browser"} {
		if !strings.Contains(page.Text, want) {
			t.Errorf("the page does not say %q", want)
		}
	}

	// One scope back: the token that carries it is dead, the next one lacks it.
	page = b.Follow(b.Press("take-back", "client", c.ID, "scope", "create:timesheets"))
	if !strings.Contains(page.Text, "can no longer do this: Add timesheets for you") {
		t.Error("the page does not say what was done")
	}
	if a := b.API("GET", "/timesheets", got.Access, ""); a.StatusCode != 401 {
		t.Errorf("the access token that carries the scope: %d", a.StatusCode)
	}
	got = b.Tokens(b.Refresh(c, got.Refresh, "scope", c.Scope))
	if want := "openid profile email offline_access read:timesheets"; got.Scope != want {
		t.Errorf("refreshed to %q, want %q", got.Scope, want)
	}
	if a := b.API("POST", "/timesheets", got.Access, `{}`); a.StatusCode != 403 {
		t.Errorf("what was taken back: %d", a.StatusCode)
	}

	// Another browser, and with it another app; its end is the app's end.
	phone := p.browser(t)
	theirs := phone.SignedUp(c, "ada@example.com")
	ids := regexp.MustCompile(`name="browser" value="([^"]+)"`).FindStringSubmatch(b.Get("/account").Text)
	if ids == nil {
		t.Fatal("the other browser is not listed")
	}
	b.Press("end-browser", "browser", ids[1])
	if page := phone.Follow(phone.Get("/account")); page.Request.URL.Path != "/login" {
		t.Errorf("the other browser is still signed in: %s", page.Request.URL)
	}
	agent.Refused(t, phone.Refresh(c, theirs.Refresh), 400, "invalid_grant")
	got = b.Tokens(b.Refresh(c, got.Refresh))

	// A new password: she goes on here, and with the old one nobody goes anywhere.
	if a := b.Press("change-password", "current_password", "timesheets", "new_password", "an hour a day", "repeat_password", "an hour a day"); a.StatusCode != 303 {
		t.Fatalf("the change: %d %.300s", a.StatusCode, a.Text)
	}
	if page := b.Get("/account"); !strings.Contains(page.Text, "Your password is changed") {
		t.Error("the page does not say so")
	}
	if a := phone.SignIn(phone.Follow(phone.Get("/account")), "ada@example.com", "timesheets"); a.StatusCode != 422 {
		t.Errorf("the old password: %d", a.StatusCode)
	}
	if a := b.API("GET", "/me", got.Access, ""); a.StatusCode != 200 {
		t.Errorf("the app that was signed in through this browser: %d", a.StatusCode)
	}

	// And out.
	page = b.Follow(b.Press("sign-out-everywhere"))
	if !strings.Contains(page.Text, "signed out everywhere") {
		t.Errorf("the page does not say so: %s %d", page.Request.URL, page.StatusCode)
	}
	if a := b.API("GET", "/me", got.Access, ""); a.StatusCode != 401 {
		t.Errorf("the access token: %d", a.StatusCode)
	}
	agent.Refused(t, b.Refresh(c, got.Refresh), 400, "invalid_grant")
}

func TestHeldScopesAreTicked(t *testing.T) {
	p := start(t)
	b, c := p.browser(t), agent.Mobile()
	c.ID, c.Redirect, c.Scope = "timesheets-spa", "http://localhost:5173/callback", "openid offline_access read:timesheets delete:timesheets"
	page := b.ConsentPage(c, "ada@example.com")
	if got := page.Form(t).Boxes["delete:timesheets"]; got != "" {
		t.Fatalf("delete is %q at first, want it empty", got)
	}
	got := b.Tokens(b.Exchange(c, b.Arrive(c, b.Decide(page, "allow", func(v url.Values) {
		v["scope"] = []string{"offline_access", "delete:timesheets"}
	})).Get("code")))
	c.Scope += " create:timesheets"
	if got := b.ConsentPage(c, "").Form(t).Boxes["delete:timesheets"]; got != "checked" {
		t.Errorf("delete is %q when one more is asked for, want checked", got)
	}
	if got := b.ConsentPage(agent.Mobile(), "").Form(t).Boxes["delete:timesheets"]; got != "" {
		t.Errorf("another client's delete is %q, want it empty", got)
	}
	b.Do("POST", "/oauth/revoke", url.Values{"client_id": {c.ID}, "token": {got.Refresh}})
	if got := b.ConsentPage(c, "").Form(t).Boxes["delete:timesheets"]; got != "" {
		t.Errorf("delete is %q after the revocation, want it empty", got)
	}
}

func TestFreshLogin(t *testing.T) {
	p := start(t)
	b, c := p.browser(t), agent.Mobile()
	b.Code(c, "ada@example.com")
	for _, extra := range [][]string{{"prompt", "login"}, {"max_age", "0"}} {
		if page := b.Follow(b.Get(c.AuthorizeURL(extra...))); page.Request.URL.Path != "/login" {
			t.Errorf("%v did not ask for the password: %s", extra, page.Request.URL.Path)
		}
	}
	other := p.browser(t)
	hint := other.SignedUp(agent.Mobile(), "alan@example.com").ID
	q := b.Arrive(c, b.Follow(b.Get(c.AuthorizeURL("prompt", "none", "id_token_hint", hint))))
	if q.Get("error") != "login_required" {
		t.Errorf("Alan's hint with Ada signed in: %v, want login_required", q)
	}
}

// RFC 9470: whoever approves with a token of an old sign-in is sent to sign in
// again. A refresh does not help, nor does a flow that asks for no fresh
// sign-in; one with the max_age of the challenge does.
func TestStepUpForApprovals(t *testing.T) {
	var w watch
	p := startAt(t, w.now, filepath.Join(t.TempDir(), "punchcard.db"), "--approve-max-age", "5m")
	ada, grace, c := p.browser(t), p.browser(t), agent.Mobile()
	day := w.now().Format(time.DateOnly)
	created := ada.API("POST", "/timesheets", ada.SignedUp(c, "ada@example.com").Access, `{"project":"Apollo","date":"`+day+`","hours":2.5}`)
	id, _ := created.JSON(t)["id"].(string)
	got := grace.SignedUp(c, "grace@example.com")
	insufficient := func(token string) {
		t.Helper()
		a := grace.API("PUT", "/approvals/"+id, token, `{"decision":"approve"}`)
		for _, piece := range []string{`Bearer `, `error="insufficient_user_authentication"`, `error_description=`, `max_age="300"`, `resource_metadata="` + p.base()} {
			if a.StatusCode != 401 || !strings.Contains(a.Header.Get("WWW-Authenticate"), piece) || a.Header.Get("Content-Type") != "application/problem+json" {
				t.Errorf("%d %q, want 401 with %s", a.StatusCode, a.Header.Get("WWW-Authenticate"), piece)
			}
		}
	}
	w.move(6 * time.Minute)
	insufficient(got.Access)
	if a := grace.API("GET", "/approvals", got.Access, ""); a.StatusCode != 200 || !strings.Contains(a.Text, id) {
		t.Errorf("to look demands nothing: %d", a.StatusCode)
	}
	next := grace.Tokens(grace.Refresh(c, got.Refresh))
	if was, is := agent.Claims(t, got.Access, 1)["auth_time"], agent.Claims(t, next.Access, 1)["auth_time"]; was != is {
		t.Errorf("auth_time was %v and is %v after a refresh (OIDC Core 12.2)", was, is)
	}
	insufficient(next.Access)
	insufficient(grace.SignedUp(c, "").Access) // the browser is still signed in, since six minutes ago

	page := grace.Follow(grace.Get(c.AuthorizeURL("max_age", "300")))
	if page.Request.URL.Path != "/login" {
		t.Fatalf("max_age=300 led to %s, want the login", page.Request.URL.Path)
	}
	page = grace.SignIn(page, "grace@example.com", "timesheets")
	fresh := grace.Tokens(grace.Exchange(c, grace.Arrive(c, grace.Decide(page, "allow", nil)).Get("code")))
	if a := grace.API("PUT", "/approvals/"+id, fresh.Access, `{"decision":"approve"}`); a.StatusCode != 200 || a.JSON(t)["status"] != "approved" {
		t.Errorf("after the fresh sign-in: %d %s", a.StatusCode, a.Text)
	}
	if exit, said := refusedStart(t, "--approve-max-age", "1500ms", "--db", filepath.Join(t.TempDir(), "x.db")); exit != 2 || !strings.Contains(said, "whole seconds") {
		t.Errorf("a fraction of a second: exit %d, %q", exit, said)
	}
}

// Nothing tells which accounts exist, and guessing gets slow.
// OIDC Core 3.1.2.1, prompt=select_account: the person says which account it
// shall be, also where consent is remembered.
func TestSelectAccount(t *testing.T) {
	p := start(t)
	b, c := p.browser(t), agent.Mobile()
	c.ID, c.Redirect, c.Scope = "timesheets-spa", "http://localhost:5173/callback", "openid profile read:timesheets"
	at := func(a agent.Answer, path string) agent.Answer {
		t.Helper()
		if a.Request.URL.Path != path || a.StatusCode != 200 {
			t.Fatalf("came to %s %d, want %s", a.Request.URL.Path, a.StatusCode, path)
		}
		return a
	}
	subject := func(a agent.Answer) any {
		t.Helper()
		return agent.Claims(t, b.Tokens(b.Exchange(c, b.Arrive(c, a).Get("code"))).ID, 1)["sub"]
	}
	ask := func(extra ...string) agent.Answer {
		return b.Follow(b.Get(c.AuthorizeURL(append([]string{"prompt", "select_account"}, extra...)...)))
	}
	// Nobody is signed in: signing in is choosing.
	page := at(b.SignIn(at(ask(), "/login"), "ada@example.com", "timesheets"), "/consent")
	if sub := subject(b.Decide(page, "allow", func(v url.Values) { v.Set("remember", "1") })); sub != "usr_ada" {
		t.Errorf("the token is %v's", sub)
	}
	// The consent is remembered, and the choice is asked for all the same.
	page = at(ask(), "/select-account")
	f := page.Form(t)
	if !strings.Contains(page.Text, "Ada Lovelace") || strings.Contains(page.Header.Get("Content-Security-Policy"), "script") {
		t.Errorf("the page: %.300s", page.Text)
	}
	if sub := subject(b.Follow(b.Do("POST", f.Action, f.Values))); sub != "usr_ada" {
		t.Errorf("went on as Ada, and the token is %v's", sub)
	}
	if a := b.Follow(b.Do("POST", f.Action, f.Values)); a.StatusCode != 200 || !strings.Contains(a.Text, "is complete") {
		t.Errorf("the button once more: %d, want the page that says it is complete", a.StatusCode)
	}
	// A form that was drawn for somebody else chooses nothing, and no other site can send one.
	page = ask()
	f = page.Form(t)
	if a := b.Do("POST", f.Action, f.Values, "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"); a.StatusCode != 403 {
		t.Errorf("from another site: %d", a.StatusCode)
	}
	f.Values.Set("session", strings.Repeat("0", 32))
	at(b.Follow(b.Do("POST", f.Action, f.Values)), "/select-account")
	// No later step can be called instead.
	if a := b.Follow(b.Get("/consent?flow=" + f.Values.Get("flow"))); a.Request.URL.Path != "/select-account" {
		t.Errorf("the consent page before the choice: %s", a.Request.URL.Path)
	}
	// Somebody else.
	other := b.Get("/login?flow=" + f.Values.Get("flow"))
	page = at(b.SignIn(other, "alan@example.com", "timesheets"), "/consent")
	if sub := subject(b.Decide(page, "allow", nil)); sub != "usr_alan" {
		t.Errorf("signed in as Alan, and the token is %v's", sub)
	}
	at(ask("prompt", "select_account login"), "/login")
	if q := b.Arrive(c, b.Get(c.AuthorizeURL("prompt", "none select_account"))); q.Get("error") != "invalid_request" {
		t.Errorf("prompt=none select_account: %v", q)
	}
	if doc := b.Get("/.well-known/openid-configuration").JSON(t); !slices.Contains(doc["prompt_values_supported"].([]any), any("select_account")) {
		t.Errorf("prompt_values_supported %v", doc["prompt_values_supported"])
	}
}

func TestLogin(t *testing.T) {
	p := start(t)
	b := p.browser(t)
	before := b.Get("/login")
	if page := b.Get("/login?email=ada%40example.com"); !strings.Contains(page.Text, `value="ada@example.com"`) {
		t.Error("the link does not fill in the e-mail")
	}
	known := b.SignIn(before, "ada@example.com", "wrong")
	unknown := b.SignIn(before, "eve@example.com", "wrong")
	if known.StatusCode != unknown.StatusCode || strings.ReplaceAll(known.Text, "ada@", "eve@") != strings.ReplaceAll(unknown.Text, "ada@", "eve@") {
		t.Error("the answer tells whether an account exists")
	}
	for range 8 {
		known = b.SignIn(before, "ada@example.com", "wrong")
	}
	if known.StatusCode != 429 || known.Header.Get("Retry-After") == "" {
		t.Errorf("ten wrong passwords: %d, want 429 with Retry-After", known.StatusCode)
	}
}

// OWASP ASVS 7.2.4: a session id from before the login is worth nothing after it.
func TestNewSessionAtLogin(t *testing.T) {
	p := start(t)
	b := p.browser(t)
	cookie := func() string {
		u, _ := url.Parse(p.base())
		for _, c := range b.HTTP.Jar.Cookies(u) {
			if strings.Contains(c.Name, "session") {
				return c.Name + "=" + c.Value
			}
		}
		return ""
	}
	b.SignIn(b.Get("/login"), "ada@example.com", "timesheets")
	first := cookie()
	b.SignIn(b.Get("/login"), "ada@example.com", "timesheets")
	if first == "" || cookie() == first {
		t.Fatal("the session id did not change at login")
	}
	stale := p.browser(t)
	// Only the first step carries the cookie; after it nobody is signed in anyway.
	if to := stale.Get(agent.Mobile().AuthorizeURL(), "Cookie", first).Header.Get("Location"); !strings.HasPrefix(to, "/login?") {
		t.Errorf("the old session still counts: sent to %s", to)
	}
}

func TestClientsAtTheTokenEndpoint(t *testing.T) {
	p := start(t)
	b := p.browser(t)
	basic := func(id, secret string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(id)+":"+url.QueryEscape(secret)))
	}
	cc := url.Values{"grant_type": {"client_credentials"}}
	post := func(v url.Values, extra ...string) url.Values {
		out := url.Values{}
		for k := range v {
			out[k] = v[k]
		}
		for i := 0; i+1 < len(extra); i += 2 {
			out.Set(extra[i], extra[i+1])
		}
		return out
	}
	good := basic("timesheets-cron", "timesheets-cron-secret")
	got := b.Tokens(b.Do("POST", "/oauth/token", cc, "Authorization", good))
	if got.Scope != "batch:upload" || got.Refresh != "" || got.ID != "" || agent.Claims(t, got.Access, 1)["sub"] != "timesheets-cron" {
		t.Errorf("client credentials: %+v", got)
	}
	b.Tokens(b.Do("POST", "/oauth/token", post(cc, "client_id", "timesheets-cron"), "Authorization", good))
	b.Tokens(b.Do("POST", "/oauth/token", post(cc, "client_id", "timesheets-cron", "client_secret", "timesheets-cron-secret")))

	wrong := b.Do("POST", "/oauth/token", cc, "Authorization", basic("timesheets-cron", "wrong"))
	agent.Refused(t, wrong, 401, "invalid_client")
	if !strings.HasPrefix(wrong.Header.Get("WWW-Authenticate"), "Basic") {
		t.Error("no Basic challenge (RFC 6749 5.2)")
	}
	agent.Refused(t, b.Do("POST", "/oauth/token", post(cc, "client_id", "timesheets-cron", "client_secret", "timesheets-cron-secret"), "Authorization", good), 400, "invalid_request")
	agent.Refused(t, b.Do("POST", "/oauth/token", post(cc, "client_id", "timesheets-web"), "Authorization", good), 400, "invalid_request")
	agent.Refused(t, b.Do("POST", "/oauth/token", post(cc, "scope", "read:timesheets"), "Authorization", good), 400, "invalid_scope")
	agent.Refused(t, b.Do("POST", "/oauth/token", post(cc, "scope", "openid"), "Authorization", good), 400, "invalid_scope")
	agent.Refused(t, b.Do("POST", "/oauth/token", url.Values{"grant_type": {"password"}}, "Authorization", good), 400, "unsupported_grant_type")
	agent.Refused(t, b.Do("POST", "/oauth/token", url.Values{"client_id": {"x"}}), 400, "invalid_request")
	agent.Refused(t, b.Do("POST", "/oauth/token", post(cc, "client_id", "timesheets-mobile")), 400, "unauthorized_client")
	twice := post(cc)
	twice["grant_type"] = []string{"client_credentials", "client_credentials"}
	agent.Refused(t, b.Do("POST", "/oauth/token", twice, "Authorization", good), 400, "invalid_request")
	agent.Refused(t, b.Do("POST", "/oauth/token", cc, "Authorization", good, "Content-Type", "application/json"), 415, "invalid_request")
	agent.Refused(t, b.Do("POST", "/oauth/token", cc, "Authorization", good, "Content-Type", "multipart/form-data; boundary=x"), 415, "invalid_request")
	if a := b.Get("/oauth/token"); a.StatusCode != 405 || a.Header.Get("Allow") != "POST" {
		t.Errorf("GET: %d Allow %q", a.StatusCode, a.Header.Get("Allow"))
	}

	// RFC 6749 2.3.1: some libraries send Basic with an empty secret for a public
	// client, which has none. It says who asks, at every endpoint for clients; for
	// a client with a secret it is a wrong one, and introspection wants to know who asks.
	c := agent.Mobile()
	code := b.Code(c, "ada@example.com")
	body := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {c.Redirect}, "code_verifier": {c.Verifier}}
	agent.Refused(t, b.Do("POST", "/oauth/token", body, "Authorization", basic(c.ID, "guess")), 401, "invalid_client")
	agent.Refused(t, b.Do("POST", "/oauth/token", cc, "Authorization", basic("timesheets-cron", "")), 401, "invalid_client")
	mine := b.Tokens(b.Do("POST", "/oauth/token", body, "Authorization", basic(c.ID, "")))
	agent.Refused(t, b.Do("POST", "/oauth/introspect", url.Values{"token": {mine.Access}}, "Authorization", basic(c.ID, "")), 401, "invalid_client")
	pushed, err := url.Parse(c.AuthorizeURL("client_id", ""))
	if err != nil {
		t.Fatal(err)
	}
	for path, form := range map[string]url.Values{
		"/oauth/device/code": {"scope": {"openid"}}, "/oauth/par": pushed.Query(), "/oauth/revoke": {"token": {mine.Refresh}},
	} {
		if a := b.Do("POST", path, form, "Authorization", basic(c.ID, "")); a.StatusCode != 200 && a.StatusCode != 201 {
			t.Errorf("%s: %d %s", path, a.StatusCode, a.Text)
		}
	}
}

// keyedClient signs what it says of itself, by hand: header, claims, and r and s
// of ECDSA, 32 bytes each (RFC 7518 3.4).
type keyedClient struct {
	id, kid string
	key     *ecdsa.PrivateKey
}

func (c *keyedClient) assertion(t *testing.T, claims map[string]any) string {
	t.Helper()
	head, err := json.Marshal(map[string]string{"alg": "ES256", "kid": c.kid})
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	signed := base64.RawURLEncoding.EncodeToString(head) + "." + base64.RawURLEncoding.EncodeToString(body)
	digest := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, c.key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	signature := append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// fresh is an assertion that is good now, once.
func (c *keyedClient) fresh(t *testing.T, aud string) url.Values {
	t.Helper()
	now := time.Now()
	return url.Values{"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "client_assertion": {c.assertion(t, map[string]any{
		"iss": c.id, "sub": c.id, "aud": aud, "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(), "jti": rand.Text(),
	})}}
}

// declared is the client's part of a configuration.
func (c *keyedClient) declared(t *testing.T) string {
	t.Helper()
	point, err := c.key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("    token_endpoint_auth_methods: [private_key_jwt]\n    jwks: {\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":%q,\"x\":%q,\"y\":%q}]}\n",
		c.kid, base64.RawURLEncoding.EncodeToString(point[1:33]), base64.RawURLEncoding.EncodeToString(point[33:]))
}

// The nightly import and the gateway sign what they say of themselves, RFC 7523
// 2.2: nothing that opens anything is in the configuration, the file or on the
// way, where what was used once is worth nothing.
func TestClientsThatSign(t *testing.T) {
	clients := map[string]*keyedClient{}
	text := func(text string) string {
		for _, id := range []string{"timesheets-cron", "timesheets-gateway"} {
			key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			clients[id] = &keyedClient{id: id, kid: "of " + id, key: key}
			text = strings.Replace(text, "    secret: "+id+"-"+strings.Repeat("secret", 6)+"\n", clients[id].declared(t), 1)
		}
		return text
	}
	p := start(t, "--config", configured(t, text))
	b, cron, gateway := p.browser(t), clients["timesheets-cron"], clients["timesheets-gateway"]
	doc := b.Get("/.well-known/oauth-authorization-server").JSON(t)
	if fmt.Sprint(doc["token_endpoint_auth_signing_alg_values_supported"]) != "[ES256 PS256 RS256]" {
		t.Errorf("algorithms: %v", doc["token_endpoint_auth_signing_alg_values_supported"])
	}

	form := cron.fresh(t, p.issuer)
	form.Set("grant_type", "client_credentials")
	got := b.Tokens(b.Do("POST", "/oauth/token", form))
	if c := agent.Claims(t, got.Access, 1); c["sub"] != cron.id || c["client_id"] != cron.id || got.Scope != "batch:upload" {
		t.Errorf("scope %q, claims %v", got.Scope, c)
	}
	replay := b.Do("POST", "/oauth/token", form)
	agent.Refused(t, replay, 401, "invalid_client")
	if h := replay.Header.Get("WWW-Authenticate"); h != "" {
		t.Errorf("challenged by %q", h)
	}

	// The token endpoint's own address is what OIDC Core 9 has older clients say.
	ask := gateway.fresh(t, p.base()+"/oauth/token")
	ask.Set("token", got.Access)
	if m := b.Do("POST", "/oauth/introspect", ask).JSON(t); m["active"] != true || m["client_id"] != cron.id {
		t.Errorf("introspection by a client that signs: %v", m)
	}
	stolen := *gateway
	stolen.id = cron.id
	as := stolen.fresh(t, p.issuer)
	as.Set("grant_type", "client_credentials")
	agent.Refused(t, b.Do("POST", "/oauth/token", as), 401, "invalid_client")

	end := cron.fresh(t, p.base()+"/oauth/revoke")
	end.Set("token", got.Access)
	if a := b.Do("POST", "/oauth/revoke", end); a.StatusCode != 200 || strings.TrimSpace(a.Text) != "{}" {
		t.Errorf("revocation: %d %s", a.StatusCode, a.Text)
	}
	p.stop()
	for _, file := range []string{p.db, p.db + "-wal"} {
		if raw, _ := os.ReadFile(file); bytes.Contains(raw, []byte(form.Get("client_assertion"))) {
			t.Errorf("%s holds an assertion", filepath.Base(file))
		}
	}
	if strings.Contains(p.stderr.String(), form.Get("client_assertion")) {
		t.Error("the log holds an assertion")
	}
}

func TestIntrospectionAndUserinfo(t *testing.T) {
	p := start(t)
	b, c := p.browser(t), agent.Mobile()
	got := b.SignedUp(c, "ada@example.com")
	ask := func(client, token string) agent.Answer {
		return b.Do("POST", "/oauth/introspect", url.Values{"client_id": {client}, "client_secret": {client + "-secret"}, "token": {token}})
	}
	m := ask("timesheets-gateway", got.Access).JSON(t)
	if m["active"] != true || m["sub"] != "usr_ada" || m["client_id"] != c.ID || m["scope"] != got.Scope || m["iss"] != p.issuer || m["aud"] != p.base()+"/api" {
		t.Errorf("introspection: %v", m)
	}
	for name, token := range map[string]string{"refresh token": got.Refresh, "ID token": got.ID, "nonsense": "x", "truncated": got.Access[:len(got.Access)-1]} {
		if a := ask("timesheets-gateway", token); strings.TrimSpace(a.Text) != `{"active":false}` {
			t.Errorf("%s: %s, want exactly {\"active\":false} (RFC 7662 2.2)", name, a.Text)
		}
	}
	if a := ask("timesheets-web", got.Access); a.StatusCode != 200 || strings.TrimSpace(a.Text) != `{"active":false}` {
		t.Errorf("about another client's token: %d %s, want exactly {\"active\":false} (RFC 7662 2.2)", a.StatusCode, a.Text)
	}
	agent.Refused(t, b.Do("POST", "/oauth/introspect", url.Values{"token": {got.Access}}), 401, "invalid_client")
	agent.Refused(t, b.Do("POST", "/oauth/introspect", url.Values{"token": {got.Access}}, "Authorization", "Bearer "+got.Access), 401, "invalid_client")

	a := b.Get("/userinfo", "Authorization", "Bearer "+got.Access)
	if m := a.JSON(t); a.StatusCode != 200 || m["sub"] != "usr_ada" || m["email"] != "ada@example.com" || m["name"] != "Ada Lovelace" {
		t.Errorf("userinfo: %d %s", a.StatusCode, a.Text)
	}
	if a := b.Get("/userinfo"); a.StatusCode != 401 || strings.Contains(a.Header.Get("WWW-Authenticate"), "error=") || a.Text != "" {
		t.Errorf("no token: %d %q %q (RFC 6750 3.1)", a.StatusCode, a.Header.Get("WWW-Authenticate"), a.Text)
	}
	c.Scope = "read:timesheets"
	plain := b.SignedUp(c, "")
	if a := b.Get("/userinfo", "Authorization", "Bearer "+plain.Access); a.StatusCode != 403 || !strings.Contains(a.Header.Get("WWW-Authenticate"), `scope="openid"`) {
		t.Errorf("without openid: %d %s", a.StatusCode, a.Header.Get("WWW-Authenticate"))
	}
	if plain.ID != "" || plain.Refresh != "" {
		t.Error("an ID or refresh token that nobody asked for")
	}
}

// RFC 9449: Ada's phone keeps a key that never leaves it, and binds to it the
// code, the tokens and all that comes of them. Who copies any of these has
// nothing.
func TestTokensBoundToAKey(t *testing.T) {
	p := start(t, "--dpop-nonces", "--config", configured(t, replacing(
		"    grants: [client_credentials]\n", "    grants: [client_credentials]\n    dpop_bound_access_tokens: true\n")))
	b, c := p.browser(t), agent.Mobile()
	phone, thief := b.Device(), b.Device()
	exchange := url.Values{"grant_type": {"authorization_code"}, "client_id": {c.ID}, "redirect_uri": {c.Redirect}, "code_verifier": {c.Verifier}}
	refresh := func(token string) url.Values {
		return url.Values{"grant_type": {"refresh_token"}, "client_id": {c.ID}, "refresh_token": {token}}
	}

	exchange.Set("code", b.Code(c, "ada@example.com", "dpop_jkt", phone.JKT()))
	agent.Refused(t, b.Do("POST", "/oauth/token", exchange), 400, "invalid_dpop_proof")
	agent.Refused(t, thief.Token(exchange), 400, "invalid_grant")
	first, asked := phone.Do("POST", p.base()+"/oauth/token", "", exchange)
	got := b.Tokens(first)
	if cnf, _ := agent.Claims(t, got.Access, 1)["cnf"].(map[string]any); !asked || got.Type != "DPoP" || cnf["jkt"] != phone.JKT() {
		t.Errorf("asked for a nonce: %v; token_type %s, cnf %v", asked, got.Type, cnf)
	}

	// At the API, under each name of this machine; a page of a registered origin can read the nonce.
	port := strings.TrimPrefix(p.url, "http://localhost")
	for _, target := range []string{p.base() + "/api/me", "http://127.0.0.1" + port + "/api/me", p.base() + "/userinfo"} {
		a, asked := phone.Do("GET", target, got.Access, nil, "Origin", "http://localhost:3000")
		if a.StatusCode != 200 || asked || !strings.Contains(a.Header.Get("Access-Control-Expose-Headers"), "DPoP-Nonce") {
			t.Errorf("%s: %d, asked for a nonce: %v, %s", target, a.StatusCode, asked, a.Text)
		}
	}
	for what, a := range map[string]agent.Answer{
		"as a bearer token": b.API("GET", "/me", got.Access, ""),
		"without a proof":   b.Get("/api/me", "Authorization", "DPoP "+got.Access),
	} {
		if offers := strings.Join(a.Header.Values("WWW-Authenticate"), "\n"); a.StatusCode != 401 || !strings.Contains(offers, "error=") || !strings.Contains(offers, `DPoP realm="timesheets", algs="ES256 `) {
			t.Errorf("%s: %d %s", what, a.StatusCode, offers)
		}
	}
	thief.Nonce = ""
	if a, asked := thief.Do("GET", p.base()+"/api/me", got.Access, nil); !asked || a.StatusCode != 401 || !strings.Contains(a.Header.Get("WWW-Authenticate"), "invalid_token") {
		t.Errorf("with the thief's key: %d %s", a.StatusCode, a.Text)
	}

	// The refresh token is worth nothing without the key, and trying it does no harm.
	agent.Refused(t, thief.Token(refresh(got.Refresh)), 400, "invalid_grant")
	agent.Refused(t, b.Refresh(c, got.Refresh), 400, "invalid_dpop_proof")
	next := b.Tokens(phone.Token(refresh(got.Refresh)))
	if a, _ := phone.Do("GET", p.base()+"/api/timesheets", next.Access, nil); a.StatusCode != 200 {
		t.Errorf("after the refresh: %d %s", a.StatusCode, a.Text)
	}

	// A client that is registered to bind its tokens gets no others.
	cron := url.Values{"grant_type": {"client_credentials"}, "client_id": {"timesheets-cron"}, "client_secret": {"timesheets-cron-" + strings.Repeat("secret", 6)}}
	agent.Refused(t, b.Do("POST", "/oauth/token", cron), 400, "invalid_dpop_proof")
	if got := b.Tokens(b.Device().Token(cron)); got.Type != "DPoP" {
		t.Errorf("the nightly import got a token of type %s", got.Type)
	}
	for _, path := range []string{"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/.well-known/oauth-protected-resource/api"} {
		if algs := fmt.Sprint(b.Get(path).JSON(t)["dpop_signing_alg_values_supported"]); !strings.HasPrefix(algs, "[ES256 PS256 ") {
			t.Errorf("%s: %s", path, algs)
		}
	}
}

// Metadata lists what works and nothing else: every endpoint in it answers,
// and what later editions will add is absent.
func TestMetadata(t *testing.T) {
	p := start(t)
	b := p.browser(t)
	doc := b.Get("/.well-known/openid-configuration").JSON(t)
	for key, value := range doc {
		if text, ok := value.(string); ok && (strings.HasSuffix(key, "_endpoint") || key == "jwks_uri") {
			if a := b.Get(text); a.StatusCode == 404 {
				t.Errorf("%s %s is advertised and missing", key, text)
			}
		}
	}
	for _, path := range []string{"/lessons", "/metrics"} {
		if a := b.Get(path); a.StatusCode != 404 {
			t.Errorf("%s answers %d before it works", path, a.StatusCode)
		}
	}
	if fmt.Sprint(doc["code_challenge_methods_supported"]) != "[S256]" || doc["authorization_response_iss_parameter_supported"] != true {
		t.Errorf("PKCE %v, iss %v", doc["code_challenge_methods_supported"], doc["authorization_response_iss_parameter_supported"])
	}
	keys := b.Get("/.well-known/jwks.json")
	for _, private := range []string{`"d"`, `"p"`, `"q"`, `"dp"`, `"k"`} {
		if strings.Contains(keys.Text, private) {
			t.Errorf("JWKS has a private member %s", private)
		}
	}
	if n := len(keys.JSON(t)["keys"].([]any)); n != 2 {
		t.Errorf("%d keys, want ES256 and RS256", n)
	}
}

func TestCrossOrigin(t *testing.T) {
	p := start(t)
	b := p.browser(t)
	for _, row := range []struct {
		method, path, origin string
		want                 bool
	}{
		{"OPTIONS", "/oauth/token", "http://localhost:3000", true},
		{"OPTIONS", "/oauth/par", "http://localhost:5173", true},
		{"OPTIONS", "/oauth/revoke", "http://localhost:5173", true},
		{"OPTIONS", "/userinfo", "http://localhost:4200", true},
		{"OPTIONS", "/api/timesheets", "http://localhost:3000", true},
		{"GET", "/.well-known/jwks.json", "http://localhost:3000", true},
		{"OPTIONS", "/oauth/token", "http://localhost:3001", false},
		{"OPTIONS", "/oauth/token", "null", false},
		{"OPTIONS", "/oauth/introspect", "http://localhost:3000", false},
		{"OPTIONS", "/authorize", "http://localhost:3000", false}, // RFC 9700 2.6
	} {
		a := b.Do(row.method, row.path, nil, "Origin", row.origin, "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "x-anything,authorization")
		allowed := a.Header.Get("Access-Control-Allow-Origin")
		if row.want && (allowed != row.origin || a.Header.Get("Access-Control-Allow-Credentials") != "true") || !row.want && allowed != "" {
			t.Errorf("%s %s from %s: Allow-Origin %q", row.method, row.path, row.origin, allowed)
		}
		if row.want && row.method == "OPTIONS" && a.Header.Get("Access-Control-Allow-Headers") != "x-anything,authorization" {
			t.Errorf("%s: Allow-Headers %q", row.path, a.Header.Get("Access-Control-Allow-Headers"))
		}
	}
}

func TestHosts(t *testing.T) {
	p := start(t)
	b := p.browser(t)
	get := func(path, host string) agent.Answer {
		r, _ := http.NewRequest("GET", p.base()+path, nil)
		r.Host = host
		return b.Send(r)
	}
	port := p.url[strings.LastIndex(p.url, ":")+1:]
	if a := get("/", "evil.example:"+port); a.StatusCode != 421 {
		t.Errorf("a foreign host: %d, want 421", a.StatusCode)
	}
	if a := get("/login?email=x", "127.0.0.1:"+port); a.StatusCode != 302 || a.Header.Get("Location") != p.base()+"/login?email=x" {
		t.Errorf("a page on 127.0.0.1: %d %s", a.StatusCode, a.Header.Get("Location"))
	}
	if a := get("/.well-known/jwks.json", "127.0.0.1:"+port); a.StatusCode != 200 {
		t.Errorf("keys on 127.0.0.1: %d", a.StatusCode)
	}
	doc := get("/.well-known/openid-configuration", "127.0.0.1:"+port).JSON(t)
	if doc["issuer"] != p.issuer {
		t.Errorf("the issuer follows the Host header: %v", doc["issuer"])
	}
}

// RFC 3986 6.2.3: a browser leaves out the port of its scheme. The issuer stays
// byte for byte, and so do redirect URIs.
func TestDefaultPort(t *testing.T) {
	p := start(t, "--issuer", "http://localhost:80")
	here := strings.TrimPrefix(p.url, "http://")
	b := p.browser(t)
	b.HTTP.Transport = &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, here) // as if we had port 80
	}}
	for _, path := range []string{"/", "/login", "/app/", "/docs", "/inspector", "/device"} {
		if a := b.Get("http://localhost" + path); a.StatusCode != 200 {
			t.Errorf("%s: %d to %s", path, a.StatusCode, a.Header.Get("Location"))
		}
	}
	if doc := b.Get("http://localhost/.well-known/openid-configuration").JSON(t); doc["issuer"] != "http://localhost:80" || doc["token_endpoint"] != "http://localhost:80/oauth/token" {
		t.Errorf("issuer %v, token endpoint %v", doc["issuer"], doc["token_endpoint"])
	}
	// The origin of the phone app, as its browser writes it.
	preflight := b.Do("OPTIONS", "http://localhost/oauth/token", nil, "Origin", "http://localhost", "Access-Control-Request-Method", "POST")
	if got := preflight.Header.Get("Access-Control-Allow-Origin"); got != "http://localhost" {
		t.Errorf("Allow-Origin %q", got)
	}
	c := agent.Mobile()
	c.ID, c.Redirect = "timesheets-app", "http://localhost/app/callback"
	if a := b.Get("http://localhost" + c.AuthorizeURL()); a.StatusCode != 400 {
		t.Errorf("a redirect URI in another spelling: %d (RFC 9700 2.1)", a.StatusCode)
	}
	c.Redirect = "http://localhost:80/app/callback"
	if a := b.Get("http://localhost" + c.AuthorizeURL()); a.StatusCode != 303 {
		t.Errorf("the registered redirect URI: %d", a.StatusCode)
	}
	// RFC 9700 4.1.1: an app of this server's own origin would read its codes.
	agent.Refused(t, b.SendJSON("POST", "http://localhost/oidc/register", "", `{"redirect_uris":["http://localhost/callback"],"token_endpoint_auth_method":"none"}`), 400, "invalid_redirect_uri")
}

func TestLogout(t *testing.T) {
	p := start(t)
	b, c := p.browser(t), agent.Mobile()
	c.ID, c.Redirect = "timesheets-spa", "http://localhost:3000/callback"
	out := func(hint, back string) string {
		q := url.Values{"post_logout_redirect_uri": {back}, "state": {"s 1"}}
		if hint != "" {
			q.Set("id_token_hint", hint)
		} else {
			q.Set("client_id", c.ID)
		}
		return "/oidc/logout?" + q.Encode()
	}
	hint := b.SignedUp(c, "ada@example.com").ID
	if a := b.Get(out(hint, "https://evil.example/")); a.StatusCode != 400 || a.Header.Get("Location") != "" {
		t.Errorf("an address nobody registered: %d %s", a.StatusCode, a.Header.Get("Location"))
	}
	ask := b.Get(out("", "http://localhost:3000"))
	if ask.StatusCode != 200 || b.Follow(b.Get(c.AuthorizeURL("prompt", "none"))).Header.Get("Location") == "" {
		t.Errorf("without a hint: %d, want a question", ask.StatusCode)
	}
	a := b.Get(out(hint, "http://localhost:3000"))
	if a.StatusCode != 303 || a.Header.Get("Location") != "http://localhost:3000?state=s+1" {
		t.Errorf("with this session's hint: %d %s", a.StatusCode, a.Header.Get("Location"))
	}
	if page := b.Follow(b.Get(c.AuthorizeURL())); page.Request.URL.Path != "/login" {
		t.Error("still signed in")
	}

	// Auth0's form: an image on some page only gets to the question.
	b.SignedUp(c, "ada@example.com")
	target := "/v2/logout?client_id=timesheets-spa&returnTo=" + url.QueryEscape("http://localhost:3000/")
	if a := b.Get(target, "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "image"); a.StatusCode != 200 {
		t.Errorf("by an image: %d, want the question", a.StatusCode)
	}
	if a := b.Get(target, "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"); a.StatusCode != 303 || a.Header.Get("Location") != "http://localhost:3000/" {
		t.Errorf("by a navigation: %d %s", a.StatusCode, a.Header.Get("Location"))
	}
	if a := b.Get("/v2/logout?returnTo=https%3A%2F%2Fevil.example"); a.StatusCode != 400 {
		t.Errorf("an address nobody registered: %d", a.StatusCode)
	}
	// The question, answered.
	b.SignedUp(c, "ada@example.com")
	f := b.Get(out("", "http://localhost:3000")).Form(t)
	for range 2 { // a second click leads to where the first one led
		if a := b.Follow(b.Do("POST", f.Action, f.Values)); a.StatusCode != 303 || a.Header.Get("Location") != "http://localhost:3000?state=s+1" {
			t.Errorf("confirmed: %d %s", a.StatusCode, a.Header.Get("Location"))
		}
	}
	// In a window of a browser the chain of redirects ends with a page: it leads on by itself.
	a = b.Get(b.Do("POST", f.Action, f.Values).Header.Get("Location"), "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document")
	if a.StatusCode != 200 || a.Header.Get("Refresh") != "0;url=http://localhost:3000?state=s+1" {
		t.Errorf("in a browser: %d, Refresh %q", a.StatusCode, a.Header.Get("Refresh"))
	}
}

// A restart keeps everything: who is signed in, what was granted, what was
// spent; and the keys.
func TestRestartKeepsEverything(t *testing.T) {
	p := start(t)
	port := p.url[strings.LastIndex(p.url, ":")+1:]
	b, c := p.browser(t), agent.Mobile()
	code := b.Code(c, "ada@example.com")
	got := b.Tokens(b.Exchange(c, code))
	entry := b.API("POST", "/timesheets", got.Access, `{"project":"Apollo","date":"2026-06-05","hours":2.5}`).JSON(t)["id"].(string)
	keys := b.Get("/.well-known/jwks.json").Text
	if exit := p.stop(); exit != 0 {
		t.Fatalf("graceful stop: exit %d\n%s", exit, p.stderr)
	}
	if wal, err := os.Stat(p.db + "-wal"); err == nil && wal.Size() > 0 {
		t.Errorf("the WAL was not checkpointed: %d bytes", wal.Size())
	}

	q := startOn(t, p.db, "--addr", "127.0.0.1:"+port)
	b.Issuer = q.issuer
	if again := b.Get("/.well-known/jwks.json").Text; again != keys {
		t.Error("the keys changed")
	}
	if a := b.API("GET", "/timesheets/"+entry, got.Access, ""); a.StatusCode != 200 {
		t.Errorf("the entry after a restart: %d", a.StatusCode)
	}
	if page := b.Follow(b.Get(c.AuthorizeURL())); page.Request.URL.Path != "/consent" {
		t.Errorf("the browser session is gone: %s", page.Request.URL.Path)
	}
	next := b.Tokens(b.Refresh(c, got.Refresh))
	agent.Refused(t, b.Exchange(c, code), 400, "invalid_grant") // spent before, spent now
	if a := b.API("GET", "/me", next.Access, ""); a.StatusCode != 401 {
		t.Errorf("a code replayed after a restart left its tokens alive: %d", a.StatusCode)
	}
}

const ownConfig = `
roles:
  - id: reader
    name: reader
    permissions: [read:timesheets]
apis:
  - identifier: "{base}/api"
    name: Timesheets
    signing_alg: RS256
    scopes:
      - {name: read:timesheets, title: See timesheets, description: Yours only., default: true}
      - {name: create:timesheets, title: Add timesheets, description: In your name., default: true}
people:
  - {id: usr_ada, email: ada@own.example, name: Ada King, password: correct horse battery, roles: [reader], show_on_login: true}
clients:
  - id: own-app
    name: Own App
    kind: native
    redirect_uris: ["http://127.0.0.1/callback"]
    grants: [authorization_code, refresh_token]
    scopes: [openid, read:timesheets, create:timesheets, offline_access]
    id_token_signed_response_alg: ES256
`

// A configuration of one's own takes the place of the seed, and what the seed
// declared and it does not is gone, tokens and sessions included.
func TestConfigOfOnesOwn(t *testing.T) {
	p := start(t)
	port := p.url[strings.LastIndex(p.url, ":")+1:]
	grace, c := p.browser(t), agent.Mobile()
	before := grace.SignedUp(c, "grace@example.com")
	p.stop()

	file := filepath.Join(t.TempDir(), "own.yaml")
	if err := os.WriteFile(file, []byte(ownConfig), 0o600); err != nil {
		t.Fatal(err)
	}
	q := startOn(t, p.db, "--addr", "127.0.0.1:"+port, "--config", file)
	grace.Issuer = q.issuer
	agent.Refused(t, grace.Refresh(c, before.Refresh), 401, "invalid_client")
	if a := grace.API("GET", "/me", before.Access, ""); a.StatusCode != 401 {
		t.Errorf("a removed client's token: %d", a.StatusCode)
	}
	b, own := q.browser(t), agent.Mobile()
	own.ID, own.Scope = "own-app", "openid read:timesheets create:timesheets offline_access"
	page := b.SignIn(b.Follow(b.Get(own.AuthorizeURL())), "ada@own.example", "correct horse battery")
	if boxes := page.Form(t).Boxes; boxes["create:timesheets"] != "disabled" {
		t.Errorf("a reader can give create: %q", boxes["create:timesheets"])
	}
	got := b.Tokens(b.Exchange(own, b.Arrive(own, b.Decide(page, "allow", nil)).Get("code")))
	if alg := agent.Claims(t, got.Access, 0)["alg"]; alg != "RS256" {
		t.Errorf("the API's signing_alg is RS256, the token has %v", alg)
	}
	if alg := agent.Claims(t, got.ID, 0)["alg"]; alg != "ES256" {
		t.Errorf("the client is registered for ES256, the ID token has %v", alg)
	}
	if got.Scope != "openid offline_access read:timesheets" && got.Scope != "openid read:timesheets offline_access" {
		t.Errorf("scope %q", got.Scope)
	}
	q.stop()
	for _, file := range []string{q.db, q.db + "-wal"} {
		if raw, _ := os.ReadFile(file); bytes.Contains(raw, []byte("correct horse battery")) {
			t.Errorf("%s holds the password", filepath.Base(file))
		}
	}
	if strings.Contains(q.stderr.String(), "correct horse battery") {
		t.Error("the log holds the password")
	}

	// With the seed again, what it declares is back; what was revoked is not.
	r := startOn(t, p.db, "--addr", "127.0.0.1:"+port)
	grace.Issuer = r.issuer
	agent.Refused(t, grace.Refresh(c, before.Refresh), 400, "invalid_grant")
	grace.SignedUp(c, "grace@example.com")
}

// A configuration may serve other APIs alone; that ours then takes no token is
// said at the start, and not first by its 401s.
func TestAConfigurationWithoutOurAPI(t *testing.T) {
	const warning = "the Timesheets API takes none"
	p := start(t, "--config", configured(t, replacing(`identifier: "{base}/api"`, `identifier: "{base}/other"`)))
	if !strings.Contains(p.stderr.String(), warning) {
		t.Error("no warning")
	}
	// CONTRACT: where standard error is no terminal, one JSON line takes the
	// banner's place, and what reads it takes the first line for it.
	if first, _, _ := strings.Cut(p.stderr.String(), "\n"); !strings.Contains(first, `"msg":"ready"`) {
		t.Errorf("the first line is %s", first)
	}
	if q := start(t); strings.Contains(q.stderr.String(), warning) {
		t.Error("a warning for the built-in configuration")
	}
}

// CONTRACT: "Every flag has its environment variable."
func TestEveryFlagHasItsVariable(t *testing.T) {
	for command, fields := range map[string]reflect.Type{"serve": reflect.TypeFor[stack.Serve](), "api": reflect.TypeFor[alone.Serve]()} {
		for field := range fields.Fields() {
			name := field.Tag.Get("name")
			if name == "" {
				name = strings.ToLower(regexp.MustCompile(`([a-z])([A-Z])`).ReplaceAllString(field.Name, "$1-$2"))
			}
			want := "PUNCHCARD_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
			if field.Tag.Get("help") != "" && field.Tag.Get("env") != want {
				t.Errorf("%s --%s: %q, want %s", command, name, field.Tag.Get("env"), want)
			}
		}
	}
}

// One rule for every variable: one that is empty is not set.
func TestEmptyVariables(t *testing.T) {
	for _, name := range []string{"ADDR", "ISSUER", "CONFIG", "ACCESS_TTL", "CODE_TTL", "REFRESH_GRACE", "DPOP_NONCES", "LOG_FORMAT", "ALLOW_DEMO_PASSWORDS", "QUIET_PAGES", "AUDIENCE", "VERIFY"} {
		t.Setenv("PUNCHCARD_"+name, "")
	}
	if p := start(t); p.issuer != p.url {
		t.Errorf("issuer %s, want %s", p.issuer, p.url)
	}
	// Where to listen has a default too; that port may be taken here.
	if exit, said := refusedStart(t, "--issuer", "none", "--db", filepath.Join(t.TempDir(), "x.db")); strings.Contains(said, "is not host:port") {
		t.Errorf("exit %d: %s", exit, said)
	}
	t.Setenv("PUNCHCARD_ALLOW_DEMO_PASSWORDS", "true")
	t.Setenv("PUNCHCARD_QUIET_PAGES", "true")
	t.Setenv("PUNCHCARD_ISSUER", "https://id.example")
	if p := start(t); p.issuer != "https://id.example" {
		t.Errorf("issuer %s", p.issuer)
	}
}

// Requests in flight finish: a body that arrives slowly is still answered.
func TestGracefulStop(t *testing.T) {
	p := start(t)
	b := p.browser(t)
	slow, feed := io.Pipe()
	r, err := http.NewRequest("POST", p.base()+"/oauth/token", slow)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	status := make(chan int, 1)
	go func() {
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			status <- -1
			return
		}
		resp.Body.Close()
		status <- resp.StatusCode
	}()
	if _, err := io.WriteString(feed, "grant_type="); err != nil {
		t.Fatal(err)
	}
	b.Get("/livez") // the slow one was accepted before this
	stopped := make(chan int, 1)
	go func() { stopped <- p.stop() }()
	time.Sleep(200 * time.Millisecond)
	if _, err := io.WriteString(feed, "client_credentials"); err != nil {
		t.Fatal(err)
	}
	feed.Close()
	if got := <-status; got != 401 {
		t.Errorf("the request in flight: %d, want its answer, 401", got)
	}
	if exit := <-stopped; exit != 0 {
		t.Errorf("exit %d", exit)
	}
}

// A file that is not ours is refused in one line and left as it was.
func provesOtherFilesAreLeftAlone(t *testing.T) {
	for name, content := range map[string]string{
		"text":      "Dear diary,\n" + strings.Repeat("nothing happened today.\n", 100),
		"truncated": "SQLite format 3\x00" + strings.Repeat("\x00", 300),
	} {
		t.Run(name, func(t *testing.T) {
			db := filepath.Join(t.TempDir(), "file.db")
			if err := os.WriteFile(db, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			var stderr agent.Log
			if exit := run(t.Context(), []string{"--db", db, "--addr", "127.0.0.1:0"}, io.Discard, &stderr); exit != 1 {
				t.Errorf("exit %d, want 1", exit)
			}
			if lines := strings.Count(stderr.String(), "\n"); lines != 1 {
				t.Errorf("%d lines, want one:\n%s", lines, stderr.String())
			}
			if after, err := os.ReadFile(db); err != nil || string(after) != content {
				t.Error("the file was touched")
			}
		})
	}
}

func TestCommandLine(t *testing.T) {
	taken := start(t)
	port := taken.url[strings.LastIndex(taken.url, ":")+1:]
	wrong := filepath.Join(t.TempDir(), "wrong.yaml")
	if err := os.WriteFile(wrong, []byte("people:\n  - id: usr_x\n    emial: x@example.com\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	fresh := filepath.Join(t.TempDir(), "never.db")
	rows := []struct {
		name string
		args []string
		exit int
		says string
	}{
		{"version", []string{"version"}, 0, "punchcard"},
		{"help", []string{"--help"}, 0, "--access-ttl"},
		{"help of a command", []string{"config", "check", "--help"}, 0, "<file>"},
		{"unknown flag", []string{"--nonsense"}, 2, "--nonsense"},
		{"unknown command", []string{"dance"}, 2, "dance"},
		{"bad duration", []string{"--access-ttl", "soon"}, 2, "access-ttl"},
		{"short lifetime", []string{"--access-ttl", "0s"}, 2, "--access-ttl must be between 1s and 24h0m0s"},
		{"long lifetime", []string{"--refresh-ttl", "2161h"}, 2, "--refresh-ttl must be between 1s and 2160h0m0s"},
		{"code for too long", []string{"--code-ttl", "11m", "--db", fresh, "--addr", ":0"}, 2, "--code-ttl"},
		{"issuer with a path", []string{"--issuer", "http://localhost:1/x", "--db", fresh, "--addr", ":0"}, 2, "--issuer"},
		{"issuer with a query", []string{"--issuer", "http://localhost:1?", "--db", fresh, "--addr", ":0"}, 2, "--issuer"},
		{"port taken", []string{"--db", fresh, "--addr", "127.0.0.1:" + port}, 1, port},
		{"demo passwords for all", []string{"--db", fresh, "--addr", "0.0.0.0:0"}, 1, "--allow-demo-passwords"},
		{"config example", []string{"config", "example"}, 0, "timesheets-mobile"},
		{"config check", []string{"config", "check", wrong}, 1, "line 3"},
		{"config check, no file", []string{"config", "check"}, 2, "file"},
		{"reset without a file", []string{"reset", "--yes", "--db", fresh}, 1, "missing"},
		{"reset with nobody to ask", []string{"reset", "--db", fresh}, 2, "--yes"},
		{"reset with a wrong config", []string{"reset", "--yes", "--config", wrong, "--db", fresh}, 1, "line 3"},
		{"native app at no address", []string{"list", "--server", "localhost:8484"}, 2, "--server"},
		{"native app, no day", []string{"add", "Apollo", "1", "--date", "someday"}, 2, "--date"},
		{"wrong config at start", []string{"--config", wrong, "--db", fresh, "--addr", ":0"}, 1, "line 3"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			var out agent.Log
			if exit := run(t.Context(), row.args, &out, &out); exit != row.exit {
				t.Errorf("exit %d, want %d: %s", exit, row.exit, out.String())
			}
			if !strings.Contains(out.String(), row.says) {
				t.Errorf("does not say %q:\n%s", row.says, out.String())
			}
		})
	}
	if _, err := os.Stat(fresh); err == nil {
		t.Error("a refused start left a file behind")
	}
	var example agent.Log
	run(t.Context(), []string{"config", "example"}, &example, io.Discard)
	same := filepath.Join(t.TempDir(), "same.yaml")
	if err := os.WriteFile(same, []byte(example.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if exit := run(t.Context(), []string{"config", "check", same}, io.Discard, io.Discard); exit != 0 {
		t.Errorf("the example does not pass its own check: exit %d", exit)
	}
}

// Outside clients, by discovery alone: golang.org/x/oauth2 and go-oidc.
func TestOutsideClients(t *testing.T) {
	p := start(t)
	b := p.browser(t)
	provider, err := oidc.NewProvider(t.Context(), p.issuer)
	if err != nil {
		t.Fatal(err)
	}
	config := oauth2.Config{
		ClientID: "timesheets-web", ClientSecret: "timesheets-web-secret", Endpoint: provider.Endpoint(),
		RedirectURL: "http://localhost:8080/callback", Scopes: []string{"openid", "profile", "email", "offline_access", "read:timesheets"},
	}
	verifier := oauth2.GenerateVerifier()
	page := b.Follow(b.Get(config.AuthCodeURL("some-state", oauth2.S256ChallengeOption(verifier), oidc.Nonce("some-nonce"))))
	back := b.Decide(b.SignIn(page, "grace@example.com", "timesheets"), "allow", nil)
	at, err := url.Parse(back.Header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	token, err := config.Exchange(t.Context(), at.Query().Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := provider.Verifier(&oidc.Config{ClientID: config.ClientID}).Verify(t.Context(), raw)
	if err != nil {
		t.Fatal(err)
	}
	if err := id.VerifyAccessToken(token.AccessToken); err != nil || id.Subject != "usr_grace" || id.Nonce != "some-nonce" {
		t.Errorf("ID token: %v, sub %s, nonce %s", err, id.Subject, id.Nonce)
	}
	info, err := provider.UserInfo(t.Context(), oauth2.StaticTokenSource(token))
	if err != nil || info.Email != "grace@example.com" || info.Subject != id.Subject {
		t.Errorf("userinfo: %v %+v", err, info)
	}
	token.Expiry = time.Now().Add(-time.Minute)
	fresh, err := config.TokenSource(t.Context(), token).Token()
	if err != nil || fresh.RefreshToken == token.RefreshToken {
		t.Fatalf("refresh: %v", err)
	}
	resp, err := oauth2.NewClient(t.Context(), oauth2.StaticTokenSource(fresh)).Get(p.base() + "/api/timesheets")
	if err != nil || resp.StatusCode != 200 {
		t.Errorf("api: %v %v", err, resp)
	}
	machine := clientcredentials.Config{ClientID: "timesheets-cron", ClientSecret: "timesheets-cron-secret", TokenURL: provider.Endpoint().TokenURL}
	if got, err := machine.Token(t.Context()); err != nil || got.AccessToken == "" {
		t.Errorf("client credentials: %v", err)
	}
}

// The device grant by golang.org/x/oauth2, which polls by itself (RFC 8628).
func TestAnOutsideDevice(t *testing.T) {
	p := start(t)
	provider, err := oidc.NewProvider(t.Context(), p.issuer)
	if err != nil {
		t.Fatal(err)
	}
	device := oauth2.Config{ClientID: "timesheets-mobile", Endpoint: provider.Endpoint(), Scopes: []string{"openid", "offline_access", "read:timesheets"}}
	asked, err := device.DeviceAuth(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b := p.browser(t)
	done := b.Decide(b.Decide(b.Compares(asked.UserCode, "ada@example.com"), "same", nil), "allow", nil)
	if done.StatusCode != 200 || !strings.Contains(done.Text, "go back to your device") {
		t.Fatalf("%d %.400s", done.StatusCode, done.Text)
	}
	token, err := device.DeviceAccessToken(t.Context(), asked)
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := token.Extra("id_token").(string)
	if id, err := provider.Verifier(&oidc.Config{ClientID: device.ClientID}).Verify(t.Context(), raw); err != nil || id.Subject != "usr_ada" {
		t.Errorf("ID token: %v %+v", err, id)
	}
	if resp, err := device.Client(t.Context(), token).Get(p.base() + "/api/timesheets"); err != nil || resp.StatusCode != 200 {
		t.Errorf("api: %v %v", err, resp)
	}
}

// apiAlone starts the Timesheets API in a process of its own, for the tokens of
// p, until the test is over.
func (p *program) apiAlone(t *testing.T, args ...string) *program {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	api := &program{t: t, db: filepath.Join(t.TempDir(), "api.db"), stderr: &agent.Log{}}
	args = append([]string{"api", "--issuer", p.issuer, "--audience", p.base() + "/api", "--addr", "127.0.0.1:0", "--db", api.db}, args...)
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), "PUNCHCARD_TEST_COMMAND="+strings.Join(args, "\n"))
	cmd.Stderr = api.stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }) // killed on purpose
	api.awaitReady(nil)
	return api
}

// at is the browser, calling the API of another process.
func at(b *agent.Browser, api *program, method, path, token, body string) agent.Answer {
	b.T.Helper()
	return b.SendJSON(method, api.url+"/api"+path, token, body)
}

// The API moved out of the process: tokens of one Punchcard at another one's
// API, read by its keys and shown to it, through a rotation, a revocation and
// an issuer that is down.
func TestTheAPIAlone(t *testing.T) {
	t.Setenv("PUNCHCARD_CLIENT_SECRET", "timesheets-gateway-secret")
	p := start(t)
	b, c := p.browser(t), agent.Mobile()
	byKeys, byAsking := p.apiAlone(t), p.apiAlone(t, "--verify", "introspection")
	ada := b.SignedUp(c, "ada@example.com")
	grace := p.browser(t).SignedUp(agent.Mobile(), "grace@example.com")
	for name, api := range map[string]*program{"by keys": byKeys, "by asking": byAsking} {
		added := at(b, api, "POST", "/timesheets", ada.Access, `{"project":"Apart","date":"2026-01-05","hours":3}`)
		if added.StatusCode != 201 {
			t.Fatalf("%s: %d %s", name, added.StatusCode, added.Text)
		}
		var entry struct{ ID string }
		if err := json.Unmarshal([]byte(added.Text), &entry); err != nil {
			t.Fatal(err)
		}
		// Who reports to whom is the API's own to know.
		if a := at(b, api, "PUT", "/approvals/"+entry.ID, grace.Access, `{"decision":"approve"}`); a.StatusCode != 200 {
			t.Errorf("%s: Grace approves: %d %s", name, a.StatusCode, a.Text)
		}
		if a := at(b, api, "GET", "/approvals", ada.Access, ""); a.StatusCode != 403 || !strings.Contains(a.Header.Get("WWW-Authenticate"), `scope="approve:timesheets"`) {
			t.Errorf("%s: Ada approves: %d %s", name, a.StatusCode, a.Header.Get("WWW-Authenticate"))
		}
		// RFC 9068 4: an ID token is no access token; nor is a forgery.
		for what, token := range map[string]string{"ID token": ada.ID, "half a token": ada.Access[:len(ada.Access)/2], "nonsense": "nonsense"} {
			if a := at(b, api, "GET", "/me", token, ""); a.StatusCode != 401 || !strings.Contains(a.Header.Get("WWW-Authenticate"), `error="invalid_token"`) {
				t.Errorf("%s: %s: %d", name, what, a.StatusCode)
			}
		}
		if a := at(b, api, "GET", "/me", "", ""); a.StatusCode != 401 || !strings.Contains(a.Header.Get("WWW-Authenticate"), p.base()+"/.well-known/oauth-protected-resource/api") {
			t.Errorf("%s: no token: %d %s", name, a.StatusCode, a.Header.Get("WWW-Authenticate"))
		}
	}

	// RFC 9470: the API alone can demand a recent sign-in as well; its clock and
	// auth_time are all that it needs for that.
	strict := p.apiAlone(t, "--approve-max-age", "1s")
	signedIn, _ := agent.Claims(t, grace.Access, 1)["auth_time"].(float64)
	for time.Since(time.Unix(int64(signedIn), 0)) <= 2*time.Second {
		time.Sleep(50 * time.Millisecond)
	}
	if a := at(b, strict, "PUT", "/approvals/1", grace.Access, `{"decision":"approve"}`); a.StatusCode != 401 || !strings.Contains(a.Header.Get("WWW-Authenticate"), `error="insufficient_user_authentication"`) {
		t.Errorf("a sign-in of two seconds ago, where one is demanded: %d %s", a.StatusCode, a.Header.Get("WWW-Authenticate"))
	}

	// The keys change: the old token and a new one are both read.
	if exit, _, stderr := another(t, "keys", "rotate", "--db", p.db); exit != 0 {
		t.Fatal(stderr)
	}
	before := agent.Claims(t, ada.Access, 0)["kid"]
	next := grace
	for deadline := time.Now().Add(5 * time.Second); agent.Claims(t, next.Access, 0)["kid"] == before; {
		if time.Now().After(deadline) {
			t.Fatal("never signed by a new key")
		}
		next = p.browser(t).SignedUp(agent.Mobile(), "grace@example.com")
	}
	for name, api := range map[string]*program{"by keys": byKeys, "by asking": byAsking} {
		for _, token := range []string{ada.Access, next.Access} {
			if a := at(b, api, "GET", "/me", token, ""); a.StatusCode != 200 {
				t.Errorf("%s, after the rotation: %d %s", name, a.StatusCode, a.Text)
			}
		}
	}

	// A revocation: seen at the next call by whoever asks, and not by the keys.
	b.Do("POST", "/oauth/revoke", url.Values{"client_id": {c.ID}, "token": {ada.Access}})
	if a := at(b, byAsking, "GET", "/me", ada.Access, ""); a.StatusCode != 401 {
		t.Errorf("by asking, revoked: %d", a.StatusCode)
	}
	if a := at(b, byKeys, "GET", "/me", ada.Access, ""); a.StatusCode != 200 {
		t.Errorf("by keys, revoked: %d; the help says that it stays good", a.StatusCode)
	}

	// The issuer is down, and comes back.
	p.stop()
	late := p.apiAlone(t) // has never seen its keys
	for name, want := range map[*program]int{byKeys: 200, byAsking: 503, late: 503} {
		if a := at(b, name, "GET", "/me", next.Access, ""); a.StatusCode != want || want == 503 && a.Header.Get("Retry-After") == "" {
			t.Errorf("the issuer is down: %d, want %d", a.StatusCode, want)
		}
	}
	p.again(t, time.Now)
	for _, api := range []*program{byKeys, byAsking, late} {
		if a := at(b, api, "GET", "/me", next.Access, ""); a.StatusCode != 200 {
			t.Errorf("the issuer is back: %d %s", a.StatusCode, a.Text)
		}
	}
}

// Mistakes at the start of the API alone are told before a file is made.
func TestTheAPIAloneIsTold(t *testing.T) {
	config := filepath.Join(t.TempDir(), "people.yaml")
	if err := os.WriteFile(config, []byte("people:\n  - id: usr_a\n    reports_to: usr_nobody\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	good := []string{"api", "--issuer", "http://localhost:1", "--audience", "https://hours.example/api", "--addr", "127.0.0.1:0"}
	for want, args := range map[string][]string{
		"missing flags":         {"api"},
		"is no issuer":          {"api", "--issuer", "localhost:1", "--audience", "x"},
		"PUNCHCARD_CLIENT_SECR": append(slices.Clone(good), "--verify", "introspection"),
		"is no origin":          append(slices.Clone(good), "--allow-origin", "https://app.example/"),
		"line 3":                append(slices.Clone(good), "--config", config),
	} {
		db := filepath.Join(t.TempDir(), "api.db")
		if len(args) > 1 {
			args = append(args, "--db", db)
		}
		var said agent.Log
		if exit := run(t.Context(), args, io.Discard, &said); exit == 0 || !strings.Contains(said.String(), want) {
			t.Errorf("%v: exit %d, want %q in\n%s", args, exit, want, &said)
		}
		if _, err := os.Stat(db); err == nil {
			t.Errorf("%v left a file behind", args)
		}
	}
}

// An issuer that is asked in the clear, beyond this machine, is said aloud, after
// the ready line; one on this machine is not.
func TestTheAPIAloneSaysPlainHTTP(t *testing.T) {
	t.Setenv("PUNCHCARD_CLIENT_SECRET", "timesheets-gateway-secret")
	for _, verify := range []string{"jwks", "introspection"} {
		for issuer, said := range map[string]bool{"http://192.0.2.1": true, "http://localhost:1": false, "https://issuer.invalid": false} {
			ctx, stop := context.WithCancel(t.Context())
			out := &agent.Log{}
			api, ended := &program{t: t, stderr: out}, make(chan int, 1)
			go func() {
				ended <- run(ctx, []string{"api", "--issuer", issuer, "--audience", "https://hours.example/api", "--addr", "127.0.0.1:0", "--verify", verify, "--db", filepath.Join(t.TempDir(), "api.db")}, io.Discard, out)
			}()
			api.awaitReady(ended)
			stop()
			if exit := <-ended; exit != 0 {
				t.Errorf("%s %s: exit %d", verify, issuer, exit)
			}
			if got := strings.Contains(out.String(), "plain http"); got != said || !strings.HasPrefix(out.String(), `{"msg":"ready"`) {
				t.Errorf("%s %s:\n%s", verify, issuer, out)
			}
		}
	}
}

func TestShortLifetimes(t *testing.T) {
	p := start(t, "--access-ttl", "1s", "--code-ttl", "1s", "--refresh-ttl", "2s")
	b, c := p.browser(t), agent.Mobile()
	code := b.Code(c, "ada@example.com")
	got := b.Tokens(b.Exchange(c, code))
	late := b.Code(c, "")
	time.Sleep(1100 * time.Millisecond)
	agent.Refused(t, b.Exchange(c, late), 400, "invalid_grant")
	if a := b.API("GET", "/me", got.Access, ""); a.StatusCode != 401 {
		t.Errorf("an expired access token: %d", a.StatusCode)
	}
	time.Sleep(1100 * time.Millisecond)
	agent.Refused(t, b.Refresh(c, got.Refresh), 400, "invalid_grant")
}

// No secret is ever logged, at the most talkative level.
func provesSecretsStaySecret(t *testing.T) {
	p := start(t)
	b, c := p.browser(t), agent.Mobile()
	code := b.Code(c, "ada@example.com")
	got := b.Tokens(b.Exchange(c, code))
	next := b.Tokens(b.Refresh(c, got.Refresh))
	b.API("GET", "/timesheets", next.Access, "")
	b.Refresh(c, got.Refresh)
	b.Do("POST", "/oauth/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {"timesheets-cron"}, "client_secret": {"timesheets-cron-secret"}})
	log := p.stderr.String()
	if !strings.Contains(log, `"verdict":"pass"`) || !strings.Contains(log, `"verdict":"fail"`) {
		t.Error("the log is no ledger of checks")
	}
	secrets := map[string]string{"code": code, "access token": got.Access, "refresh token": got.Refresh, "next refresh token": next.Refresh,
		"ID token": got.ID, "verifier": c.Verifier, "client secret": "timesheets-cron-secret"}
	u, _ := url.Parse(p.base())
	for _, cookie := range b.HTTP.Jar.Cookies(u) {
		secrets["cookie "+cookie.Name] = cookie.Value
	}
	for name, secret := range secrets {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds a %s", name)
		}
	}
	p.stop()
	for _, file := range []string{p.db, p.db + "-wal"} {
		raw, _ := os.ReadFile(file)
		for name, secret := range secrets {
			if bytes.Contains(raw, []byte(secret)) {
				t.Errorf("%s holds a %s in clear", filepath.Base(file), name)
			}
		}
	}
}

// The same story in a real browser, where the content security policy, the
// cookies and the redirects are the browser's own: login, consent with a box
// unticked, and back at an app that listens on this machine.
func TestInChromium(t *testing.T) {
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("PUNCHCARD_BROWSER") == "required" {
			t.Fatal("no chromium: apt-get install chromium")
		}
		t.Skip("no chromium here; .ci/run installs it and fails without it")
	}
	p := start(t)
	alloc, cancel := chromedp.NewExecAllocator(t.Context(),
		chromedp.ExecPath(chromium), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.UserDataDir(t.TempDir()))
	defer cancel()
	running, cancel := chromedp.NewContext(alloc)
	defer cancel()
	if err := chromedp.Do(running, chromedp.Navigate("about:blank")); err != nil {
		t.Fatalf("chromium does not start: %v", err)
	}
	t.Run("127.0.0.1", func(t *testing.T) { chromiumStory(t, running, p, "127.0.0.1:0", "http://127.0.0.1") })
	t.Run("[::1]", func(t *testing.T) { chromiumStory(t, running, p, "[::1]:0", "http://[::1]") })
	t.Run("localhost", func(t *testing.T) { chromiumStory(t, running, p, "127.0.0.1:0", "http://localhost") })
	t.Run("private-use scheme", func(t *testing.T) { chromiumScheme(t, running, p) })
	t.Run("form_post", func(t *testing.T) { chromiumFormPost(t, running, p) })
}

// listener is the app's own end: it waits for the authorization response.
func listener(t *testing.T, addr string) (port string, arrived <-chan url.Values) {
	t.Helper()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatalf("this machine has no %s: %v", addr, err)
	}
	got := make(chan url.Values, 4)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/callback" && r.Method == http.MethodPost:
			_ = r.ParseForm() // what is missing then is missed by the test
			got <- r.PostForm
		case r.URL.Path == "/callback":
			got <- r.URL.Query()
		}
		fmt.Fprint(w, "<!doctype html><title>back</title><h1 id=back>You can close this page</h1>")
	})}
	go server.Serve(l) //nolint:errcheck // ends with the test
	t.Cleanup(func() { server.Close() })
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return port, got
}

// tab is a browser without cookies, for a minute.
func tab(t *testing.T, running context.Context) context.Context {
	ctx, cancel := chromedp.NewContext(running, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// throughLogin signs Ada in and stops at the consent page.
func throughLogin(c *agent.App, p *program, extra ...string) chromedp.Action[chromedp.Void] {
	return chromedp.Steps(
		chromedp.Navigate(p.base()+c.AuthorizeURL(extra...)),
		chromedp.WaitVisible(chromedp.CSS(`input[type=password]`)),
		chromedp.SendKeys(chromedp.CSS(`input[name=email]`), "ada@example.com"),
		chromedp.SendKeys(chromedp.CSS(`input[type=password]`), "timesheets\r"),
		chromedp.WaitVisible(chromedp.CSS(`button[value=allow]`)),
	)
}

func chromiumStory(t *testing.T, running context.Context, p *program, addr, origin string) {
	port, arrived := listener(t, addr)
	c := agent.Mobile()
	c.Redirect = origin + ":" + port + "/callback"
	err := chromedp.Do(tab(t, running), throughLogin(c, p),
		chromedp.Click(chromedp.CSS(`input[value="create:timesheets"]`)),
		chromedp.Click(chromedp.CSS(`button[value=allow]`)),
		chromedp.WaitVisible(chromedp.CSS(`#back`)),
	)
	if err != nil {
		t.Fatalf("in the browser: %v", err)
	}
	q := <-arrived
	if q.Get("state") != c.State || q.Get("iss") != p.issuer {
		t.Errorf("arrived with %v", q)
	}
	b := p.browser(t)
	got := b.Tokens(b.Exchange(c, q.Get("code")))
	if want := "openid profile email offline_access read:timesheets"; got.Scope != want {
		t.Errorf("scope %q, want %q: create was unticked, delete never ticked", got.Scope, want)
	}
}

// chromiumFormPost: with a script the page presses its own button, and the
// policy lets the answer through to the app.
func chromiumFormPost(t *testing.T, running context.Context, p *program) {
	port, arrived := listener(t, "127.0.0.1:0")
	c := agent.Mobile()
	c.Redirect = "http://127.0.0.1:" + port + "/callback"
	if err := chromedp.Do(tab(t, running), throughLogin(c, p, "response_mode", "form_post"), chromedp.Click(chromedp.CSS(`button[value=allow]`)), chromedp.WaitVisible(chromedp.CSS(`#back`))); err != nil {
		t.Fatalf("in the browser: %v", err)
	}
	q := <-arrived
	if q.Get("state") != c.State || q.Get("iss") != p.issuer {
		t.Errorf("arrived with %v", q)
	}
	b := p.browser(t)
	if b.Tokens(b.Exchange(c, q.Get("code"))).Access == "" {
		t.Error("no token")
	}
}

// chromiumScheme: no app handles the scheme here, so the browser shows nothing
// new; that it was sent there, and not stopped by the policy, is seen in what
// it received and logged.
func chromiumScheme(t *testing.T, running context.Context, p *program) {
	c := agent.Mobile()
	c.Redirect = "com.exampleco.timesheets:/callback"
	ctx := tab(t, running)
	sent := make(chan string, 1)
	var logged agent.Log
	err := chromedp.Listen(ctx, func(event any) {
		switch e := event.(type) {
		case *network.EventResponseReceivedExtraInfo:
			for name, value := range e.Headers {
				if location, ok := value.(string); ok && strings.EqualFold(name, "Location") && strings.HasPrefix(location, c.Redirect) {
					select {
					case sent <- location:
					default:
					}
				}
			}
		case *cdplog.EventEntryAdded:
			fmt.Fprintln(&logged, e.Entry.Text)
		}
	})
	if err == nil {
		_, err = chromedp.Call(ctx, network.Enable, network.EnableParams{})
	}
	if err == nil {
		_, err = chromedp.Call(ctx, cdplog.Enable, cdp.Empty{})
	}
	if err == nil {
		err = chromedp.Do(ctx, throughLogin(c, p), chromedp.Click(chromedp.CSS(`button[value=allow]`)))
	}
	if err != nil {
		t.Fatalf("in the browser: %v", err)
	}
	select {
	case location := <-sent:
		u, err := url.Parse(location)
		if err != nil || u.Query().Get("code") == "" {
			t.Errorf("sent to the app without a code: %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Error("the browser was never sent to the app")
	}
	if text := logged.String(); strings.Contains(text, "form-action") {
		t.Errorf("the policy stopped the browser: %s", text)
	}
}

func BenchmarkStart(b *testing.B) {
	db := filepath.Join(b.TempDir(), "punchcard.db")
	once := func() {
		ctx, cancel := context.WithCancel(b.Context())
		ready := &readyWriter{seen: make(chan string, 1)}
		done := make(chan int, 1)
		go func() {
			done <- run(ctx, []string{"--db", db, "--addr", "127.0.0.1:0", "--log-level", "error"}, io.Discard, ready)
		}()
		resp, err := http.Get(<-ready.seen + "/livez")
		if err != nil {
			b.Fatal(err)
		}
		resp.Body.Close()
		http.DefaultClient.CloseIdleConnections()
		b.StopTimer()
		cancel()
		<-done
		b.StartTimer()
	}
	once()
	for b.Loop() {
		once()
	}
}

// readyWriter waits for the ready line.
type readyWriter struct{ seen chan string }

func (w *readyWriter) Write(p []byte) (int, error) {
	var ready struct{ Msg, URL string }
	if json.Unmarshal(p, &ready) == nil && ready.Msg == "ready" {
		w.seen <- ready.URL
	}
	return len(p), nil
}

// A hint speaks for the client and the session that it was given to, and for
// no other.
func TestHints(t *testing.T) {
	p := start(t)
	ada, alan := p.browser(t), p.browser(t)
	c := agent.Mobile()
	c.ID, c.Redirect = "timesheets-spa", "http://localhost:3000/callback"
	ada.SignedUp(c, "ada@example.com")
	foreign := ada.SignedUp(agent.Mobile(), "").ID
	his := alan.SignedUp(c, "alan@example.com").ID
	signedIn := func() bool {
		q := ada.Arrive(c, ada.Follow(ada.Get(c.AuthorizeURL("prompt", "none"))))
		return q.Get("error") == "consent_required" // login_required where nobody is
	}
	if !signedIn() {
		t.Fatal("Ada is not signed in")
	}
	// OIDC Core 3.1.2.1: an ID token for another client says nothing to this one.
	if q := ada.Arrive(c, ada.Follow(ada.Get(c.AuthorizeURL("id_token_hint", foreign)))); q.Get("error") != "invalid_request" {
		t.Errorf("another client's hint: %v, want invalid_request", q)
	}
	for name, q := range map[string]url.Values{
		"forged":           {"id_token_hint": {"e30.e30.e30"}},
		"another client's": {"id_token_hint": {foreign}, "client_id": {c.ID}},
	} {
		// RP-Initiated Logout 4: nothing ends by a hint that is not this client's.
		if a := ada.Get("/oidc/logout?" + q.Encode()); a.StatusCode != 400 || !signedIn() {
			t.Errorf("%s hint: %d, signed in %v; want 400 and still signed in", name, a.StatusCode, signedIn())
		}
	}
	// RP-Initiated Logout 2: with the hint of another session the person is asked.
	if a := ada.Get("/oidc/logout?id_token_hint=" + his); a.StatusCode != 200 || !signedIn() {
		t.Errorf("Alan's hint in Ada's browser: %d, signed in %v; want a question", a.StatusCode, signedIn())
	}
}

// OWASP ASVS 3.3.2 and 3.3.4: no script reads our cookies, and no other site's
// form sends them.
func TestCookies(t *testing.T) {
	p := start(t)
	b := p.browser(t)
	page := b.Get(agent.Mobile().AuthorizeURL())
	seen := page.Cookies()
	f := b.Follow(page).Form(t)
	f.Values.Set("email", "ada@example.com")
	f.Values.Set("password", "timesheets")
	seen = append(seen, b.Do(http.MethodPost, f.Action, f.Values).Cookies()...)
	if len(seen) != 2 {
		t.Fatalf("%d cookies, want one for the browser and one for the session", len(seen))
	}
	for _, c := range seen {
		if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
			t.Errorf("cookie %s: HttpOnly %v, SameSite %v, path %q, domain %q", c.Name, c.HttpOnly, c.SameSite, c.Path, c.Domain)
		}
	}
}

// The login form's redirects can end at the client where consent is
// remembered, so its page must allow the way there, and no other.
func TestPolicyOfTheLoginPage(t *testing.T) {
	p := start(t)
	b := p.browser(t)
	page := b.Follow(b.Get(agent.Mobile().AuthorizeURL()))
	if policy := page.Header.Get("Content-Security-Policy"); page.Request.URL.Path != "/login" || !strings.HasSuffix(policy, "form-action 'self' http://localhost:* http://127.0.0.1:*") {
		t.Errorf("%s: %s", page.Request.URL.Path, policy)
	}
}

// RFC 9700 4.3.2: a token in a URL or a form is not looked at.
func TestUserinfoReadsTheHeaderOnly(t *testing.T) {
	p := start(t)
	b := p.browser(t)
	got := b.SignedUp(agent.Mobile(), "ada@example.com")
	for name, a := range map[string]agent.Answer{
		"query": b.Get("/userinfo?access_token=" + got.Access),
		"form":  b.Do(http.MethodPost, "/userinfo", url.Values{"access_token": {got.Access}}),
	} {
		if a.StatusCode != 401 {
			t.Errorf("%s: %d, want 401", name, a.StatusCode)
		}
	}
}

// refusedStart is a start that must end by itself.
func refusedStart(t *testing.T, args ...string) (exit int, said string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var stderr agent.Log
	exit = run(ctx, args, io.Discard, &stderr)
	if ctx.Err() != nil {
		t.Error("the server started")
	}
	return exit, stderr.String()
}

// watch is a clock that a test moves.
type watch struct{ ahead atomic.Int64 }

func (w *watch) now() time.Time        { return time.Now().Add(time.Duration(w.ahead.Load())) }
func (w *watch) move(by time.Duration) { w.ahead.Add(int64(by)) }

// configured writes a configuration: the built-in one with secrets of its own,
// changed by edit, which must change something.
func configured(t *testing.T, edit func(string) string) string {
	t.Helper()
	var example agent.Log
	if exit := run(t.Context(), []string{"config", "example"}, &example, io.Discard); exit != 0 {
		t.Fatalf("config example: exit %d", exit)
	}
	text := example.String()
	for _, id := range []string{"timesheets-cron", "timesheets-web", "timesheets-legacy", "timesheets-gateway"} {
		text = strings.ReplaceAll(text, id+"-secret", id+"-"+strings.Repeat("secret", 6))
	}
	changed := edit(text)
	if changed == text {
		t.Fatal("the edit changed nothing")
	}
	file := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(file, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// without takes one entry of a list out of a configuration.
func without(id string) func(string) string {
	return func(text string) string {
		return regexp.MustCompile(`(?m)^  - id: `+id+`\n(?:    .*\n|\n)*`).ReplaceAllString(text, "")
	}
}

func replacing(old, new string) func(string) string {
	return func(text string) string { return strings.Replace(text, old, new, 1) }
}

// again stops the program and starts it on the same file and port.
func (p *program) again(t *testing.T, now func() time.Time, args ...string) *program {
	t.Helper()
	port := p.url[strings.LastIndex(p.url, ":")+1:]
	p.stop()
	return startAt(t, now, p.db, append(args, "--addr", "127.0.0.1:"+port)...)
}

// ring opens the keys of a stopped program.
func (p *program) ring(t *testing.T) *keys.Ring {
	t.Helper()
	file, err := sqlite.Open(t.Context(), p.db, sqlite.Options{Migrations: stack.Migrations()})
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close(context.WithoutCancel(t.Context()))
	ring, err := keys.Open(t.Context(), keys.Config{Writer: file, Read: file.Read(), Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

// A key that was rotated out stays published until its last token has expired,
// by the server's clock, and is gone then.
func keysRotate(t *testing.T) {
	var w watch
	p := startAt(t, w.now, filepath.Join(t.TempDir(), "punchcard.db"))
	b, c := p.browser(t), agent.Mobile()
	got := b.SignedUp(c, "ada@example.com")
	before := b.KeyIDs()
	if exit, stdout, stderr := another(t, "keys", "rotate", "--db", p.db); exit != 0 || !strings.Contains(stdout, before[0]) {
		t.Fatalf("exit %d\n%s%s", exit, stdout, stderr)
	}
	for deadline := time.Now().Add(time.Second); len(b.KeyIDs()) == 2; {
		if time.Now().After(deadline) {
			t.Fatal("a second later the new keys are not published")
		}
	}
	w.move(time.Second)
	next := b.Tokens(b.Refresh(c, got.Refresh))
	for name, token := range map[string]string{"access token": next.Access, "ID token": next.ID} {
		if kid, _ := agent.Claims(t, token, 0)["kid"].(string); slices.Contains(before, kid) {
			t.Errorf("the %s is signed by a key of before: %s", name, kid)
		}
	}
	w.move(time.Minute)                                                         // nothing that began before is under way
	for deadline := time.Now().Add(time.Second); time.Now().Before(deadline); { // the server looks five times a second
		b.Get("/.well-known/jwks.json")
	}
	w.move(13 * time.Minute) // a token lives for 15
	if kids := b.KeyIDs(); len(kids) != 4 {
		t.Errorf("published before the last token has expired: %v", kids)
	}
	w.move(2 * time.Minute)
	if kids := b.KeyIDs(); len(kids) != 2 || slices.Contains(kids, before[0]) || slices.Contains(kids, before[1]) {
		t.Errorf("published after it: %v, before the rotation %v", kids, before)
	}
}

// A start that was interrupted, with the file half made or the passwords half
// hashed, ends quietly, and the next one finishes what it began.
func TestAStartThatIsInterrupted(t *testing.T) {
	for _, at := range []string{"", ".lock", "-wal"} { // the file as far as it is made by then; "" is the whole
		db := filepath.Join(t.TempDir(), "first.db")
		ctx, cancel := context.WithCancelCause(t.Context())
		var said agent.Log
		ended := make(chan int, 1)
		go func() { ended <- run(ctx, []string{"serve", "--db", db, "--addr", "127.0.0.1:0"}, io.Discard, &said) }()
		for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
			if _, err := os.Stat(db + at); err == nil {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("%q never came\n%s", db+at, &said)
			}
		}
		cancel(errors.New("interrupt signal received"))
		if code := <-ended; code != 0 || strings.Contains(said.String(), "punchcard:") {
			t.Errorf("interrupted with %q there: exit %d, %q", at, code, &said)
		}
		demoIsWhole(t, startOn(t, db))
	}
	// Killed after the people were written and before the week was.
	p := start(t)
	p.stop()
	p.sql(t, `DELETE FROM entries`, `DELETE FROM demo_week`)
	demoIsWhole(t, startOn(t, p.db))
	// What people have deleted since stays away.
	p = start(t)
	p.stop()
	p.sql(t, `DELETE FROM entries`)
	p = startOn(t, p.db)
	b, c := p.browser(t), agent.Mobile()
	if a := b.API("GET", "/timesheets", b.SignedUp(c, "ada@example.com").Access, ""); !strings.Contains(a.Text, `"items":[]`) {
		t.Errorf("the week came back: %s", a.Text)
	}
}

// demoIsWhole finds a person, and a week of theirs.
func demoIsWhole(t *testing.T, p *program) {
	t.Helper()
	b, c := p.browser(t), agent.Mobile()
	a := b.API("GET", "/timesheets", b.SignedUp(c, "ada@example.com").Access, "")
	if n := strings.Count(a.Text, `"id"`); n != 6 {
		t.Errorf("%d entries of Ada, want 6: %s", n, a.Text)
	}
	p.stop()
}

// sql changes the file of a stopped program.
func (p *program) sql(t *testing.T, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", p.db)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Fatal(err)
		}
	}
}

// A clock that is set right, by a little or a lot, at any moment: nobody is
// asked for a password twice, and no token request fails.
func TestAClockThatIsSetRight(t *testing.T) {
	for _, by := range []time.Duration{-30 * time.Second, -time.Hour, -30 * 24 * time.Hour, 20 * time.Second} {
		t.Run(by.String(), func(t *testing.T) {
			w := &watch{}
			p := startAt(t, w.now, filepath.Join(t.TempDir(), "punchcard.db"))
			b, c := p.browser(t), agent.Mobile()
			got := b.SignedUp(c, "ada@example.com")
			code := b.Code(c, "ada@example.com")
			w.move(by)
			b.Tokens(b.Exchange(c, code))
			next := b.Tokens(b.Refresh(c, got.Refresh))
			if a := b.API("GET", "/me", next.Access, ""); a.StatusCode != 200 {
				t.Errorf("the API with a token of now: %d %s", a.StatusCode, a.Text)
			}
			w.move(-by)
			for _, extra := range [][]string{{"prompt", "login"}, {"max_age", "0"}, {"max_age", "5"}, {"prompt", "select_account"}} {
				other := p.browser(t)
				other.SignedUp(c, "ada@example.com")
				w.move(10 * time.Second)
				page := other.Follow(other.Get(c.AuthorizeURL(extra...)))
				if extra[1] == "select_account" {
					page = other.Follow(other.Get("/login?flow=" + url.QueryEscape(page.Form(t).Values.Get("flow"))))
				}
				if page.Request.URL.Path != "/login" {
					t.Fatalf("%v leads to %s", extra, page.Request.URL.Path)
				}
				w.move(by) // between page and password
				if page = other.SignIn(page, "ada@example.com", "timesheets"); page.Request.URL.Path != "/consent" {
					t.Errorf("%v, the right password: asked again at %s", extra, page.Request.URL.Path)
				}
				w.move(-by)
			}
		})
	}
}

// Three rotations while tokens are issued and read: no request fails.
func keysRotateUnderLoad(t *testing.T) {
	p := start(t)
	var stop atomic.Bool
	var load sync.WaitGroup
	var served atomic.Int64
	kids := sync.Map{}
	for range 4 {
		b := p.browser(t)
		load.Go(func() {
			for !stop.Load() {
				a := b.Do("POST", "/oauth/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {"timesheets-cron"}, "client_secret": {"timesheets-cron-secret"}})
				if a.StatusCode != 200 {
					t.Errorf("token: %d %s", a.StatusCode, a.Text)
					return
				}
				token := b.Tokens(a).Access
				kids.Store(agent.Claims(t, token, 0)["kid"], true)
				if a := b.API("GET", "/me", token, ""); a.StatusCode != 200 {
					t.Errorf("api: %d %s", a.StatusCode, a.Text)
					return
				}
				served.Add(1)
			}
		})
	}
	for range 3 {
		if exit, _, stderr := another(t, "keys", "rotate", "--db", p.db); exit != 0 {
			t.Errorf("exit %d %s", exit, stderr)
		}
		for before := served.Load(); served.Load() < before+50 && !t.Failed(); {
			time.Sleep(10 * time.Millisecond)
		}
		time.Sleep(time.Second) // by which the new key signs
		for before := served.Load(); served.Load() < before+10 && !t.Failed(); {
			time.Sleep(10 * time.Millisecond)
		}
	}
	stop.Store(true)
	load.Wait()
	n := 0
	kids.Range(func(any, any) bool { n++; return true })
	if n != 4 {
		t.Errorf("tokens carried %d keys over three rotations, want 4", n)
	}
}

// restored stops the program and starts it on a copy in the place of its file.
func (p *program) restored(t *testing.T, saved string) *program {
	t.Helper()
	p.stop()
	if err := os.Rename(saved, p.db); err != nil {
		t.Fatal(err)
	}
	return p.again(t, time.Now)
}

// A copy made beside a busy server has all that was acknowledged before; put
// into its place it serves: people sign in, tokens refresh, entries are there.
func backupUnderLoad(t *testing.T) {
	p := start(t)
	b, c := p.browser(t), agent.Mobile()
	got := b.SignedUp(c, "ada@example.com")
	var stop atomic.Bool
	var load sync.WaitGroup
	var filed atomic.Int64
	load.Go(func() {
		for day := 0; !stop.Load(); day++ {
			date := time.Now().AddDate(0, 0, -30-day).Format(time.DateOnly)
			if a := b.SendJSON("POST", p.base()+"/api/timesheets", got.Access, `{"project":"Backup","date":"`+date+`","hours":1}`); a.StatusCode != 201 {
				t.Errorf("%d %s", a.StatusCode, a.Text)
				return
			}
			filed.Add(1)
		}
	})
	for filed.Load() < 20 && !t.Failed() {
		time.Sleep(time.Millisecond)
	}
	before := filed.Load()
	saved := filepath.Join(t.TempDir(), "saved.db")
	if exit, _, stderr := another(t, "backup", "--db", p.db, saved); exit != 0 {
		t.Fatalf("exit %d %s", exit, stderr)
	}
	stop.Store(true)
	load.Wait()
	q := p.restored(t, saved)
	b.Issuer = q.issuer
	next := b.Tokens(b.Refresh(c, got.Refresh))
	var list struct {
		Items []struct{ Project string }
	}
	if err := json.Unmarshal([]byte(b.API("GET", "/timesheets?project=Backup&limit=200", next.Access, "").Text), &list); err != nil || int64(len(list.Items)) < min(before, 200) {
		t.Errorf("%v: %d entries in the copy, %d were acknowledged before it", err, len(list.Items), before)
	}
	q.browser(t).SignedUp(c, "grace@example.com")
}

// What is spent after a copy was made is good again in it, unless the copy was
// made for that.
func olderBackup(t *testing.T) {
	p := start(t)
	b, c := p.browser(t), agent.Mobile()
	got := b.SignedUp(c, "ada@example.com")
	saved := filepath.Join(t.TempDir(), "saved.db")
	if exit, stdout, stderr := another(t, "backup", "--db", p.db, "--signed-out", saved); exit != 0 || !strings.Contains(stdout, "sign in again") {
		t.Fatalf("exit %d %s%s", exit, stdout, stderr)
	}
	next := b.Tokens(b.Refresh(c, got.Refresh))
	q := p.restored(t, saved)
	b.Issuer = q.issuer
	for name, token := range map[string]string{"the token that was spent since": got.Refresh, "its successor": next.Refresh} {
		if a := b.Refresh(c, token); a.StatusCode != 400 {
			t.Errorf("%s: %d", name, a.StatusCode)
		}
	}
	if a := b.API("GET", "/me", got.Access, ""); a.StatusCode != 401 {
		t.Errorf("an access token of before: %d", a.StatusCode)
	}
	if page := b.Follow(b.Get(c.AuthorizeURL())); page.Request.URL.Path != "/login" {
		t.Errorf("still signed in: %s", page.Request.URL.Path)
	}
	q.browser(t).SignedUp(c, "ada@example.com")
}

// TestCatalogue proves the cases of auth/catalogue/cases.tsv that need the
// clock, the file, the configuration or the keys.
func TestCatalogue(t *testing.T) {
	for id, prove := range map[string]func(*testing.T){
		"OP-05": TestClientsThatSign, "OP-06": TestStepUpForApprovals, "TK-06": TestOlderClientWithoutPKCE, "TK-11": codeLifetime, "RF-10": refreshLifetimes, "LG-16": sessionLifetimes, "ST-10": clockMoves, "JW-05": accessLifetime,
		"JW-03": forged("aud", "https://other.example/api", nil, []any{"{base}/api", "https://other.example"}, "{base}/api/", 7),
		"JW-04": forged("iss", "https://other.example", "{base}/", nil, "{base}:1", "HTTP://LOCALHOST"),
		"JW-06": forged("exp", nil, "4102444800", 4102444800.5, 1e308, -1, true, map[string]any{}),
		"JW-07": merged(forged("nbf", float64(time.Now().Add(time.Hour).Unix()), "soon"), forged("iat", float64(time.Now().Add(time.Hour).Unix()))),
		"RS-08": forgedScope, "OP-03": deviceByTheClock,
		"TK-33": personGone, "RF-05": lostAnswerWithinTheGrace, "RF-11": grantsEnd, "RF-13": clientLosesScope, "JW-17": clientGone, "LG-19": merged(passwordChanged, ownPasswordChanged),
		"LG-21": demoBeyondLoopback, "CN-10": hostileClientName, "HT-02": strictTransport,
		"ST-05": secondServer, "RF-04": secondServer, "ST-07": provesOtherFilesAreLeftAlone, "ST-08": fileVanishes,
		"SE-01": provesSecretsStaySecret, "SE-02": provesSecretsStaySecret, "SE-03": keysArePrivate, "SE-05": noSecretOnTheCommandLine,
		"SE-06": comparisons, "SE-08": noEgress,
		"JW-16": keysRotate, "SE-04": keysRotateUnderLoad, "ST-12": backupUnderLoad, "ST-13": olderBackup,
	} {
		t.Run(id, prove)
	}
}

func merged(proofs ...func(*testing.T)) func(*testing.T) {
	return func(t *testing.T) {
		for _, prove := range proofs {
			prove(t)
		}
	}
}

// RFC 8628 3.5: an interval that is kept to is answered with
// authorization_pending, and the end of the code with expired_token.
func deviceByTheClock(t *testing.T) {
	w := &watch{}
	p := startAt(t, w.now, filepath.Join(t.TempDir(), "punchcard.db"))
	tv, ada, c := p.browser(t), p.browser(t), agent.Mobile()
	d := tv.Television(c)
	agent.Refused(t, tv.Poll(c, d), 400, "authorization_pending")
	agent.Refused(t, tv.Poll(c, d), 400, "slow_down")
	w.move(6 * time.Second)
	agent.Refused(t, tv.Poll(c, d), 400, "slow_down") // ten seconds by then, and fifteen from now on
	w.move(15 * time.Second)
	agent.Refused(t, tv.Poll(c, d), 400, "authorization_pending")
	page := ada.Compares(d.User, "ada@example.com")
	w.move(10 * time.Minute)
	agent.Refused(t, tv.Poll(c, d), 400, "expired_token")
	if a := ada.Decide(ada.Decide(page, "same", nil), "allow", nil); a.StatusCode != 410 || !strings.Contains(a.Text, "Type another code") {
		t.Errorf("allowed too late: %s %d", a.Request.URL.Path, a.StatusCode)
	}
	agent.Refused(t, tv.Poll(c, d), 400, "expired_token")
	f := ada.Get("/device").Form(t)
	f.Values.Set("user_code", d.User)
	if a := ada.Do("POST", f.Action, f.Values); a.StatusCode != 410 {
		t.Errorf("typed too late: %d", a.StatusCode)
	}
}

// OWASP ASVS 10.4.3: a code lives a minute at most; RFC 6749 4.1.2: ten.
func codeLifetime(t *testing.T) {
	var w watch
	p := startAt(t, w.now, filepath.Join(t.TempDir(), "punchcard.db"))
	b, c := p.browser(t), agent.Mobile()
	early, late := b.Code(c, "ada@example.com"), b.Code(c, "ada@example.com")
	w.move(50 * time.Second)
	b.Tokens(b.Exchange(c, early))
	w.move(11 * time.Second)
	agent.Refused(t, b.Exchange(c, late), 400, "invalid_grant")
}

// RFC 9068 4: the current time MUST be before exp.
func accessLifetime(t *testing.T) {
	var w watch
	p := startAt(t, w.now, filepath.Join(t.TempDir(), "punchcard.db"))
	b, c := p.browser(t), agent.Mobile()
	got := b.SignedUp(c, "ada@example.com")
	w.move(14 * time.Minute)
	if a := b.API("GET", "/me", got.Access, ""); a.StatusCode != 200 {
		t.Errorf("before exp: %d", a.StatusCode)
	}
	w.move(61 * time.Second)
	if a := b.API("GET", "/me", got.Access, ""); a.StatusCode != 401 {
		t.Errorf("after exp: %d", a.StatusCode)
	}
	if a := b.Introspect(got.Access); strings.TrimSpace(a.Text) != `{"active":false}` {
		t.Errorf("introspection after exp: %s", a.Text)
	}
}

// OWASP ASVS 10.4.8. CONTRACT: "336h idle, absolute cap 90 days".
func refreshLifetimes(t *testing.T) {
	var w watch
	p := startAt(t, w.now, filepath.Join(t.TempDir(), "punchcard.db"))
	b, c := p.browser(t), agent.Mobile()
	got := b.SignedUp(c, "ada@example.com")
	w.move(336*time.Hour - time.Minute)
	got = b.Tokens(b.Refresh(c, got.Refresh))
	w.move(336*time.Hour + time.Minute)
	agent.Refused(t, b.Refresh(c, got.Refresh), 400, "invalid_grant")

	got = b.SignedUp(c, "ada@example.com")
	for range 89 {
		w.move(24 * time.Hour)
		got = b.Tokens(b.Refresh(c, got.Refresh))
	}
	w.move(24 * time.Hour)
	agent.Refused(t, b.Refresh(c, got.Refresh), 400, "invalid_grant")
}

// OWASP ASVS 7.3.1 and 7.3.2.
func sessionLifetimes(t *testing.T) {
	var w watch
	p := startAt(t, w.now, filepath.Join(t.TempDir(), "punchcard.db"))
	b, c := p.browser(t), agent.Mobile()
	signedIn := func() bool {
		q := b.Arrive(c, b.Follow(b.Get(c.AuthorizeURL("prompt", "none"))))
		return q.Get("error") == "consent_required"
	}
	b.ConsentPage(c, "ada@example.com")
	for day := 0; day < 13; day++ { // every eleven hours, for six days
		w.move(11 * time.Hour)
		if !signedIn() {
			t.Fatalf("signed out though active, after %d times 11 h", day+1)
		}
	}
	w.move(11 * time.Hour)
	w.move(25 * time.Hour) // now it is more than a week
	if signedIn() {
		t.Error("signed in past the absolute limit")
	}
	b.ConsentPage(c, "ada@example.com")
	w.move(12*time.Hour + time.Minute)
	if signedIn() {
		t.Error("signed in past the idle limit")
	}
}

// A clock set back brings nothing back that was spent, and one set forward
// lets nothing live longer than its stored end.
func clockMoves(t *testing.T) {
	var w watch
	p := startAt(t, w.now, filepath.Join(t.TempDir(), "punchcard.db"))
	b, c := p.browser(t), agent.Mobile()
	spent := b.Code(c, "ada@example.com")
	first := b.Tokens(b.Exchange(c, spent))
	second := b.Tokens(b.Refresh(c, first.Refresh))
	waiting := b.Code(c, "ada@example.com")
	w.move(-time.Hour)
	agent.Refused(t, b.Exchange(c, spent), 400, "invalid_grant")
	agent.Refused(t, b.Refresh(c, first.Refresh), 400, "invalid_grant")
	agent.Refused(t, b.Refresh(c, second.Refresh), 400, "invalid_grant") // the replay has ended the family
	w.move(time.Hour + 24*time.Hour)
	agent.Refused(t, b.Exchange(c, waiting), 400, "invalid_grant")
	if page := b.Follow(b.Get(c.AuthorizeURL())); page.Request.URL.Path != "/login" {
		t.Errorf("a day later, without a request: %s, want the session over", page.Request.URL.Path)
	}
}

// forged signs tokens with the server's own keys that differ from a good one
// in one claim alone; nil takes it away. Each must be refused, by the check
// that reads this claim.
func forged(claim string, values ...any) func(*testing.T) {
	return func(t *testing.T) {
		p := start(t)
		b := p.browser(t)
		good := b.SignedUp(agent.Mobile(), "ada@example.com").Access
		said := agent.Claims(t, good, 1)
		p.stop()
		ring := p.ring(t)
		q := p.again(t, time.Now)
		b.Issuer = q.issuer
		for _, value := range values {
			edited := maps.Clone(said)
			switch v := value.(type) {
			case nil:
				delete(edited, claim)
			case string:
				edited[claim] = strings.ReplaceAll(v, "{base}", q.base())
			default:
				edited[claim] = v
			}
			token, err := ring.Sign("ES256", "at+jwt", edited)
			if err != nil {
				t.Fatal(err)
			}
			before := len(q.stderr.String())
			if a := b.API("GET", "/me", token, ""); a.StatusCode != 401 || !strings.Contains(a.Header.Get("WWW-Authenticate"), `error="invalid_token"`) {
				t.Errorf("%s %v: %d %s", claim, value, a.StatusCode, a.Header.Get("WWW-Authenticate"))
			}
			// The file does not know these tokens either; that must not be why.
			if ledger := q.stderr.String()[before:]; strings.Contains(ledger, `"rule":"not revoked"`) {
				t.Errorf("%s %v came as far as the file", claim, value)
			}
			if a := b.Introspect(token); strings.TrimSpace(a.Text) != `{"active":false}` {
				t.Errorf("%s %v at introspection: %s", claim, value, a.Text)
			}
		}
		if a := b.API("GET", "/me", good, ""); a.StatusCode != 200 {
			t.Errorf("the good token: %d", a.StatusCode)
		}
	}
}

// OWASP ASVS 10.3.2: who may approve is not decided by the scope alone. The
// token is one that the server would never issue, so the file refuses it
// first; that the API itself asks who reports to whom is timesheets' test.
func forgedScope(t *testing.T) {
	p := start(t)
	b := p.browser(t)
	said := agent.Claims(t, b.SignedUp(agent.Mobile(), "ada@example.com").Access, 1)
	p.stop()
	ring := p.ring(t)
	q := p.again(t, time.Now)
	b.Issuer = q.issuer
	said["scope"] = fmt.Sprint(said["scope"], " approve:timesheets")
	token, err := ring.Sign("ES256", "at+jwt", said)
	if err != nil {
		t.Fatal(err)
	}
	if a := b.API("GET", "/approvals", token, ""); a.StatusCode != 401 && a.StatusCode != 403 {
		t.Errorf("an employee with the scope: %d", a.StatusCode)
	}
}

// OWASP ASVS 7.4.2: who is gone gets nothing more, a code in flight included.
func personGone(t *testing.T) {
	p := start(t)
	b, c := p.browser(t), agent.Mobile()
	code := b.Code(c, "alan@example.com")
	b.Issuer = p.again(t, time.Now, "--config", configured(t, without("usr_alan"))).issuer
	agent.Refused(t, b.Exchange(c, code), 400, "invalid_grant")
}

// RFC 9700 4.14.2, OWASP ASVS 7.4.2 and 7.4.3: what ends a grant ends its
// refresh tokens, and its access tokens at the next call.
func grantsEnd(t *testing.T) {
	for name, end := range map[string]func(t *testing.T, p *program, b *agent.Browser, c *agent.App, got agent.Tokens){
		"revocation": func(t *testing.T, p *program, b *agent.Browser, c *agent.App, got agent.Tokens) {
			b.Do("POST", "/oauth/revoke", url.Values{"client_id": {c.ID}, "token": {got.Refresh}})
		},
		"signed out everywhere": func(t *testing.T, p *program, b *agent.Browser, c *agent.App, got agent.Tokens) {
			b.Press("sign-out-everywhere")
		},
		"app disconnected": func(t *testing.T, p *program, b *agent.Browser, c *agent.App, got agent.Tokens) {
			b.Press("disconnect", "client", c.ID)
		},
		"browser ended": func(t *testing.T, p *program, b *agent.Browser, c *agent.App, got agent.Tokens) {
			other := p.browser(t)
			other.SignIn(other.Follow(other.Get("/account")), "alan@example.com", "timesheets")
			_, id, _ := strings.Cut(other.Get("/account").Text, `name="browser" value="`)
			id, _, _ = strings.Cut(id, `"`)
			other.Press("end-browser", "browser", id)
		},
		"password changed by its owner": func(t *testing.T, p *program, b *agent.Browser, c *agent.App, got agent.Tokens) {
			other := p.browser(t)
			other.SignIn(other.Follow(other.Get("/account")), "alan@example.com", "timesheets")
			other.Press("change-password", "current_password", "timesheets", "new_password", "an hour a day", "repeat_password", "an hour a day")
		},
		"person removed": func(t *testing.T, p *program, b *agent.Browser, c *agent.App, got agent.Tokens) {
			p.again(t, time.Now, "--config", configured(t, without("usr_alan")))
		},
		"password changed": func(t *testing.T, p *program, b *agent.Browser, c *agent.App, got agent.Tokens) {
			p.again(t, time.Now, "--config", configured(t, replacing("name: Alan Turing\n    password: timesheets", "name: Alan Turing\n    password: another one")))
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t)
			b, c := p.browser(t), agent.Mobile()
			got := b.SignedUp(c, "alan@example.com")
			end(t, p, b, c, got)
			agent.Refused(t, b.Refresh(c, got.Refresh), 400, "invalid_grant")
			if a := b.API("GET", "/me", got.Access, ""); a.StatusCode != 401 {
				t.Errorf("the access token: %d", a.StatusCode)
			}
		})
	}
}

// OWASP ASVS 10.4.11: a client gets no scope that it has lost since.
func clientLosesScope(t *testing.T) {
	p := start(t)
	b, c := p.browser(t), agent.Mobile()
	got := b.SignedUp(c, "ada@example.com")
	b.Issuer = p.again(t, time.Now, "--config", configured(t, func(text string) string {
		client := text[strings.Index(text, "- id: timesheets-mobile"):]
		return strings.Replace(text, client, strings.Replace(client, "      - create:timesheets\n", "", 1), 1)
	})).issuer
	// OWASP ASVS 8.3.2: the token that it holds no longer does what it has lost.
	if a := b.API("POST", "/timesheets", got.Access, `{"project":"Apollo","date":"2026-11-20","hours":1}`); a.StatusCode != 403 || !strings.Contains(a.Header.Get("WWW-Authenticate"), `error="insufficient_scope"`) {
		t.Errorf("a living token adds an entry: %d %s", a.StatusCode, a.Header.Get("WWW-Authenticate"))
	}
	if a := b.API("GET", "/timesheets", got.Access, ""); a.StatusCode != 200 {
		t.Errorf("a living token reads: %d", a.StatusCode)
	}
	// What the client keeps, its grant keeps: RFC 6749 3.3, the response says how much that is.
	if next := b.Tokens(b.Refresh(c, got.Refresh)); next.Scope != strings.Replace(got.Scope, " create:timesheets", "", 1) || next.Scope == got.Scope {
		t.Errorf("scope %q, was %q", next.Scope, got.Scope)
	}
}

// OWASP ASVS 7.4.2: the tokens of a client that is gone are dead.
func clientGone(t *testing.T) {
	p := start(t)
	b, c := p.browser(t), agent.Mobile()
	got := b.SignedUp(c, "ada@example.com")
	b.Issuer = p.again(t, time.Now, "--config", configured(t, without("timesheets-mobile"))).issuer
	if a := b.API("GET", "/me", got.Access, ""); a.StatusCode != 401 {
		t.Errorf("its access token: %d", a.StatusCode)
	}
	agent.Refused(t, b.Refresh(c, got.Refresh), 401, "invalid_client")
}

// OWASP ASVS 7.4.3: another password ends the sessions that the old one began.
func passwordChanged(t *testing.T) {
	p := start(t)
	b, c := p.browser(t), agent.Mobile()
	b.ConsentPage(c, "alan@example.com")
	b.Issuer = p.again(t, time.Now, "--config", configured(t, replacing("name: Alan Turing\n    password: timesheets", "name: Alan Turing\n    password: another one"))).issuer
	page := b.Follow(b.Get(c.AuthorizeURL()))
	if page.Request.URL.Path != "/login" {
		t.Fatalf("still signed in: %s", page.Request.URL.Path)
	}
	if a := b.SignIn(page, "alan@example.com", "timesheets"); a.StatusCode != 422 {
		t.Errorf("the old password: %d", a.StatusCode)
	}
	if a := b.SignIn(page, "alan@example.com", "another one"); a.Request.URL.Path != "/consent" {
		t.Errorf("the new password: %s", a.Request.URL.Path)
	}
}

// OWASP ASVS 7.4.3, by the person's own hand: every other browser is out, and
// whoever has copied this one's cookie.
func ownPasswordChanged(t *testing.T) {
	p := start(t)
	here, there, thief := p.browser(t), p.browser(t), p.browser(t)
	for _, b := range []*agent.Browser{here, there} {
		b.SignIn(b.Follow(b.Get("/account")), "alan@example.com", "timesheets")
	}
	address, _ := url.Parse(p.url)
	thief.HTTP.Jar.SetCookies(address, here.HTTP.Jar.Cookies(address))
	if a := thief.Get("/account"); a.StatusCode != 200 {
		t.Fatalf("the copied cookie: %d", a.StatusCode)
	}
	here.Press("change-password", "current_password", "timesheets", "new_password", "an hour a day", "repeat_password", "an hour a day")
	if a := here.Get("/account"); a.StatusCode != 200 {
		t.Errorf("this browser: %d", a.StatusCode)
	}
	for name, b := range map[string]*agent.Browser{"another browser": there, "the copied cookie": thief} {
		if a := b.Follow(b.Get("/account")); a.Request.URL.Path != "/login" {
			t.Errorf("%s: %s", name, a.Request.URL)
		}
	}
}

// OWASP ASVS 6.4.1. CONTRACT: "a non-loopback --addr with a seeded password or
// client secret is refused".
func demoBeyondLoopback(t *testing.T) {
	copied := filepath.Join(t.TempDir(), "my.yaml")
	if err := os.WriteFile(copied, bytes.Replace(seed.Builtin(), []byte("Ada Lovelace"), []byte("Ada King"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, from := range [][]string{{"--addr", "0.0.0.0:0"}, {"--addr", "127.0.0.1:0", "--issuer", "https://punchcard.example"}, {"--addr", ":0", "--issuer", "http://192.0.2.1:8484"}} {
		for _, config := range [][]string{nil, {"--config", copied}} {
			exit, said := refusedStart(t, slices.Concat(from, config, []string{"--db", filepath.Join(t.TempDir(), "x.db")})...)
			if exit != 1 || !strings.Contains(said, from[len(from)-1]) || !strings.Contains(said, "usr_ada") || !strings.Contains(said, "timesheets-web") || !strings.Contains(said, "--allow-demo-passwords") {
				t.Errorf("%v %v: exit %d: %s", from, config, exit, said)
			}
		}
	}
	// On this machine the copy is as good as the seed, and the check says so.
	var out agent.Log
	if exit := run(t.Context(), []string{"config", "check", copied}, &out, &out); exit != 0 || !strings.Contains(out.String(), "this machine only") {
		t.Errorf("config check: exit %d: %s", exit, &out)
	}
	p := start(t, "--config", copied)
	p.browser(t).SignedUp(agent.Mobile(), "ada@example.com")
}

// RFC 9700 4.11: a client may call itself anything; what it is shows.
func hostileClientName(t *testing.T) {
	p := start(t, "--config", configured(t, replacing("name: Timesheets Mobile", `name: "Timesheets <b>Admin</b> \u202Eevil 👩‍💻"`)))
	b, c := p.browser(t), agent.Mobile()
	page := b.ConsentPage(c, "ada@example.com")
	if strings.Contains(page.Text, "<b>Admin</b>") || !strings.Contains(page.Text, "&lt;b&gt;Admin") {
		t.Error("the name is not escaped")
	}
	if !strings.Contains(page.Text, "127.0.0.1") {
		t.Error("the page does not say where it leads")
	}
}

// OWASP ASVS 3.4.1; RFC 6797 7.2: not over plain http.
func strictTransport(t *testing.T) {
	if got := start(t).browser(t).Get("/livez").Header.Get("Strict-Transport-Security"); got != "" {
		t.Errorf("over http: %q", got)
	}
	p := start(t, "--issuer", "https://punchcard.example", "--allow-demo-passwords")
	r, err := http.NewRequest("GET", p.url+"/login", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "punchcard.example"
	a := p.browser(t).Send(r)
	if got := a.Header.Get("Strict-Transport-Security"); got != "max-age=31536000" {
		t.Errorf("over https: %q, want a year", got)
	}
	r, err = http.NewRequest("GET", p.url+agent.Mobile().AuthorizeURL(), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "punchcard.example"
	for _, c := range p.browser(t).Send(r).Cookies() {
		if !c.Secure || !strings.HasPrefix(c.Name, "__Host-") {
			t.Errorf("cookie %s over https: Secure %v, want it, and the prefix __Host- (OWASP ASVS 3.3.1)", c.Name, c.Secure)
		}
	}
}

// One server a file: two would each believe that they alone spend its codes.
func secondServer(t *testing.T) {
	p := start(t)
	exit, said := refusedStart(t, "--db", p.db, "--addr", "127.0.0.1:0")
	if pid := fmt.Sprint(os.Getpid()); exit != 1 || !strings.Contains(said, pid) {
		t.Errorf("exit %d, %q; want 1 and the pid %s", exit, said, pid)
	}
	p.browser(t).SignedUp(agent.Mobile(), "ada@example.com") // the first goes on
}

// A server whose file is gone must not go on writing to what nobody can open.
func fileVanishes(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("an open file cannot be moved on Windows")
	}
	p := start(t)
	b := p.browser(t)
	if a := b.Get("/readyz"); a.StatusCode != 200 {
		t.Fatalf("ready: %d", a.StatusCode)
	}
	if err := os.Rename(p.db, p.db+".away"); err != nil {
		t.Fatal(err)
	}
	if a := b.Get("/readyz"); a.StatusCode != 503 {
		t.Errorf("without its file: %d, want 503", a.StatusCode)
	}
	if a := b.Do("POST", "/oauth/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {"timesheets-cron"}, "client_secret": {"timesheets-cron-secret"}}); a.StatusCode != 503 {
		t.Errorf("a token whose record nobody can open: %d, want 503", a.StatusCode)
	}
}

// The file holds the private keys, so nobody else may open it.
func keysArePrivate(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such modes")
	}
	p := start(t)
	p.stop()
	info, err := os.Stat(p.db)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v, want 0600 (%v)", info.Mode(), err)
	}
	if err := os.Chmod(p.db, 0o640); err != nil {
		t.Fatal(err)
	}
	exit, said := refusedStart(t, "--db", p.db, "--addr", "127.0.0.1:0")
	if exit != 1 || !strings.Contains(said, "chmod 600") {
		t.Errorf("with mode 0640: exit %d, %s", exit, said)
	}
}

// Arguments can be read by every user of a machine.
func noSecretOnTheCommandLine(t *testing.T) {
	var help agent.Log
	for _, command := range []string{"", "api", "login", "registration token", "keys rotate", "backup", "reset"} {
		run(t.Context(), append(strings.Fields(command), "--help"), &help, &help)
	}
	for line := range strings.Lines(help.String()) {
		if strings.Contains(line, "--") && regexp.MustCompile(`(?i)--\S*(secret|password|token|key)\S*=`).MatchString(line) {
			t.Errorf("a flag takes a secret: %s", line)
		}
	}
	if !strings.Contains(help.String(), "--allow-demo-passwords") {
		t.Error("this is not the help")
	}
}

// sources parses our own code, tests left out.
func sources(t *testing.T, each func(name string, node ast.Node)) {
	t.Helper()
	set := token.NewFileSet()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if d != nil && d.IsDir() && strings.HasPrefix(d.Name(), ".") && path != "." {
			return filepath.SkipDir // tools of the repository, which are in no binary
		}
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, "_templ.go") {
			return err
		}
		file, err := parser.ParseFile(set, path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if n != nil {
				each(set.Position(n.Pos()).String(), n)
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// ASVS V11: a comparison that ends at the first difference tells how far a
// guess was right. Secrets are looked up by hash, or compared in constant time.
func comparisons(t *testing.T) {
	secretive := regexp.MustCompile(`(?i)(secret|password|token|verifier|cookie|hash|mac)$`)
	name := func(e ast.Expr) string {
		switch e := e.(type) {
		case *ast.Ident:
			return e.Name
		case *ast.SelectorExpr:
			return e.Sel.Name
		}
		return ""
	}
	seen := 0
	sources(t, func(at string, n ast.Node) {
		c, ok := n.(*ast.BinaryExpr)
		if !ok || c.Op != token.EQL && c.Op != token.NEQ {
			return
		}
		seen++
		if secretive.MatchString(name(c.X)) && secretive.MatchString(name(c.Y)) {
			t.Errorf("%s compares %s with %s as text", at, name(c.X), name(c.Y))
		}
	})
	if seen < 100 {
		t.Errorf("only %d comparisons were looked at", seen)
	}
}

// A server that asks nobody can be made to ask nobody: no code of ours opens a
// connection or starts a program, but for the native app, and for the API that
// stands alone and asks the one issuer its flag names: each has a process of its
// own. AZ-54 and JW-11 show the same from outside.
func noEgress(t *testing.T) {
	outward := map[string][]string{
		"http": {"Get", "Post", "PostForm", "Head", "DefaultClient", "Client", "Transport", "DefaultTransport", "NewRequest", "NewRequestWithContext"},
		"net":  {"Dial", "DialTimeout", "Dialer", "DialTCP", "DialUDP", "LookupHost", "LookupIP", "LookupAddr", "Resolver"},
		"exec": {"Command", "CommandContext"}, "smtp": {"SendMail"}, "tls": {"Dial"},
	}
	listening := false
	sources(t, func(at string, n ast.Node) {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return
		}
		pkg, ok := sel.X.(*ast.Ident)
		if !ok {
			return
		}
		listening = listening || pkg.Name == "net" && sel.Sel.Name == "Listen"
		// The inspector's attacks are clients, of this very server: see below.
		attacks := strings.HasPrefix(at, "views/inspector/attack/")
		apart := strings.HasPrefix(at, "timesheets/client/") || strings.HasPrefix(at, "timesheets/issuer/")
		if slices.Contains(outward[pkg.Name], sel.Sel.Name) && !attacks && !apart {
			t.Errorf("%s uses %s.%s", at, pkg.Name, sel.Sel.Name)
		}
	})
	if !listening {
		t.Error("not even net.Listen was found: the search is broken")
	}
	// Wherever an attack is sent, it reaches us.
	us := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Host) }))
	defer us.Close()
	for _, elsewhere := range []string{"http://192.0.2.1/", "https://elsewhere.example/", "http://elsewhere.example:81/"} {
		answer, err := (&http.Client{Transport: attack.Only(us.Listener.Addr().String())}).Get(elsewhere)
		if err != nil {
			t.Errorf("%s: %v", elsewhere, err)
			continue
		}
		host, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		if want := strings.Trim(strings.SplitN(elsewhere, "//", 2)[1], "/"); string(host) != want {
			t.Errorf("%s reached us as %s, want %s", elsewhere, host, want)
		}
	}
}

// The same with a grace: the retry gets what was lost, once and for all, and
// the app that works on from there leaves no second way in.
func lostAnswerWithinTheGrace(t *testing.T) {
	p := start(t, "--refresh-grace", "10s")
	b, c := p.browser(t), agent.Mobile()
	first := b.SignedUp(c, "ada@example.com")
	b.Fault(`{"client":"timesheets-mobile","endpoint":"token","fault":"drop_response"}`)
	r, err := http.NewRequest(http.MethodPost, p.base()+"/oauth/token", strings.NewReader(url.Values{
		"grant_type": {"refresh_token"}, "client_id": {c.ID}, "refresh_token": {first.Refresh}}.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Close = true
	if resp, err := b.HTTP.Do(r); !errors.Is(err, io.EOF) {
		t.Fatalf("the app got %v, %v; want a connection closed without an answer", resp, err)
	}
	retry := b.Tokens(b.Refresh(c, first.Refresh))
	other := b.Tokens(b.Refresh(c, first.Refresh)) // a second tab
	if retry.Refresh == first.Refresh || retry.Refresh != other.Refresh {
		t.Fatal("the token did not rotate, or two tabs hold two successors")
	}
	if a := b.API("GET", "/me", retry.Access, ""); a.StatusCode != 200 {
		t.Fatalf("the retry's access token: %d %s", a.StatusCode, a.Text)
	}
	next := b.Tokens(b.Refresh(c, retry.Refresh))
	agent.Refused(t, b.Refresh(c, first.Refresh), 400, "invalid_grant") // its successor was used: now it is a replay
	agent.Refused(t, b.Refresh(c, next.Refresh), 400, "invalid_grant")
	if a := b.API("GET", "/me", next.Access, ""); a.StatusCode != 401 {
		t.Errorf("after the replay: %d", a.StatusCode)
	}
	if exit, said := refusedStart(t, "serve", "--addr", "127.0.0.1:0", "--db", filepath.Join(t.TempDir(), "x.db"), "--refresh-grace", "11s"); exit != 2 || !strings.Contains(said, "--refresh-grace") {
		t.Errorf("eleven seconds: exit %d, %s", exit, said)
	}
}

// CONTRACT: "reset: administration beside a running server".
func TestResetBesideARunningServer(t *testing.T) {
	p := start(t)
	for range 2 {
		u := agent.Leave(t, p.browser(t), func(statements string) {
			if exit, _, said := elsewhere(t, "PUNCHCARD_TEST_FILE="+p.db, "PUNCHCARD_TEST_SQL="+statements); exit != 0 {
				t.Fatal(said)
			}
		})
		made := u.Browser.SendJSON("POST", p.base()+"/oidc/register", "", `{"redirect_uris":["https://a.example/cb"]}`).JSON(t)
		exit, out, said := another(t, "reset", "--db", p.db, "--yes")
		if exit != 0 || strings.Count(out, "\n") != 1 || !strings.Contains(out, p.db) || said != "" {
			t.Fatalf("exit %d, %q %q", exit, out, said)
		}
		u.AreGone(t)
		agent.Refused(t, u.Browser.SendJSON("GET", fmt.Sprint(made["registration_client_uri"]), fmt.Sprint(made["registration_access_token"]), ""), 401, "invalid_token")
	}
	if exit := p.stop(); exit != 0 {
		t.Errorf("the server ended with %d", exit)
	}
	// And without a server.
	if exit, out, said := another(t, "reset", "--db", p.db, "--yes"); exit != 0 || out == "" || said != "" {
		t.Errorf("exit %d, %q %q", exit, out, said)
	}
}

// A file that somebody uses with people of their own never gets the public
// passwords of the built-in seed because a flag was forgotten.
func TestResetKnowsTheConfiguration(t *testing.T) {
	own := configured(t, replacing("name: Alan Turing\n    password: timesheets", "name: Alan M. Turing\n    password: another one"))
	p := start(t, "--config", own)
	b := p.browser(t)
	page := b.SignIn(b.Follow(b.Get(agent.Mobile().AuthorizeURL())), "alan@example.com", "another one")
	if page.Request.URL.Path != "/consent" {
		t.Fatal(page.Request.URL.Path)
	}
	if exit, _, said := another(t, "reset", "--db", p.db, "--yes"); exit != 1 || !strings.Contains(said, "--config") {
		t.Errorf("without its configuration: exit %d, %s", exit, said)
	}
	if page := b.Follow(b.Get(agent.Mobile().AuthorizeURL())); page.Request.URL.Path != "/consent" {
		t.Error("a refused reset has signed somebody out")
	}
	if exit, out, said := another(t, "reset", "--db", p.db, "--yes", "--config", own); exit != 0 || said != "" || strings.Contains(out, "timesheets") {
		t.Errorf("with it: exit %d, %q %q", exit, out, said)
	}
	if page := b.SignIn(b.Follow(b.Get(agent.Mobile().AuthorizeURL())), "alan@example.com", "another one"); page.Request.URL.Path != "/consent" {
		t.Errorf("the declared password: %s %d", page.Request.URL.Path, page.StatusCode)
	}
	other := configured(t, replacing("name: Ada Lovelace", "name: Ada Byron"))
	if exit, _, said := another(t, "reset", "--db", p.db, "--yes", "--config", other); exit != 0 || !strings.Contains(said, "another configuration") {
		t.Errorf("with another one: exit %d, %q", exit, said)
	}
}
