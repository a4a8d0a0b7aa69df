package limit

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var start = time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)

// passes makes n attempts and returns how many were let through.
func passes(l *Limiter, key string, n int, now time.Time) (through int) {
	for range n {
		if l.Admit(key, now, true) == 0 {
			through++
		}
	}
	return through
}

func TestBurstThenRate(t *testing.T) {
	l := New(Config{Each: Rate{3, 2 * time.Second}})
	if got := passes(l, "a", 10, start); got != 3 {
		t.Errorf("%d of 10 at once, want 3", got)
	}
	if wait := l.Admit("a", start, true); wait != 2*time.Second {
		t.Errorf("wait %s, want 2s", wait)
	}
	if wait := l.Admit("a", start.Add(500*time.Millisecond), true); wait != 2*time.Second { // 1.5 s, in whole seconds
		t.Errorf("wait %s, want 2s", wait)
	}
	if got := passes(l, "b", 1, start); got != 1 {
		t.Error("another key has to wait")
	}
	if got := passes(l, "a", 10, start.Add(4*time.Second)); got != 2 {
		t.Errorf("%d after four seconds, want 2", got)
	}
	l.Forget()
	if got := passes(l, "a", 10, start); got != 3 {
		t.Errorf("%d after Forget, want 3", got)
	}
}

// Who guesses nothing never waits, and gets no answer while the key has to.
func TestWhatDoesNotCount(t *testing.T) {
	l := New(Config{Each: Rate{2, time.Second}, All: Rate{2, time.Second}})
	for range 1000 {
		if wait := l.Admit("a", start, false); wait != 0 {
			t.Fatalf("a right attempt waits %s", wait)
		}
	}
	if got := passes(l, "a", 5, start); got != 2 {
		t.Errorf("%d wrong ones after it, want 2", got)
	}
	if wait := l.Admit("a", start, false); wait != time.Second {
		t.Errorf("between guesses the right attempt waits %s, want 1s", wait)
	}
}

// A clock that is put back neither locks out nor gives a second burst.
func TestClockSetBack(t *testing.T) {
	l := New(Config{Each: Rate{3, time.Second}})
	passes(l, "a", 3, start)
	if got := passes(l, "a", 3, start.Add(-time.Hour)); got != 0 {
		t.Errorf("%d at once after the clock was put back, want 0", got)
	}
	if got := passes(l, "a", 3, start.Add(-time.Hour+2*time.Second)); got != 2 {
		t.Errorf("%d two seconds later, want 2", got)
	}
}

func TestAllTogether(t *testing.T) {
	for _, free := range []bool{false, true} {
		l := New(Config{Each: Rate{10, time.Minute}, All: Rate{20, time.Minute}, FirstIsFree: free})
		through := 0
		for i := range 10 {
			through += passes(l, fmt.Sprint(i), 10, start)
		}
		want := 20
		if free {
			want = 20 + 8 // the first of each key that came too late for the shared ones
		}
		if through != want {
			t.Errorf("first is free %t: %d of 100, want %d", free, through, want)
		}
		// A refusal for all does not use up what a key has of its own.
		if got := passes(l, "9", 10, start.Add(20*time.Minute)); got < 9 {
			t.Errorf("first is free %t: %d of 10 after a wait, want at least 9", free, got)
		}
	}
}

func TestParallelAttemptsSeeEachOther(t *testing.T) {
	l := New(Config{Each: Rate{30, time.Hour}})
	var through atomic.Int32
	var group sync.WaitGroup
	for range 200 {
		group.Go(func() { through.Add(int32(passes(l, "a", 1, start))) })
	}
	group.Wait()
	if through.Load() != 30 {
		t.Errorf("%d of 200 parallel attempts, want 30", through.Load())
	}
}

// A key that is busy is not forgotten while strangers fill the table.
func TestMemoryIsBounded(t *testing.T) {
	l := New(Config{Each: Rate{3, time.Hour}})
	passes(l, "busy", 3, start)
	for i := range 10 * keysKept {
		passes(l, fmt.Sprint("stranger ", i), 1, start)
		if i%1000 == 0 && passes(l, "busy", 1, start) != 0 {
			t.Fatalf("the busy key was forgotten after %d strangers", i)
		}
	}
	if kept := len(l.young) + len(l.old); kept > keysKept {
		t.Errorf("%d keys kept, want at most %d", kept, keysKept)
	}
}

func TestNetwork(t *testing.T) {
	for source, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "::ffff:192.0.2.1": "192.0.2.1",
		"2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "2001:db8:1:2::": "2001:db8:1:2::/64", "2001:db8:1:3::1": "2001:db8:1:3::/64",
		"fe80::1%eth0": "fe80::/64", "::1": "::/64", "": "", "no address": "no address",
	} {
		if got := Network(source); got != want {
			t.Errorf("%q: %q, want %q", source, got, want)
		}
	}
}
