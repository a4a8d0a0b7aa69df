package back

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/ory/fosite"

	"github.com/exampleco/punchcard/auth/keys"
	"github.com/exampleco/punchcard/auth/ledger"
	"github.com/exampleco/punchcard/auth/oauth"
	"github.com/exampleco/punchcard/auth/people"
	"github.com/exampleco/punchcard/auth/store"
)

// Token is what a valid access token says.
type Token struct {
	Subject   string // the person, or the client where there is none
	ClientID  string
	Scopes    []string
	Audience  string
	Email     string
	Machine   bool // client_credentials: no person stands behind it
	IssuedAt  time.Time
	ExpiresAt time.Time
	AuthTime  time.Time // when the password was entered
	ACR       string    // how surely, OIDC Core 2 (RFC 9068 2.2.1 repeats it)
	AMR       []string  // by which methods, RFC 8176
	JKT       string    // thumbprint of the key that it is bound to, "" for a bearer token

	id      string
	session string
}

// InvalidTokenError says that a token opens nothing, and why, in words that are
// safe to give to whoever sent it.
type InvalidTokenError struct{ Reason string }

func (e *InvalidTokenError) Error() string { return "invalid token: " + e.Reason }

// isInvalid tells a bad token from a server that cannot say.
func isInvalid(err error) bool {
	var e *InvalidTokenError
	return errors.As(err, &e)
}

// clockLeeway is how far in the future a token's beginning may lie.
const clockLeeway = time.Minute

// Verify is what a resource server may ask about an access token: RFC 9068 4,
// signature, typ, iss, aud and exp, and then whether the token still stands,
// so that a revocation shows at the very next call. An audience of "" takes
// any API of this server. Errors: *InvalidTokenError, or the storage room's.
func (s *Channel) Verify(ctx context.Context, token, audience string) (Token, error) {
	c, err := s.claimsOf(token)
	if !s.check(ctx, rules.AccessTokenSigned, err == nil, "at+jwt signed by a key of this server", ledger.Fingerprint("access token", token)) {
		return Token{}, invalid(whyInvalid(err))
	}
	if !s.check(ctx, rules.AccessTokenIssuer, c.Issuer == s.issuer, s.issuer, c.Issuer) {
		return Token{}, invalid("it was issued by another server")
	}
	_, known := s.audiences.API(c.Audience)
	if !s.check(ctx, rules.AccessTokenAudience, known && (audience == "" || c.Audience == audience), audience, c.Audience) {
		return Token{}, invalid("it is meant for another API")
	}
	now := s.now()
	// RFC 9068 4: the current time MUST be before exp. One clock, so no leeway.
	if !s.check(ctx, rules.AccessTokenNotExpired, now.Before(time.Unix(c.Expiry, 0)), now.Format(time.RFC3339), time.Unix(c.Expiry, 0).UTC().Format(time.RFC3339)) {
		return Token{}, invalid("it has expired")
	}
	// RFC 7519 4.1.5 and 4.1.6: not before its time, not from the future; leeway for a clock that was set back a little.
	begins := time.Unix(max(c.IssuedAt, c.NotBefore), 0)
	if !s.check(ctx, rules.AccessTokenBegun, !begins.After(now.Add(clockLeeway)), now.Format(time.RFC3339), begins.UTC().Format(time.RFC3339)) {
		return Token{}, invalid("it is not valid yet")
	}
	record, err := s.store.AccessToken(ctx, token)
	if err != nil && !errors.Is(err, fosite.ErrNotFound) {
		return Token{}, err
	}
	// RFC 7662 2.2: what this server has ended before its time is expired too, whatever its claim still says.
	if errors.Is(err, store.ErrExpired) {
		s.check(ctx, rules.AccessTokenNotEnded, false, "its time as it was issued", ledger.Fingerprint("access token", token))
		return Token{}, invalid("it has expired")
	}
	if !s.check(ctx, rules.AccessTokenNotRevoked, err == nil, "a grant that stands", ledger.Fingerprint("access token", token)) {
		return Token{}, invalid("it was revoked, or replaced by a newer one")
	}
	machine := c.Subject == c.ClientID && c.AuthTime == 0
	scopes, err := s.stillGives(ctx, c, machine)
	if err != nil {
		return Token{}, err
	}
	s.genuine.add(token, c)
	s.store.TokenUsed(record.RequestID)
	return Token{
		Subject: c.Subject, ClientID: c.ClientID, Scopes: scopes, Audience: c.Audience, Email: c.Email,
		Machine: machine, IssuedAt: time.Unix(c.IssuedAt, 0), ExpiresAt: time.Unix(c.Expiry, 0),
		AuthTime: time.Unix(c.AuthTime, 0), ACR: c.ACR, AMR: slices.Clone(c.AMR),
		JKT: c.Confirmation.thumbprint(), id: c.ID, session: record.SessionID,
	}, nil
}

// stillGives returns what the token's scopes come to now. OWASP ASVS 8.3.2: what
// a role, a client's registration or an API has lost since it was issued is lost
// at the next call. The token goes on without it, as if it had been issued so.
func (s *Channel) stillGives(ctx context.Context, c accessClaims, machine bool) ([]string, error) {
	client, err := s.store.Client(ctx, c.ClientID)
	if oauth.Unavailable(err) {
		return nil, err
	}
	// RFC 6749 4.1.2.1: a client that may not have tokens of this kind any more has none.
	if !s.check(ctx, rules.AccessTokenOfClient, err == nil && mayHold(client, machine), "a registered client with the grant", c.ClientID) {
		return nil, invalid("its client may not have it any more")
	}
	var permissions []string
	if !machine {
		permissions, err = s.people.Permissions(ctx, c.Subject)
		if errors.Is(err, people.ErrNoPerson) {
			return nil, invalid("its person is gone")
		}
		if err != nil {
			return nil, err
		}
	}
	scopes := s.audiences.Carried(strings.Fields(c.Scope), c.Audience, client, machine, permissions)
	if got := strings.Join(scopes, " "); got != c.Scope {
		s.check(ctx, rules.AccessTokenScope, true, "of "+c.Scope, "only "+got)
	}
	return scopes, nil
}

// mayHold says whether a client has a grant by which such tokens are issued.
func mayHold(client *store.Client, machine bool) bool {
	if machine {
		return slices.Contains(client.Grants, "client_credentials")
	}
	return slices.Contains(client.Grants, "authorization_code") || slices.Contains(client.Grants, GrantDevice)
}

func invalid(why string) error { return &InvalidTokenError{why} }

func whyInvalid(err error) string {
	switch {
	case errors.Is(err, keys.ErrType):
		return "it is no access token"
	case errors.Is(err, keys.ErrUnknownKey):
		return "it is signed by an unknown key"
	case errors.Is(err, keys.ErrSignature):
		return "its signature is wrong"
	}
	return "it is not a JWT of this server"
}
