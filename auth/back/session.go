package back

import (
	"slices"
	"time"

	"github.com/ory/fosite"
	"github.com/ory/fosite/handler/openid"
	"github.com/ory/fosite/token/jwt"

	"github.com/exampleco/punchcard/auth/people"
)

// RefreshCap ends a refresh-token family for good, however often it rotates.
const RefreshCap = 90 * 24 * time.Hour

// Session is what fosite keeps with a grant: who gave it, in which browser
// session, and when each of its tokens ends. It is stored as JSON, once with
// every code and token, so its names are short and nothing derived is kept.
type Session struct {
	Subject   string                         `json:"sub"`
	SID       string                         `json:"sid,omitempty"`       // the browser session's public id, claim "sid"
	AuthTime  int64                          `json:"auth_time,omitempty"` // unix seconds of the last password entry
	AMR       []string                       `json:"amr,omitempty"`       // how the person proved it, RFC 8176
	JKT       string                         `json:"jkt,omitempty"`       // thumbprint of the key that it is bound to, RFC 9449 6.1
	GrantedAt int64                          `json:"at,omitempty"`        // unix seconds; the absolute cap counts from here
	Machine   bool                           `json:"machine,omitempty"`   // client_credentials: no person behind it
	Expires   map[fosite.TokenType]time.Time `json:"exp,omitempty"`

	// Unchallenged: the code was asked for without a code_challenge. Left out, it
	// says that there was one, so whatever is unsure is held to PKCE.
	Unchallenged bool `json:"unchallenged,omitempty"`

	person *people.Person // as looked up for this request
	asked  []string       // scope parameter of this refresh; nil asks for all
	scopes []string       // what the access token of this response carries
	claims *jwt.IDTokenClaims
	head   *jwt.Headers
	now    func() time.Time
	cap    time.Duration // absolute lifetime of a refresh-token family
}

var _ openid.Session = (*Session)(nil)

// SetExpiresAt is called by fosite with times it took from the wall clock;
// they are moved onto the server's clock here.
func (s *Session) SetExpiresAt(kind fosite.TokenType, at time.Time) {
	s.expire(kind, s.now().Add(time.Until(at)))
}

// expire is SetExpiresAt on the server's clock. A refresh token never outlives
// its family: without the cap each rotation would extend the grant for ever
// (RFC 9700 4.14.2).
func (s *Session) expire(kind fosite.TokenType, at time.Time) {
	if end := time.Unix(s.GrantedAt, 0).Add(s.cap); kind == fosite.RefreshToken && at.After(end) {
		at = end
	}
	if s.Expires == nil {
		s.Expires = map[fosite.TokenType]time.Time{}
	}
	s.Expires[kind] = at.UTC().Truncate(time.Millisecond)
}

// GetExpiresAt returns the zero time for a kind that has no expiry yet.
func (s *Session) GetExpiresAt(kind fosite.TokenType) time.Time { return s.Expires[kind] }

func (s *Session) GetUsername() string { return "" }
func (s *Session) GetSubject() string  { return s.Subject }

// SessionID lets the store revoke by browser session.
func (s *Session) SessionID() string { return s.SID }

// AccessScopes lets the store keep an access token's narrower scope beside
// the grant's own, which never shrinks.
func (s *Session) AccessScopes() []string { return s.scopes }

// Clone is called by fosite before a refresh. What belongs to one response
// (the scope asked for, the ID token's claims) starts empty again.
func (s *Session) Clone() fosite.Session {
	c := *s
	c.Expires = make(map[fosite.TokenType]time.Time, len(s.Expires))
	for k, v := range s.Expires {
		c.Expires[k] = v
	}
	c.person, c.asked, c.scopes, c.claims, c.head = nil, nil, nil, nil, nil
	return &c
}

// IDTokenClaims is where fosite puts at_hash; the token itself is made in
// mint.go from the grant.
func (s *Session) IDTokenClaims() *jwt.IDTokenClaims {
	if s.claims == nil {
		s.claims = &jwt.IDTokenClaims{Subject: s.Subject}
	}
	return s.claims
}

// IDTokenHeaders stays empty: fosite derives the size of at_hash from it, and
// SHA-256 is right for both RS256 and ES256 (OIDC Core 3.1.3.6).
func (s *Session) IDTokenHeaders() *jwt.Headers {
	if s.head == nil {
		s.head = &jwt.Headers{}
	}
	return s.head
}

// narrow returns granted without what this refresh did not ask for.
func (s *Session) narrow(granted []string) []string {
	if s.asked == nil {
		return granted
	}
	return slices.DeleteFunc(slices.Clone(granted), func(scope string) bool {
		return !slices.Contains(s.asked, scope)
	})
}

// EmptySession is what stored sessions are read into, with the server's clock.
func EmptySession(now func() time.Time) *Session { return &Session{now: now, cap: RefreshCap} }
