package auth

import (
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Wrong user codes, RFC 8628 5.1: a user code is short, so guessing has to be
// slow. One network address may miss this often at once and then now and then;
// all addresses together likewise. Against 20^8 codes, some four hundred
// guesses in the ten minutes that a code lives find it once in sixty million
// attacks.
const (
	missBurst    = 10
	missEvery    = 10 * time.Second
	missBurstAll = 100
	missEveryAll = 2 * time.Second
)

// typing counts wrong user codes by source, and all of them. It is kept in
// memory: a restart forgives, and takes longer than the burst it gives.
type typing struct {
	mu      sync.Mutex
	all     *rate.Limiter
	sources map[string]*rate.Limiter // at most maxGuessers; beyond it the table starts anew, and all still counts
}

// try counts a code before it is looked up, so that parallel guesses cannot
// all see the same low count. right takes it back: whoever types the right code
// has not guessed. wait is not 0 where the code must not be looked at.
//
// A flood from many addresses uses up what all have together. Then whoever has
// missed waits, and the first code from any other address is still looked up:
// nobody can lock out a person who types the code of their own device.
func (g *typing) try(source string, now time.Time) (right func(), wait time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.all == nil {
		g.all = rate.NewLimiter(rate.Every(missEveryAll), missBurstAll)
	}
	if g.sources == nil || len(g.sources) >= maxGuessers {
		g.sources = map[string]*rate.Limiter{}
	}
	key := networkOf(source)
	own := g.sources[key]
	if own == nil {
		own = rate.NewLimiter(rate.Every(missEvery), missBurst)
		g.sources[key] = own
	}
	first := own.TokensAt(now) >= missBurst
	mine := own.ReserveN(now, 1)
	if wait := mine.DelayFrom(now); wait > 0 {
		mine.CancelAt(now)
		return nil, wait
	}
	everybodys := g.all.ReserveN(now, 1)
	if wait := everybodys.DelayFrom(now); wait > 0 {
		everybodys.CancelAt(now)
		if !first {
			mine.CancelAt(now)
			return nil, wait
		}
	}
	return func() { mine.CancelAt(now); everybodys.CancelAt(now) }, 0
}

func (g *typing) forget() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.all, g.sources = nil, nil
}

// networkOf is what is counted of an address. IPv6 by /64: that is what one
// customer gets, and they choose the rest of it freely.
func networkOf(source string) string {
	addr, err := netip.ParseAddr(source)
	if err != nil {
		return source
	}
	if addr = addr.Unmap().WithZone(""); addr.Is4() {
		return addr.String()
	}
	return netip.PrefixFrom(addr, 64).Masked().String()
}
