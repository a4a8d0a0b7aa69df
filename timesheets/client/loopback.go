package client

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const callbackPath = "/callback"

// maxConnections is how many are open at once. A browser needs a few.
const maxConnections = 64

// loopback is where the browser brings the answer: RFC 8252 7.3. It waits for
// the one that belongs to this sign-in, shows what came of it, and is gone. Any
// page can send a browser to this port, so what does not belong to it is told
// so and ends nothing (RFC 8252 8.9).
type loopback struct {
	listener net.Listener
	server   *http.Server
	receive  func(url.Values) (code string, err error) // notOurs where it does not belong here
	taken    atomic.Bool
	answers  chan arrival
	stray    atomic.Pointer[failure] // the last one that did not belong here
	open     connections
}

// arrival is an authorization response: a code, or the server's refusal. Its
// page waits for the outcome.
type arrival struct {
	code    string
	refused error
	outcome chan<- outcome
}

// listen opens a port on this machine alone, at the moment it is needed
// (RFC 8252 8.3). It is an address and not the name localhost, which could lead
// to another interface (7.3), and the system chooses the port.
func listen(receive func(url.Values) (string, error)) (*loopback, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		// RFC 8252 7.3: no version of IP is sure to be there, so whichever is.
		if l, err = net.Listen("tcp", "[::1]:0"); err != nil {
			return nil, fail("No port can be opened on this computer: "+err.Error()+".", "").because(err)
		}
	}
	b := &loopback{listener: l, receive: receive, answers: make(chan arrival, 1)}
	b.server = &http.Server{Handler: b, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, MaxHeaderBytes: 32 << 10,
		ConnState: b.open.changed, ErrorLog: log.New(io.Discard, "", 0)}
	b.server.SetKeepAlivesEnabled(false)
	go func() { _ = b.server.Serve(l) }() // ends with close
	return b, nil
}

// connections keeps the newest ones. Those that say nothing are closed to let
// in another, which may bring the answer.
type connections struct {
	mu   sync.Mutex
	open []net.Conn // the oldest first
}

func (c *connections) changed(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch state {
	case http.StateNew:
		if c.open = append(c.open, conn); len(c.open) > maxConnections {
			c.open[0].Close()
			c.open = c.open[1:]
		}
	case http.StateClosed, http.StateHijacked:
		if i := slices.Index(c.open, conn); i >= 0 {
			c.open = slices.Delete(c.open, i, i+1)
		}
	}
}

// redirectURI is registered without its port: RFC 8252 7.3 has servers allow any.
func (b *loopback) redirectURI() string { return "http://" + b.listener.Addr().String() + callbackPath }

// ServeHTTP knows one question. What else reaches the port (an icon, a page
// that tries ports, another program) takes nothing, ends nothing and learns
// nothing.
func (b *loopback) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Host != b.listener.Addr().String():
		// A name that somebody has pointed at this address would make the page
		// behind it one of ours.
		show(w, http.StatusBadRequest, outcome{title: "Not this address", text: "This address is for a sign-in by its number alone."})
	case r.URL.Path != callbackPath:
		show(w, http.StatusNotFound, outcome{title: "Not found", text: "There is nothing here but the end of a sign-in."})
	case r.Method != http.MethodGet:
		w.Header().Set("Allow", http.MethodGet)
		show(w, http.StatusMethodNotAllowed, outcome{title: "Not this method", text: "The answer comes by GET."})
	default:
		b.answer(w, r)
	}
}

// answer takes the first answer that belongs to this sign-in.
func (b *loopback) answer(w http.ResponseWriter, r *http.Request) {
	// Strictly: what cannot be read is not a value that happens to be missing.
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		q = nil
	}
	code, err := b.receive(q)
	var foreign *failure
	if errors.As(err, &foreign) {
		b.stray.Store(foreign)
		show(w, http.StatusBadRequest, outcome{title: "Not part of this sign-in", text: foreign.text + " The terminal is still waiting for the right one."})
		return
	}
	if !b.taken.CompareAndSwap(false, true) {
		show(w, http.StatusBadRequest, outcome{title: "Already answered", text: "The answer has arrived. Look at the terminal."})
		return
	}
	told := make(chan outcome, 1)
	b.answers <- arrival{code, err, told}
	select {
	case o := <-told:
		status := http.StatusOK
		if !o.good {
			status = http.StatusBadRequest
		}
		show(w, status, o)
	case <-r.Context().Done():
	}
}

// close stops listening, as soon as the page is on its way.
func (b *loopback) close() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if b.server.Shutdown(ctx) != nil {
		b.server.Close()
	}
}
