package people

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

const (
	// maxHashes is how many hashes run at once: each holds 19 MiB, so 200
	// parallel logins would otherwise need 3.7 GiB.
	maxHashes = 2
	// maxWait is how long an attempt may be expected to wait for a place to
	// hash in. An attempt that would wait longer is refused at once.
	maxWait = 10 * time.Second
	// endOfWait applies if the wait takes longer than expected: the person
	// gets a readable answer before the server's write timeout, which would
	// give none.
	endOfWait = 15 * time.Second
	// maxQueue is how many wait at once, however short a hash may be.
	maxQueue = 256
)

// BusyError refuses an attempt before it is checked, because there are too
// many at once. It does not count as an attempt: RFC 9110 15.6.4.
type BusyError struct {
	RetryAfter time.Duration // whole seconds, one or more
}

func (e *BusyError) Error() string {
	return fmt.Sprintf("too many passwords are being hashed; try again in %s", e.RetryAfter)
}

// Unavailable marks it as an error to answer with 503.
func (*BusyError) Unavailable() bool { return true }

// party is the account and the source that something is hashed for, so that
// neither one account nor one source can fill the queue. The zero party is the
// server itself.
type party struct{ account, source string }

// queue gives out the places to hash in, in the order of the requests. An
// attempt that would wait too long is refused at once.
type queue struct {
	now func() time.Time

	mu      sync.Mutex
	held    int
	waiting []*waiter // the first in line first
	took    time.Duration
}

type waiter struct {
	whose  party
	placed chan error // one value: nil for a place, or a *BusyError
}

func newQueue(now func() time.Time) *queue {
	return &queue{now: now, took: 50 * time.Millisecond} // until the first one is measured
}

// enter waits for a place. The server's own work waits without limit. Errors:
// *BusyError; the context's error when it ends.
func (q *queue) enter(ctx context.Context, who party) (release func(), err error) {
	q.mu.Lock()
	if q.held < maxHashes {
		q.held++
		q.mu.Unlock()
		return q.hold(), nil
	}
	if who != (party{}) && q.full() && !q.makeRoom(who) {
		busy := q.busy()
		q.mu.Unlock()
		return nil, busy
	}
	w := &waiter{who, make(chan error, 1)}
	q.waiting = append(q.waiting, w)
	q.mu.Unlock()

	var over <-chan time.Time
	if who != (party{}) {
		t := time.NewTimer(endOfWait)
		defer t.Stop()
		over = t.C
	}
	select {
	case err = <-w.placed:
	case <-over:
		err = q.leave(w, nil)
	case <-ctx.Done():
		err = q.leave(w, fmt.Errorf("waiting to hash a password: %w", context.Cause(ctx)))
	}
	if err != nil {
		return nil, err
	}
	return q.hold(), nil
}

// hold measures how long a place is held, and passes the place on.
func (q *queue) hold() (release func()) {
	since := q.now()
	return sync.OnceFunc(func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.took += (q.now().Sub(since) - q.took) / 4 // a moving average
		q.passOn()
	})
}

// passOn gives a place to the next in line. The caller holds mu.
func (q *queue) passOn() {
	if len(q.waiting) == 0 {
		q.held--
		return
	}
	next := q.waiting[0]
	q.waiting = q.waiting[1:]
	next.placed <- nil
}

// leave removes a waiter that has waited long enough or whose caller has left.
// If it was given a place in the meantime, the place is used or passed on.
func (q *queue) leave(w *waiter, gone error) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if i := slices.Index(q.waiting, w); i >= 0 {
		q.waiting = slices.Delete(q.waiting, i, i+1)
		if gone == nil {
			return q.busy()
		}
		return gone
	}
	err := <-w.placed
	if err == nil && gone != nil {
		q.passOn()
		return gone
	}
	return err
}

// full reports whether one more waiter would wait too long. The caller holds
// mu.
func (q *queue) full() bool {
	return len(q.waiting) >= maxQueue || q.expected(len(q.waiting)+1) >= maxWait
}

// expected is how long the nth waiter will wait.
func (q *queue) expected(n int) time.Duration { return time.Duration(n) * q.took / maxHashes }

func (q *queue) busy() *BusyError {
	return &BusyError{max(time.Second, min(3*maxWait, q.expected(len(q.waiting)).Round(time.Second)))}
}

// makeRoom turns away the last waiter of the source, or else of the account,
// that has most of the queue, if the newcomer's has clearly fewer. So a flood
// only displaces itself. The caller holds mu.
func (q *queue) makeRoom(newcomer party) bool {
	for _, of := range []func(party) string{func(p party) string { return p.source }, func(p party) string { return p.account }} {
		count, most := map[string]int{}, ""
		for _, w := range q.waiting {
			if key := of(w.whose); w.whose != (party{}) {
				if count[key]++; count[key] > count[most] {
					most = key
				}
			}
		}
		if count[most] <= count[of(newcomer)]+1 {
			continue
		}
		for i, w := range slices.Backward(q.waiting) {
			if w.whose != (party{}) && of(w.whose) == most {
				q.waiting = slices.Delete(q.waiting, i, i+1)
				w.placed <- q.busy()
				return true
			}
		}
	}
	return false
}
