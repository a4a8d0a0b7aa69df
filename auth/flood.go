package auth

import (
	"math"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// How many clients may register: so many at once, then one in so long a time,
// from one source and from all together. RFC 7591 5: an open endpoint is a
// place for strangers to fill.
const (
	floodBurst, floodEvery       = 30, 5 * time.Second
	floodAllBurst, floodAllEvery = 100, time.Second
	// maxFlooders bounds the memory, as maxGuessers does.
	maxFlooders = 10_000
)

// flood counts registrations. It is kept in memory: the file has the other
// limit, on how many there are.
type flood struct {
	mu      sync.Mutex
	all     *rate.Limiter
	sources map[string]*rate.Limiter
}

// admit takes a place, or says how long to wait for one. A place that only one
// of the two limits would give is not taken.
func (f *flood) admit(source string, now time.Time) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.all == nil {
		f.all = rate.NewLimiter(rate.Every(floodAllEvery), floodAllBurst)
	}
	if f.sources == nil || len(f.sources) >= maxFlooders {
		f.sources = map[string]*rate.Limiter{}
	}
	source = network(source)
	if f.sources[source] == nil {
		f.sources[source] = rate.NewLimiter(rate.Every(floodEvery), floodBurst)
	}
	wait := max(missing(f.sources[source], floodEvery, now), missing(f.all, floodAllEvery, now))
	if wait == 0 {
		f.sources[source].AllowN(now, 1)
		f.all.AllowN(now, 1)
	}
	return wait
}

// missing is how long it takes until one place is free, in whole seconds.
func missing(l *rate.Limiter, every time.Duration, now time.Time) time.Duration {
	if l.TokensAt(now) >= 1 {
		return 0
	}
	return time.Duration(math.Ceil((1-l.TokensAt(now))*every.Seconds())) * time.Second
}

// network is what is counted: IPv6 by /64, of which one customer chooses the
// rest freely.
func network(source string) string {
	addr, err := netip.ParseAddr(source)
	if err != nil || addr.Unmap().Is4() {
		return source
	}
	return netip.PrefixFrom(addr.WithZone(""), 64).Masked().String()
}

func (f *flood) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all, f.sources = nil, nil
}

func tooManyRegistrations(wait time.Duration) *Error {
	e := newError("temporarily_unavailable", "Too many clients are being registered. Wait before the next one.")
	e.Status, e.retryAfter = http.StatusTooManyRequests, wait
	return e
}
