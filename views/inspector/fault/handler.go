package fault

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// Loser is a ResponseWriter, or one that it wraps, that keeps an answer to
// itself from then on: whoever shows what was lost sees it, the client does not.
type Loser interface{ Lose(reason string) }

// Noter is a ResponseWriter, or one that it wraps, that is told of what was
// done on purpose.
type Noter interface{ Note(text string) }

// grace is how long an answer may take after its delay.
const grace = 30 * time.Second

// Handler lets the faults of the list happen to requests for next. While there
// are none it costs one atomic load. A request runs into one fault at most, the
// oldest that waits for it; a preflight into none, because no app sends it.
func (l *List) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if all := l.waiting.Load(); all != nil && r.Method != http.MethodOptions && (l.Spare == nil || !l.Spare(r)) {
			if f, place := l.strike(*all, r); f != nil {
				l.happen(f, place, w, r, next)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// strike finds the fault that a request runs into, nil for none.
func (l *List) strike(all []*waiting, r *http.Request) (*Fault, *endpoint) {
	place := at(r.URL.Path)
	if place == nil {
		return nil, nil
	}
	client, known := "", false
	for _, w := range all {
		if w.Endpoint != place.name {
			continue
		}
		if w.Client != "" && !known {
			client, known = clientOf(r, place), true
		}
		if w.Client != "" && w.Client != client {
			continue
		}
		fired, last := w.fire()
		if last {
			l.Remove(w.ID)
		}
		if fired {
			return &w.Fault, place
		}
	}
	return nil, nil
}

func (l *List) happen(f *Fault, place *endpoint, w http.ResponseWriter, r *http.Request, next http.Handler) {
	switch f.Fault {
	case Error:
		note(w, fmt.Sprintf("answered %d on purpose: nothing was done", f.Status))
		answer := l.failing(f.Status, place)
		if place.cors && l.CORS != nil {
			answer = l.CORS(answer) // or an app of another origin would take it for a broken network
		}
		answer.ServeHTTP(w, r)
	case Delay:
		d := time.Duration(f.DelayMS) * time.Millisecond
		note(w, "delayed by "+d.String()+" on purpose")
		patient(w, d)
		if l.sleep(r.Context(), d) != nil {
			panic(http.ErrAbortHandler) // the client has left; there is nobody to answer
		}
		next.ServeHTTP(w, r)
	case DropResponse:
		// The server has done it all by then, and knows nothing of the loss.
		next.ServeHTTP(losing(w, "the answer is lost on purpose: the server has done what it was asked, and the client never hears of it"), r)
		panic(http.ErrAbortHandler) // closes the connection without an answer
	}
}

func (l *List) sleep(ctx context.Context, d time.Duration) error {
	if l.Sleep != nil {
		return l.Sleep(ctx, d)
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// patient moves the connection's deadlines, which are shorter than the longest
// delay: at the one for reading, net/http would take the client for gone. A
// writer without deadlines has none to move.
func patient(w http.ResponseWriter, d time.Duration) {
	c, end := http.NewResponseController(w), time.Now().Add(d+grace)
	_ = c.SetReadDeadline(end)
	_ = c.SetWriteDeadline(end)
}

// within finds, in a writer and those it wraps, the first that is a T.
func within[T any](w http.ResponseWriter) (found T, ok bool) {
	for {
		if found, ok = w.(T); ok {
			return found, true
		}
		wrapper, wraps := w.(interface{ Unwrap() http.ResponseWriter })
		if !wraps {
			return found, false
		}
		w = wrapper.Unwrap()
	}
}

func note(w http.ResponseWriter, text string) {
	if n, ok := within[Noter](w); ok {
		n.Note(text)
	}
}

// losing returns a writer of which nothing reaches the client.
func losing(w http.ResponseWriter, reason string) http.ResponseWriter {
	if loser, ok := within[Loser](w); ok {
		loser.Lose(reason)
		return w
	}
	return &discarding{w: w, header: http.Header{}}
}

// discarding takes an answer and forgets it. What is not an answer, as the
// deadlines of the connection, goes through.
type discarding struct {
	w      http.ResponseWriter
	header http.Header
}

func (d *discarding) Header() http.Header         { return d.header }
func (d *discarding) Write(b []byte) (int, error) { return len(b), nil }
func (d *discarding) WriteHeader(int)             {}
func (d *discarding) Flush()                      {}
func (d *discarding) Unwrap() http.ResponseWriter { return d.w }
