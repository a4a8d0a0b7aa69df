package back

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/ory/fosite"

	"github.com/exampleco/punchcard/auth/oauth"
	"github.com/exampleco/punchcard/auth/store"
)

// ownRefreshToken says what a refresh token is worth to the client that holds
// it: active for as long as a refresh with it would be answered. To every other
// caller, a resource server included, it is not active, because it opens no API.
// Asking uses nothing up, and is no replay.
func (s *Channel) ownRefreshToken(ctx context.Context, client *store.Client, token string) (introspection, error) {
	request, err := s.store.GetRefreshTokenSession(ctx, token, nil)
	if err != nil {
		if oauth.Unavailable(err) {
			return introspection{}, err
		}
		return introspection{}, nil
	}
	if !s.check(ctx, rules.IntrospectionOfOwn, request.GetClient().GetID() == client.ID, "the token's own client", client.ID) {
		return introspection{}, nil
	}
	session, ok := request.GetSession().(*Session)
	if !ok || !slices.Contains(client.Grants, "refresh_token") {
		return introspection{}, nil
	}
	end := session.GetExpiresAt(fosite.RefreshToken)
	if !s.check(ctx, rules.RefreshTokenNotExpired, s.now().Before(end), "before its end", "asked about") {
		return introspection{}, nil
	}
	audience := strings.Join(request.GetGrantedAudience(), " ")
	scopes, err := s.stillGives(ctx, accessClaims{Subject: session.Subject, ClientID: client.ID, Scope: strings.Join(request.GetGrantedScopes(), " "), Audience: audience}, false)
	var gone *InvalidTokenError
	if errors.As(err, &gone) || err == nil && len(scopes) == 0 {
		return introspection{}, nil
	}
	if err != nil {
		return introspection{}, err
	}
	return introspection{
		Active: true, Scope: strings.Join(scopes, " "), ClientID: client.ID, Expiry: end.Unix(),
		Subject: session.Subject, Audience: audience, Issuer: s.issuer,
	}, nil
}
