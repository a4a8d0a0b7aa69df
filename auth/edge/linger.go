package edge

import (
	"io"
	"net/http"
	"strings"
	"time"
)

// What may be spent on the rest of a body whose answer is settled.
const (
	lingerBytes = 8 << 20 // more than four times the largest body that is taken
	lingerTime  = 5 * time.Second
	lingerMost  = 128 // connections at a time; the others are closed at once
)

// lingering reads and drops what a handler has left of a body, before the
// connection closes. A refusal (401, 404, 405, 413, 415, 421…) is given without
// the body, and many clients, those of Python and Java among them, send all of
// it before they read. RFC 9112 9.6: a server that closes while they still send
// resets the connection, and the answer is lost on the way. It is bounded in
// bytes, time and number, so nobody can keep the server busy with it.
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
		// RFC 9110 10.1.1: to read would be to say 100 Continue, and so make a
		// client send what it has asked about first.
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
		_, _ = io.CopyN(io.Discard, r.Body, lingerBytes)                              // the answer is settled, whatever comes
	})
}

// restOfBody remembers how far a body was read. The server closes it when the
// answer is out: whoever closes it earlier loses the rest.
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
