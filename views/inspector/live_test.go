package inspector

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/exampleco/punchcard/views/inspector/record"
)

// source is a live of which a test makes the changes.
func source() (l *live, changes chan record.Change, worded *atomic.Int64, subscribed *atomic.Int64) {
	changes, worded, subscribed = make(chan record.Change), &atomic.Int64{}, &atomic.Int64{}
	l = &live{
		changes: func() (<-chan record.Change, func()) {
			subscribed.Add(1)
			return changes, func() { subscribed.Add(-1) }
		},
		word: func(c record.Change) []byte {
			worded.Add(1)
			return []byte(strconv.Itoa(c.Number) + " ")
		},
	}
	return l, changes, worded, subscribed
}

// What many see is put into words once, and what changes often is said seldom.
func TestAChangeIsWordedOnceForAll(t *testing.T) {
	l, changes, worded, subscribed := source()
	var begins [maxViewers]int
	for i := range begins {
		at, ok := l.join()
		if !ok {
			t.Fatalf("viewer %d of %d is not let in", i+1, maxViewers)
		}
		begins[i] = at
	}
	if n := subscribed.Load(); n != 1 {
		t.Errorf("%d subscriptions for %d viewers, want 1", n, maxViewers)
	}
	_, _, next := l.since(begins[0])
	for range 1000 {
		changes <- record.Change{Number: 7}
	}
	<-next
	for i, at := range begins {
		if frames, _, _ := l.since(at); len(frames) == 0 || string(frames[0]) != "7 " {
			t.Fatalf("viewer %d reads %q", i, frames)
		}
	}
	// As many frames as the thousand took time; of one for each it would be 1000.
	if n := worded.Load(); n > 100 {
		t.Errorf("a run that changed 1000 times at once was worded %d times", n)
	}
	for range begins {
		l.leave()
	}
	if l.frames != nil {
		t.Error("frames are kept for nobody")
	}
}

// A frame has the newest runs, and somebody who reads slowly has the last frames.
func TestFramesAreBounded(t *testing.T) {
	l, _, _, _ := source()
	at, _ := l.join()
	defer l.leave()
	pending := map[int]bool{}
	for number := range 100 {
		pending[number] = true
	}
	for range 50 {
		l.say(t.Context(), pending)
	}
	frames, now, _ := l.since(at)
	if len(frames) != keptFrames || now != 50 {
		t.Errorf("%d frames are kept of %d, want %d of 50", len(frames), now, keptFrames)
	}
	if runs := strings.Fields(string(frames[0])); len(runs) != frameRuns || runs[frameRuns-1] != "99" {
		t.Errorf("a frame has %q, want the newest %d", runs, frameRuns)
	}
}

// The stream is for so many, and no more.
func TestViewersAreCounted(t *testing.T) {
	l, _, _, _ := source()
	p := &pages{Config: Config{Private: true}, live: l}
	ask := func(method string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		gone, leave := context.WithCancel(t.Context())
		leave()
		p.events(w, httptest.NewRequest(method, "/inspector/events", nil).WithContext(gone))
		return w
	}
	for range maxViewers {
		l.join()
	}
	if w := ask("GET"); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("one too many is answered %d %v", w.Code, w.Header())
	}
	l.leave()
	// HEAD is answered, and leaves again.
	for range 2 {
		if w := ask("HEAD"); w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/event-stream") {
			t.Errorf("HEAD is answered %d %v", w.Code, w.Header())
		}
	}
}
