package auth

import (
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Wrong client credentials that one source may send for one client: this many
// at once, and then one every two seconds. RFC 6749 2.3.1: the server MUST
// protect any endpoint that takes client passwords against brute force.
const (
	guessBurst = 30
	guessEvery = 2 * time.Second
	// maxGuessers bounds the memory; beyond it the table starts anew, which
	// gives everybody another burst and nobody a free run.
	maxGuessers = 10_000
)

// guesses counts wrong credentials by client and source. It is kept in memory:
// a restart forgives, and costs the guesser more than it gives.
type guesses struct {
	mu    sync.Mutex
	pairs map[[2]string]*rate.Limiter
}

// wait says how long this pair has to wait before it may try again; 0 for now.
func (g *guesses) wait(client, source string, now time.Time) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	l := g.pairs[[2]string{client, source}]
	if l == nil || l.TokensAt(now) >= 1 {
		return 0
	}
	missing := 1 - l.TokensAt(now)
	return time.Duration(math.Ceil(missing*guessEvery.Seconds())) * time.Second
}

// wrong counts one wrong try.
func (g *guesses) wrong(client, source string, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.pairs == nil || len(g.pairs) >= maxGuessers {
		g.pairs = map[[2]string]*rate.Limiter{}
	}
	pair := [2]string{client, source}
	if g.pairs[pair] == nil {
		g.pairs[pair] = rate.NewLimiter(rate.Every(guessEvery), guessBurst)
	}
	g.pairs[pair].AllowN(now, 1)
}

func (g *guesses) forget() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.pairs = nil
}
