package edge

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// maxBody is the largest body that any room accepts, in bytes. Rooms set lower
// limits where they can.
const maxBody = 2 << 20

// Config says which hosts are ours.
type Config struct {
	Issuer *url.URL // pages live on its host
	Port   string   // the port we listen on
	Host   string   // the address we listen on; also served as a host if only this machine can reach it
	Log    *slog.Logger
}

// Handler wraps the rooms. From the outside in: it reads the rest of a body,
// names and logs the request, catches panics, checks the host, refuses pages
// loaded in advance, and applies the limits.
func Handler(c Config, next http.Handler) http.Handler {
	h := http.MaxBytesHandler(published(next), maxBody)
	h = unspeculative(h)
	h = c.hosts(h)
	if c.Issuer.Scheme == "https" {
		h = strict(h)
	}
	h = c.caught(h)
	h = c.logged(h)
	return lingering(named(h))
}

// hosts refuses every host that is not ours. Otherwise a page on another site
// could reach this server through a name of its own that resolves to 127.0.0.1
// (DNS rebinding). Pages are only shown on the issuer's host, because cookies
// and redirect URIs belong to it.
func (c Config) hosts(next http.Handler) http.Handler {
	scheme := c.Issuer.Scheme
	here := Authority(scheme, c.Issuer.Host)
	ours := undotted(here)
	local := []string{"localhost", "127.0.0.1", "::1"}
	if OnThisMachine(c.Host) {
		local = append(local, c.Host)
	}
	for i, host := range local {
		local[i] = Authority("http", net.JoinHostPort(host, c.Port))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// An HTTP/1.0 health check sends no Host. No browser does that, and
		// the answer only says whether the server is well.
		if r.Host == "" && (r.URL.Path == "/livez" || r.URL.Path == "/readyz") {
			next.ServeHTTP(w, r)
			return
		}
		host := Authority(scheme, r.Host)
		if undotted(host) != ours && !slices.Contains(local, undotted(Authority("http", r.Host))) {
			// RFC 9110 15.5.20: this server is not configured to answer for that host.
			http.Error(w, "This server answers for "+c.Issuer.Host+", not for the host you asked for.", http.StatusMisdirectedRequest)
			return
		}
		if host != here && (r.Method == http.MethodGet || r.Method == http.MethodHead) && IsPage(r.URL.Path) {
			to := url.URL{Scheme: scheme, Host: here, Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery}
			w.Header().Set("Location", to.String())
			w.WriteHeader(http.StatusFound)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// undotted returns the same name without the root's dot (RFC 1034 3.1). A
// browser treats that name as another origin, so its pages are redirected to
// ours.
func undotted(authority string) string {
	if name, port, err := net.SplitHostPort(authority); err == nil {
		return net.JoinHostPort(strings.TrimSuffix(name, "."), port)
	}
	return strings.TrimSuffix(authority, ".")
}

// strict tells browsers never to use plain http again (RFC 6797). Over http
// browsers would ignore it, and on localhost it would block other ports.
func strict(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Strict-Transport-Security", "max-age=31536000")
		next.ServeHTTP(w, r)
	})
}

// IsPage tells pages that people look at from URLs that programs call.
func IsPage(path string) bool {
	for _, prefix := range []string{"/api/", "/oauth/", "/oidc/register/", "/.well-known/", "/static/"} {
		if strings.HasPrefix(path, prefix) {
			return false
		}
	}
	return !slices.Contains([]string{"/api", "/userinfo", "/oidc/register", "/livez", "/readyz", "/metrics"}, path)
}

type requestKey struct{}

// named gives each request an id that its log records and its error pages share.
func named(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var b [8]byte
		_, _ = rand.Read(b[:])
		id := hex.EncodeToString(b[:])
		w.Header().Set("X-Request-Id", id)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestKey{}, id)))
	})
}

// caught turns a panic into a 500 and one log line. The process keeps running.
func (c Config) caught(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if p == http.ErrAbortHandler {
				panic(p)
			}
			c.Log.ErrorContext(r.Context(), "panic", "path", r.URL.Path, "err", fmt.Sprint(p), "stack", string(debug.Stack()))
			http.Error(w, "Something went wrong on our side.", http.StatusInternalServerError)
		}()
		next.ServeHTTP(w, r)
	})
}

// logged writes one line for each request. It never logs the query, which
// contains codes and states.
func (c Config) logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		rec := &recorder{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(rec, r)
		level := slog.LevelInfo
		// Requests that show other requests, or check health, would hide the
		// rest.
		if strings.HasPrefix(r.URL.Path, "/static/") || strings.HasPrefix(r.URL.Path, "/inspector") || r.URL.Path == "/livez" || r.URL.Path == "/readyz" {
			level = slog.LevelDebug
		}
		c.Log.LogAttrs(r.Context(), level, "request", slog.String("method", r.Method), slog.String("path", r.URL.Path),
			slog.Int("status", rec.status), slog.Duration("took", time.Since(start).Round(10*time.Microsecond)))
	})
}

// recorder remembers the status for the log.
type recorder struct {
	http.ResponseWriter
	status int
}

func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// WithRequestID adds the request's id to every record made with its context,
// so that the ledger of one request reads as one.
func WithRequestID(h slog.Handler) slog.Handler { return idHandler{h} }

type idHandler struct{ slog.Handler }

func (h idHandler) Handle(ctx context.Context, r slog.Record) error {
	if id, ok := ctx.Value(requestKey{}).(string); ok {
		r.AddAttrs(slog.String("request", id))
	}
	return h.Handler.Handle(ctx, r)
}

func (h idHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return idHandler{h.Handler.WithAttrs(attrs)}
}

func (h idHandler) WithGroup(name string) slog.Handler { return idHandler{h.Handler.WithGroup(name)} }
