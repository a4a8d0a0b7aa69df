package record

import (
	"bytes"
	"cmp"
	"context"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"
)

// capture is an exchange while it happens.
type capture struct {
	mu       sync.Mutex // the ledger is written by whoever commits
	exchange *Exchange
	sealed   bool
	request  limited
	answer   limited
	header   http.Header // of the request, as it came
}

type captureKey struct{}

// captureOf is nil where nobody records.
func captureOf(ctx context.Context) *capture {
	c, _ := ctx.Value(captureKey{}).(*capture)
	return c
}

// Handler records what goes through it. Nothing waits for the recorder: an
// exchange beyond the budget, or one that finds the queue full, is dropped, and
// counted.
func (r *Recorder) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		kind := kindOf(q)
		if kind == "" {
			next.ServeHTTP(w, q)
			return
		}
		if !r.sources.allow(q) || !r.budget.Allow() {
			r.dropped.Add(1)
			next.ServeHTTP(w, q)
			return
		}
		c := &capture{header: q.Header, request: limited{held: &r.held}, answer: limited{held: &r.held}, exchange: &Exchange{
			Kind: kind, Began: r.now(), Method: q.Method, Target: q.RequestURI, Proto: q.Proto, Host: q.Host,
			RequestID: w.Header().Get("X-Request-Id"),
		}}
		if c.exchange.Target == "" { // a request that never was on a wire
			c.exchange.Target = q.URL.RequestURI()
		}
		q = q.WithContext(context.WithValue(q.Context(), captureKey{}, c))
		if q.Body != nil && q.Body != http.NoBody {
			q.Body = &tee{q.Body, &c.request}
		}
		rec := &recording{ResponseWriter: w, capture: c}
		start := time.Now()
		defer func() {
			c.exchange.Took = time.Since(start)
			r.finished(rec)
		}()
		next.ServeHTTP(rec, q)
	})
}

// finished hands the exchange over.
func (r *Recorder) finished(w *recording) {
	c := w.capture
	c.mu.Lock()
	c.sealed = true
	c.mu.Unlock()
	x := c.exchange
	x.Status = w.status
	if x.Status == 0 {
		x.Status = http.StatusOK
	}
	x.Answer = w.ResponseWriter.Header().Clone() // the server goes on with its own
	x.Header = c.header
	select {
	case r.queue <- c:
	default:
		c.release()
		r.dropped.Add(1)
	}
}

// tee keeps what the handler reads.
type tee struct {
	io.ReadCloser
	kept *limited
}

func (t *tee) Read(p []byte) (int, error) {
	n, err := t.ReadCloser.Read(p)
	t.kept.keep(p[:n])
	return n, err
}

// recording keeps what the handler writes.
type recording struct {
	http.ResponseWriter
	capture *capture
	status  int
	lost    bool
	page    bool
}

func (w *recording) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status = status
		// A page is drawn for people, and holds their names and hidden fields: its title says enough.
		w.page = strings.HasPrefix(w.Header().Get("Content-Type"), "text/html")
	}
	if !w.lost {
		w.ResponseWriter.WriteHeader(status)
	}
}

func (w *recording) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	x := w.capture.exchange
	switch {
	case w.page:
		if x.Page == "" {
			x.Page = titleOf(p)
		}
		if x.Kind == KindAuthorize || x.Kind == KindResume {
			x.Handed = cmp.Or(x.Handed, handedBy(p))
		}
		w.capture.answer.cut += len(p)
	default:
		w.capture.answer.keep(p)
	}
	if w.lost {
		return len(p), nil
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *recording) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Lose keeps the answer from the client: it is recorded and goes no further.
// The reason is shown beside it.
func (w *recording) Lose(reason string) {
	w.lost = true
	w.capture.exchange.Lost = reason
}

// Note adds a remark that is shown with the exchange.
func (w *recording) Note(text string) {
	w.capture.exchange.Notes = append(w.capture.exchange.Notes, text)
}

// handedBy finds what a page hands over to the app by a form of its own: Form
// Post Response Mode 2. Other pages of the authorization endpoint have no field
// of these names.
func handedBy(page []byte) string {
	out := url.Values{}
	for _, found := range handedField.FindAllSubmatch(page, -1) {
		out.Add(string(found[1]), html.UnescapeString(string(found[2])))
	}
	encoded := out.Encode()
	return encoded[:min(len(encoded), maxHanded)]
}

var handedField = regexp.MustCompile(`<input type="hidden" name="(code|error|error_description|state|iss)" value="([^"]*)"`)

func titleOf(page []byte) string {
	_, rest, ok := bytes.Cut(page, []byte("<title>"))
	if !ok {
		return "a page"
	}
	title, _, _ := bytes.Cut(rest, []byte("</title>"))
	return html.UnescapeString(string(title[:min(len(title), 200)]))
}
