package people

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alexedwards/argon2id"
)

// slow is a machine on which a hash takes that long, as the queue has seen.
func slow(hash time.Duration) *queue {
	q := newQueue(time.Now)
	q.took = hash
	return q
}

// use takes a place for as long as a hash takes, and says how long it waited.
func (q *queue) use(ctx context.Context, who party, hash time.Duration, served ...func()) (time.Duration, error) {
	begun := time.Now()
	release, err := q.enter(ctx, who)
	waited := time.Since(begun)
	for _, tell := range served {
		if err == nil {
			tell()
		}
	}
	if err == nil {
		time.Sleep(hash)
		release()
	}
	return waited, err
}

// Thirty sign in at once on a machine that takes two seconds for each: those
// for whom there is time are served in the order in which they came, the others
// are told at once when to come again, and nobody waits for a time-out.
func TestThirtyAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := slow(2 * time.Second)
		var all sync.WaitGroup
		var mu sync.Mutex
		var served []int
		var busy atomic.Int32
		for i := range 30 {
			all.Go(func() {
				waited, err := q.use(t.Context(), party{fmt.Sprint(i), "192.0.2.1"}, 2*time.Second, func() {
					mu.Lock()
					defer mu.Unlock()
					served = append(served, i/maxHashes) // two at a time
				})
				var crowd *BusyError
				switch {
				case err == nil:
					if waited > maxWait {
						t.Errorf("%d waited %s", i, waited)
					}
				case errors.As(err, &crowd):
					busy.Add(1)
					if waited > 0 || crowd.RetryAfter < time.Second || crowd.RetryAfter > maxWait || crowd.RetryAfter%time.Second != 0 {
						t.Errorf("%d was told after %s to come again in %s", i, waited, crowd.RetryAfter)
					}
				default:
					t.Errorf("%d: %v", i, err)
				}
			})
			synctest.Wait() // in this order
		}
		all.Wait()
		if len(served) != 11 || busy.Load() != 19 || !slices.IsSorted(served) {
			t.Errorf("served %v and turned away %d; want the first 11, in order", served, busy.Load())
		}
		// When it is over, everybody is served again.
		if waited, err := q.use(t.Context(), party{"late", "192.0.2.1"}, 0); err != nil || waited > 0 {
			t.Errorf("afterwards: %v after %s", err, waited)
		}
	})
}

// A machine that gets slow unforeseen keeps nobody for longer either.
func TestWaitingEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(time.Now)
		var all sync.WaitGroup
		for i := range 50 {
			all.Go(func() {
				waited, err := q.use(t.Context(), party{fmt.Sprint(i), "192.0.2.1"}, time.Minute)
				if crowd := (*BusyError)(nil); i >= maxHashes && (!errors.As(err, &crowd) || waited != endOfWait) {
					t.Errorf("%d: %v after %s", i, err, waited)
				}
			})
			synctest.Wait()
		}
		// The server's own work is never turned away.
		all.Go(func() {
			if _, err := q.use(t.Context(), party{}, 0); err != nil {
				t.Error(err)
			}
		})
		all.Wait()
	})
}

// Whoever goes away gives up the place in the queue, and one that has just come
// to them goes on to the next.
func TestTheQueueForgetsWhoHasGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(time.Now)
		var all sync.WaitGroup
		for range maxHashes {
			all.Go(func() { _, _ = q.use(t.Context(), party{}, time.Second) })
		}
		synctest.Wait()
		ctx, leave := context.WithCancel(t.Context())
		for i := range 20 {
			all.Go(func() {
				if _, err := q.use(ctx, party{fmt.Sprint(i), "192.0.2.1"}, time.Second); !errors.Is(err, context.Canceled) {
					t.Errorf("gone: %v", err)
				}
			})
		}
		synctest.Wait()
		leave()
		if waited, err := q.use(t.Context(), party{"stays", "192.0.2.2"}, 0); err != nil || waited != time.Second {
			t.Errorf("who stays: %v after %s, want the next place", err, waited)
		}
		all.Wait()
		if q.held != 0 || len(q.waiting) != 0 {
			t.Errorf("%d places held and %d waiting for ever", q.held, len(q.waiting))
		}
		// At the very moment at which a place comes.
		w := &waiter{party{"a", "b"}, make(chan error, 1)}
		q.held, w.placed = 1, make(chan error, 1)
		w.placed <- nil
		if err := q.leave(w, context.Canceled); !errors.Is(err, context.Canceled) || q.held != 0 {
			t.Errorf("%v, %d places held", err, q.held)
		}
	})
}

// A flood from one source, or at one account from many, crowds itself out.
func TestAFloodCrowdsItselfOut(t *testing.T) {
	for name, flooder := range map[string]func(i int) party{
		"one source":  func(i int) party { return party{fmt.Sprint("account ", i), "198.51.100.1"} },
		"one account": func(i int) party { return party{"ada", fmt.Sprint("source ", i)} },
	} {
		synctest.Test(t, func(t *testing.T) {
			q := slow(time.Second)
			var all sync.WaitGroup
			var turned atomic.Int32
			for i := range 100 {
				all.Go(func() {
					if _, err := q.use(t.Context(), flooder(i), time.Second); err != nil {
						turned.Add(1)
					}
				})
				synctest.Wait()
			}
			for i := range 8 {
				all.Go(func() {
					if waited, err := q.use(t.Context(), party{fmt.Sprint("person ", i), fmt.Sprint("home ", i)}, time.Second); err != nil || waited > maxWait {
						t.Errorf("%s floods; somebody else: %v after %s", name, err, waited)
					}
				})
				synctest.Wait()
			}
			all.Wait()
			if n := turned.Load(); n < 78 {
				t.Errorf("%s: %d of the flood were turned away", name, n)
			}
		})
	}
}

// An attempt that is turned away for load is none: it is not counted, and the
// password was not looked at.
func TestBusyIsNoAttempt(t *testing.T) {
	r := open(t)
	r.apply(true, ada)
	r.queue.took = time.Hour
	for range maxHashes {
		release, err := r.queue.enter(t.Context(), party{})
		if err != nil {
			t.Fatal(err)
		}
		defer release()
	}
	r.verify = func(string, string) (bool, *argon2id.Params, error) {
		t.Error("the password was looked at")
		return false, strength, nil
	}
	for range 2 * sourceLimit {
		var busy *BusyError
		if _, err := r.Authenticate(t.Context(), ada.Email, "wrong", "192.0.2.1"); !errors.As(err, &busy) || !busy.Unavailable() {
			t.Fatalf("%v, want *BusyError", err)
		}
	}
	var rows int
	if err := r.file.Read().QueryRow(`SELECT count(*) FROM login_attempts`).Scan(&rows); err != nil || rows != 0 {
		t.Errorf("%d buckets of attempts (%v), want none", rows, err)
	}
	if _, err := r.SetPassword(t.Context(), Person{ID: ada.ID, Name: ada.Name, Email: ada.Email}, "something else entirely", ""); !errors.As(err, new(*BusyError)) {
		t.Errorf("SetPassword: %v", err)
	}
}
