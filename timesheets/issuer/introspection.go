package issuer

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/exampleco/punchcard/timesheets"
)

// Introspection shows every token to its issuer (RFC 7662), so that a
// revocation is seen at the next call. No answer is kept.
type Introspection struct {
	*remote
	clientID, secret string
	asking           chan struct{} // a place for each question
}

const (
	// maxAsking is how many questions are open at once: an issuer that is slow
	// is not made slower by all who wait for it.
	maxAsking = 32
	// queueing is how long a call waits for one of those places.
	queueing = 2 * time.Second
)

var errBusy = errors.New("it has not answered the questions before this one")

// NewIntrospection asks as a client that is registered to introspect, by HTTP
// Basic (RFC 7662 2.1).
func NewIntrospection(c Config, clientID, secret string) *Introspection {
	return &Introspection{newRemote(c), clientID, secret, make(chan struct{}, maxAsking)}
}

// Follow keeps the metadata up to date until ctx ends.
func (i *Introspection) Follow(ctx context.Context) { i.meta.follow(ctx) }

// Verify implements timesheets.Verifier.
func (i *Introspection) Verify(ctx context.Context, token string) (timesheets.Caller, error) {
	meta, err := i.discover(ctx)
	if err != nil {
		return timesheets.Caller{}, err
	}
	if meta.IntrospectionEndpoint == "" {
		return timesheets.Caller{}, errors.New("the issuer offers no introspection")
	}
	leave, err := i.enter(ctx)
	if err != nil {
		return timesheets.Caller{}, err
	}
	defer leave()
	form := url.Values{"token": {token}, "token_type_hint": {"access_token"}}
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, meta.IntrospectionEndpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return timesheets.Caller{}, err
	}
	q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	q.Header.Set("Accept", "application/json")
	q.SetBasicAuth(url.QueryEscape(i.clientID), url.QueryEscape(i.secret)) // RFC 6749 2.3.1: form-encoded first
	var said struct {
		Active bool `json:"active"`
		claims
	}
	if err := i.answer(q, &said); err != nil {
		return timesheets.Caller{}, i.explain(err)
	}
	if !i.check(ctx, rules.Active, said.Active, "active", fmt.Sprint("active: ", said.Active)) {
		return timesheets.Caller{}, timesheets.InvalidToken("its issuer says that it is not active")
	}
	if said.Issuer == "" {
		said.Issuer = i.Issuer // RFC 7662 2.2: optional there, and it was this issuer who answered
	}
	return i.caller(ctx, said.claims)
}

// enter waits for a place to ask from. Error: *unavailableError.
func (i *Introspection) enter(ctx context.Context) (leave func(), err error) {
	over := time.NewTimer(queueing)
	defer over.Stop()
	select {
	case i.asking <- struct{}{}:
		return func() { <-i.asking }, nil
	case <-over.C:
		return nil, unreachable(errBusy)
	case <-ctx.Done():
		return nil, unreachable(context.Cause(ctx))
	}
}

// explain tells an issuer that is down from one that does not take us for who
// we say we are, which no waiting cures.
func (i *Introspection) explain(err error) error {
	var s *statusError
	if errors.As(err, &s) && s.status >= 400 && s.status < 500 && s.status != http.StatusTooManyRequests {
		return fmt.Errorf("%w: is %s registered there to introspect, with this secret?", err, i.clientID)
	}
	return &unavailableError{err}
}
