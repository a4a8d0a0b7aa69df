// Package limit slows what must not be tried without end: guesses at client
// secrets and user codes, registrations, passwords.
//
// One Limiter counts attempts by key, each key with a burst and then one
// attempt in so long a time, and where it is wanted all keys together. What an
// attempt turned out to be is decided before Admit and told after it, and Admit
// is atomic: so of parallel guesses no more are answered than of guesses one
// after the other, and who guesses nothing never waits. Counts live in memory:
// a restart forgets them, and takes longer than the burst that it gives. The
// room people counts failed sign-ins in the file, because there the delays
// grow; it shares Network alone.
package limit

import (
	"math"
	"net/netip"
	"sync"
	"time"
)

// Rate is how often something may be tried: Burst times at once, and then once
// in Every. The zero Rate sets no limit.
type Rate struct {
	Burst int
	Every time.Duration
}

// bucket is a token bucket. golang.org/x/time/rate has one too, but there a
// bucket cannot be looked at and taken from in one step.
type bucket struct {
	tokens float64
	at     time.Time
}

// full is a bucket that nobody has taken from.
func full(r Rate, now time.Time) *bucket { return &bucket{float64(r.Burst), now} }

// fill adds what has come in since it was looked at last. A clock that was set
// back adds nothing, and counts from where it is now.
func (b *bucket) fill(r Rate, now time.Time) {
	since := max(0, now.Sub(b.at))
	b.tokens = min(float64(r.Burst), b.tokens+since.Seconds()/r.Every.Seconds())
	b.at = now
}

// wait is how long until there is a whole token.
func (b *bucket) wait(r Rate) time.Duration {
	// A token that a rounding error keeps from being whole is one.
	if b.tokens > 1-1e-9 {
		return 0
	}
	return time.Duration((1 - b.tokens) * float64(r.Every))
}

// Config is what a Limiter counts.
type Config struct {
	Each Rate // of one key
	All  Rate // of all keys together; zero for no such limit
	// FirstIsFree looks at the first attempt of a key even where all keys
	// together have used up theirs: so a flood from elsewhere locks nobody out.
	FirstIsFree bool
}

// keysKept bounds the memory. The keys that were not seen for longest are
// forgotten first, in halves.
const keysKept = 10_000

// Limiter counts attempts. Its methods may be called at once.
type Limiter struct {
	config Config

	mu         sync.Mutex
	all        *bucket // nil until the first attempt
	young, old map[string]*bucket
}

// New returns a Limiter that has counted nothing.
func New(c Config) *Limiter { return &Limiter{config: c, young: map[string]*bucket{}} }

// Forget sets all counts back.
func (l *Limiter) Forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.young, l.old, l.all = map[string]*bucket{}, nil, nil
}

// Admit decides over one attempt. counts is true for a guess that was wrong, or
// for whatever else is to be slowed, and false for an attempt that was right.
// Where the key has used up its attempts, Admit returns how long to wait, in
// whole seconds, also for the right attempt: then nothing may be told of what
// it was. Otherwise it counts the attempt, if it counts, and returns 0.
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
			l.all.tokens = max(0, l.all.tokens-1) // empty where the first of a key was free
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

// Network is what is counted of an address. IPv6 is counted by /64, because
// one customer gets that much and chooses the rest of the address freely;
// IPv4 written as IPv6 is IPv4. What is no address is returned as it is.
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
