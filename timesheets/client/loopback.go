package client

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"
)

const callbackPath = "/callback"

// loopback is where the browser brings the answer: RFC 8252 7.3. It takes one,
// shows what came of it, and is gone.
type loopback struct {
	listener net.Listener
	server   *http.Server
	taken    atomic.Bool
	answers  chan arrival
}

// arrival is an authorization response; its page waits for the outcome.
type arrival struct {
	query   url.Values
	outcome chan<- outcome
}

// listen opens a port on this machine alone, at the moment it is needed
// (RFC 8252 8.3). It is an address and not the name localhost, which could lead
// to another interface (7.3), and the system chooses the port.
func listen() (*loopback, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		// RFC 8252 7.3: no version of IP is sure to be there, so whichever is.
		if l, err = net.Listen("tcp", "[::1]:0"); err != nil {
			return nil, fail("No port can be opened on this computer: "+err.Error()+".", "").because(err)
		}
	}
	b := &loopback{listener: l, answers: make(chan arrival, 1)}
	b.server = &http.Server{Handler: b, ReadHeaderTimeout: 5 * time.Second, MaxHeaderBytes: 32 << 10}
	b.server.SetKeepAlivesEnabled(false)
	go func() { _ = b.server.Serve(l) }() // ends with close
	return b, nil
}

// redirectURI is registered without its port: RFC 8252 7.3 has servers allow any.
func (b *loopback) redirectURI() string { return "http://" + b.listener.Addr().String() + callbackPath }

// ServeHTTP knows one question. What else reaches the port (an icon, a page
// that tries ports, another program) takes nothing and learns nothing.
func (b *loopback) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	switch {
	case r.Host != b.listener.Addr().String():
		// A name that somebody has pointed at this address would make the page
		// behind it one of ours.
		http.Error(w, "not by this name", http.StatusMisdirectedRequest)
	case r.URL.Path != callbackPath:
		http.NotFound(w, r)
	case r.Method != http.MethodGet:
		http.Error(w, "GET only", http.StatusMethodNotAllowed)
	case !q.Has("state") && !q.Has("code") && !q.Has("error"):
		http.Error(w, "this is no answer", http.StatusBadRequest)
	case !b.taken.CompareAndSwap(false, true):
		show(w, outcome{title: "Already answered", text: "An answer has come before this one. You can close this page."})
	default:
		told := make(chan outcome, 1)
		b.answers <- arrival{q, told}
		select {
		case o := <-told:
			show(w, o)
		case <-r.Context().Done():
		}
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
