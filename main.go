// Punchcard is OAuth 2 and OpenID Connect, running and visible, in one binary.
//
//	person ──browser──►┐          one process, one SQLite file
//	                   │   ┌──────────────────────────────────────────────┐
//	app ───────────────┼──►│ edge     host, size, request id, log         │
//	(phone, browser,   │   │  ├─ auth         authorization server        │
//	 server, machine)  │   │  │   ├─ store people keys seed               │
//	                   │   │  │   └─ views     login, consent, errors     │
//	                   └──►│  ├─ timesheets   resource server  /api       │
//	                       │  │   └─ asks auth.Verify about each token    │
//	                       │  └─ views/site   start, phone app, reference │
//	                       └──────────────────────────────────────────────┘
//
// This file has the commands, opens the one file, wires the rooms together and
// serves. The seam between the two servers is adapter, below.
package main

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"path"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"github.com/exampleco/punchcard/auth"
	"github.com/exampleco/punchcard/auth/admin"
	"github.com/exampleco/punchcard/auth/dpop"
	"github.com/exampleco/punchcard/auth/edge"
	"github.com/exampleco/punchcard/auth/seed"
	"github.com/exampleco/punchcard/auth/store/sqlite"
	"github.com/exampleco/punchcard/static"
	"github.com/exampleco/punchcard/timesheets"
	"github.com/exampleco/punchcard/timesheets/client"
	"github.com/exampleco/punchcard/timesheets/issuer"
	"github.com/exampleco/punchcard/views"
	"github.com/exampleco/punchcard/views/inspector"
	"github.com/exampleco/punchcard/views/inspector/attack"
	"github.com/exampleco/punchcard/views/inspector/fault"
	"github.com/exampleco/punchcard/views/inspector/record"
	"github.com/exampleco/punchcard/views/site"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second signal kills
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// Exit codes of the command.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2 // and 4 for what is forbidden, which client knows
)

type cli struct {
	Serve   serveCmd   `cmd:"" default:"withargs" help:"Open or create the file, and serve (the default)."`
	API     apiCmd     `cmd:"" name:"api" help:"Serve the Timesheets API alone, for the tokens of any issuer of RFC 9068 access tokens."`
	Version versionCmd `cmd:"" help:"Print what this binary is."`
	Reset   resetCmd   `cmd:"" help:"Set a file back to its seed, also beside a running server; the signing keys stay."`

	Admin  admin.Commands  `embed:""` // on the file, beside a running server, and on its configuration
	Client client.Commands `embed:""` // the native app
}

// run is the program: it returns the exit code and never exits by itself.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	return runAt(ctx, time.Now, args, stdout, stderr)
}

// clock tells the time to both servers.
type clock func() time.Time

// runAt is run by another clock, for what takes 90 days.
func runAt(ctx context.Context, now clock, args []string, stdout, stderr io.Writer) (code int) {
	type exit int
	defer func() {
		if p := recover(); p != nil {
			e, ok := p.(exit)
			if !ok {
				panic(p)
			}
			code = int(e)
		}
	}()
	var c cli
	parser, err := kong.New(&c, kong.Name("punchcard"), kong.Description("OAuth 2 and OpenID Connect, running and visible, in one binary."),
		kong.Writers(stdout, stderr), kong.Exit(func(code int) { panic(exit(code)) }), kong.Help(help),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(terminal{stdout, stderr}, client.Terminal{Out: stdout, Err: stderr}, now,
			admin.Desk{Out: stdout, Err: stderr, Now: now, Migrations: migrations()}))
	if err != nil {
		panic(err) // the command line itself is declared wrongly
	}
	if err := withoutEmpty(parser); err != nil {
		panic(err) // the command line itself is declared wrongly
	}
	command, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(stderr, "punchcard: %s\nRun punchcard --help for the commands and flags.\n", edge.Plain(err.Error()))
		return exitUsage
	}
	if err := command.Run(); err != nil {
		fmt.Fprintf(stderr, "punchcard: %s\n", edge.Plain(err.Error()))
		var known kong.ExitCoder
		if errors.As(err, &known) {
			return known.ExitCode()
		}
		return exitFailure
	}
	return exitOK
}

// withoutEmpty makes an environment variable that is empty count as one that is
// not set: Compose files and shells write it so, and no flag has "" for a value.
func withoutEmpty(parser *kong.Kong) error {
	return kong.Visit(parser.Model, func(node kong.Visitable, next kong.Next) error {
		if flag, ok := node.(*kong.Flag); ok {
			flag.Tag.Envs = slices.DeleteFunc(slices.Clone(flag.Tag.Envs), func(name string) bool {
				value, set := os.LookupEnv(name)
				return set && value == ""
			})
		}
		return next(nil)
	})
}

type terminal struct{ out, err io.Writer }

// held is a terminal that keeps what is logged until it is released, where a
// program reads it: its first line is that the port answers.
func (t terminal) held() (inner terminal, release func(first string)) {
	if edge.Terminal(t.err) {
		return t, func(first string) { _, _ = io.WriteString(t.err, first) }
	}
	kept := edge.Hold(t.err)
	return terminal{t.out, kept}, kept.Release
}

// help shows serve's flags first: nearly everybody who asks wants those.
func help(options kong.HelpOptions, ctx *kong.Context) error {
	if ctx.Selected() != nil {
		return kong.DefaultHelpPrinter(options, ctx)
	}
	serve, err := kong.Trace(ctx.Kong, []string{"serve"})
	if err != nil {
		return err
	}
	fmt.Fprintf(ctx.Stdout, "%s\n\n", ctx.Model.Help)
	if err := kong.DefaultHelpPrinter(options, serve); err != nil {
		return err
	}
	fmt.Fprintln(ctx.Stdout, "\nOther commands:")
	for _, child := range ctx.Model.Leaves(true) {
		if child.Name != "serve" {
			fmt.Fprintf(ctx.Stdout, "  %-24s %s\n", child.Path(), child.Help)
		}
	}
	return nil
}

type serveCmd struct {
	Addr               string        `env:"PUNCHCARD_ADDR" default:"127.0.0.1:8484" placeholder:"HOST:PORT" help:"Where to listen; 127.0.0.1:8484. That, and any address without a host, is 127.0.0.1 and [::1]; :0 picks a free port."`
	Issuer             string        `env:"PUNCHCARD_ISSUER" placeholder:"URL" help:"Identifier of this server, used byte for byte; default http://localhost:<port>."`
	DB                 string        `name:"db" env:"PUNCHCARD_DB" default:"punchcard.db" placeholder:"FILE" help:"The one file with everything in it; punchcard.db."`
	Config             string        `env:"PUNCHCARD_CONFIG" placeholder:"FILE" help:"People, roles, clients and APIs as YAML; default: the built-in seed."`
	AccessTTL          time.Duration `name:"access-ttl" env:"PUNCHCARD_ACCESS_TTL" default:"15m" help:"Lifetime of an access token."`
	RefreshTTL         time.Duration `name:"refresh-ttl" env:"PUNCHCARD_REFRESH_TTL" default:"336h" help:"How long a refresh token may lie idle; a family ends after 90 days."`
	CodeTTL            time.Duration `name:"code-ttl" env:"PUNCHCARD_CODE_TTL" default:"60s" help:"Lifetime of an authorization code, at most 10m."`
	RefreshGrace       time.Duration `env:"PUNCHCARD_REFRESH_GRACE" default:"0s" help:"How long a public client may retry a refresh whose answer was lost, at most 10s; 0: not at all. A thief of the token can use these seconds too, until the next refresh."`
	ApproveMaxAge      time.Duration `env:"PUNCHCARD_APPROVE_MAX_AGE" default:"0s" help:"How old a sign-in may be to approve or reject with it, such as 5m (RFC 9470); 0: as old as it is."`
	DPoPNonces         bool          `name:"dpop-nonces" env:"PUNCHCARD_DPOP_NONCES" help:"Demand a server nonce in every DPoP proof, also of clients that are not registered to send one."`
	LogFormat          string        `env:"PUNCHCARD_LOG_FORMAT" enum:"auto,text,json" default:"auto" help:"text, json, or auto: text on a terminal, JSON otherwise."`
	LogLevel           string        `env:"PUNCHCARD_LOG_LEVEL" enum:"debug,info,warn,error" default:"info" help:"debug shows every check."`
	AllowDemoPasswords bool          `env:"PUNCHCARD_ALLOW_DEMO_PASSWORDS" help:"Serve others although a seeded password or secret is in use."`
	QuietPages         bool          `env:"PUNCHCARD_QUIET_PAGES" help:"Leave out the strip on login and consent that names the step."`

	private bool // only this machine can reach the pages
}

// Run opens the file, wires the rooms and serves until ctx ends.
func (c *serveCmd) Run(ctx context.Context, t terminal, now clock) (err error) {
	start := time.Now()
	document, builtin, err := admin.Load(c.Config)
	if err != nil {
		return err
	}
	if err := c.validate(); err != nil {
		return admin.Usage(err)
	}
	listeners, err := edge.Listen(c.Addr)
	if err != nil {
		return err
	}
	defer closeAll(listeners)
	issuer, port, err := c.issuer(listeners[0])
	if err != nil {
		return admin.Usage(err)
	}
	c.private = private(listeners[0], issuer)
	if err := c.keptPrivate(document, listeners[0]); err != nil {
		return err
	}
	t, release := t.held()
	defer release("")
	log := slog.New(record.Ledger(edge.Logger(t.err, c.LogFormat, c.LogLevel).Handler()))
	file, err := sqlite.Open(ctx, c.DB, sqlite.Options{Lock: true, Migrations: migrations(), Log: log})
	if err != nil {
		return unlessStopped(ctx, err)
	}
	defer func() { err = errors.Join(unlessStopped(ctx, err), file.Close(context.WithoutCancel(ctx))) }()
	if err := file.Migrate(ctx); err != nil {
		return err
	}
	rooms, err := c.wire(ctx, file, document, builtin, now, log)
	if err != nil {
		return err
	}
	defer func() {
		if lost := rooms.auth.Settle(context.WithoutCancel(ctx)); lost != nil {
			log.WarnContext(ctx, "when tokens were last used could not be written", "err", lost)
		}
	}()
	watched, ended, err := c.watch(ctx, rooms, listeners[0], log)
	if err != nil {
		return err
	}
	defer ended()
	handler := edge.Handler(edge.Config{Issuer: issuer, Port: port, Host: edge.Host(listeners[0]), Log: log}, watched)
	go tidy(ctx, log, tidyFirst, tidyEvery, rooms.auth.Purge, rooms.timesheets.Purge, file.Shrink)
	c.announce(t, release, rooms, time.Since(start), file.Created, listeners[0])
	return edge.Serve(ctx, listeners, handler, log, func() { rooms.stopping.Store(true) })
}

// unlessStopped passes an error on, but not that a start was interrupted: that is
// what was wanted, and the next start does what this one has not done.
func unlessStopped(ctx context.Context, err error) error {
	if ctx.Err() != nil && (errors.Is(err, ctx.Err()) || errors.Is(err, context.Cause(ctx))) {
		return nil
	}
	return err
}

func (c *serveCmd) validate() error {
	if bad := (*auth.LifetimeError)(nil); errors.As(auth.Lifetimes{Access: c.AccessTTL, Refresh: c.RefreshTTL, Code: c.CodeTTL}.Check(), &bad) {
		return fmt.Errorf("--%s-ttl must be between %s and %s", bad.Of, bad.Min, bad.Max)
	}
	for _, ttl := range []struct {
		flag     string
		value    time.Duration
		min, max time.Duration
	}{
		{"--refresh-grace", c.RefreshGrace, 0, 10 * time.Second}, // longer would only be a second use
		{"--approve-max-age", c.ApproveMaxAge, 0, 24 * time.Hour},
	} {
		if ttl.value < ttl.min || ttl.value > ttl.max {
			return fmt.Errorf("%s must be between %s and %s", ttl.flag, ttl.min, ttl.max)
		}
	}
	if c.ApproveMaxAge%time.Second != 0 { // it travels as a number of seconds
		return errors.New("--approve-max-age must be whole seconds")
	}
	return nil
}

// keptPrivate refuses to serve others by passwords that everybody knows. An
// issuer beyond this machine is reached by others, wherever we listen: there is
// a proxy in front.
func (c *serveCmd) keptPrivate(document *seed.Document, l net.Listener) error {
	demo := document.DemoCredentials()
	if c.private || len(demo) == 0 || c.AllowDemoPasswords {
		return nil
	}
	where := "the issuer " + c.Issuer
	if !edge.Loopback(l) {
		where = c.Addr
	}
	return fmt.Errorf("%s can be reached from other machines, and the passwords or secrets of %s are public; write a configuration of your own (punchcard config example), or add --allow-demo-passwords", where, strings.Join(demo, ", "))
}

// issuer is the flag byte for byte, or http://localhost with our port; where
// localhost does not lead to our address, that address.
func (c *serveCmd) issuer(l net.Listener) (*url.URL, string, error) {
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return nil, "", err
	}
	if c.Issuer == "" {
		c.Issuer = "http://" + edge.Reached(l)
	}
	u, err := url.Parse(c.Issuer)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.Path != "" && u.Path != "/" || strings.ContainsAny(c.Issuer, "?#") {
		return nil, "", fmt.Errorf("--issuer %s must be http(s)://host[:port], with or without a trailing slash, and nothing more", c.Issuer)
	}
	return u, port, nil
}

func migrations() []sqlite.MigrationSet {
	sets := []sqlite.MigrationSet{{Name: "timesheets", FS: timesheets.Migrations}, {Name: "inspector", FS: record.Migrations}}
	for name, fs := range auth.Migrations() {
		sets = append(sets, sqlite.MigrationSet{Name: name, FS: fs})
	}
	return sets
}

// pathResource is where RFC 9728 3.1 puts the metadata of the resource /api.
const pathResource = "/.well-known/oauth-protected-resource/api"

// rooms is what serves.
type rooms struct {
	mux        *http.ServeMux
	auth       *auth.Server
	timesheets *timesheets.API
	api        http.Handler                    // the same, with its cross-origin answers
	readable   func(http.Handler) http.Handler // gives an answer of the API to the pages that may read it
	app        bool                            // there is a client for the phone app
	stopping   atomic.Bool

	document *seed.Document
	file     *sqlite.File
	now      clock
	seedWeek bool                     // a week of entries belongs to the seed
	onReset  []func(tx *sql.Tx) error // what else is to be emptied, in the same commit
}

// wire puts the rooms together.
func (c *serveCmd) wire(ctx context.Context, file *sqlite.File, document *seed.Document, builtin bool, now clock, log *slog.Logger) (*rooms, error) {
	server, err := auth.New(ctx, auth.Config{
		Issuer: c.Issuer, Document: document, Builtin: builtin, Writer: file, Read: file.Read(),
		AccessTTL: c.AccessTTL, RefreshTTL: c.RefreshTTL, CodeTTL: c.CodeTTL, RefreshGrace: c.RefreshGrace, DPoPNonces: c.DPoPNonces, QuietPages: c.QuietPages, OpenRegistration: c.private, InspectorPath: c.inspectorPath(), Now: now, Log: log,
	})
	if err != nil {
		return nil, err
	}
	base := strings.TrimSuffix(c.Issuer, "/")
	audience := base + "/api"
	api, err := timesheets.New(timesheets.Config{
		Writer: file, Read: file.Read(), Verifier: adapter{server, audience}, Directory: directory{server, document},
		Proofs:   server.Proofs(),
		Audience: audience, Issuer: c.Issuer, ResourceMetadata: base + pathResource, Documentation: base + "/docs", ApproveMaxAge: c.ApproveMaxAge, Now: now, Log: log,
	})
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(document.APIs, func(a seed.API) bool { return strings.ReplaceAll(a.Identifier, seed.Base, base) == audience }) {
		log.WarnContext(ctx, "the configuration declares no API "+seed.Base+"/api, so the Timesheets API takes none of this server's tokens")
	}
	if err := api.SeedWeek(ctx, now(), builtin); err != nil {
		return nil, err
	}
	readable := func(h http.Handler) http.Handler { return server.CORS(h, "GET", "POST", "PUT", "DELETE") }
	r := &rooms{
		mux: http.NewServeMux(), auth: server, timesheets: api, api: readable(api.Handler()), readable: readable,
		document: document, file: file, now: now, seedWeek: builtin, onReset: []func(*sql.Tx) error{record.ClearFile},
	}
	server.Register(r.mux)
	r.mux.Handle("/api/", r.api)
	for _, of := range []string{pathResource, pathResource + "/"} { // of the API, and of each path below it
		r.mux.Handle("GET "+of, server.PublicCORS(api.Metadata(), "GET"))
		r.mux.Handle("OPTIONS "+of, server.PublicCORS(r.only("GET", "HEAD"), "GET"))
	}
	r.mux.Handle("GET /static/", static.Handler())
	r.mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	r.mux.HandleFunc("GET /readyz", r.ready(file))
	r.app = phoneApp(document) != ""
	demo, scope := server.DemoClient()
	site.Register(r.mux, site.Config{
		Issuer: c.Issuer, Version: version(), Introduce: server.Introduce,
		Client: demo, Scope: scope, CodeSeconds: func() int { return int(server.Lifetimes().Code.Seconds()) },
		App: phoneApp(document), Audience: audience, OpenRegistration: c.private,
		Document: api.Document, DocumentPath: "/api/openapi.json", Inspector: "/inspector",
	})
	return r, nil
}

// inspectorPath is where the strip's link leads, "" for no link.
func (c *serveCmd) inspectorPath() string {
	if c.private {
		return "/inspector"
	}
	return ""
}

// watch puts the recorder and the faults round the rooms, and the inspector's
// page on their mux. ended waits until all that was recorded is in the file.
func (c *serveCmd) watch(ctx context.Context, r *rooms, l net.Listener, log *slog.Logger) (watched http.Handler, ended func(), err error) {
	recorder, err := record.New(ctx, record.Config{Writer: r.file, Read: r.file.Read(), Now: r.now, Log: log})
	if err != nil {
		return nil, nil, err
	}
	done := make(chan struct{})
	go func() { defer close(done); recorder.Run(ctx) }()
	faults := &fault.List{ResourceMetadata: strings.TrimSuffix(c.Issuer, "/") + pathResource, CORS: r.readable}
	page := inspector.Config{
		Issuer: c.Issuer, Recorder: recorder, Faults: faults, Controls: controls{r}, Stage: stage(r.document, c.Issuer, l), Private: c.private,
		ClientName: r.clientName, PersonName: r.personName, Document: r.timesheets.Document, DocsHref: "/docs", Now: r.now, Stopping: ctx.Done(),
	}
	if r.app {
		page.AppHref = "/app/"
	}
	if demo, _ := r.auth.DemoClient(); demo != "" && c.private {
		page.TryHref = "/try"
	}
	for _, client := range r.document.Clients {
		page.Clients = append(page.Clients, views.FilterChoice{Value: client.ID, Text: client.Name})
		if client.Kind == seed.KindMachine && slices.Contains(r.document.DemoCredentials(), client.ID) {
			page.Starters = append(page.Starters, views.StartCommand{
				Title: "Or from a terminal", Text: "A machine gets a token of its own: nobody signs in.",
				Shell: inspector.Command("curl", "-s", "-u", client.ID+":"+client.Secret, "-d", "grant_type=client_credentials", strings.TrimSuffix(c.Issuer, "/")+"/oauth/token"),
			})
		}
	}
	inspector.Register(r.mux, page)
	return recorder.Handler(faults.Handler(r)), func() { <-done }, nil
}

// controls are what the inspector's page may change.
type controls struct{ *rooms }

func (c controls) Viewer(q *http.Request) (string, bool, error) {
	v, err := c.auth.Viewer(q)
	return v.Name, v.Manager, err
}

func (c controls) Lifetimes() (access, refresh, code time.Duration) {
	l := c.auth.Lifetimes()
	return l.Access, l.Refresh, l.Code
}

func (c controls) SetLifetimes(access, refresh, code time.Duration) error {
	return c.auth.SetLifetimes(auth.Lifetimes{Access: access, Refresh: refresh, Code: code})
}

func (c controls) Expire(ctx context.Context, hash string) (gone bool, err error) {
	switch _, err := c.auth.Expire(ctx, hash); {
	case errors.Is(err, auth.ErrNoHash), errors.Is(err, auth.ErrNoToken), errors.Is(err, auth.ErrNotAlive):
		return true, nil
	default:
		return false, err
	}
}

func (c controls) Reset(ctx context.Context) error { return c.reset(ctx) }

// clientName and personName word what the document declares, and what has
// registered itself since; a person may be named by e-mail address.
func (r *rooms) clientName(id string) string {
	for _, c := range r.document.Clients {
		if c.ID == id {
			return c.Name
		}
	}
	return r.auth.ClientName(id)
}

func (r *rooms) personName(id string) string {
	for _, p := range r.document.People {
		if p.ID == id || strings.EqualFold(p.Email, id) {
			return p.Name
		}
	}
	return ""
}

// stage is who plays in the attacks: people and clients of the document. An
// attack says what it lacks where a configuration has nobody for a part.
func stage(d *seed.Document, issuer string, l net.Listener) *attack.Stage {
	s := &attack.Stage{Issuer: issuer, Audience: strings.TrimSuffix(issuer, "/") + "/api", Transport: &toUs{address: l.Addr().String()}}
	for _, c := range d.Clients {
		if !slices.Contains(c.Grants, "authorization_code") {
			continue
		}
		client := attack.Client{ID: c.ID, Secret: c.Secret, Scope: strings.Join(c.Scopes, " ")}
		if len(c.RedirectURIs) > 0 {
			client.RedirectURI = strings.ReplaceAll(c.RedirectURIs[0], seed.Base, strings.TrimSuffix(issuer, "/"))
		}
		switch {
		case c.Kind == seed.KindNative && s.Client.ID == "":
			s.Client = client
		case c.Secret != "" && s.Rival.ID == "":
			s.Rival = client
		}
	}
	for _, p := range d.People {
		person := attack.Person{ID: p.ID, Email: p.Email, Password: p.Password}
		switch {
		case p.ReportsTo != "" && s.Employee.ID == "":
			s.Employee = person
		case p.ReportsTo != "" && s.Colleague.ID == "":
			s.Colleague = person
		case p.ReportsTo == "" && s.Manager.ID == "":
			s.Manager = person
		}
	}
	return s
}

// toUs sends every request to this very server, whatever name it has outside:
// the attacks reach nobody else.
type toUs struct {
	address string
	once    sync.Once
	http.Transport
}

func (t *toUs) RoundTrip(q *http.Request) (*http.Response, error) {
	t.once.Do(func() {
		t.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, t.address)
		}
	})
	inside := q.Clone(q.Context())
	inside.Host, inside.URL.Scheme = q.URL.Host, "http"
	return t.Transport.RoundTrip(inside)
}

// private says whether only this machine can look: the listener takes nobody
// else, and nobody is told of another address, behind which there would be a
// proxy and with it the world.
func private(l net.Listener, issuer *url.URL) bool {
	return edge.Loopback(l) && edge.OnThisMachine(issuer.Hostname())
}

// reset sets everything back to the seed in one commit, and keeps the signing
// keys. What requests do at that moment comes before it or after it, whole.
func (r *rooms) reset(ctx context.Context) error {
	ctx = r.file.Begin(ctx)
	defer r.file.Rollback(ctx) // after a commit it does nothing
	if err := r.auth.Reset(ctx); err != nil {
		return fmt.Errorf("reset the authorization server: %w", err)
	}
	if err := r.timesheets.Reset(ctx, r.now(), r.seedWeek); err != nil {
		return fmt.Errorf("reset the timesheets: %w", err)
	}
	for _, empty := range r.onReset {
		if err := r.file.Write(ctx, empty); err != nil {
			return fmt.Errorf("reset: %w", err)
		}
	}
	return r.file.Commit(ctx)
}

// ServeHTTP knows each path by one spelling. The mux would send an untidy one
// on to its tidy form by 307, and the body of a token request with it.
func (r *rooms) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	tidy := path.Clean(q.URL.Path)
	switch {
	case tidy == q.URL.Path || tidy+"/" == q.URL.Path:
		edge.Checked(r.mux, r.refuse).ServeHTTP(w, q)
	case strings.HasPrefix(q.URL.Path, "/api/"):
		r.api.ServeHTTP(w, q) // whose 404 is a problem
	default:
		http.NotFound(w, q)
	}
}

// refuse answers what no handler gets to see in the form of whoever asked.
func (r *rooms) refuse(w http.ResponseWriter, q *http.Request, status int, detail string) {
	problem := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { timesheets.Refuse(w, status, detail) })
	switch control := strings.HasPrefix(q.URL.Path, "/inspector"); {
	case strings.HasPrefix(q.URL.Path, "/api/") && r.readable != nil:
		r.readable(problem).ServeHTTP(w, q)
	case control && !strings.Contains(q.Header.Get("Accept"), "text/html"):
		problem(w, q)
	case r.auth != nil:
		r.auth.Refuse(w, q, status, detail)
	default:
		http.Error(w, detail, status)
	}
}

// only answers what asks by another method and is no preflight.
func (r *rooms) only(methods ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) { edge.NotAllowed(w, q, methods, r.refuse) })
}

// phoneApp is the public client that comes back to the page at /app/, "" if
// the configuration declares none.
func phoneApp(d *seed.Document) string {
	for _, c := range d.Clients {
		if c.Kind == seed.KindBrowser && slices.Contains(c.RedirectURIs, seed.Base+"/app/callback") {
			return c.ID
		}
	}
	return ""
}

// announce says that the port answers: a banner for a person, one JSON line
// for a program. The listeners are open, so a connection made now is served.
func (c *serveCmd) announce(t terminal, release func(string), r *rooms, took time.Duration, created bool, l net.Listener) {
	where := "http://" + edge.Reached(l)
	if !edge.Loopback(l) {
		where = strings.TrimSuffix(c.Issuer, "/")
	}
	if !edge.Terminal(t.err) {
		line, _ := json.Marshal(struct { // which strings always can
			Msg     string `json:"msg"`
			URL     string `json:"url"`
			Issuer  string `json:"issuer"`
			DB      string `json:"db"`
			Version string `json:"version"`
		}{"ready", where, c.Issuer, c.DB, version()})
		release(string(line) + "\n")
		return
	}
	banner := r.auth.Banner(where)
	if r.app {
		banner.Links = append(banner.Links, views.BannerLink{Label: "Phone app", URL: strings.TrimSuffix(c.Issuer, "/") + "/app/"})
	}
	banner.Links = append(banner.Links, views.BannerLink{Label: "Inspector", URL: strings.TrimSuffix(c.Issuer, "/") + "/inspector"})
	banner.Links = append(banner.Links, views.BannerLink{Label: "API", URL: strings.TrimSuffix(c.Issuer, "/") + "/docs"})
	banner.Version, banner.Ready, banner.DB, banner.DBState = version(), took, c.DB, "kept"
	if created {
		banner.DBState = "new"
	}
	banner.Color = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	views.Banner(t.err, banner)
}

// ready fails while the server stops and when the file cannot be read.
func (r *rooms) ready(file *sqlite.File) http.HandlerFunc {
	return func(w http.ResponseWriter, q *http.Request) {
		if r.stopping.Load() {
			http.Error(w, "stopping", http.StatusServiceUnavailable)
		} else if err := file.Check(q.Context()); err != nil {
			http.Error(w, "the database cannot be used", http.StatusServiceUnavailable)
		} else {
			fmt.Fprintln(w, "ok")
		}
	}
}

// When what is over is done away with: soon after a start, because many a
// server never runs for long, and then again and again.
const (
	tidyFirst = 20 * time.Second
	tidyEvery = 10 * time.Minute
)

// tidy does away with what can no longer matter, one step after the other. What
// fails is tried again the next time.
func tidy(ctx context.Context, log *slog.Logger, first, every time.Duration, steps ...func(context.Context) error) {
	for next := time.NewTimer(first); ; next.Reset(every) {
		select {
		case <-ctx.Done():
			return
		case <-next.C:
		}
		for _, step := range steps {
			if err := step(ctx); err != nil && ctx.Err() == nil {
				log.WarnContext(ctx, "purge", "err", err)
			}
		}
	}
}

// adapter is the seam between the two servers: it turns what the authorization
// server says of a token into what the API wants to know. Put JWKS over HTTP
// in its place and the API runs in a process of its own, with any issuer.
type adapter struct {
	server   *auth.Server
	audience string
}

func (a adapter) Verify(ctx context.Context, token string) (timesheets.Caller, error) {
	t, err := a.server.Verify(ctx, token, a.audience)
	if bad := (*auth.InvalidTokenError)(nil); errors.As(err, &bad) {
		return timesheets.Caller{}, timesheets.InvalidToken(bad.Reason)
	}
	return timesheets.Caller{Subject: t.Subject, ClientID: t.ClientID, Scopes: t.Scopes, ExpiresAt: t.ExpiresAt, Machine: t.Machine, Email: t.Email, AuthTime: t.AuthTime, JKT: t.JKT}, err
}

// directory is the other half of the seam: who reports to whom is the
// authorization server's to say, and who exists is the document's, which
// declares everybody who can sign in.
type directory struct {
	*auth.Server
	document *seed.Document
}

// Known returns those of the ids that the document declares.
func (d directory) Known(ctx context.Context, ids []string) (known []string, err error) {
	return staff(d.document.People).Known(ctx, ids)
}

type apiCmd struct {
	Issuer        string        `required:"" env:"PUNCHCARD_ISSUER" placeholder:"URL" help:"The authorization server, by its identifier, byte for byte. Use https for one beyond this machine: over http, anybody on the way can put in keys and read tokens, and a warning says so."`
	Audience      string        `required:"" env:"PUNCHCARD_AUDIENCE" placeholder:"ID" help:"The identifier of this API, as its tokens name it (aud)."`
	Verify        string        `enum:"jwks,introspection" default:"jwks" env:"PUNCHCARD_VERIFY" help:"How a token is looked at. jwks: by the issuer's public keys; a revoked token stays valid until it expires, with every scope that it was issued with, also one that a role or client has lost since; while the issuer is down the API goes on with the keys it knows, for an hour. introspection: by asking the issuer at every call; a revocation, or a scope that was taken away, shows at the next one; while the issuer is down the API answers 503."`
	ClientID      string        `default:"timesheets-gateway" env:"PUNCHCARD_CLIENT_ID" placeholder:"ID" help:"With introspection: the client that may ask, whose secret is read from $$PUNCHCARD_CLIENT_SECRET; timesheets-gateway."`
	ClientSecret  string        `kong:"-"` // from the environment alone: what stands on a command line is seen by every process
	Addr          string        `env:"PUNCHCARD_ADDR" default:"127.0.0.1:8485" placeholder:"HOST:PORT" help:"Where to listen; 127.0.0.1:8485."`
	DB            string        `name:"db" env:"PUNCHCARD_DB" default:"punchcard-api.db" placeholder:"FILE" help:"The file with the entries; punchcard-api.db."`
	Config        string        `env:"PUNCHCARD_CONFIG" placeholder:"FILE" help:"Who reports to whom: the people of a YAML document, of which id and reports_to are enough; default: the built-in seed."`
	ApproveMaxAge time.Duration `env:"PUNCHCARD_APPROVE_MAX_AGE" default:"0s" help:"How old a sign-in may be to approve or reject with it, such as 5m (RFC 9470); 0: as old as it is."`
	DPoPNonces    bool          `name:"dpop-nonces" env:"PUNCHCARD_DPOP_NONCES" help:"Demand a server nonce in every DPoP proof."`
	AllowOrigin   []string      `env:"PUNCHCARD_ALLOW_ORIGIN" placeholder:"ORIGIN" help:"Pages of this origin may call the API; can be given several times."`
	LogFormat     string        `env:"PUNCHCARD_LOG_FORMAT" enum:"auto,text,json" default:"auto" help:"text, json, or auto: text on a terminal, JSON otherwise."`
	LogLevel      string        `env:"PUNCHCARD_LOG_LEVEL" enum:"debug,info,warn,error" default:"info" help:"debug shows every check."`
}

// Run serves the API by itself. Of the authorization server it knows the URL.
func (c *apiCmd) Run(ctx context.Context, t terminal, now clock) (err error) {
	if err := c.validate(); err != nil {
		return admin.Usage(err)
	}
	people, builtin, err := loadPeople(c.Config)
	if err != nil {
		return err
	}
	listeners, err := edge.Listen(c.Addr)
	if err != nil {
		return err
	}
	defer closeAll(listeners)
	_, port, err := net.SplitHostPort(listeners[0].Addr().String())
	if err != nil {
		return err
	}
	t, release := t.held()
	defer release("")
	log := edge.Logger(t.err, c.LogFormat, c.LogLevel)
	sets := []sqlite.MigrationSet{{Name: "timesheets", FS: timesheets.Migrations}, {Name: "dpop", FS: dpop.Migrations}}
	file, err := sqlite.Open(ctx, c.DB, sqlite.Options{Lock: true, Migrations: sets, Log: log})
	if err != nil {
		return unlessStopped(ctx, err)
	}
	defer func() { err = errors.Join(unlessStopped(ctx, err), file.Close(context.WithoutCancel(ctx))) }()
	if err := file.Migrate(ctx); err != nil {
		return err
	}
	own := c.own(listeners[0])
	verifier := c.verifier(now, log)
	api, err := timesheets.New(timesheets.Config{
		Writer: file, Read: file.Read(), Verifier: verifier, Directory: people,
		Proofs:   dpop.New(dpop.Config{Base: own.String(), Writer: file, Nonces: c.DPoPNonces, Now: now, Log: log}),
		Audience: c.Audience, Issuer: c.Issuer, ResourceMetadata: own.String() + c.metadataPath(), ApproveMaxAge: c.ApproveMaxAge, Now: now, Log: log,
	})
	if err != nil {
		return err
	}
	if err := api.SeedWeek(ctx, now(), builtin); err != nil {
		return err
	}
	r := &rooms{mux: http.NewServeMux(), timesheets: api, file: file, now: now}
	r.readable = func(h http.Handler) http.Handler {
		return edge.CrossOrigin(h, c.admits, "GET", "POST", "PUT", "DELETE")
	}
	r.api = r.readable(api.Handler())
	r.mux.Handle("/api/", r.api)
	for _, of := range []string{c.metadataPath(), c.metadataPath() + "/"} {
		r.mux.Handle("GET "+of, edge.CrossOrigin(api.Metadata(), c.admits, "GET"))
		r.mux.Handle("OPTIONS "+of, edge.CrossOrigin(r.only("GET", "HEAD"), c.admits, "GET"))
	}
	r.mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	r.mux.HandleFunc("GET /readyz", r.ready(file))
	handler := edge.Handler(edge.Config{Issuer: own, Port: port, Host: edge.Host(listeners[0]), Log: log}, r)
	go tidy(ctx, log, tidyFirst, tidyEvery, api.Purge, file.Shrink)
	go verifier.Follow(ctx)
	c.announce(t, release, own, listeners[0])
	if issuer.Exposed(c.Issuer) {
		log.Warn("the issuer is used over plain http, beyond this machine: anybody on the way can put in keys of their own, and read tokens and secrets; use https", "issuer", c.Issuer)
	}
	return edge.Serve(ctx, listeners, handler, log, func() { r.stopping.Store(true) })
}

func (c *apiCmd) validate() error {
	if err := issuer.Check(c.Issuer); err != nil {
		return fmt.Errorf("--issuer %w", err)
	}
	if c.ClientSecret = os.Getenv("PUNCHCARD_CLIENT_SECRET"); c.Verify == "introspection" && c.ClientSecret == "" {
		return errors.New("--verify introspection needs the secret of the client that asks: PUNCHCARD_CLIENT_SECRET")
	}
	if c.ApproveMaxAge < 0 || c.ApproveMaxAge > 24*time.Hour || c.ApproveMaxAge%time.Second != 0 {
		return errors.New("--approve-max-age must be a whole number of seconds, at most 24h")
	}
	for _, origin := range c.AllowOrigin {
		if u, err := url.Parse(origin); err != nil || u.Scheme+"://"+u.Host != origin || u.Host == "" {
			return fmt.Errorf("--allow-origin %s is no origin; write it as https://app.example.com, without a path", origin)
		}
	}
	return nil
}

func (c *apiCmd) admits(_ *http.Request, origin string) bool {
	return slices.ContainsFunc(c.AllowOrigin, func(allowed string) bool { return edge.Origin(allowed) == origin })
}

// remoteVerifier keeps what it has to know of the issuer up to date until ctx ends.
type remoteVerifier interface {
	timesheets.Verifier
	Follow(ctx context.Context)
}

// verifier is one of the three that there are; the third, in the same process
// as the authorization server, is adapter.
func (c *apiCmd) verifier(now clock, log *slog.Logger) remoteVerifier {
	asked := issuer.Config{Issuer: c.Issuer, Audience: c.Audience, Now: now, Log: log}
	if c.Verify == "introspection" {
		return issuer.NewIntrospection(asked, c.ClientID, c.ClientSecret)
	}
	return issuer.NewJWKS(asked)
}

// own is where clients find this API: at the address that its identifier is,
// or at our port.
func (c *apiCmd) own(l net.Listener) *url.URL {
	if u, err := url.Parse(c.Audience); err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" {
		return &url.URL{Scheme: u.Scheme, Host: u.Host}
	}
	return &url.URL{Scheme: "http", Host: edge.Reached(l)}
}

// metadataPath is where RFC 9728 3.1 puts the document of a resource: between
// host and path of its identifier.
func (c *apiCmd) metadataPath() string {
	path := "/api"
	if u, err := url.Parse(c.Audience); err == nil && u.Host != "" {
		path = strings.TrimSuffix(u.Path, "/")
	}
	return "/.well-known/oauth-protected-resource" + path
}

// announce says that the port answers, as serve does.
func (c *apiCmd) announce(t terminal, release func(string), own *url.URL, l net.Listener) {
	where := "http://" + edge.Reached(l)
	if !edge.Loopback(l) {
		where = own.String()
	}
	if !edge.Terminal(t.err) {
		line, _ := json.Marshal(struct { // which strings always can
			Msg      string `json:"msg"`
			URL      string `json:"url"`
			Issuer   string `json:"issuer"`
			Audience string `json:"audience"`
			DB       string `json:"db"`
			Version  string `json:"version"`
		}{"ready", where, c.Issuer, c.Audience, c.DB, version()})
		release(string(line) + "\n")
		return
	}
	fmt.Fprintf(t.err, "The Timesheets API alone, at %s/api\n  tokens for  %s\n  of          %s, by %s\n  entries in  %s\n", where, c.Audience, c.Issuer, c.Verify, c.DB)
}

// loadPeople reads who reports to whom.
func loadPeople(path string) (staff, bool, error) {
	data := seed.Builtin()
	if path != "" {
		var err error
		if data, err = os.ReadFile(path); err != nil {
			return nil, false, fmt.Errorf("--config: %w", err)
		}
	}
	people, err := seed.ParsePeople(data)
	if err != nil {
		return nil, false, fmt.Errorf("%s:\n%w", path, err)
	}
	return people, path == "", nil
}

// staff is the directory of an API by itself.
type staff []seed.Person

// Reports returns the ids of the people who report to a manager.
func (s staff) Reports(_ context.Context, managerID string) (ids []string, err error) {
	for _, p := range s {
		if p.ReportsTo == managerID {
			ids = append(ids, p.ID)
		}
	}
	return ids, nil
}

// Known returns those of the ids that are declared.
func (s staff) Known(_ context.Context, ids []string) (known []string, err error) {
	for _, p := range s {
		if slices.Contains(ids, p.ID) {
			known = append(known, p.ID)
		}
	}
	return known, nil
}

type versionCmd struct{}

// Run prints what this binary is made of.
func (versionCmd) Run(t terminal) error {
	_, err := fmt.Fprintf(t.out, "punchcard %s %s %s/%s\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

// buildVersion is set by the linker in a release.
var buildVersion string

// version is the release, else the module's version, else the commit.
func version() string {
	if buildVersion != "" {
		return buildVersion
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "dev"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return s.Value[:12]
		}
	}
	return "dev"
}

type resetCmd struct {
	DB     string `name:"db" env:"PUNCHCARD_DB" default:"punchcard.db" placeholder:"FILE" help:"The file to set back; punchcard.db."`
	Config string `env:"PUNCHCARD_CONFIG" placeholder:"FILE" help:"The configuration that its server was started with; default: the built-in seed."`
	Yes    bool   `help:"Do not ask."`
}

// Run sets the file back. A server that runs on it notices by itself.
func (c resetCmd) Run(ctx context.Context, t terminal, now clock, desk admin.Desk) (err error) {
	if !c.Yes && !(edge.Terminal(os.Stdin) && edge.Terminal(t.err)) {
		return admin.Usage(errors.New("reset removes what is in the file and asks before it does, but nobody is here to answer; add --yes"))
	}
	document, builtin, err := admin.Load(c.Config)
	if err != nil {
		return err
	}
	file, log, err := desk.Open(ctx, c.DB)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close(context.WithoutCancel(ctx))) }()
	if err := c.compare(ctx, file, document, t.err); err != nil {
		return err
	}
	if !c.Yes {
		fmt.Fprintf(t.err, "This removes every sign-in, consent, token, changed password and timesheet entry from %s.\nIts signing keys stay. Type yes to go on: ", c.DB)
		if !saysYes(ctx, os.Stdin) {
			return errors.New("nothing was changed")
		}
	}
	// The issuer is stored nowhere, so any will do.
	rooms, err := (&serveCmd{Issuer: "http://localhost"}).wire(ctx, file, document, builtin, now, log)
	if err != nil {
		return err
	}
	if err := rooms.reset(ctx); err != nil {
		return err
	}
	week := ""
	if builtin {
		week = ", and a fresh week of timesheets"
	}
	_, err = fmt.Fprintf(t.out, "%s is back to its seed: %d people, %d clients%s. All sign-ins and tokens are void, the signing keys stayed.\n", c.DB, len(document.People), len(document.Clients), week)
	return err
}

// compare warns where the file was used with another configuration. Public
// passwords never take the place of somebody's own because a flag was
// forgotten: the server may be one that others can reach.
func (c resetCmd) compare(ctx context.Context, file *sqlite.File, document *seed.Document, warn io.Writer) error {
	last, err := auth.LastApplied(ctx, file.Read())
	switch {
	case err != nil:
		return err
	case c.Config == "" && last.Known && !last.Builtin:
		return fmt.Errorf("%s was last used with a configuration of its own; name that with --config", c.DB)
	case last.Known && !last.Same(document):
		fmt.Fprintf(warn, "punchcard: %s was last used with another configuration. A server that is running on it goes by that one until it is restarted.\n", c.DB)
	}
	return nil
}

// saysYes waits for a line, or until ctx ends.
func saysYes(ctx context.Context, in io.Reader) bool {
	line := make(chan string, 1)
	go func() {
		text, _ := bufio.NewReader(in).ReadString('\n')
		line <- text
	}()
	select {
	case text := <-line:
		return strings.TrimSpace(text) == "yes"
	case <-ctx.Done():
		return false
	}
}

func closeAll(listeners []net.Listener) {
	for _, l := range listeners {
		l.Close() // after Serve they are closed already
	}
}
