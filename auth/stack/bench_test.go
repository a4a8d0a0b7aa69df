package stack

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/exampleco/punchcard/auth/admin"
	"github.com/exampleco/punchcard/auth/edge"
	"github.com/exampleco/punchcard/auth/punchcardtest/agent"
	"github.com/exampleco/punchcard/auth/store/sqlite"
	"github.com/exampleco/punchcard/views/inspector/record"
)

// wired is the whole program on a file of its own, from the log line to the
// disk, with so many families in the file beside those that are used.
func wired(b *testing.B, families int, watched bool) *program {
	b.Helper()
	log := edge.Logger(io.Discard, "json", "info")
	if watched {
		log = slog.New(record.Ledger(log.Handler()))
	}
	file, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "punchcard.db"), sqlite.Options{Migrations: Migrations(), Log: log})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { file.Close(context.Background()) })
	if err := file.Migrate(b.Context()); err != nil {
		b.Fatal(err)
	}
	document, builtin, err := admin.Load("")
	if err != nil {
		b.Fatal(err)
	}
	issuer := &url.URL{Scheme: "http", Host: "localhost:8484"}
	serve := &Serve{Issuer: issuer.String(), AccessTTL: 15 * time.Minute, RefreshTTL: 336 * time.Hour, CodeTTL: 10 * time.Minute}
	rooms, err := serve.wire(b.Context(), file, document, builtin, edge.Process{Now: time.Now, Version: "test"}, log)
	if err != nil {
		b.Fatal(err)
	}
	var served http.Handler = rooms
	if watched {
		recorder, err := record.New(b.Context(), record.Config{Writer: file, Read: file.Read(), Now: time.Now, Log: log})
		if err != nil {
			b.Fatal(err)
		}
		ctx, stop := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() { defer close(done); recorder.Run(ctx) }()
		b.Cleanup(func() {
			stop()
			<-done
			if n := recorder.Dropped(); n > 0 {
				b.Logf("%d exchanges dropped", n)
			}
		})
		served = recorder.Handler(rooms)
	}
	around := edge.Config{Issuer: issuer, Port: "8484", Log: log}
	p := &program{issuer: issuer.String(), handler: edge.Handler(around, served), bare: edge.Handler(around, rooms)}
	p.browser(b).SignedUp(agent.Mobile(), "grace@example.com") // the family that is copied
	for _, table := range []string{"families", "codes", "pkce", "oidc", "access_tokens", "refresh_tokens"} {
		if families > 0 {
			multiply(b, file, table, families)
		}
	}
	return p
}

// multiply copies the rows of a table, each with a key of its own.
func multiply(b *testing.B, file *sqlite.File, table string, n int) {
	b.Helper()
	rows, err := file.Read().Query("SELECT name FROM pragma_table_info(?)", table)
	if err != nil {
		b.Fatal(err)
	}
	defer rows.Close()
	var columns, values []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			b.Fatal(err)
		}
		value := map[string]string{"hash": "lower(hex(randomblob(32)))", "request_id": "request_id || '-' || n"}[name]
		if value == "" {
			value = name
		}
		columns, values = append(columns, name), append(values, value)
	}
	if err := rows.Err(); err != nil || len(columns) == 0 {
		b.Fatalf("columns of %s: %v %v", table, columns, err)
	}
	statement := fmt.Sprintf("WITH RECURSIVE k(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM k WHERE n < ?) INSERT INTO %s (%s) SELECT %s FROM %s, k",
		table, strings.Join(columns, ", "), strings.Join(values, ", "), table)
	if err := file.Write(b.Context(), func(tx *sql.Tx) error { _, err := tx.Exec(statement, n); return err }); err != nil {
		b.Fatal(err)
	}
}

// prepare makes one client's request, which will be sent n times.
type prepare func(b *testing.B, p *program, n int) (request func())

// BenchmarkServer measures each request alone and with eight at a time, on an
// empty file and beside 100,000 families. Every token it counts is on disk.
// Compare lines of one run: machines and their disks differ.
func BenchmarkServer(b *testing.B) {
	for _, families := range []int{0, 100_000} {
		b.Run(fmt.Sprintf("families=%d", families), func(b *testing.B) {
			p := wired(b, families, true)
			for _, kind := range []struct {
				name    string
				prepare prepare
			}{
				{"refresh", benchRefresh("offline_access read:timesheets")},
				{"refresh-with-RS256-ID-token", benchRefresh("openid offline_access read:timesheets")},
				{"code", benchCode}, {"device-code", benchDevice}, {"client-credentials", benchMachine}, {"client-credentials-DPoP", benchMachineBound}, {"introspect", benchIntrospect},
				{"api-read", benchGet("/api/timesheets?limit=10")}, {"api-me", benchGet("/api/me")}, {"api-me-DPoP", benchGetBound("/api/me")}, {"login-page", benchLoginPage},
			} {
				b.Run(kind.name+"/one", func(b *testing.B) {
					request := kind.prepare(b, p, b.N)
					b.ResetTimer()
					for range b.N {
						request()
					}
				})
				b.Run(kind.name+"/eight", func(b *testing.B) {
					send := eight(b, p, kind.prepare)
					b.ResetTimer()
					send()
				})
			}
		})
	}
}

// eight prepares b.N requests by eight clients.
func eight(b *testing.B, p *program, prepared prepare) (send func()) {
	requests := clients(b, p, b.N, prepared)
	return func() { share(requests, b.N) }
}

// clients are eight, each good for its share of n requests.
func clients(b *testing.B, p *program, n int, prepared prepare) (requests [8]func()) {
	for i := range requests {
		requests[i] = prepared(b, p, (n+len(requests)-1)/len(requests))
	}
	return requests
}

// share sends n requests by all clients at once.
func share(requests [8]func(), n int) {
	var wg sync.WaitGroup
	for i, request := range requests {
		wg.Go(func() {
			for range (n + len(requests) - 1 - i) / len(requests) {
				request()
			}
		})
	}
	wg.Wait()
}

// BenchmarkRecorder measures what it costs to be watched: the processor time of
// a token request, and how many fewer are answered, with eight clients, in many
// short turns without and with the recorder, so that whatever else the machine
// does hits both. Take some
// thousands: -benchtime 5000x.
func BenchmarkRecorder(b *testing.B) {
	for _, kind := range []struct {
		name    string
		prepare prepare
	}{
		{"refresh", benchRefresh("offline_access read:timesheets")},
		{"refresh-with-RS256-ID-token", benchRefresh("openid offline_access read:timesheets")},
		{"client-credentials", benchMachine},
	} {
		b.Run(kind.name, func(b *testing.B) {
			const turn = 200
			p := wired(b, 0, true)
			requests := clients(b, p, 2*(b.N+turn), kind.prepare)
			handlers := [2]http.Handler{p.bare, p.handler}
			var used, waited [2]float64
			sent := 0
			for ; sent < b.N; sent += turn {
				for i, h := range handlers {
					p.handler = h
					before := processorTime()
					start := time.Now()
					share(requests, turn)
					waited[i] += float64(time.Since(start))
					time.Sleep(20 * time.Millisecond) // what was recorded is joined meanwhile
					used[i] += processorTime() - before
				}
			}
			b.ReportMetric(used[0]/float64(sent), "cpu-ns/op-without")
			b.ReportMetric(used[1]/float64(sent), "cpu-ns/op-with")
			b.ReportMetric(100*(used[1]/used[0]-1), "%-more-cpu")
			b.ReportMetric(100*(1-waited[0]/waited[1]), "%-less-throughput")
		})
	}
}

// processorTime is what this process has used so far, in nanoseconds. Linux
// counts that in hundredths of a second, whatever else the machine does;
// elsewhere the runtime estimates it.
func processorTime() float64 {
	runtime.GC() // whose work belongs to what came before
	stat, err := os.ReadFile("/proc/self/stat")
	if _, fields, ok := strings.Cut(string(stat), ") "); ok && err == nil {
		var user, system float64
		field := strings.Fields(fields)
		_, uerr := fmt.Sscan(field[11], &user)
		_, serr := fmt.Sscan(field[12], &system)
		if errors.Join(uerr, serr) == nil {
			return (user + system) * 1e7
		}
	}
	samples := []metrics.Sample{{Name: "/cpu/classes/total:cpu-seconds"}, {Name: "/cpu/classes/idle:cpu-seconds"}}
	metrics.Read(samples)
	return (samples[0].Value.Float64() - samples[1].Value.Float64()) * 1e9
}

// must is the request that is measured: it has to succeed.
func (p *program) must(b *testing.B, method, path, kind string, header http.Header, body string) string {
	r := httptest.NewRequest(method, p.issuer+path, strings.NewReader(body))
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	for name, values := range header {
		r.Header[name] = values
	}
	rec := httptest.NewRecorder()
	p.handler.ServeHTTP(rec, r)
	if rec.Code != http.StatusOK {
		b.Errorf("%s: %d %s", path, rec.Code, rec.Body)
	}
	return rec.Body.String()
}

const formType = "application/x-www-form-urlencoded"

func benchRefresh(scope string) prepare {
	return func(b *testing.B, p *program, _ int) func() {
		c := agent.Mobile()
		c.Scope = scope
		token := p.browser(b).SignedUp(c, "ada@example.com").Refresh
		return func() {
			var next agent.Tokens
			form := url.Values{"grant_type": {"refresh_token"}, "client_id": {c.ID}, "refresh_token": {token}}
			if err := json.Unmarshal([]byte(p.must(b, "POST", "/oauth/token", formType, nil, form.Encode())), &next); err != nil {
				b.Error(err)
			}
			token = next.Refresh
		}
	}
}

func benchCode(b *testing.B, p *program, n int) func() {
	c, browser := agent.Mobile(), p.browser(b)
	c.Scope = "offline_access read:timesheets"
	codes := []string{browser.Code(c, "ada@example.com")}
	for len(codes) < n {
		codes = append(codes, browser.Code(c, "")) // signed in by now
	}
	return func() {
		form := url.Values{"grant_type": {"authorization_code"}, "client_id": {c.ID}, "code": {codes[0]}, "redirect_uri": {c.Redirect}, "code_verifier": {c.Verifier}}
		codes = codes[1:]
		p.must(b, "POST", "/oauth/token", formType, nil, form.Encode())
	}
}

func benchDevice(b *testing.B, p *program, n int) func() {
	c, browser := agent.Mobile(), p.browser(b)
	c.Scope = "offline_access read:timesheets"
	var codes []agent.DeviceCode
	for len(codes) < n {
		d := browser.Television(c)
		browser.Decide(browser.Decide(browser.Compares(d.User, "ada@example.com"), "same", nil), "allow", nil)
		codes = append(codes, d)
	}
	return func() {
		form := url.Values{"grant_type": {agent.DeviceGrant}, "client_id": {c.ID}, "device_code": {codes[0].Code}}
		codes = codes[1:]
		p.must(b, "POST", "/oauth/token", formType, nil, form.Encode())
	}
}

func benchMachine(b *testing.B, p *program, _ int) func() {
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {"timesheets-cron"}, "client_secret": {"timesheets-cron-secret"}}.Encode()
	return func() { p.must(b, "POST", "/oauth/token", formType, nil, form) }
}

// proofs are made beforehand: the client's work is not the server's. Each is
// used once, and that is on disk before it is answered.
func proofs(d *agent.Device, method, target, token string, n int) (next func() http.Header) {
	made := make([]string, n)
	for i := range made {
		made[i] = d.Proof(method, target, token)
	}
	return func() http.Header {
		h := http.Header{"Dpop": made[:1]}
		made = made[1:]
		if token != "" {
			h.Set("Authorization", "DPoP "+token)
		}
		return h
	}
}

func benchMachineBound(b *testing.B, p *program, n int) func() {
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {"timesheets-cron"}, "client_secret": {"timesheets-cron-secret"}}.Encode()
	next := proofs(p.browser(b).Device(), "POST", p.base()+"/oauth/token", "", n)
	return func() { p.must(b, "POST", "/oauth/token", formType, next(), form) }
}

func benchGetBound(path string) prepare {
	return func(b *testing.B, p *program, n int) func() {
		browser, c := p.browser(b), agent.Mobile()
		d := browser.Device()
		token := browser.Tokens(d.Token(url.Values{
			"grant_type": {"authorization_code"}, "client_id": {c.ID}, "redirect_uri": {c.Redirect}, "code_verifier": {c.Verifier},
			"code": {browser.Code(c, "ada@example.com")},
		})).Access
		next := proofs(d, "GET", p.base()+path, token, n)
		return func() { p.must(b, "GET", path, "", next(), "") }
	}
}

func benchIntrospect(b *testing.B, p *program, _ int) func() {
	token := p.browser(b).SignedUp(agent.Mobile(), "ada@example.com").Access
	form := url.Values{"client_id": {"timesheets-gateway"}, "client_secret": {"timesheets-gateway-secret"}, "token": {token}}.Encode()
	return func() { p.must(b, "POST", "/oauth/introspect", formType, nil, form) }
}

func benchGet(path string) prepare {
	return func(b *testing.B, p *program, _ int) func() {
		header := http.Header{"Authorization": {"Bearer " + p.browser(b).SignedUp(agent.Mobile(), "ada@example.com").Access}}
		return func() { p.must(b, "GET", path, "", header, "") }
	}
}

func benchLoginPage(b *testing.B, p *program, _ int) func() {
	return func() { p.must(b, "GET", "/login", "", nil, "") }
}
