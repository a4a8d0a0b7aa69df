package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
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

	"github.com/exampleco/punchcard/auth/punchcardtest"
	"github.com/exampleco/punchcard/auth/punchcardtest/agent"
	"github.com/exampleco/punchcard/auth/seed"
	"github.com/exampleco/punchcard/auth/stack"
	"github.com/exampleco/punchcard/auth/stack/alone"
	"github.com/exampleco/punchcard/auth/store/sqlite"
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
		punchcardtest.Template(t, db)
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

// Start to first answer on a file that exists: flags, lock, checks, keys,
// configuration, listeners.
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

// again stops the program and starts it on the same file and port.
func (p *program) again(t *testing.T, now func() time.Time, args ...string) *program {
	t.Helper()
	port := p.url[strings.LastIndex(p.url, ":")+1:]
	p.stop()
	return startAt(t, now, p.db, append(args, "--addr", "127.0.0.1:"+port)...)
}

// A key that was rotated out stays published until its last token has expired,
// by the server's clock, and is gone then.
func keysRotate(t *testing.T) {
	var w punchcardtest.Clock
	p := startAt(t, w.Now, filepath.Join(t.TempDir(), "punchcard.db"))
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
	w.Move(time.Second)
	next := b.Tokens(b.Refresh(c, got.Refresh))
	for name, token := range map[string]string{"access token": next.Access, "ID token": next.ID} {
		if kid, _ := agent.Claims(t, token, 0)["kid"].(string); slices.Contains(before, kid) {
			t.Errorf("the %s is signed by a key of before: %s", name, kid)
		}
	}
	w.Move(time.Minute)                                                         // nothing that began before is under way
	for deadline := time.Now().Add(time.Second); time.Now().Before(deadline); { // the server looks five times a second
		b.Get("/.well-known/jwks.json")
	}
	w.Move(13 * time.Minute) // a token lives for 15
	if kids := b.KeyIDs(); len(kids) != 4 {
		t.Errorf("published before the last token has expired: %v", kids)
	}
	w.Move(2 * time.Minute)
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

// TestCatalogue proves the cases of auth/catalogue/cases.tsv that need a process.
func TestCatalogue(t *testing.T) {
	for id, prove := range map[string]func(*testing.T){
		"LG-21": demoBeyondLoopback,
		"ST-05": secondServer, "RF-04": secondServer, "ST-07": provesOtherFilesAreLeftAlone, "ST-08": fileVanishes,
		"SE-03": keysArePrivate, "SE-05": noSecretOnTheCommandLine,
		"JW-16": keysRotate, "SE-04": keysRotateUnderLoad, "ST-12": backupUnderLoad, "ST-13": olderBackup,
	} {
		t.Run(id, prove)
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
	own := punchcardtest.Config(t, punchcardtest.Replacing("name: Alan Turing\n    password: timesheets", "name: Alan M. Turing\n    password: another one"))
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
	other := punchcardtest.Config(t, punchcardtest.Replacing("name: Ada Lovelace", "name: Ada Byron"))
	if exit, _, said := another(t, "reset", "--db", p.db, "--yes", "--config", other); exit != 0 || !strings.Contains(said, "another configuration") {
		t.Errorf("with another one: exit %d, %q", exit, said)
	}
}
