package stack

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/exampleco/punchcard/auth/admin"
	"github.com/exampleco/punchcard/auth/back"
	"github.com/exampleco/punchcard/auth/edge"
	"github.com/exampleco/punchcard/auth/seed"
	"github.com/exampleco/punchcard/auth/store/sqlite"
	"github.com/exampleco/punchcard/views/inspector/record"
)

// Serve is the command that serves all of Punchcard, and what can be chosen for it.
type Serve struct {
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
func (c *Serve) Run(ctx context.Context, p edge.Process) (err error) {
	start := time.Now()
	document, builtin, err := admin.Load(c.Config)
	if err != nil {
		return err
	}
	if err := c.validate(); err != nil {
		return edge.Usage(err)
	}
	listeners, err := edge.Listen(c.Addr)
	if err != nil {
		return err
	}
	defer edge.CloseAll(listeners)
	issuer, port, err := c.issuer(listeners[0])
	if err != nil {
		return edge.Usage(err)
	}
	c.private = private(listeners[0], issuer)
	if err := c.keptPrivate(document, listeners[0]); err != nil {
		return err
	}
	p, release := p.Held()
	defer release("")
	log := slog.New(record.Ledger(edge.Logger(p.Err, c.LogFormat, c.LogLevel).Handler()))
	file, err := sqlite.Open(ctx, c.DB, sqlite.Options{Lock: true, Migrations: Migrations(), Log: log})
	if err != nil {
		return edge.UnlessStopped(ctx, err)
	}
	defer func() { err = errors.Join(edge.UnlessStopped(ctx, err), file.Close(context.WithoutCancel(ctx))) }()
	if err := file.Migrate(ctx); err != nil {
		return err
	}
	rooms, err := c.wire(ctx, file, document, builtin, p, log)
	if err != nil {
		return err
	}
	defer func() {
		if lost := rooms.auth.Settle(context.WithoutCancel(ctx)); lost != nil {
			log.WarnContext(ctx, "when tokens were last used could not be written", "err", lost)
		}
	}()
	watched, ended, err := c.watch(ctx, rooms, listeners[0])
	if err != nil {
		return err
	}
	defer ended()
	handler := edge.Handler(edge.Config{Issuer: issuer, Port: port, Host: edge.Host(listeners[0]), Log: log}, watched)
	go file.Tidy(ctx, rooms.auth.Purge, rooms.timesheets.Purge)
	c.announce(p, release, rooms, time.Since(start), file.Created, listeners[0])
	return edge.Serve(ctx, listeners, handler, log, func() { rooms.stopping.Store(true) })
}

func (c *Serve) validate() error {
	if bad := (*back.LifetimeError)(nil); errors.As(back.Lifetimes{Access: c.AccessTTL, Refresh: c.RefreshTTL, Code: c.CodeTTL}.Check(), &bad) {
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
func (c *Serve) keptPrivate(document *seed.Document, l net.Listener) error {
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
func (c *Serve) issuer(l net.Listener) (*url.URL, string, error) {
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

// private says whether only this machine can look: the listener takes nobody
// else, and nobody is told of another address, behind which there would be a
// proxy and with it the world.
func private(l net.Listener, issuer *url.URL) bool {
	return edge.Loopback(l) && edge.OnThisMachine(issuer.Hostname())
}
