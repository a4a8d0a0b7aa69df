package client

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"syscall"
	"time"
)

const (
	patience  = 20 * time.Second // a request that hangs must not hold the lock for ever
	maxAnswer = 8 << 20
)

// wire is how every request leaves. It follows no redirect: a code, a verifier
// or a token goes to the endpoint that the metadata names, and to no other.
type wire struct {
	http   *http.Client
	server string
}

func newWire(server string) *wire {
	return &wire{server: server, http: &http.Client{
		Timeout:       patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// answer is a response with its body read.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (w *wire) send(r *http.Request) (*answer, error) {
	r.Header.Set("User-Agent", "punchcard ("+runtime.GOOS+")") // RFC 8628 5.4: a person compares it with what they started
	response, err := w.http.Do(r)
	if err != nil {
		return nil, w.offline(r, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return nil, w.offline(r, err)
	}
	return &answer{response.StatusCode, response.Header, body}, nil
}

func (w *wire) get(ctx context.Context, target string) (*answer, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", "application/json")
	return w.send(r)
}

// post sends a form, as every endpoint of OAuth takes it (RFC 6749 appendix B).
func (w *wire) post(ctx context.Context, target string, form url.Values) (*answer, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, target, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/json")
	return w.send(r)
}

// json reads the body, which has to be what it says it is.
func (a *answer) json(into any) error {
	kind, _, _ := mime.ParseMediaType(a.header.Get("Content-Type"))
	if kind != "application/json" && !strings.HasSuffix(kind, "+json") {
		return errors.New("the answer is not JSON")
	}
	return json.Unmarshal(a.body, into)
}

// oauth is the error that the answer holds, or one made up for it.
func (a *answer) oauth() *oauthError {
	e := &oauthError{}
	if a.json(e) != nil || e.Code == "" {
		return &oauthError{Code: "server_error", Description: "The server answered " + http.StatusText(a.status)}
	}
	return e
}

// errOffline is in every failure where no answer came, so that nothing is
// known about what became of the request.
var errOffline = errors.New("no answer")

func (w *wire) offline(r *http.Request, err error) error {
	if errors.Is(err, context.Canceled) {
		return fail("Given up.", "").because(err)
	}
	where := r.URL.Scheme + "://" + r.URL.Host
	reason := "it cannot be reached"
	var lookup *net.DNSError
	var timeout net.Error
	switch {
	case errors.As(err, &lookup):
		reason = "there is no host of that name"
	case errors.Is(err, syscall.ECONNREFUSED):
		reason = "nothing listens there"
	case errors.As(err, &timeout) && timeout.Timeout():
		reason = "it does not answer in time"
	}
	advice := "Check the address (--server) and the connection, then try again."
	if loopbackHost(r.URL.Hostname()) {
		advice = "Is it running? Start it with: punchcard serve"
	}
	return fail("No answer from "+where+": "+reason+".", advice).because(errors.Join(errOffline, err))
}

// inTheClear says whether what is sent to an address can be read on the way.
func inTheClear(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "http" && !loopbackHost(u.Hostname())
}

func loopbackHost(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}
