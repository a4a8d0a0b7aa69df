// Package limit slows down what must not be tried without limit: guesses at
// client secrets and user codes, registrations, passwords.
//
// A Limiter counts attempts by key. Each key has a burst and then one attempt
// per interval; optionally there is a limit for all keys together. The caller
// finds out whether an attempt was right and then asks Admit, which is atomic.
// So parallel guesses get no more answers than guesses one after the other,
// and a client that never guesses never waits. Counts are in memory: a restart
// forgets them, but it takes longer than it saves an attacker. The room people
// counts failed sign-ins in the database file, because its delays grow; it
// uses only Network.
package limit

import (
	"math"
	"net/netip"
	"sync"
	"time"
)

// Rate is how often something may be tried: Burst times at once, and then once
// per Every. The zero Rate sets no limit.
type Rate struct {
	Burst int
	Every time.Duration
}

// bucket is a token bucket. golang.org/x/time/rate has one too, but it cannot
// look at a bucket and take from it in one step.
type bucket struct {
	tokens float64
	at     time.Time
}

// full returns a bucket from which nothing was taken.
func full(r Rate, now time.Time) *bucket { return &bucket{float64(r.Burst), now} }

// fill adds the tokens that were earned since the last call. If the clock was
// set back, it adds nothing and counts from the new time.
func (b *bucket) fill(r Rate, now time.Time) {
	since := max(0, now.Sub(b.at))
	b.tokens = min(float64(r.Burst), b.tokens+since.Seconds()/r.Every.Seconds())
	b.at = now
}

// wait is how long it takes until there is a whole token.
func (b *bucket) wait(r Rate) time.Duration {
	// A token that is not whole only because of a rounding error counts as
	// whole.
	if b.tokens > 1-1e-9 {
		return 0
	}
	return time.Duration((1 - b.tokens) * float64(r.Every))
}

// Config is what a Limiter counts.
type Config struct {
	Each Rate // of one key
	All  Rate // of all keys together; zero for no limit
	// FirstIsFree admits the first attempt of a key even if all keys together
	// have used up their limit, so a flood from elsewhere locks nobody out.
	FirstIsFree bool
}

// keysKept bounds the memory. The keys that were not seen for the longest time
// are forgotten first, half of them at a time.
const keysKept = 10_000

// Limiter counts attempts. It is safe for concurrent use.
type Limiter struct {
	config Config

	mu         sync.Mutex
	all        *bucket // nil until the first attempt
	young, old map[string]*bucket
}

// New returns a Limiter that has counted nothing.
func New(c Config) *Limiter { return &Limiter{config: c, young: map[string]*bucket{}} }

// Forget resets all counts.
func (l *Limiter) Forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.young, l.old, l.all = map[string]*bucket{}, nil, nil
}

// Admit decides about one attempt. counts is true for a wrong guess, or for
// anything else that is to be slowed down, and false for a right attempt. If
// the key has used up its attempts, Admit returns how long to wait, in whole
// seconds, also for the right attempt: the caller must then reveal nothing
// about it. Otherwise Admit counts the attempt if counts is true, and returns
// 0.
func (l *Limiter) Admit(key string, now time.Time, counts bool) (wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	own := l.of(key, now)
	own.fill(l.config.Each, now)
	wait = own.wait(l.config.Each)
	first := own.tokens >= float64(l.config.Each.Burst)
	if l.config.All != (Rate{}) {
		if l.all == nil {
			l.all = full(l.config.All, now)
		}
		l.all.fill(l.config.All, now)
		if shared := l.all.wait(l.config.All); shared == 0 || !first || !l.config.FirstIsFree {
			wait = max(wait, shared)
		}
	}
	if wait > 0 {
		return time.Duration(math.Ceil(wait.Seconds())) * time.Second // Retry-After has whole seconds, RFC 9110 10.2.3
	}
	if counts {
		own.tokens--
		if l.all != nil {
			l.all.tokens = max(0, l.all.tokens-1) // may be empty, because the first attempt of a key is free
		}
	}
	return 0
}

// of finds the bucket of a key. A key that is used moves to the young half.
func (l *Limiter) of(key string, now time.Time) *bucket {
	if own := l.young[key]; own != nil {
		return own
	}
	own := l.old[key]
	if own == nil {
		own = full(l.config.Each, now)
	}
	if len(l.young) >= keysKept/2 {
		l.old, l.young = l.young, map[string]*bucket{}
	}
	l.young[key] = own
	return own
}

// Network returns the part of an address that attempts are counted by. IPv6 is
// counted by /64, because one customer gets a whole /64 and can choose the
// rest of the address freely. IPv4 written as IPv6 counts as IPv4. Anything
// that is not an address is returned as it is.
func Network(source string) string {
	addr, err := netip.ParseAddr(source)
	if err != nil {
		return source
	}
	if addr = addr.Unmap().WithZone(""); addr.Is4() {
		return addr.String()
	}
	return netip.PrefixFrom(addr, 64).Masked().String()
}
