package issuer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/exampleco/punchcard/timesheets"
)

// Config is what a verifier needs. HTTP, Now and Log may be nil.
type Config struct {
	Issuer   string // identifier of the authorization server, compared byte for byte (RFC 8414 3.3)
	Audience string // identifier of this API
	HTTP     *http.Client
	Now      func() time.Time
	Log      *slog.Logger
}

const (
	// maxAnswer caps what is read from the issuer, in bytes.
	maxAnswer = 1 << 20
	// patience is how long the issuer may take to answer, and a call may wait.
	patience = 5 * time.Second
	// metadataAge is how old the metadata is when it is read again.
	metadataAge = time.Hour
)

// remote is the issuer as seen from here.
type remote struct {
	Config
	meta *kept[metadata]
}

// metadata are the members of RFC 8414 2 that matter here.
type metadata struct {
	Issuer                string `json:"issuer"`
	JWKSURI               string `json:"jwks_uri"`
	IntrospectionEndpoint string `json:"introspection_endpoint"`
}

func newRemote(c Config) *remote {
	if c.HTTP == nil {
		c.HTTP = &http.Client{}
	}
	// A copy: RFC 8414 3.2 and RFC 7517 5 know no redirect, and one could lead
	// anywhere in the network that this process stands in.
	plain := *c.HTTP
	plain.CheckRedirect = func(*http.Request, []*http.Request) error {
		return errors.New("the issuer redirects, which is not followed")
	}
	plain.Timeout = patience
	c.HTTP = &plain
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	r := &remote{Config: c}
	r.meta = keep("metadata", metadataAge, 0, c.Log, r.readMetadata)
	return r
}

// unavailableError says that the issuer cannot be asked now. The API answers
// 503: to refuse the token would send its owner to sign in again for nothing.
type unavailableError struct{ err error }

// unreachable wraps an error in one that is unavailable, unless it is that.
func unreachable(err error) error {
	if known := (*unavailableError)(nil); errors.As(err, &known) {
		return known
	}
	return &unavailableError{err}
}

func (e *unavailableError) Error() string     { return "the issuer cannot be reached: " + e.err.Error() }
func (e *unavailableError) Unwrap() error     { return e.err }
func (e *unavailableError) Unavailable() bool { return true }

// discover returns the issuer's metadata. Where it cannot be read again, what
// was read before still counts: it says where to ask, and who is asked there
// has to answer.
func (r *remote) discover(ctx context.Context) (metadata, error) {
	return r.meta.get(ctx, func(metadata) bool { return true })
}

func (r *remote) readMetadata(ctx context.Context) (metadata, error) {
	var failed error
	for _, address := range wellKnown(r.Issuer) {
		var m metadata
		if failed = r.get(ctx, address, &m); failed != nil {
			continue
		}
		if !r.check(ctx, rules.MetadataIssuer, m.Issuer == r.Issuer, r.Issuer, m.Issuer) {
			failed = fmt.Errorf("%s names %q as its issuer, not %q", address, clip(m.Issuer), r.Issuer)
			continue
		}
		// An operator who names an issuer over plain http has been warned at start.
		for _, next := range []string{m.JWKSURI, m.IntrospectionEndpoint} {
			if !r.check(ctx, rules.MetadataProtected, Exposed(r.Issuer) || !Exposed(next), "https, or this machine", next) {
				return metadata{}, fmt.Errorf("the metadata of %s leads to %s, which is not encrypted", r.Issuer, clip(next))
			}
		}
		return m, nil
	}
	return metadata{}, failed
}

// wellKnown are where the metadata of an issuer can be: OIDC Discovery 4 puts
// its path before, RFC 8414 3.1 behind the well-known part.
func wellKnown(issuer string) []string {
	u, err := url.Parse(issuer)
	if err != nil {
		return nil // Check has refused it
	}
	trimmed := strings.TrimSuffix(u.Path, "/")
	oidc, oauth := *u, *u
	oidc.Path, oauth.Path = trimmed+"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"+trimmed
	return []string{oidc.String(), oauth.String()}
}

// Check says what is wrong with an issuer identifier, RFC 8414 2.
func Check(issuer string) error {
	u, err := url.Parse(issuer)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || strings.ContainsAny(issuer, "?#") {
		return fmt.Errorf("%s is no issuer: it must be http(s)://host[:port][/path], without query and fragment", issuer)
	}
	return nil
}

// Exposed says whether what is sent to an address crosses the network in the
// clear, where anybody on the way can read and change it.
func Exposed(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" {
		return false
	}
	host := strings.ToLower(u.Hostname())
	ip, err := netip.ParseAddr(host)
	return host != "localhost" && (err != nil || !ip.Unmap().IsLoopback())
}

// get reads a JSON document.
func (r *remote) get(ctx context.Context, address string, into any) error {
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	q.Header.Set("Accept", "application/json")
	return r.answer(q, into)
}

// answer sends a request and reads the JSON of a 200.
func (r *remote) answer(q *http.Request, into any) error {
	resp, err := r.HTTP.Do(q)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return &statusError{q.URL.Redacted(), resp.StatusCode}
	}
	if len(body) > maxAnswer {
		return fmt.Errorf("%s is larger than %d bytes", q.URL.Redacted(), maxAnswer)
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("%s is no JSON document of the expected form", q.URL.Redacted())
	}
	return nil
}

// statusError is an answer other than 200.
type statusError struct {
	address string
	status  int
}

func (e *statusError) Error() string { return fmt.Sprintf("%s answers %d", e.address, e.status) }

// check reports to the ledger whether a rule held.
func (r *remote) check(ctx context.Context, rule timesheets.Rule, ok bool, expected, got string) bool {
	return timesheets.Ledger{Log: r.Log}.Check(ctx, rule, ok, expected, got)
}

// clip keeps an error short, whatever the issuer says.
func clip(s string) string {
	if len(s) > 200 {
		return s[:200] + "…"
	}
	return s
}
