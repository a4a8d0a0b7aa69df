package fault

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// maxWaiting bounds the list, and with it what each request is held against.
const maxWaiting = 100

var errFull = errors.New("too many faults wait already")

// List is the faults that wait for their requests. The zero value is an empty
// list; it is safe for concurrent use. The fields are set before it is used.
type List struct {
	// Sleep waits for d, or until ctx ends, whose error it returns then; nil
	// waits by the wall clock.
	Sleep func(ctx context.Context, d time.Duration) error
	// CORS goes round the errors of endpoints that apps of other origins read;
	// nil leaves them without.
	CORS func(http.Handler) http.Handler
	// Spare says which requests no fault is for; nil spares none.
	Spare func(*http.Request) bool
	// ResourceMetadata is where the API says which server its tokens come from
	// (RFC 9728 5.1); "" is not told.
	ResourceMetadata string
	// Problem tells a person what is wrong with the form that was sent; nil
	// answers with the text alone.
	Problem func(w http.ResponseWriter, r *http.Request, status int, text string)

	waiting atomic.Pointer[[]*waiting] // replaced whole; nil while there is none
	mu      sync.Mutex                 // of those who replace it
	last    uint64
}

// waiting is a fault on the list.
type waiting struct {
	Fault // Left is not kept here
	left  atomic.Int64
}

// fire takes one firing, if one is left: one compare-and-set, so that of any
// number of requests at the same moment no more are hit than were asked for.
func (w *waiting) fire() (fired, last bool) {
	for {
		n := w.left.Load()
		if n <= 0 {
			return false, false
		}
		if w.left.CompareAndSwap(n, n-1) {
			return true, n == 1
		}
	}
}

func (w *waiting) state() Fault {
	f := w.Fault
	f.Left = int(w.left.Load())
	return f
}

func (l *List) all() []*waiting {
	if p := l.waiting.Load(); p != nil {
		return *p
	}
	return nil
}

// replace is called with mu held.
func (l *List) replace(by []*waiting) {
	if len(by) == 0 {
		l.waiting.Store(nil)
		return
	}
	l.waiting.Store(&by)
}

// All returns the faults that wait, oldest first; never nil.
func (l *List) All() []Fault {
	out := []Fault{}
	for _, w := range l.all() {
		if f := w.state(); f.Left > 0 {
			out = append(out, f)
		}
	}
	return out
}

// Clear forgets all faults.
func (l *List) Clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.replace(nil)
}

// Remove forgets one fault. It returns false for one that does not wait.
func (l *List) Remove(id string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	old := l.all()
	i := slices.IndexFunc(old, func(w *waiting) bool { return w.ID == id })
	if i < 0 {
		return false
	}
	l.replace(slices.Delete(slices.Clone(old), i, i+1))
	return true
}

// add puts a fault that keeps the rules at the end. Errors: errFull.
func (l *List) add(f Fault) (Fault, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	old := l.all()
	if len(old) >= maxWaiting {
		return Fault{}, errFull
	}
	l.last++
	f.ID = strconv.FormatUint(l.last, 10)
	w := &waiting{Fault: f}
	w.left.Store(int64(f.Times))
	l.replace(append(slices.Clip(slices.Clone(old)), w))
	return w.state(), nil
}

// find returns a fault that waits.
func (l *List) find(id string) (Fault, bool) {
	for _, f := range l.All() {
		if f.ID == id {
			return f, true
		}
	}
	return Fault{}, false
}
