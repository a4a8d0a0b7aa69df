package back

import (
	"errors"
	"net/http"
	"strings"

	"github.com/exampleco/punchcard/auth/oauth"
)

// introspection is the answer of RFC 7662 2.2.
type introspection struct {
	Active    bool   `json:"active"`
	Scope     string `json:"scope,omitempty"`
	ClientID  string `json:"client_id,omitempty"`
	Username  string `json:"username,omitempty"`
	TokenType string `json:"token_type,omitempty"`
	Expiry    int64  `json:"exp,omitempty"`
	IssuedAt  int64  `json:"iat,omitempty"`
	Subject   string `json:"sub,omitempty"`
	Audience  string `json:"aud,omitempty"`
	Issuer    string `json:"iss,omitempty"`
	ID        string `json:"jti,omitempty"`
	AuthTime  int64  `json:"auth_time,omitempty"` // RFC 9470 6.2, as is acr
	ACR       string `json:"acr,omitempty"`
	// RFC 9449 6.2: the resource server compares it with the key of the proof.
	Confirmation *confirmation `json:"cnf,omitempty"`
}

// Introspect tells what an access token is good for, RFC 7662: a client that is
// registered to introspect, such as a resource server, about any token, and
// every other client that can prove itself about what was issued to itself, its
// refresh tokens included. Everything else is exactly {"active":false}: why is
// nobody's business (2.2).
func (s *Channel) Introspect(w http.ResponseWriter, r *http.Request) error {
	form, ferr := oauth.ClientForm(s.ledger, w, r)
	if ferr != nil {
		return ferr
	}
	client, err := s.Authenticate(r.Context(), r, form)
	if err != nil {
		var e *oauth.Error
		if errors.As(err, &e) && e.Code == "invalid_client" && !form.Has("client_assertion") {
			e.Scheme = "Basic" // RFC 7662 2.3 and RFC 6749 5.2: say how to authenticate; no page of a browser calls this
		}
		return err
	}
	if !s.check(r.Context(), rules.IntrospectionCaller, !client.IsPublic(), "a client with a secret", client.ID) {
		return refusedClient("client_secret_basic", "A public client cannot authenticate, and so may not introspect.")
	}
	if !form.Has("token") {
		return oauth.NewError("invalid_request", "token is missing.")
	}
	if strings.HasPrefix(form.Get("token"), oauth.RefreshPrefix) {
		answer, err := s.ownRefreshToken(r.Context(), client, form.Get("token"))
		if err != nil {
			return err
		}
		oauth.WriteJSON(w, http.StatusOK, answer)
		return nil
	}
	token, err := s.Verify(r.Context(), form.Get("token"), "")
	if isInvalid(err) {
		oauth.WriteJSON(w, http.StatusOK, introspection{})
		return nil
	}
	if err != nil {
		return err
	}
	// RFC 7662 4: an open endpoint lets anybody scan for tokens and read what
	// others hold. 2.2: of a token that the caller may not ask about, the answer
	// MUST be that it is not active, so that there is nothing to learn.
	if !s.check(r.Context(), rules.IntrospectionOfOwn, client.Introspect || token.ClientID == client.ID, "a client registered to introspect, or the token's own", client.ID) {
		oauth.WriteJSON(w, http.StatusOK, introspection{})
		return nil
	}
	answer := introspection{
		Active: true, Scope: strings.Join(token.Scopes, " "), ClientID: token.ClientID, Username: token.Email, TokenType: tokenType(token.JKT),
		Expiry: token.ExpiresAt.Unix(), IssuedAt: token.IssuedAt.Unix(), Subject: token.Subject, Audience: token.Audience, Issuer: s.issuer, ID: token.id, ACR: token.ACR, Confirmation: confirming(token.JKT),
	}
	if !token.Machine {
		answer.AuthTime = token.AuthTime.Unix()
	}
	oauth.WriteJSON(w, http.StatusOK, answer)
	return nil
}
