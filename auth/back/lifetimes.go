package back

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/ory/fosite"
	"github.com/ory/fosite/compose"
)

// Lifetimes are how long what is issued from now on will last.
type Lifetimes struct {
	Access  time.Duration // of an access token
	Refresh time.Duration // how long a refresh token may lie idle
	Code    time.Duration // of an authorization code
}

// Check holds all three against their bounds, which are the same for a flag and
// while the server runs. Errors: *LifetimeError.
func (l Lifetimes) Check() error {
	for _, b := range []struct {
		of              string
		value, min, max time.Duration
	}{
		{"access", l.Access, time.Second, 24 * time.Hour},
		{"refresh", l.Refresh, time.Second, RefreshCap},
		{"code", l.Code, time.Second, 10 * time.Minute}, // RFC 6749 4.1.2: at most ten minutes are recommended
	} {
		if b.value < b.min || b.value > b.max {
			return &LifetimeError{b.of, b.min, b.max}
		}
	}
	return nil
}

// LifetimeError says which lifetime is not possible.
type LifetimeError struct {
	Of       string // access, refresh or code
	Min, Max time.Duration
}

func (e *LifetimeError) Error() string {
	return fmt.Sprintf("the lifetime of %s must be from %s to %s", map[string]string{
		"access": "an access token", "refresh": "a refresh token", "code": "a code",
	}[e.Of], e.Min, e.Max)
}

// Lifetimes returns what holds now.
func (s *Channel) Lifetimes() Lifetimes { return *s.lifetimes.Load() }

// SetLifetimes changes the lifetimes of what is issued from then on; a zero
// field stays as it is. What was issued keeps its own. It is not kept in the
// file: a restart brings back those of Config. Errors: *LifetimeError, and
// then nothing is changed.
func (s *Channel) SetLifetimes(to Lifetimes) error {
	for {
		old := s.lifetimes.Load()
		next := Lifetimes{cmp.Or(to.Access, old.Access), cmp.Or(to.Refresh, old.Refresh), cmp.Or(to.Code, old.Code)}
		if err := next.Check(); err != nil {
			return err
		}
		if s.lifetimes.CompareAndSwap(old, &next) {
			return nil
		}
	}
}

// currentCode lets fosite ask for the lifetime of a code each time. It sets
// those of tokens as well, but mint has the last word on them.
type currentCode struct {
	fosite.Configurator
	channel *Channel
}

func (c currentCode) GetAuthorizeCodeLifespan(context.Context) time.Duration {
	return c.channel.Lifetimes().Code
}

// explicit is the handler of the code grant, RFC 6749 4.1, with codes that
// last as long as is set now.
func (s *Channel) explicit(c fosite.Configurator, storage, strategy any) any {
	return compose.OAuth2AuthorizeExplicitFactory(currentCode{c, s}, storage, strategy)
}
