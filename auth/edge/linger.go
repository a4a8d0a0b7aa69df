package edge

import (
	"io"
	"net/http"
	"strings"
	"time"
)

// Limits for reading the rest of a body after its response is decided.
const (
	lingerBytes = 8 << 20 // more than four times the largest body that is accepted
	lingerTime  = 5 * time.Second
	lingerMost  = 128 // connections at a time; the others are closed at once
)

// lingering reads and drops what a handler has not read of a body before the
// connection closes. A refusal (401, 404, 405, 413, 415, 421…) is sent without
// reading the body, and many clients, such as Python's and Java's, send the
// whole body before they read. RFC 9112 9.6: if a server closes while the
// client is still sending, the connection is reset and the response is lost.
// Bytes, time and number are limited, so nobody can keep the server busy this
// way.
func lingering(next http.Handler) http.Handler {
	places := make(chan struct{}, lingerMost)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body == nil || r.Body == http.NoBody {
			next.ServeHTTP(w, r)
			return
		}
		rest := &restOfBody{ReadCloser: r.Body}
		inside := *r
		inside.Body = rest
		next.ServeHTTP(w, &inside)
		// RFC 9110 10.1.1: reading would send 100 Continue, and so make the
		// client send the body that it first asked about.
		if rest.over || !rest.begun && strings.EqualFold(r.Header.Get("Expect"), "100-continue") {
			return
		}
		select {
		case places <- struct{}{}:
			defer func() { <-places }()
		default:
			return
		}
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(lingerTime)) // where the server can do it
		_, _ = io.CopyN(io.Discard, r.Body, lingerBytes)                              // the response is decided, whatever is read
	})
}

// restOfBody remembers how far a body was read. The server closes the body
// after the response is sent; closing it earlier would lose the rest.
type restOfBody struct {
	io.ReadCloser
	begun, over bool
}

func (b *restOfBody) Read(p []byte) (int, error) {
	b.begun = true
	n, err := b.ReadCloser.Read(p)
	b.over = b.over || err != nil
	return n, err
}

func (b *restOfBody) Close() error { return nil }
