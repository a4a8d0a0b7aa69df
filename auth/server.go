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

	"github.com/exampleco/punchcard/auth/audience"
	"github.com/exampleco/punchcard/auth/back"
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
	// same successor once more; 0 for never, see back.
	RefreshGrace time.Duration
	DPoPNonces   bool // a DPoP proof has to carry a nonce of this server, see back
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

// consentLifetime is how long a remembered consent counts.
const consentLifetime = 30 * 24 * time.Hour

// Server is the authorization server.
type Server struct {
	issuer, base, port string
	secure, quiet      bool
	inspector          string // path, "" for none
	document           *seed.Document
	builtin            bool
	audiences          *audience.Set
	store              *store.Store
	people             *people.People
	keys               *keys.Ring
	back               *back.Channel
	proofs             *dpop.Checker
	writer             store.Writer
	read               *sql.DB
	now                func() time.Time
	log                *slog.Logger
	ledger             ledger.Ledger
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
		secure: issuer.Scheme == "https", quiet: c.QuietPages, openRegistration: c.OpenRegistration, inspector: c.InspectorPath,
		writer: c.Writer, read: c.Read, now: c.Now, log: c.Log, ledger: ledger.New(c.Log),
		document: c.Document, builtin: c.Builtin, limits: newLimits(),
	}
	s.audiences = audience.New(c.Document, s.base, s.ledger)
	s.store = store.New(store.Config{
		Writer: c.Writer, Read: c.Read, Base: s.base, Now: c.Now, Log: c.Log,
		Session: func() fosite.Session { return back.EmptySession(c.Now) },
	})
	s.people = people.New(people.Config{Writer: c.Writer, Read: c.Read, Now: c.Now, Log: c.Log})
	if s.keys, err = keys.Open(ctx, keys.Config{Writer: c.Writer, Read: c.Read, Now: c.Now, Log: c.Log}); err != nil {
		return nil, fmt.Errorf("signing keys: %w", err)
	}
	s.proofs = dpop.New(dpop.Config{Base: s.base, Writer: c.Writer, Nonces: c.DPoPNonces, Now: c.Now, Log: c.Log})
	s.registrar = s.newRegistrar()
	s.back = back.New(back.Config{
		Issuer: s.issuer, Base: s.base, TokenPath: pathToken, DevicePath: pathDeviceCode,
		Lifetimes: back.Lifetimes{Access: c.AccessTTL, Refresh: c.RefreshTTL, Code: c.CodeTTL}, RefreshGrace: c.RefreshGrace,
		Store: s.store, People: s.people, Keys: s.keys, Proofs: s.proofs, Audiences: s.audiences,
		Others: forBack{s}, Now: c.Now, Ledger: s.ledger,
	})
	return s, s.apply(ctx, c.Document, c.Builtin)
}

// newRegistrar opens the room of clients that register themselves.
func (s *Server) newRegistrar() *register.Registrar {
	c := register.Config{
		Base: s.base, Path: pathRegister, Open: s.openRegistration,
		Scopes: s.audiences.Scopes(), PeopleScopes: s.audiences.ScopesForPeople(), Grants: back.GrantTypes, IDTokenAlgs: s.keys.Algorithms(),
		Store: s.store, People: s.people, Source: oauth.SourceOf, Local: s.mayRead, Kept: back.RefreshCap, Now: s.now, Ledger: s.ledger,
	}
	for _, client := range s.document.Clients {
		c.Apps = append(c.Apps, client.Name)
	}
	for _, api := range s.document.APIs {
		c.APIs = append(c.APIs, api.Identifier)
	}
	return register.New(c)
}

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
