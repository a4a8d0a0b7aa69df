package issuer

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	// maxWaiting is how many calls wait for a document at once. Anybody can make
	// up a kid that makes a call wait, so there is an end to it.
	maxWaiting = 64
	// retry is how long follow waits after a failure. A call that has to know
	// does not wait for that.
	retry = 30 * time.Second
)

var errCrowd = errors.New("too many calls are waiting for it")

// kept is a document of the issuer, read beside the calls that need it: what is
// known is used at once, however long the issuer takes to say it again. Only
// what is not known is waited for.
type kept[T any] struct {
	name  string
	read  func(context.Context) (T, error)
	fresh time.Duration // it is read again after this long
	stale time.Duration // and no longer used after this long; 0: used until it can be read again
	log   *slog.Logger
	limit *rate.Limiter // of readings
	room  chan struct{} // of those who wait

	mu     sync.Mutex
	last   version[T]
	flight *flight[T] // the reading that is under way; nil for none
	tried  time.Time  // when a reading ended last, well or not
	rest   time.Time  // the issuer is not asked again before this
	failed error      // why it rests
}

// version is a document as it was at one moment.
type version[T any] struct {
	value T
	at    time.Time // zero: never read
}

// flight is one reading. done is closed when the other fields are set.
type flight[T any] struct {
	done  chan struct{}
	began time.Time // when the issuer was asked
	got   T
	err   error
}

func keep[T any](name string, fresh, stale time.Duration, log *slog.Logger, read func(context.Context) (T, error)) *kept[T] {
	return &kept[T]{name: name, read: read, fresh: fresh, stale: stale, log: log,
		limit: rate.NewLimiter(rate.Every(time.Second), 3), room: make(chan struct{}, maxWaiting)}
}

// get returns the document, if it suits, as it was read last. Otherwise it
// waits for a reading that began after get was called, and returns what that
// found, whether it suits or not. Error: *unavailableError.
func (k *kept[T]) get(ctx context.Context, suits func(T) bool) (T, error) {
	if value, ok := k.known(suits); ok {
		return value, nil
	}
	select {
	case k.room <- struct{}{}:
		defer func() { <-k.room }()
	default:
		var none T
		return none, unreachable(errCrowd)
	}
	arrived := time.Now()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		value, began, err := k.await(ctx)
		// A reading that was under way before may have missed what is new.
		if err != nil || suits(value) || !began.Before(arrived) {
			return value, err
		}
	}
}

// known is what can be used at once. Where it is not fresh any more, it is read
// again meanwhile.
func (k *kept[T]) known(suits func(T) bool) (T, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	age := time.Since(k.last.at)
	if k.last.at.IsZero() || k.stale > 0 && age >= k.stale || !suits(k.last.value) {
		var none T
		return none, false
	}
	if age >= k.fresh && time.Since(k.tried) >= patience {
		k.fly()
	}
	return k.last.value, true
}

// await waits for the reading that is under way, or for another one.
func (k *kept[T]) await(ctx context.Context) (value T, began time.Time, err error) {
	k.mu.Lock()
	f, err := k.fly(), k.failed
	k.mu.Unlock()
	if f == nil {
		return value, began, unreachable(err)
	}
	select {
	case <-f.done:
	case <-ctx.Done():
		return value, began, unreachable(context.Cause(ctx))
	}
	if f.err != nil {
		return value, began, unreachable(f.err)
	}
	return f.got, f.began, nil
}

// fly returns the reading that is under way, or begins one; nil while the
// issuer rests. The caller holds mu.
func (k *kept[T]) fly() *flight[T] {
	if k.flight != nil {
		return k.flight
	}
	if time.Now().Before(k.rest) {
		return nil
	}
	f := &flight[T]{done: make(chan struct{})}
	k.flight = f
	go k.land(f)
	return f
}

// land reads. It belongs to no call: one that goes away does not end it for the
// others.
func (k *kept[T]) land(f *flight[T]) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if f.err = k.limit.Wait(ctx); f.err == nil {
		f.began = time.Now()
		f.got, f.err = k.read(ctx)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.flight, k.failed, k.tried = nil, f.err, time.Now()
	if f.err == nil {
		k.last = version[T]{f.got, f.began}
	} else {
		// Where it took long to fail, nobody has to find out again for as long.
		// Where the connection was refused, the next call may ask.
		if took := k.tried.Sub(f.began); !f.began.IsZero() && took >= time.Second {
			k.rest = k.tried.Add(took)
		}
		k.log.Warn("the issuer's "+k.name+" could not be read", "err", f.err, "since", sinceRead(k.last.at))
	}
	close(f.done)
}

func sinceRead(at time.Time) string {
	if at.IsZero() {
		return "never read"
	}
	return time.Since(at).Round(time.Second).String()
}

// follow reads the document now and each time before it is too old, until ctx
// ends: what the issuer has taken away is gone from here in time, whether
// anybody calls or not.
func (k *kept[T]) follow(ctx context.Context) {
	for {
		_, _, _ = k.await(ctx) // a failure is logged where it happens
		k.mu.Lock()
		next := time.Until(k.last.at.Add(k.fresh))
		if k.failed != nil {
			next = retry
		}
		k.mu.Unlock()
		select {
		case <-time.After(next):
		case <-ctx.Done():
			return
		}
	}
}
