package auth

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/ory/fosite"
	"github.com/ory/fosite/compose"
	"github.com/ory/fosite/handler/openid"

	"github.com/exampleco/punchcard/auth/audience"
	"github.com/exampleco/punchcard/auth/dpop"
	"github.com/exampleco/punchcard/auth/keys"
	"github.com/exampleco/punchcard/auth/ledger"
	"github.com/exampleco/punchcard/auth/oauth"
	"github.com/exampleco/punchcard/auth/people"
	"github.com/exampleco/punchcard/auth/register"
	"github.com/exampleco/punchcard/auth/seed"
	"github.com/exampleco/punchcard/auth/store"
)

// Config is what a Server needs. All fields but RefreshGrace, DPoPNonces,
// QuietPages, OpenRegistration and InspectorPath are required.
type Config struct {
	Issuer     string         // identifier of this server, compared byte for byte (RFC 8414 2); with or without a trailing slash
	Document   *seed.Document // people, roles, clients and APIs, applied by New
	Builtin    bool           // Document is the built-in seed, whose passwords are public
	Writer     store.Writer
	Read       *sql.DB
	AccessTTL  time.Duration // lifetime of an access token
	RefreshTTL time.Duration // how long a refresh token may lie idle
	CodeTTL    time.Duration // lifetime of an authorization code, RFC 6749 4.1.2 (at most 10 minutes)
	// RefreshGrace is how long a used refresh token of a public client gets the
	// same successor once more; 0 for never, see grace.go.
	RefreshGrace time.Duration
	DPoPNonces   bool // a DPoP proof has to carry a nonce of this server, see proof.go
	QuietPages   bool // leaves out the strip that names the step
	// OpenRegistration lets clients register themselves without an initial
	// access token: for a server that only this machine can reach.
	OpenRegistration bool
	// InspectorPath is where a flow can be watched, below which the strip links
	// to flow/ and the beginning of the flow's id; "" for no link.
	InspectorPath string
	Now           func() time.Time
	Log           *slog.Logger
}

// refreshCap ends a refresh-token family for good, however often it rotates.
const refreshCap = 90 * 24 * time.Hour

// consentLifetime is how long a remembered consent counts.
const consentLifetime = 30 * 24 * time.Hour

// idTokenTTL: an ID token says that somebody signed in just now; it is read at
// once and opens nothing.
const idTokenTTL = 10 * time.Minute

// Server is the authorization server.
type Server struct {
	issuer, base, port string
	secure, quiet      bool
	inspector          string // path, "" for none
	lifetimes          atomic.Pointer[Lifetimes]
	refreshGrace       time.Duration
	document           *seed.Document
	builtin            bool
	audiences          *audience.Set
	fosite             fosite.OAuth2Provider
	store              *store.Store
	people             *people.People
	keys               *keys.Ring
	proofs             *dpop.Checker
	writer             store.Writer
	read               *sql.DB
	now                func() time.Time
	log                *slog.Logger
	ledger             ledger.Ledger
	genuine            genuine
	limits             limits
	registrar          *register.Registrar
	openRegistration   bool
	resets             resets
	parked             [3]atomic.Int64 // requests of each waitingRoom since the start
}

// Migrations returns the migrations of this room and its sub-rooms by name.
func Migrations() map[string]fs.FS {
	return map[string]fs.FS{"auth": migrations, "auth_store": store.Migrations, "auth_people": people.Migrations, "auth_dpop": dpop.Migrations, "auth_keys": keys.Migrations}
}

// New opens the rooms on an already migrated file and applies the document to
// it, all or nothing.
func New(ctx context.Context, c Config) (*Server, error) {
	issuer, err := url.Parse(c.Issuer)
	if err != nil {
		return nil, fmt.Errorf("issuer: %w", err)
	}
	s := &Server{
		issuer: c.Issuer, base: strings.TrimSuffix(c.Issuer, "/"), port: issuer.Port(),
		secure: issuer.Scheme == "https", quiet: c.QuietPages, openRegistration: c.OpenRegistration, inspector: c.InspectorPath, refreshGrace: c.RefreshGrace,
		writer: c.Writer, read: c.Read, now: c.Now, log: c.Log, ledger: ledger.New(c.Log),
		document: c.Document, builtin: c.Builtin, limits: newLimits(),
	}
	s.audiences = audience.New(c.Document, s.base, s.ledger)
	s.lifetimes.Store(&Lifetimes{Access: c.AccessTTL, Refresh: c.RefreshTTL, Code: c.CodeTTL})
	s.store = store.New(store.Config{
		Writer: c.Writer, Read: c.Read, Base: s.base, Now: c.Now, Log: c.Log,
		Session: func() fosite.Session { return s.emptySession() },
	})
	s.people = people.New(people.Config{Writer: c.Writer, Read: c.Read, Now: c.Now, Log: c.Log})
	if s.keys, err = keys.Open(ctx, keys.Config{Writer: c.Writer, Read: c.Read, Now: c.Now, Log: c.Log}); err != nil {
		return nil, fmt.Errorf("signing keys: %w", err)
	}
	s.proofs = dpop.New(dpop.Config{Base: s.base, Writer: c.Writer, Nonces: c.DPoPNonces, Now: c.Now, Log: c.Log})
	s.registrar = s.newRegistrar()
	s.fosite = s.compose()
	return s, s.apply(ctx, c.Document, c.Builtin)
}

// newRegistrar opens the room of clients that register themselves.
func (s *Server) newRegistrar() *register.Registrar {
	c := register.Config{
		Base: s.base, Path: pathRegister, Open: s.openRegistration,
		Scopes: s.audiences.Scopes(), PeopleScopes: s.audiences.ScopesForPeople(), Grants: grantTypes, IDTokenAlgs: s.keys.Algorithms(),
		Store: s.store, People: s.people, Source: sourceOf, Local: s.mayRead, Kept: refreshCap, Now: s.now, Ledger: s.ledger,
	}
	for _, client := range s.document.Clients {
		c.Apps = append(c.Apps, client.Name)
	}
	for _, api := range s.document.APIs {
		c.APIs = append(c.APIs, api.Identifier)
	}
	return register.New(c)
}

// compose puts fosite together handler by handler. What is not named here is
// not served: no implicit, hybrid or password grant (RFC 9700 2.1.2, 2.4).
func (s *Server) compose() fosite.OAuth2Provider {
	config := &fosite.Config{
		AccessTokenLifespan:                 s.Lifetimes().Access,
		RefreshTokenLifespan:                s.Lifetimes().Refresh,
		IDTokenLifespan:                     idTokenTTL,
		IDTokenIssuer:                       s.issuer,
		AccessTokenIssuer:                   s.issuer,
		TokenURL:                            s.base + pathToken,
		EnforcePKCE:                         true,                                 // RFC 7636; pkce.go knows who may do without, and when
		ScopeStrategy:                       anyScope,                             // audience has decided
		AudienceMatchingStrategy:            fosite.ExactAudienceMatchingStrategy, // the default is a URL prefix
		RefreshTokenScopes:                  []string{"offline_access"},           // OIDC Core 11
		DisableRefreshTokenValidation:       true,                                 // or a refresh token passes as a bearer token
		OmitRedirectScopeParam:              true,
		GrantTypeJWTBearerCanSkipClientAuth: false,
		RedirectSecureChecker:               func(context.Context, *url.URL) bool { return true }, // redirect.go has decided
		ClientAuthenticationStrategy:        authenticated,                                        // client.go has decided
		ClientSecretsHasher:                 noHasher{},
	}
	validator := openid.NewOpenIDConnectRequestValidator(nil, config) // prompt, max_age and id_token_hint are next()'s and never reach it
	return compose.Compose(config, fositeStore{s.store, s.check, s.mayPresent}, mint{s},
		s.explicit,                                  // RFC 6749 4.1; fosite's codes last 15 minutes by default, 4.1.2 recommends at most 10
		compose.OAuth2RefreshTokenGrantFactory,      // RFC 6749 6, RFC 9700 4.14.2
		compose.OAuth2ClientCredentialsGrantFactory, // RFC 6749 4.4
		s.polling, // RFC 8628 3.4
		func(c fosite.Configurator, storage, strategy any) any { // OIDC Core 3.1
			h := compose.OpenIDConnectRefreshFactory(c, storage, strategy).(*openid.OpenIDConnectRefreshHandler)
			return &openid.OpenIDConnectExplicitHandler{
				OpenIDConnectRequestStorage: storage.(openid.OpenIDConnectRequestStorage), OpenIDConnectRequestValidator: validator,
				IDTokenHandleHelper: h.IDTokenHandleHelper, Config: c,
			}
		},
		compose.OpenIDConnectRefreshFactory, // OIDC Core 12
		s.pkceHandler,                       // RFC 7636; after the code handler, whose code it binds
	)
}

// emptySession is what stored sessions are read into.
func (s *Server) emptySession() *Session { return &Session{now: s.now, cap: refreshCap} }

// anyScope spares fosite a decision that audience.Aim has made. What was left out stays
// part of the request, so that a refresh may repeat it.
func anyScope([]string, string) bool { return true }

// fositeStore gives fosite the store, with some things of this server's own.
type fositeStore struct {
	*store.Store
	check      func(ctx context.Context, rule ledger.Rule, ok bool, expected, got string) bool
	mayPresent func(ctx context.Context, r fosite.Requester, k presentedKind) error
}

// admittedKey leads to the redirect URI that redirect.go admitted.
type admittedKey struct{}

// GetClient hands fosite the client with exactly the admitted redirect URI, so
// that its own, looser matcher has nothing left to decide.
func (s fositeStore) GetClient(ctx context.Context, id string) (fosite.Client, error) {
	client, err := s.Store.Client(ctx, id)
	if err != nil {
		return nil, err
	}
	if uri, ok := ctx.Value(admittedKey{}).(string); ok {
		client.RedirectURIs = []string{uri}
	}
	return client, nil
}

func (s fositeStore) RevokeAccessToken(ctx context.Context, requestID string) error {
	return noted(ctx, s.Store.RevokeAccessToken(ctx, requestID))
}

func (s fositeStore) RevokeRefreshToken(ctx context.Context, requestID string) error {
	return noted(ctx, s.Store.RevokeRefreshToken(ctx, requestID))
}

func noted(ctx context.Context, err error) error {
	if q := tokenRequestOf(ctx); q != nil && oauth.Unavailable(err) {
		q.report.revocation = err
	}
	return err
}

// noHasher is never asked: clients are authenticated in client.go. It is set
// because fosite would otherwise put in bcrypt, on first use and unguarded.
type noHasher struct{}

func (noHasher) Compare(context.Context, []byte, []byte) error { return fosite.ErrInvalidClient }
func (noHasher) Hash(context.Context, []byte) ([]byte, error)  { return nil, fosite.ErrInvalidClient }

// Purge removes what can no longer matter: requests nobody waits for, tokens,
// sessions. It does so in short transactions, so that others write in between.
func (s *Server) Purge(ctx context.Context) error {
	for _, w := range []waitingRoom{waitingFlows, waitingPushed, waitingDevices} {
		if err := s.purgeWaiting(ctx, w); err != nil {
			return err
		}
	}
	if _, err := s.store.Purge(ctx); err != nil {
		return err
	}
	// After the grants: the client of an expired registration stays as long as one refers to it.
	if _, err := s.store.PurgeRegistrations(ctx); err != nil {
		return err
	}
	return errors.Join(s.proofs.Purge(ctx), s.people.Purge(ctx), s.Settle(ctx))
}

// Settle writes what is known in memory alone: when tokens were last used.
func (s *Server) Settle(ctx context.Context) error { return s.store.Settle(ctx) }
