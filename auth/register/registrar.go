package register

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/exampleco/punchcard/auth/ledger"
	"github.com/exampleco/punchcard/auth/limit"
	"github.com/exampleco/punchcard/auth/oauth"
	"github.com/exampleco/punchcard/auth/people"
	"github.com/exampleco/punchcard/auth/store"
)

// Config is what a Registrar needs. All fields but Open are required.
type Config struct {
	Base string // of this server's own addresses
	Path string // of the registration endpoint; below it is one address for each client
	Open bool   // whoever is on this machine registers without an initial access token

	Apps         []string // names of the declared clients
	APIs         []string // identifiers, with {base}
	Scopes       []string // all that there are
	PeopleScopes []string // those that a person can give
	Grants       []string // that this server has
	IDTokenAlgs  []string // that it signs with

	Store  *store.Store
	People *people.People
	Source func(r *http.Request) string              // the network address that a request is counted by
	Local  func(r *http.Request, origin string) bool // an origin that may register where that is open
	Kept   time.Duration                             // how long a client stays after its last use: no grant lives longer
	Now    func() time.Time
	Ledger ledger.Ledger
}

// unusedFor is how long a registration lasts that nothing was issued to: most
// are made once and never used.
const unusedFor = 24 * time.Hour

// Registrar keeps the clients that registered themselves.
type Registrar struct {
	Config
	floods *limit.Limiter
}

// New returns the registrar of a server.
func New(c Config) *Registrar { return &Registrar{Config: c, floods: newFloods()} }

// check reports whether a rule held, and returns that.
func (s *Registrar) check(ctx context.Context, rule ledger.Rule, ok bool, expected, got string) bool {
	return s.Ledger.Check(ctx, rule, ok, expected, got)
}

// address is where a client finds its own registration.
func (s *Registrar) address(id string) string { return s.Base + s.Path + "/" + url.PathEscape(id) }

// Again is for an app whose registration is gone. Its id cannot be guessed, so
// whoever has it once had a registration.
func (s *Registrar) Again() string {
	return "This client_id is of an app that registered itself, and the registration is gone: it was not used for too long, or was removed, or the server was reset. Register again at " + s.Base + s.Path + "."
}

// InUse keeps the registration of a client to which something is issued just
// now, in the same commit: then it outlives every grant of its client. It is
// written once an hour at most.
func (s *Registrar) InUse(ctx context.Context, c *store.Client) error {
	if c.ExpiresAt.IsZero() || c.ExpiresAt.After(s.Now().Add(s.Kept-time.Hour)) {
		return nil
	}
	return s.Store.Used(ctx, c.ID, s.Now().Add(s.Kept))
}

// Forget forgets who has registered how often, as after a restart.
func (s *Registrar) Forget() { s.floods.Forget() }

// InitialToken makes an initial access token, RFC 7591 1.2, good for so many
// registrations until then. Only its hash is stored, and a server that runs on
// the file takes it at once.
func InitialToken(ctx context.Context, w store.Writer, now func() time.Time, uses int, until time.Time) (string, error) {
	token := oauth.RandomToken(oauth.InitialPrefix)
	return token, store.New(store.Config{Writer: w, Now: now}).AddInitialToken(ctx, token, uses, until)
}

// runtimeClient is what is stored of a client that registered itself. It may
// name every API, as declared ones do.
func (s *Registrar) runtimeClient(id string, m *clientMetadata) store.Client {
	c := store.Client{
		ID: id, Name: m.Name, Kind: m.kind(), RedirectURIs: m.RedirectURIs, PostLogoutRedirectURIs: m.PostLogoutRedirectURIs,
		Grants: m.GrantTypes, Scopes: strings.Fields(m.Scope), Audience: s.APIs, AuthMethods: []string{m.AuthMethod},
		IDTokenAlg: m.IDTokenAlg, RequirePKCE: true, // RFC 9700 2.1.1
		RequirePAR: m.RequirePAR, DPoPBound: m.DPoPBound, JWKS: m.keys(),
	}
	if c.Name == "" {
		c.Name = id // RFC 7591 2: it may be shown in place of a name
	}
	return c
}
