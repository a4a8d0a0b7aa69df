package people

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"
)

const (
	home   = "192.0.2.1"
	abroad = "198.51.100.7"
)

// guess makes one attempt and returns how long it was told to wait, 0 if it
// was looked at.
func (r *room) guess(email, password, source string) (wait time.Duration, err error) {
	r.t.Helper()
	_, err = r.Authenticate(r.t.Context(), email, password, source)
	var throttled *ThrottledError
	if errors.As(err, &throttled) {
		if throttled.RetryAfter <= 0 {
			r.t.Errorf("refused, but may come back in %s", throttled.RetryAfter)
		}
		return throttled.RetryAfter, nil
	}
	return 0, err
}

// wrong makes a guess that has to be looked at and refused.
func (r *room) wrong(email, source string) {
	r.t.Helper()
	if wait, err := r.guess(email, "wrong", source); wait != 0 || err != ErrWrongCredentials {
		r.t.Fatalf("a wrong guess for %s from %s has to wait %s, %v", email, source, wait, err)
	}
}

func (r *room) right(email, source string) {
	r.t.Helper()
	if wait, err := r.guess(email, "right", source); wait != 0 || err != nil {
		r.t.Fatalf("the right password for %s from %s has to wait %s, %v", email, source, wait, err)
	}
}

func (r *room) waits(email, source string, want time.Duration) {
	r.t.Helper()
	for _, password := range []string{"wrong", "right"} {
		if got, err := r.guess(email, password, source); got != want {
			r.t.Fatalf("%s from %s with the %s password has to wait %s, %v; want %s", email, source, password, got, err, want)
		}
	}
}

func throttled(t *testing.T) *room {
	r := open(t)
	r.apply(true, ada, grace)
	r.hashless()
	return r
}

func provesDelaysGrowAndEnd(t *testing.T) {
	for _, email := range []string{ada.Email, "nobody@example.com"} { // the same whether or not the account exists
		t.Run(email, func(t *testing.T) {
			r := throttled(t)
			for range pairFree {
				r.wrong(email, home)
			}
			for _, delay := range []time.Duration{1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300} {
				delay *= time.Second
				r.waits(email, home, delay)
				r.pass(delay - time.Millisecond)
				r.waits(email, home, time.Millisecond)
				r.pass(time.Millisecond)
				r.wrong(email, home)
			}
			r.pass(pairWindow)
			r.wrong(email, home)
			r.wrong(email, home) // free again
		})
	}
}

func provesNobodyLocksAnybodyOut(t *testing.T) {
	r := throttled(t)
	for range pairFree {
		r.wrong(ada.Email, abroad)
	}
	r.waits(ada.Email, abroad, time.Second)
	r.right(ada.Email, home)
	r.wrong(grace.Email, abroad) // another account from there is another pair
	r.waits(ada.Email, abroad, time.Second)
}

func TestSuccessClearsTheFailuresOfThatPair(t *testing.T) {
	r := throttled(t)
	for range pairFree - 1 {
		r.wrong(ada.Email, home)
	}
	r.right(ada.Email, home)
	for range pairFree {
		r.wrong(ada.Email, home)
	}
	r.waits(ada.Email, home, time.Second)
}

// Whoever has an account here must not be able to reset the count of their
// guesses at others' by signing in between.
func TestSuccessDoesNotClearTheSource(t *testing.T) {
	r := throttled(t)
	for i := range sourceLimit {
		r.wrong(fmt.Sprintf("person%d@example.com", i), home)
		if i < sourceLimit-1 {
			r.right(grace.Email, home)
		}
	}
	r.waits("yet-another@example.com", home, sourceWindow)
}

func provesManyAccountsFromOneSource(t *testing.T) {
	r := throttled(t)
	for i := range sourceLimit {
		r.pass(time.Second)
		r.wrong(fmt.Sprintf("person%d@example.com", i), home)
	}
	left := sourceWindow - (sourceLimit-1)*time.Second
	r.waits(ada.Email, home, left)
	r.right(ada.Email, abroad)
	r.pass(left)
	r.right(ada.Email, home)
	for i := range sourceLimit { // a new window has the same room
		r.wrong(fmt.Sprintf("another%d@example.com", i), home)
	}
	r.waits(ada.Email, home, sourceWindow)
}

// One account from many places: every answer is late, and each place has one
// failure in place of five, but the right password works from anywhere.
func provesManySourcesForOneAccountOnlySlow(t *testing.T) {
	r := throttled(t)
	for i := range accountLimit {
		r.wrong(ada.Email, fmt.Sprintf("203.0.113.%d", i))
	}
	if len(r.slept) != 0 {
		t.Fatalf("slowed down below the limit: %v", r.slept)
	}
	r.wrong(ada.Email, "198.51.100.1")
	r.waits(ada.Email, "198.51.100.1", firstDelay)
	r.right(ada.Email, "198.51.100.2")
	if !slices.Equal(r.slept, []time.Duration{slowdown, slowdown}) {
		t.Errorf("the two that were looked at slept %v, want %s each", r.slept, slowdown)
	}
	r.right(grace.Email, home)
	if len(r.slept) != 2 {
		t.Error("another account is slowed down too")
	}
	r.pass(accountWindow)
	r.wrong(ada.Email, home)
	r.wrong(ada.Email, home)
	if len(r.slept) != 2 {
		t.Error("it goes on after its window")
	}
}

// CVE-2025-24806 and its like: another spelling is not another bucket.
func provesSpellingsShareABucket(t *testing.T) {
	r := throttled(t)
	for _, email := range []string{"ada@example.com", "ADA@example.com", " ada@example.com", "ａｄａ@example.com", "𝔸da@example.com\u3000"} {
		r.wrong(email, home)
	}
	r.waits("Ada@Example.com", home, time.Second)
	// RFC 6531 3.7.1: nor by spelling the domain in another way.
	for i := range pairFree {
		r.wrong([]string{"kim@bücher.example", "kim@xn--bcher-kva.example"}[i%2], home)
	}
	r.waits("KIM@BÜCHER.example", home, time.Second)

	r = throttled(t)
	for i := range pairFree {
		r.wrong(ada.Email, fmt.Sprintf("2001:db8:1:2::%d", i+1)) // one customer's /64
	}
	r.waits(ada.Email, "2001:db8:1:2:ffff::1", time.Second)
	r.wrong(ada.Email, "2001:db8:1:3::1")

	r = throttled(t)
	for _, source := range []string{"192.0.2.9", "::ffff:192.0.2.9", "192.0.2.9", "::ffff:c000:209", "192.0.2.9"} {
		r.wrong(ada.Email, source)
	}
	r.waits(ada.Email, "192.0.2.9", time.Second)
	r.wrong(ada.Email, "192.0.2.10")
}

func provesFailuresSurviveARestart(t *testing.T) {
	r := throttled(t)
	for range pairFree {
		r.wrong(ada.Email, home)
	}
	r.restart()
	r.hashless()
	r.waits(ada.Email, home, time.Second)
}

// CVE-2025-64102: parallel guesses must not all see the same low count.
func provesParallelGuessesStayWithinTheLimit(t *testing.T) {
	r := throttled(t)
	var all sync.WaitGroup
	looked := r.checks(func() {
		for range 200 {
			all.Go(func() {
				var refused *ThrottledError
				_, err := r.Authenticate(context.Background(), ada.Email, "wrong", home)
				if err != ErrWrongCredentials && !errors.As(err, &refused) {
					t.Error(err)
				}
			})
		}
		all.Wait()
	})
	if looked > pairFree+1 || looked < pairFree {
		t.Errorf("%d of 200 parallel guesses were looked at, want %d", looked, pairFree)
	}

	// The same for guesses that all passed the first look at an empty count.
	reserved := make(chan bool, 200)
	for range cap(reserved) {
		all.Go(func() { reserved <- r.reserve(context.Background(), bucketsOf("alan@example.com", home)) == nil })
	}
	all.Wait()
	close(reserved)
	n := 0
	for ok := range reserved {
		if ok {
			n++
		}
	}
	if n != pairFree {
		t.Errorf("%d of 200 parallel reservations were given, want %d", n, pairFree)
	}
}

// People who sign in at the same moment from one office are no attack.
func TestParallelSuccessesAreNotThrottled(t *testing.T) {
	r := throttled(t)
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() {
			if _, err := r.Authenticate(context.Background(), ada.Email, "right", home); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := r.query(`SELECT coalesce(sum(failures), 0) FROM login_attempts`); n != 0 {
		t.Errorf("%d failures are left of successes", n)
	}
}

// A refused attempt is not counted, or a client that keeps retrying would
// never get in again.
func TestRefusedAttemptsDoNotCount(t *testing.T) {
	r := throttled(t)
	for range pairFree {
		r.wrong(ada.Email, home)
	}
	for range 50 {
		r.waits(ada.Email, home, time.Second)
	}
	r.pass(time.Second)
	r.right(ada.Email, home)
}

func TestAClockSetBackLengthensNoWait(t *testing.T) {
	r := throttled(t)
	for range pairFree {
		r.wrong(ada.Email, home)
	}
	r.pass(-30 * time.Minute)
	r.waits(ada.Email, home, time.Second)
	r.pass(-24 * time.Hour)
	r.right(ada.Email, home)
}

func TestPurgeForgetsOnlyWhatIsOver(t *testing.T) {
	r := throttled(t)
	r.wrong("old@example.com", abroad)
	r.pass(pairWindow - time.Minute)
	for range pairFree {
		r.wrong(ada.Email, home)
	}
	r.pass(time.Minute)
	before := r.query(`SELECT count(*) FROM login_attempts`)
	if err := r.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	if after := r.query(`SELECT count(*) FROM login_attempts`); before != 6 || after != 3 {
		t.Errorf("of %d buckets %d are left, want 3 of 6", before, after)
	}
}
