package back

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/exampleco/punchcard/auth/oauth"
	"github.com/exampleco/punchcard/auth/people"
)

// personClaims are the claims about a person, as their scopes allow.
type personClaims struct {
	Name          string `json:"name,omitempty"`
	GivenName     string `json:"given_name,omitempty"`
	FamilyName    string `json:"family_name,omitempty"`
	Email         string `json:"email,omitempty"`
	EmailVerified *bool  `json:"email_verified,omitempty"`
}

// claimsFor: OIDC Core 5.4, profile and email each ask for their claims.
func claimsFor(p people.Person, scopes []string) personClaims {
	var c personClaims
	if slices.Contains(scopes, "profile") {
		c.Name = p.Name
		if i := strings.LastIndex(p.Name, " "); i > 0 {
			c.GivenName, c.FamilyName = p.Name[:i], p.Name[i+1:]
		}
	}
	if slices.Contains(scopes, "email") {
		verified := true // declared by whoever runs this server
		c.Email, c.EmailVerified = p.Email, &verified
	}
	return c
}

// Userinfo is the UserInfo endpoint, OIDC Core 5.3.
func (s *Channel) Userinfo(w http.ResponseWriter, r *http.Request) error {
	err := s.aboutPerson(w, r)
	var e *oauth.Error
	if errors.As(err, &e) {
		e.OrDPoP = true // RFC 9449 7.2: where both schemes are taken, both are offered
	}
	return err
}

func (s *Channel) aboutPerson(w http.ResponseWriter, r *http.Request) error {
	scheme, raw, err := oauth.AccessToken(r)
	if err != nil {
		return err
	}
	if !s.check(r.Context(), rules.TokenSentOnce, !sentElsewhere(w, r), "in the Authorization header only", "in the URL or the body as well") {
		e := oauth.NewError("invalid_request", "Send the token in the Authorization header only.")
		e.Scheme = scheme
		return e
	}
	token, err := s.Verify(r.Context(), raw, "")
	if isInvalid(err) {
		e := oauth.NewError("invalid_token", oauth.Printable(err.Error())).Because(err)
		e.Scheme = scheme
		return e
	}
	if err != nil {
		return err
	}
	if err := s.holds(w, r, scheme, raw, token); err != nil {
		return err
	}
	// RFC 6750 3.1: 403 and the scope that is missing.
	if !s.check(r.Context(), rules.UserinfoScope, slices.Contains(token.Scopes, "openid"), "openid", strings.Join(token.Scopes, " ")) {
		e := oauth.NewError("insufficient_scope", "This needs the scope openid.")
		e.Scheme, e.Scope = scheme, "openid"
		return e
	}
	person, err := s.people.Person(r.Context(), token.Subject)
	if err != nil {
		return err
	}
	oauth.WriteJSON(w, http.StatusOK, struct {
		Subject string `json:"sub"` // OIDC Core 5.3.2: always, and the same as in the ID token
		personClaims
	}{token.Subject, claimsFor(person, token.Scopes)})
	return nil
}

// sentElsewhere says whether there is a second token in the URL or the form.
func sentElsewhere(w http.ResponseWriter, r *http.Request) bool {
	if r.URL.Query().Has("access_token") {
		return true
	}
	form, err := oauth.FormBody(w, r)
	return err == nil && form.Has("access_token")
}
