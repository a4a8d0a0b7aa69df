package record

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"golang.org/x/time/rate"
)

// Beyond the budget a request is served like any other, is not looked at, and
// is counted.
func TestBeyondTheBudgetNothingIsLookedAt(t *testing.T) {
	r := &Recorder{now: time.Now, queue: make(chan *capture, queued), budget: rate.NewLimiter(0, 3)}
	r.empty()
	watched := 0
	h := r.Handler(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if captureOf(q.Context()) != nil {
			watched++
		}
		fmt.Fprint(w, "served")
	}))
	for i := range 5 {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "/api/me", nil))
		if w.Body.String() != "served" {
			t.Errorf("request %d: %d %q", i, w.Code, w.Body)
		}
	}
	if watched != 3 || len(r.queue) != 3 || r.Dropped() != 2 {
		t.Errorf("%d looked at, %d kept, %d dropped; want 3, 3, 2", watched, len(r.queue), r.Dropped())
	}
}
