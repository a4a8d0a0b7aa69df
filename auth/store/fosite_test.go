package store

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/ory/fosite"
	"github.com/ory/fosite/compose"
)

// provider is fosite with its own strategies on a Store. PKCE is left to the
// client here, so that only the store stands against a downgrade.
type provider struct {
	fosite.OAuth2Provider
	*fixture
}

func embedded(t *testing.T) provider {
	f := open(t)
	f.clock.ms.Store(time.Now().UnixMilli()) // fosite reads the wall clock
	config := &fosite.Config{
		GlobalSecret: []byte("thirty-two bytes of test secret!"), ScopeStrategy: fosite.ExactScopeStrategy,
		AudienceMatchingStrategy: fosite.ExactAudienceMatchingStrategy, RefreshTokenScopes: []string{"offline_access"}, DisableRefreshTokenValidation: true,
	}
	return provider{compose.Compose(config, f.Store, compose.NewOAuth2HMACStrategy(config),
		compose.OAuth2AuthorizeExplicitFactory, compose.OAuth2RefreshTokenGrantFactory, compose.OAuth2PKCEFactory,
		compose.OAuth2TokenIntrospectionFactory, compose.OAuth2TokenRevocationFactory), f}
}

func post(t *testing.T, form url.Values) *http.Request {
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(form.Encode()))
	must(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

// The verifier and challenge of RFC 7636, appendix B.
const (
	theVerifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	theChallenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

func (p provider) code(t *testing.T) string {
	t.Helper()
	r, err := p.NewAuthorizeRequest(t.Context(), post(t, url.Values{
		"response_type": {"code"}, "client_id": {"app"}, "redirect_uri": {"https://app.example/callback"}, "state": {"12345678"},
		"scope": {"read offline_access"}, "code_challenge": {theChallenge}, "code_challenge_method": {"S256"},
	}))
	must(t, err)
	for _, scope := range r.GetRequestedScopes() {
		r.GrantScope(scope)
	}
	response, err := p.NewAuthorizeResponse(t.Context(), r, &session{Subject: "ada"})
	must(t, err)
	return response.GetCode()
}

func (p provider) token(t *testing.T, form url.Values) (access, refresh string, err error) {
	t.Helper()
	form.Set("client_id", "app")
	request, err := p.NewAccessRequest(t.Context(), post(t, form), &session{})
	if err != nil {
		return "", "", err
	}
	response, err := p.NewAccessResponse(t.Context(), request)
	if err != nil {
		return "", "", err
	}
	refresh, _ = response.GetExtra("refresh_token").(string)
	return response.GetAccessToken(), refresh, nil
}

func (p provider) exchange(t *testing.T, code, verifier string) (access, refresh string, err error) {
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {"https://app.example/callback"}}
	if verifier != "" {
		form.Set("code_verifier", verifier)
	}
	return p.token(t, form)
}

func (p provider) refreshed(t *testing.T, token string) (access, refresh string, err error) {
	return p.token(t, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}})
}

// stands fails the test unless the access token is accepted, or refused.
func (p provider) stands(t *testing.T, access string, want bool) {
	t.Helper()
	_, r, err := p.IntrospectToken(t.Context(), access, fosite.AccessToken, &session{})
	if (err == nil) != want {
		t.Fatalf("introspection says %v, want a living token: %v", err, want)
	}
	if want && (r.GetSession().GetSubject() != "ada" || !r.GetGrantedScopes().Has("read", "offline_access")) {
		t.Fatalf("the token is %s's, with %v", r.GetSession().GetSubject(), r.GetGrantedScopes())
	}
}

func TestFositeRefreshAndReplay(t *testing.T) {
	p := embedded(t)
	access, refresh, err := p.exchange(t, p.code(t), theVerifier)
	must(t, err)
	p.stands(t, access, true)
	second, next, err := p.refreshed(t, refresh)
	must(t, err)
	p.stands(t, second, true)
	p.stands(t, access, false) // it was replaced

	_, _, err = p.refreshed(t, refresh) // RFC 9700 4.14.2: the replay ends the whole family
	is(t, err, fosite.ErrInvalidGrant)
	p.stands(t, second, false)
	_, _, err = p.refreshed(t, next)
	is(t, err, fosite.ErrInvalidGrant)
}

func TestFositeCodeReplay(t *testing.T) {
	p := embedded(t)
	code := p.code(t)
	access, refresh, err := p.exchange(t, code, theVerifier)
	must(t, err)
	_, _, err = p.exchange(t, code, theVerifier) // RFC 6749 4.1.2
	is(t, err, fosite.ErrInvalidGrant)
	p.stands(t, access, false)
	_, _, err = p.refreshed(t, refresh)
	is(t, err, fosite.ErrInvalidGrant)
}

func TestFositePKCEDowngrade(t *testing.T) {
	p := embedded(t)
	code := p.code(t)
	_, _, err := p.exchange(t, code, strings.Repeat("x", 43))
	is(t, err, fosite.ErrInvalidGrant)
	_, _, err = p.exchange(t, code, "")
	is(t, err, fosite.ErrInvalidGrant)
	_, _, err = p.exchange(t, code, theVerifier) // and the owner still gets in
	must(t, err)
}

func TestFositeRevocation(t *testing.T) {
	for name, which := range map[string]func(access, refresh string) string{
		"access":  func(access, _ string) string { return access },
		"refresh": func(_, refresh string) string { return refresh },
	} {
		t.Run(name, func(t *testing.T) {
			p := embedded(t)
			access, refresh, err := p.exchange(t, p.code(t), theVerifier)
			must(t, err)
			form := url.Values{"client_id": {"app"}, "token": {which(access, refresh)}}
			must(t, p.NewRevocationRequest(t.Context(), post(t, form)))
			p.stands(t, access, false)
			_, _, err = p.refreshed(t, refresh)
			is(t, err, fosite.ErrInvalidGrant)
			must(t, p.NewRevocationRequest(t.Context(), post(t, form))) // RFC 7009 2.2: again is no error
		})
	}
}

func TestFositeParallelRefresh(t *testing.T) {
	p := embedded(t)
	_, refresh, err := p.exchange(t, p.code(t), theVerifier)
	must(t, err)
	winners := 0
	for _, err := range race(20, func(int) error { _, _, err := p.refreshed(t, refresh); return err }) {
		if err == nil {
			winners++
		}
	}
	if winners != 1 {
		t.Errorf("%d of 20 parallel refreshes succeeded, want 1", winners)
	}
}
