package back

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/ory/fosite"

	"github.com/exampleco/punchcard/auth/assertion"
	"github.com/exampleco/punchcard/auth/ledger"
	"github.com/exampleco/punchcard/auth/oauth"
	"github.com/exampleco/punchcard/auth/store"
)

const (
	MethodKey     = "private_key_jwt" // OIDC Core 9
	assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	// assertionAhead is how far ahead an assertion may expire. RFC 7523 3: what
	// is unreasonably far in the future may be refused. Its jti is remembered as
	// long, and whoever steals an unused one has as long to use it.
	assertionAhead = 5 * time.Minute
)

// authenticateByKey is private_key_jwt: the client signs a JWT about itself
// (RFC 7521 4.2, RFC 7523 2.2) with a key of which only the public half is
// here. Nothing is fetched: the keys are those of the registration.
//
// Wrong assertions are not counted as guesses. A signature cannot be guessed,
// and whoever sends garbage in a client's name must not lock it out.
func (s *Channel) authenticateByKey(ctx context.Context, r *http.Request, form url.Values) (*store.Client, error) {
	// RFC 6749 2.3: more than one method MUST NOT be used in a request.
	if r.Header.Get("Authorization") != "" || form.Has("client_secret") {
		return nil, oauth.NewError("invalid_request", "Use one method of client authentication, not two.")
	}
	sent := form.Get("client_assertion")
	if sent == "" || !form.Has("client_assertion_type") {
		return nil, oauth.NewError("invalid_request", "client_assertion and client_assertion_type belong together; one of them is missing.")
	}
	if kind := form.Get("client_assertion_type"); !s.check(ctx, rules.AssertionType, kind == assertionType, assertionType, kind) {
		return nil, oauth.NewError("invalid_client", "client_assertion_type must be "+assertionType+".")
	}
	said, err := assertion.Unverified(sent)
	if !s.check(ctx, rules.AssertionReadable, err == nil, "a signed JWT", ledger.Fingerprint("client assertion", sent)) {
		return nil, oauth.NewError("invalid_client", "client_assertion is no signed JWT that this server reads: three parts, no jwk, jku, x5u or crit in its header, typ JWT or none.").Because(err)
	}
	// RFC 7521 4.2: client_id is unnecessary, and MUST name the same client.
	if id := form.Get("client_id"); id != "" && id != said.Subject {
		return nil, oauth.NewError("invalid_client", "client_id is not the sub of the client_assertion.")
	}
	client, err := s.store.Client(ctx, said.Subject)
	if oauth.Unavailable(err) {
		return nil, err
	}
	claims, verr := signedBy(client, sent)
	// One answer for an unknown client and for a signature that is not its own.
	if !s.check(ctx, rules.AssertionSigned, verr == nil, "by a registered key of the client, with "+strings.Join(assertion.Algorithms, ", "), ledger.Clip(said.Subject)+": "+ledger.Fingerprint("client assertion", sent)) {
		if client == nil && oauth.RegisteredItself(said.Subject) {
			return nil, oauth.NewError("invalid_client", s.others.RegisterAgain()).Because(verr)
		}
		return nil, oauth.NewError("invalid_client", "Unknown client, a method it is not registered for, or an assertion that is not signed by one of its keys with "+strings.Join(assertion.Algorithms, ", ")+".").Because(verr)
	}
	if err := s.claimed(ctx, r, client, claims); err != nil {
		return nil, err
	}
	if err := s.usedOnce(ctx, client, claims); err != nil {
		return nil, err
	}
	s.check(ctx, rules.ClientAuthenticated, true, "the credentials of a registered client", client.ID+" by "+MethodKey)
	return client, nil
}

// signedBy checks the signature; nobody's is good for no client.
func signedBy(client *store.Client, sent string) (assertion.Claims, error) {
	if client == nil || !slices.Contains(client.AuthMethods, MethodKey) {
		return assertion.Claims{}, assertion.ErrKey
	}
	keys, err := assertion.ParseKeys([]byte(client.JWKS))
	if err != nil {
		return assertion.Claims{}, err
	}
	return keys.Verify(sent)
}

// claimed checks what the client has signed. Only the client itself learns the
// reasons: its signature was good.
func (s *Channel) claimed(ctx context.Context, r *http.Request, client *store.Client, c assertion.Claims) *oauth.Error {
	// RFC 7523 3, 1 and 2.B: iss and sub are both the client, or one client could speak for another.
	if !s.check(ctx, rules.AssertionIssuer, c.Issuer == client.ID && c.Subject == client.ID, client.ID, c.Issuer+" about "+c.Subject) {
		return oauth.NewError("invalid_client", "iss and sub of the assertion must both be the client_id.")
	}
	if ours := s.assertedAt(r); !s.check(ctx, rules.AssertionAudience, len(c.Audience) > 0 && oauth.Subset(c.Audience, ours), ours[0], strings.Join(c.Audience, " ")) {
		return oauth.NewError("invalid_client", "aud of the assertion must be this server's issuer identifier, "+oauth.Printable(s.issuer)+", and name nobody else.")
	}
	now := s.now()
	// RFC 7523 3, 4: exp is required. A minute's leeway, because two clocks are at work.
	if !s.check(ctx, rules.AssertionNotExpired, now.Before(c.Expiry.Add(clockLeeway)) && !c.Expiry.IsZero(), now.Format(time.RFC3339), c.Expiry.UTC().Format(time.RFC3339)) {
		return oauth.NewError("invalid_client", "The assertion has expired, or has no exp. Is the client's clock right?")
	}
	latest := now.Add(assertionAhead + clockLeeway)
	if !s.check(ctx, rules.AssertionShortLived, !c.Expiry.After(latest), "exp until "+latest.Format(time.RFC3339), c.Expiry.UTC().Format(time.RFC3339)) {
		return oauth.NewError("invalid_client", "exp of the assertion lies too far ahead: 5 minutes at most, because it is good for one request.")
	}
	begins := c.IssuedAt
	if c.NotBefore.After(begins) {
		begins = c.NotBefore
	}
	// RFC 7523 3, 5 and 6.
	if !s.check(ctx, rules.AssertionBegun, !begins.After(now.Add(clockLeeway)), now.Format(time.RFC3339), begins.UTC().Format(time.RFC3339)) {
		return oauth.NewError("invalid_client", "The assertion is not valid yet. Is the client's clock right?")
	}
	// OIDC Core 9: jti is REQUIRED.
	if !s.check(ctx, rules.AssertionNamed, c.ID != "", "a jti", ledger.Fingerprint("jti", c.ID)) {
		return oauth.NewError("invalid_client", "The assertion has no jti. Give each one an identifier of its own.")
	}
	return nil
}

// assertedAt are the names that an assertion may call this server by: the
// issuer identifier, which later drafts of RFC 7523 make the only one, because
// an address is what another server can pass off as its own; for the many
// clients that follow OIDC Core 9, the token endpoint; and the endpoint that is
// called, which RFC 9126 2 wants accepted. Whatever else stands beside them is
// a server that could present the assertion here itself, so every name in a
// list must be ours.
func (s *Channel) assertedAt(r *http.Request) []string {
	return []string{s.issuer, s.base + s.tokenPath, s.base + r.URL.Path}
}

// usedOnce spends the assertion. It is the last check, so that nobody but the
// client itself can use up a jti, and it is on disk before anything is
// answered: what follows may fail, this assertion is over.
func (s *Channel) usedOnce(ctx context.Context, client *store.Client, c assertion.Claims) error {
	// By client: jtis of different clients may be alike. An id has no space in it.
	err := s.store.SetClientAssertionJWT(ctx, client.ID+" "+c.ID, c.Expiry.Add(clockLeeway))
	if errors.Is(err, fosite.ErrJTIKnown) {
		return oauth.NewError("invalid_client", "This assertion, or another one with its jti, was used before. Sign a new one for each request.")
	}
	return err
}
