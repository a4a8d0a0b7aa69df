package back

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ory/fosite"
	"github.com/ory/fosite/handler/oauth2"
	"github.com/ory/fosite/handler/openid"

	"github.com/exampleco/punchcard/auth/ledger"
	"github.com/exampleco/punchcard/auth/oauth"
	"github.com/exampleco/punchcard/auth/people"
	"github.com/exampleco/punchcard/auth/store"
)

// mint makes every token this server gives out. Codes and refresh tokens are
// random values whose hash is their only trace (fosite's own HMAC tokens carry
// a signature that is accepted on sight before anything else is checked);
// access and ID tokens are signed JWTs.
type mint struct {
	*Channel
}

var (
	_ oauth2.CoreStrategy               = mint{}
	_ openid.OpenIDConnectTokenStrategy = mint{}
)

// IDTokenTTL: an ID token says that somebody signed in just now; it is read at
// once and opens nothing.
const IDTokenTTL = 10 * time.Minute

// What fosite calls a signature, the store's key for a token, is the token
// itself: the store keeps its SHA-256 and nothing else, under the same hash
// that the ledger shows.
func (m mint) AuthorizeCodeSignature(_ context.Context, token string) string { return token }
func (m mint) RefreshTokenSignature(_ context.Context, token string) string  { return token }
func (m mint) AccessTokenSignature(_ context.Context, token string) string   { return token }

func (m mint) GenerateAuthorizeCode(context.Context, fosite.Requester) (token, signature string, err error) {
	token = oauth.RandomToken(oauth.CodePrefix)
	return token, token, nil
}

// GenerateRefreshToken also sets the expiry, which fosite would round to a second.
func (m mint) GenerateRefreshToken(ctx context.Context, r fosite.Requester) (token, signature string, err error) {
	if session, ok := r.GetSession().(*Session); ok {
		session.expire(fosite.RefreshToken, m.now().Add(m.Lifetimes().Refresh))
	}
	token = refreshToken(ctx)
	return token, token, nil
}

// RFC 6749 4.1.2: a code expires shortly after it was issued, so that a stolen
// one is soon worthless. fosite looks it up by its hash, so only time is left
// to check, against the server's clock.
func (m mint) ValidateAuthorizeCode(ctx context.Context, r fosite.Requester, _ string) error {
	return m.notExpired(ctx, r, fosite.AuthorizeCode, rules.CodeNotExpired)
}

// RFC 9700 4.14.2: refresh tokens that lie idle expire.
func (m mint) ValidateRefreshToken(ctx context.Context, r fosite.Requester, _ string) error {
	return m.notExpired(ctx, r, fosite.RefreshToken, rules.RefreshTokenNotExpired)
}

func (m mint) ValidateAccessToken(ctx context.Context, r fosite.Requester, _ string) error {
	return m.notExpired(ctx, r, fosite.AccessToken, rules.AccessTokenNotExpired)
}

func (m mint) notExpired(ctx context.Context, r fosite.Requester, kind fosite.TokenType, rule ledger.Rule) error {
	end := r.GetSession().GetExpiresAt(kind)
	if !m.check(ctx, rule, m.now().Before(end), "before "+end.Format(time.RFC3339), m.now().Format(time.RFC3339)) {
		return fosite.ErrTokenExpired.WithHint("It has expired.")
	}
	return nil
}

// accessClaims are those of RFC 9068 2.2; email is the contract's own.
type accessClaims struct {
	Issuer    string `json:"iss"`
	Subject   string `json:"sub"`
	Audience  string `json:"aud"`
	Expiry    int64  `json:"exp"`
	IssuedAt  int64  `json:"iat"`
	NotBefore int64  `json:"nbf,omitempty"` // never issued, and checked all the same
	ID        string `json:"jti"`
	ClientID  string `json:"client_id"`
	Scope     string `json:"scope"`
	Email     string `json:"email,omitempty"`
	authenticationClaims
	Confirmation *confirmation `json:"cnf,omitempty"`
}

// authenticationClaims say how and when the person proved who they are (OIDC
// Core 2). RFC 9068 2.2.1: every token of a grant repeats those of the sign-in
// that it came of, however often it is refreshed.
type authenticationClaims struct {
	AuthTime int64    `json:"auth_time,omitempty"`
	ACR      string   `json:"acr,omitempty"`
	AMR      []string `json:"amr,omitempty"`
}

func (s *Channel) authentication(session *Session) authenticationClaims {
	return authenticationClaims{session.AuthTime, s.others.ACR(session.AMR), session.AMR}
}

// GenerateAccessToken signs a JWT access token. It is the last gate for scopes:
// whatever was granted once, the token carries only what its API, the client and
// the person's roles give now, and what this request asked for.
func (m mint) GenerateAccessToken(ctx context.Context, r fosite.Requester) (token, signature string, err error) {
	session, ok := r.GetSession().(*Session)
	if !ok {
		return "", "", fmt.Errorf("the grant holds a %T, not a session of this server", r.GetSession())
	}
	if len(r.GetGrantedAudience()) != 1 {
		return "", "", fmt.Errorf("a token needs exactly one audience, this grant has %d", len(r.GetGrantedAudience()))
	}
	api, ok := m.audiences.API(r.GetGrantedAudience()[0])
	if !ok {
		return "", "", oauth.NewError("invalid_grant", "The API this grant was made for is no longer served here.")
	}
	claims := accessClaims{Issuer: m.issuer, Subject: session.Subject, Audience: m.audiences.Expand(api.Identifier), ClientID: r.GetClient().GetID(), authenticationClaims: m.authentication(session), Confirmation: confirming(session.JKT)}
	client, ok := r.GetClient().(*store.Client)
	if !ok {
		return "", "", fmt.Errorf("the grant's client is a %T", r.GetClient())
	}
	var permissions []string
	if !session.Machine {
		person, err := m.personOf(ctx, session)
		if err != nil {
			return "", "", err
		}
		permissions, claims.Email = person.Permissions, person.Email
	}
	if session.scopes, err = m.leaves(ctx, session.narrow(r.GetGrantedScopes()), claims.Audience, client, session.Machine, permissions); err != nil {
		return "", "", err
	}
	now := m.now()
	claims.Scope = strings.Join(session.scopes, " ")
	claims.ID = oauth.RandomToken("")
	claims.IssuedAt = now.Unix()
	claims.Expiry = now.Add(m.Lifetimes().Access).Unix()
	session.expire(fosite.AccessToken, time.Unix(claims.Expiry, 0))
	if token, err = m.keys.Sign(api.SigningAlg, "at+jwt", claims); err != nil {
		return "", "", err
	}
	return token, token, nil
}

// leaves is carried for a token that is being made. A grant of which nothing is
// left is over: a token without a scope would open what asks for none.
func (m mint) leaves(ctx context.Context, granted []string, audience string, client *store.Client, machine bool, permissions []string) ([]string, error) {
	scopes := m.audiences.Carried(granted, audience, client, machine, permissions)
	nothing := func(s []string) bool { return len(s) == 0 || slices.Equal(s, []string{"offline_access"}) }
	if !m.check(ctx, rules.GrantLeft, nothing(granted) || !nothing(scopes), "of "+strings.Join(granted, " "), strings.Join(scopes, " ")) {
		return nil, oauth.NewError("invalid_grant", "Nothing of what was granted is allowed to this client and person any more. Ask the person again.")
	}
	return scopes, nil
}

// personOf returns the person behind a grant, looked up once in a request.
func (s *Channel) personOf(ctx context.Context, session *Session) (people.Person, error) {
	if session.person != nil {
		return *session.person, nil
	}
	person, err := s.people.Person(ctx, session.Subject)
	if errors.Is(err, people.ErrNoPerson) || err == nil && person.Disabled {
		return person, oauth.NewError("invalid_grant", "The person who gave this grant can no longer sign in.").Because(err)
	}
	if err == nil {
		session.person = &person
	}
	return person, err
}

// idClaims are those of OIDC Core 2, with profile and email as their scopes
// allow (OIDC Core 5.4; Auth0's SDKs read the user from the ID token).
type idClaims struct {
	Issuer   string `json:"iss"`
	Subject  string `json:"sub"`
	Audience string `json:"aud"`
	Expiry   int64  `json:"exp"`
	IssuedAt int64  `json:"iat"`
	Nonce    string `json:"nonce,omitempty"`
	AtHash   string `json:"at_hash,omitempty"`
	SID      string `json:"sid,omitempty"`
	authenticationClaims
	personClaims
}

// GenerateIDToken signs an ID token for the client, by the algorithm that the
// client is registered with. r is the authorization request at the code
// exchange, which holds the nonce, and the refresh request later, which does
// not: a refreshed ID token has none (OIDC Core 12.2).
func (m mint) GenerateIDToken(ctx context.Context, lifespan time.Duration, r fosite.Requester) (string, error) {
	session, ok := r.GetSession().(*Session)
	if !ok {
		return "", fmt.Errorf("the grant holds a %T, not a session of this server", r.GetSession())
	}
	client, ok := r.GetClient().(*store.Client)
	if !ok {
		return "", fmt.Errorf("the grant's client is a %T", r.GetClient())
	}
	person, err := m.personOf(ctx, session)
	if err != nil {
		return "", err
	}
	now := m.now()
	return m.keys.Sign(client.IDTokenAlg, "JWT", idClaims{
		Issuer: m.issuer, Subject: session.Subject, Audience: client.ID,
		IssuedAt: now.Unix(), Expiry: now.Add(lifespan).Unix(), authenticationClaims: m.authentication(session),
		Nonce: r.GetRequestForm().Get("nonce"), AtHash: session.IDTokenClaims().AccessTokenHash,
		SID: session.SID, personClaims: claimsFor(person, r.GetGrantedScopes()),
	})
}
