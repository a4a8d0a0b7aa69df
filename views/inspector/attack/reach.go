package attack

import (
	"context"
	"net"
	"net/http"
)

// Only is a transport that sends every request to the server at an address,
// whatever name it has outside: the attacks reach nobody else.
func Only(address string) http.RoundTripper {
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	return only{&http.Transport{DialContext: dial}}
}

type only struct{ http.RoundTripper }

func (o only) RoundTrip(q *http.Request) (*http.Response, error) {
	inside := q.Clone(q.Context())
	inside.Host, inside.URL.Scheme = q.URL.Host, "http"
	return o.RoundTripper.RoundTrip(inside)
}
