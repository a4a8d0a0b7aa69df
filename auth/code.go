package auth

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/exampleco/punchcard/auth/store"
)

// writeCode is what issue writes, in the unit that ctx carries.
func (s *Server) writeCode(ctx context.Context, f *flow, who *signedIn, scopes []string) (string, error) {
	q := &f.Request
	if err := s.stillGiven(ctx, f, who, scopes); err != nil {
		return "", err
	}
	ar, err := s.fosite.NewAuthorizeRequest(ctx, q.forFosite(ctx))
	if err != nil {
		return "", err
	}
	if err := s.takeFlow(ctx, f, who, ar.GetID()); err != nil {
		return "", err
	}
	for _, scope := range scopes {
		ar.GrantScope(scope)
	}
	ar.GrantAudience(q.Audience)
	session := s.sessionOf(who)
	session.JKT = q.JKT
	session.Unchallenged = q.Challenge == ""
	resp, err := s.fosite.NewAuthorizeResponse(ctx, ar, session)
	if err != nil {
		return "", err
	}
	if client, ok := ar.GetClient().(*store.Client); ok {
		if err := errors.Join(s.registrar.InUse(ctx, client), s.servedThen(ctx, f, scopes)); err != nil {
			return "", err
		}
	}
	return resp.GetCode(), nil
}

// forFosite is the request as fosite shall see it: validated, with a state of
// the length that fosite insists on (the client's own is kept in the flow),
// and without prompt, max_age and id_token_hint, which next has answered.
func (q *authorizationRequest) forFosite(ctx context.Context) *http.Request {
	form := url.Values{
		"client_id": {q.ClientID}, "response_type": {"code"}, "state": {"kept-with-the-flow"},
		"scope": {strings.Join(q.asked(), " ")}, "audience": {q.Audience},
	}
	if q.Challenge != "" {
		form.Set("code_challenge", q.Challenge)
		form.Set("code_challenge_method", "S256")
	}
	if q.Sent {
		form.Set("redirect_uri", q.RedirectURI)
	}
	if q.Nonce != "" {
		form.Set("nonce", q.Nonce)
	}
	r := &http.Request{Method: http.MethodGet, URL: &url.URL{Path: pathAuthorize}, Header: http.Header{}, Form: form, PostForm: url.Values{}}
	return r.WithContext(ctx)
}
