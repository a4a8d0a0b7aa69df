package back

import (
	"context"
	"errors"
	"net/url"

	"github.com/ory/fosite"
	"github.com/ory/fosite/compose"
	"github.com/ory/fosite/handler/openid"

	"github.com/exampleco/punchcard/auth/oauth"
)

// compose puts fosite together handler by handler. What is not named here is
// not served: no implicit, hybrid or password grant (RFC 9700 2.1.2, 2.4).
func (s *Channel) compose() fosite.OAuth2Provider {
	config := &fosite.Config{
		AccessTokenLifespan:                 s.Lifetimes().Access,
		RefreshTokenLifespan:                s.Lifetimes().Refresh,
		IDTokenLifespan:                     IDTokenTTL,
		IDTokenIssuer:                       s.issuer,
		AccessTokenIssuer:                   s.issuer,
		TokenURL:                            s.base + s.tokenPath,
		EnforcePKCE:                         true,                                 // RFC 7636; pkce.go knows who may do without, and when
		ScopeStrategy:                       anyScope,                             // audience has decided
		AudienceMatchingStrategy:            fosite.ExactAudienceMatchingStrategy, // the default is a URL prefix
		RefreshTokenScopes:                  []string{"offline_access"},           // OIDC Core 11
		DisableRefreshTokenValidation:       true,                                 // or a refresh token passes as a bearer token
		OmitRedirectScopeParam:              true,
		GrantTypeJWTBearerCanSkipClientAuth: false,
		RedirectSecureChecker:               func(context.Context, *url.URL) bool { return true }, // the front channel has decided
		ClientAuthenticationStrategy:        authenticated,                                        // client_authentication.go has decided
		ClientSecretsHasher:                 noHasher{},
	}
	validator := openid.NewOpenIDConnectRequestValidator(nil, config) // prompt, max_age and id_token_hint are next()'s and never reach it
	return compose.Compose(config, fositeStore{s.store, s.check, s.mayPresent}, mint{s},
		s.explicit,                                  // RFC 6749 4.1; fosite's codes last 15 minutes by default, 4.1.2 recommends at most 10
		compose.OAuth2RefreshTokenGrantFactory,      // RFC 6749 6, RFC 9700 4.14.2
		compose.OAuth2ClientCredentialsGrantFactory, // RFC 6749 4.4
		s.polling, // RFC 8628 3.4
		func(c fosite.Configurator, storage, strategy any) any { // OIDC Core 3.1
			h := compose.OpenIDConnectRefreshFactory(c, storage, strategy).(*openid.OpenIDConnectRefreshHandler)
			return &openid.OpenIDConnectExplicitHandler{
				OpenIDConnectRequestStorage: storage.(openid.OpenIDConnectRequestStorage), OpenIDConnectRequestValidator: validator,
				IDTokenHandleHelper: h.IDTokenHandleHelper, Config: c,
			}
		},
		compose.OpenIDConnectRefreshFactory, // OIDC Core 12
		s.pkceHandler,                       // RFC 7636; after the code handler, whose code it binds
	)
}

// anyScope spares fosite a decision that audience.Aim has made. What was left out stays
// part of the request, so that a refresh may repeat it.
func anyScope([]string, string) bool { return true }

// noHasher is never asked: clients are authenticated in client_authentication.go. It is set
// because fosite would otherwise put in bcrypt, on first use and unguarded.
type noHasher struct{}

func (noHasher) Compare(context.Context, []byte, []byte) error { return fosite.ErrInvalidClient }
func (noHasher) Hash(context.Context, []byte) ([]byte, error)  { return nil, fosite.ErrInvalidClient }

// AsError turns whatever a handler returned into an Error, fosite's own too.
func AsError(err error) *oauth.Error {
	e, f := (*oauth.Error)(nil), (*fosite.RFC6749Error)(nil)
	if !oauth.Unavailable(err) && !errors.As(err, &e) && errors.As(err, &f) {
		return fromFosite(f).Because(err)
	}
	return oauth.AsError(err)
}

// fromFosite keeps fosite's standard codes and maps its own ones; its debug
// text stays in the log.
func fromFosite(f *fosite.RFC6749Error) *oauth.Error {
	switch f.ErrorField {
	case "invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type", "invalid_scope":
	case "access_denied", "server_error", "temporarily_unavailable":
	case "token_inactive", "not_found", "invalid_token", "scope_not_granted", "request_unauthorized":
		return oauth.NewError("invalid_grant", describe(f))
	default:
		return oauth.NewError("server_error", "Something went wrong on our side.")
	}
	if errors.Is(f, fosite.ErrInactiveToken) || errors.Is(f, fosite.ErrTokenExpired) {
		return oauth.NewError("invalid_grant", describe(f)) // fosite calls some of these invalid_request
	}
	return oauth.NewError(f.ErrorField, describe(f))
}

func describe(f *fosite.RFC6749Error) string {
	if f.HintField != "" {
		return oauth.Printable(f.HintField)
	}
	switch f.ErrorField {
	case "invalid_grant":
		return "The code or refresh token is unknown, expired, used, or was issued to another client."
	}
	return oauth.Printable(f.DescriptionField)
}
