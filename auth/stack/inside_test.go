package stack

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/exampleco/punchcard/auth/admin"
	"github.com/exampleco/punchcard/auth/edge"
	"github.com/exampleco/punchcard/auth/punchcardtest/agent"
	"github.com/exampleco/punchcard/auth/store/sqlite"
	"github.com/exampleco/punchcard/views/inspector"
	"github.com/exampleco/punchcard/views/inspector/fault"
	"github.com/exampleco/punchcard/views/inspector/record"
)

// inProcess answers an http.Client from a handler, without a socket between
// them: what is measured is the server.
type inProcess struct{ http.Handler }

func (h inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	in := r.Clone(r.Context())
	in.RequestURI, in.RemoteAddr, in.Host = r.URL.RequestURI(), "127.0.0.1:4711", r.URL.Host
	if in.Body == nil {
		in.Body = http.NoBody
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, in)
	resp := rec.Result()
	resp.Request = r
	return resp, nil
}

// program is a server in this process, with its handlers at hand.
type program struct {
	issuer  string
	handler http.Handler // instead of a port, where only the server is measured
	bare    http.Handler // the same without the recorder
}

func (p *program) base() string { return strings.TrimSuffix(p.issuer, "/") }

func (p *program) browser(t testing.TB) *agent.Browser {
	t.Helper()
	b := agent.New(t, p.issuer)
	if p.handler != nil {
		b.HTTP.Transport = inProcess{p.handler}
	}
	return b
}

// inside is the whole program in this process, with its rooms at hand and a
// list of faults round them.
func inside(t *testing.T) (p *program, r *rooms, faults *fault.List) {
	t.Helper()
	s := open(t, &Serve{AccessTTL: 15 * time.Minute, RefreshTTL: 336 * time.Hour, CodeTTL: time.Minute})
	return &program{issuer: s.c.Issuer}, s.rooms, s.faults
}

// opened is what inside is made of.
type opened struct {
	c      *Serve
	rooms  *rooms
	faults *fault.List
	page   inspector.Config
	record record.Config
}

// open puts a server together on a free port, as c has it.
func open(t *testing.T, c *Serve) opened {
	t.Helper()
	log := edge.Logger(io.Discard, "json", "error")
	file, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "punchcard.db"), sqlite.Options{Lock: true, Migrations: Migrations(), Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close(context.Background()) })
	document, builtin, lerr := admin.Load("")
	if err := errors.Join(file.Migrate(t.Context()), lerr); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(nil)
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	issuer := &url.URL{Scheme: "http", Host: "localhost:" + port}
	c.Issuer, c.private = issuer.String(), true
	s := opened{c: c}
	if s.rooms, err = s.c.wire(t.Context(), file, document, builtin, edge.Process{Now: time.Now, Version: "test"}, log); err != nil {
		t.Fatal(err)
	}
	s.record = s.rooms.recordConfig()
	recorder, err := record.New(t.Context(), s.record)
	if err != nil {
		t.Fatal(err)
	}
	s.faults = &fault.List{ResourceMetadata: s.rooms.base() + pathResource, CORS: s.rooms.readable}
	s.page = s.c.pageConfig(t.Context(), s.rooms, server.Listener, recorder, s.faults)
	inspector.Register(s.rooms.mux, s.page)
	server.Config.Handler = edge.Handler(edge.Config{Issuer: issuer, Port: port, Log: log}, s.faults.Handler(s.rooms))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.Start()
	t.Cleanup(server.Close)
	return s
}
