package back

import (
	"context"
	"strings"
	"sync/atomic"
	"time"

	"github.com/ory/fosite"

	"github.com/exampleco/punchcard/auth/audience"
	"github.com/exampleco/punchcard/auth/dpop"
	"github.com/exampleco/punchcard/auth/keys"
	"github.com/exampleco/punchcard/auth/ledger"
	"github.com/exampleco/punchcard/auth/limit"
	"github.com/exampleco/punchcard/auth/people"
	"github.com/exampleco/punchcard/auth/store"
)

// Config is what a Channel needs. All fields but RefreshGrace are required.
type Config struct {
	Issuer     string // identifier of this server, compared byte for byte (RFC 8414 2)
	Base       string // its URL, without a slash at the end
	TokenPath  string // of the token endpoint
	DevicePath string // where a device asks for another code
	Lifetimes  Lifetimes
	// RefreshGrace is how long a used refresh token of a public client gets the
	// same successor once more; 0 for never, see grace.go.
	RefreshGrace time.Duration

	Store     *store.Store
	People    *people.People
	Keys      *keys.Ring
	Proofs    *dpop.Checker
	Audiences *audience.Set
	Others    Others
	Now       func() time.Time
	Ledger    ledger.Ledger
}

// Others is what the back channel asks of the rooms around it.
type Others interface {
	// Device finds what a device asked for, by the hash of its code. Errors: ErrNoDevice.
	Device(ctx context.Context, id string) (Device, error)
	// Polled counts a poll of a device that nobody has decided about, and says
	// whether it came too early. Errors: ErrDecided, where somebody has meanwhile.
	Polled(ctx context.Context, id string) (early bool, err error)
	// InUse keeps the registration of a client that is used.
	InUse(ctx context.Context, client *store.Client) error
	// RegisterAgain tells an app whose registration is gone what to do.
	RegisterAgain() string
	// ACR is how surely a sign-in by these methods was the person, OIDC Core 2.
	ACR(methods []string) string
}

// Channel is the back channel of one server.
type Channel struct {
	issuer, base          string
	tokenPath, devicePath string
	lifetimes             atomic.Pointer[Lifetimes]
	refreshGrace          time.Duration
	fosite                fosite.OAuth2Provider
	store                 *store.Store
	people                *people.People
	keys                  *keys.Ring
	proofs                *dpop.Checker
	audiences             *audience.Set
	others                Others
	now                   func() time.Time
	ledger                ledger.Ledger
	genuine               genuine
	secrets               *limit.Limiter
}

// secretRate is for wrong secrets of one client from one network. RFC 6749
// 2.3.1: the server MUST protect any endpoint that takes client passwords
// against brute force.
var secretRate = limit.Rate{Burst: 30, Every: 2 * time.Second}

// New puts the back channel together.
func New(c Config) *Channel {
	s := &Channel{
		issuer: c.Issuer, base: strings.TrimSuffix(c.Base, "/"), tokenPath: c.TokenPath, devicePath: c.DevicePath, refreshGrace: c.RefreshGrace,
		store: c.Store, people: c.People, keys: c.Keys, proofs: c.Proofs, audiences: c.Audiences, others: c.Others,
		now: c.Now, ledger: c.Ledger, secrets: limit.New(limit.Config{Each: secretRate}),
	}
	s.lifetimes.Store(&c.Lifetimes)
	s.fosite = s.compose()
	return s
}

// Forget empties what is kept in memory of the file, or of who has done what.
func (s *Channel) Forget() {
	s.genuine.forget()
	s.secrets.Forget()
}

// check reports whether a rule held, and returns that.
func (s *Channel) check(ctx context.Context, rule ledger.Rule, ok bool, expected, got string) bool {
	return s.ledger.Check(ctx, rule, ok, expected, got)
}
