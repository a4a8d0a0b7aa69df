package edge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// drain is how long requests in flight may take to finish after the server is
// told to stop.
const drain = 5 * time.Second

// Listen opens addr (host:port). Without a host, and for 127.0.0.1, it listens
// on 127.0.0.1 and, if the machine has IPv6, on [::1] at the same port,
// because browsers use either for "localhost". Port 0 picks a free port. A
// port in use is an error and never replaced by another one: the issuer and
// the redirect URIs would change with it.
func Listen(addr string) ([]net.Listener, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("--addr %s is not host:port; try 127.0.0.1:8484", addr)
	}
	if host != "" && host != "127.0.0.1" {
		l, err := net.Listen("tcp", addr)
		return []net.Listener{l}, explain(err, addr)
	}
	var last error
	for range 5 { // with port 0 the free port of one family may be taken in the other
		four, err := net.Listen("tcp4", "127.0.0.1:"+port)
		if err != nil {
			return nil, explain(err, "127.0.0.1:"+port)
		}
		_, chosen, _ := net.SplitHostPort(four.Addr().String())
		six, err := net.Listen("tcp6", "[::1]:"+chosen)
		if err == nil {
			return []net.Listener{four, six}, nil
		}
		if !errors.Is(err, syscall.EADDRINUSE) {
			return []net.Listener{four}, nil // no IPv6 here
		}
		four.Close()
		if last = explain(err, "[::1]:"+chosen); port != "0" {
			break
		}
	}
	return nil, last
}

func explain(err error, addr string) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		host, port, _ := net.SplitHostPort(addr)
		return fmt.Errorf("port %s is in use on %s; stop what runs there, or choose another: punchcard --addr %s", port, host, net.JoinHostPort("127.0.0.1", "8485"))
	}
	return err
}

// Loopback reports whether only this machine can reach a listener.
func Loopback(l net.Listener) bool {
	a, err := netip.ParseAddrPort(l.Addr().String())
	return err == nil && a.Addr().IsLoopback()
}

// Reached returns the host and port at which this machine reaches a listener:
// localhost if that works, otherwise the address itself.
func Reached(l net.Listener) string {
	a, err := netip.ParseAddrPort(l.Addr().String())
	if err != nil {
		return l.Addr().String()
	}
	ip, port := a.Addr().Unmap(), strconv.Itoa(int(a.Port()))
	if ip.IsUnspecified() || ip == netip.AddrFrom4([4]byte{127, 0, 0, 1}) {
		return "localhost:" + port
	}
	return net.JoinHostPort(Host(l), port)
}

// Host returns the address that a listener is bound to, without its port.
func Host(l net.Listener) string {
	a, err := netip.ParseAddrPort(l.Addr().String())
	if err != nil {
		return ""
	}
	return a.Addr().Unmap().WithZone("").String()
}

// Serve answers on the listeners until ctx ends. Then it stops accepting,
// lets requests in flight finish for up to 5 s, and returns; stopping is
// called first, so that readiness can say so.
func Serve(ctx context.Context, listeners []net.Listener, h http.Handler, log *slog.Logger, stopping func()) error {
	server := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second, // a slow header is the cheapest way to hold a connection
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	silent := &silentConns{since: map[net.Conn]time.Time{}}
	server.ConnState = silent.track
	failed := make(chan error, len(listeners))
	var serving sync.WaitGroup
	for _, l := range listeners {
		serving.Go(func() {
			if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				failed <- err
			}
		})
	}
	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
	}
	stopping()
	time.AfterFunc(2*patience, silent.close)
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	if serr := server.Shutdown(grace); serr != nil {
		log.WarnContext(ctx, "requests cut off after 5 s", "err", serr)
		server.Close()
	}
	serving.Wait()
	return err
}

// patience is how long a connection may stay silent after the server is told
// to stop.
const patience = 250 * time.Millisecond

// silentConns holds connections on which nothing was ever sent. Browsers open
// them in advance, and at shutdown net/http would wait 5 s for each.
type silentConns struct {
	mu    sync.Mutex
	since map[net.Conn]time.Time
}

func (s *silentConns) track(c net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if state == http.StateNew {
		s.since[c] = time.Now()
	} else {
		delete(s.since, c)
	}
}

// close closes the connections that have been silent for a while. A connection
// that has sent its first byte is not one of them.
func (s *silentConns) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c, since := range s.since {
		if time.Since(since) > patience {
			c.Close()
		}
	}
}
