package alone

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"time"

	"github.com/exampleco/punchcard/auth/dpop"
	"github.com/exampleco/punchcard/auth/edge"
	"github.com/exampleco/punchcard/auth/store/sqlite"
	"github.com/exampleco/punchcard/timesheets"
	"github.com/exampleco/punchcard/timesheets/issuer"
)

// Serve is the command that serves the API alone.
type Serve struct {
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
func (c *Serve) Run(ctx context.Context, p edge.Process) (err error) {
	if err := c.validate(); err != nil {
		return edge.Usage(err)
	}
	people, builtin, err := loadPeople(c.Config)
	if err != nil {
		return err
	}
	listeners, err := edge.Listen(c.Addr)
	if err != nil {
		return err
	}
	defer edge.CloseAll(listeners)
	_, port, err := net.SplitHostPort(listeners[0].Addr().String())
	if err != nil {
		return err
	}
	p, release := p.Held()
	defer release("")
	log := edge.Logger(p.Err, c.LogFormat, c.LogLevel)
	sets := []sqlite.MigrationSet{{Name: "timesheets", FS: timesheets.Migrations}, {Name: "dpop", FS: dpop.Migrations}}
	file, err := sqlite.Open(ctx, c.DB, sqlite.Options{Lock: true, Migrations: sets, Log: log})
	if err != nil {
		return edge.UnlessStopped(ctx, err)
	}
	defer func() { err = errors.Join(edge.UnlessStopped(ctx, err), file.Close(context.WithoutCancel(ctx))) }()
	if err := file.Migrate(ctx); err != nil {
		return err
	}
	own := c.own(listeners[0])
	verifier := c.verifier(p.Now, log)
	api, err := timesheets.New(timesheets.Config{
		Writer: file, Read: file.Read(), Verifier: verifier, Directory: people,
		Proofs:   dpop.New(dpop.Config{Base: own.String(), Writer: file, Nonces: c.DPoPNonces, Now: p.Now, Log: log}),
		Audience: c.Audience, Issuer: c.Issuer, ResourceMetadata: own.String() + c.metadataPath(), ApproveMaxAge: c.ApproveMaxAge, Now: p.Now, Log: log,
	})
	if err != nil {
		return err
	}
	if err := api.SeedWeek(ctx, p.Now(), builtin); err != nil {
		return err
	}
	r := c.routes(api, file)
	handler := edge.Handler(edge.Config{Issuer: own, Port: port, Host: edge.Host(listeners[0]), Log: log}, r)
	go file.Tidy(ctx, api.Purge)
	go verifier.Follow(ctx)
	c.announce(p, release, own, listeners[0])
	if issuer.Exposed(c.Issuer) {
		log.Warn("the issuer is used over plain http, beyond this machine: anybody on the way can put in keys of their own, and read tokens and secrets; use https", "issuer", c.Issuer)
	}
	return edge.Serve(ctx, listeners, handler, log, func() { r.stopping.Store(true) })
}

func (c *Serve) validate() error {
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

// announce says that the port answers, as serve does.
func (c *Serve) announce(p edge.Process, release func(string), own *url.URL, l net.Listener) {
	where := "http://" + edge.Reached(l)
	if !edge.Loopback(l) {
		where = own.String()
	}
	if !edge.Terminal(p.Err) {
		line, _ := json.Marshal(struct { // which strings always can
			Msg      string `json:"msg"`
			URL      string `json:"url"`
			Issuer   string `json:"issuer"`
			Audience string `json:"audience"`
			DB       string `json:"db"`
			Version  string `json:"version"`
		}{"ready", where, c.Issuer, c.Audience, c.DB, p.Version})
		release(string(line) + "\n")
		return
	}
	fmt.Fprintf(p.Err, "The Timesheets API alone, at %s/api\n  tokens for  %s\n  of          %s, by %s\n  entries in  %s\n", where, c.Audience, c.Issuer, c.Verify, c.DB)
}
