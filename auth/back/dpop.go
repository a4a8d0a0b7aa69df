package back

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/ory/fosite"

	"github.com/exampleco/punchcard/auth/dpop"
	"github.com/exampleco/punchcard/auth/ledger"
	"github.com/exampleco/punchcard/auth/oauth"
	"github.com/exampleco/punchcard/auth/store"
)

// RFC 9449, DPoP: a client that proves a key of its own at the token endpoint
// gets tokens that are bound to it. Whoever steals such a token has no use for
// it. dpop has the proof itself; here is what it does to a grant.

// confirmation is the claim cnf, RFC 9449 6.1: the thumbprint of the key.
type confirmation struct {
	JKT string `json:"jkt"`
}

// thumbprint is "" where there is no claim.
func (c *confirmation) thumbprint() string {
	if c == nil {
		return ""
	}
	return c.JKT
}

// confirming is the claim of a token that is bound to a key, nil for any other.
func confirming(jkt string) *confirmation {
	if jkt == "" {
		return nil
	}
	return &confirmation{jkt}
}

// tokenType is how the client has to send the token, RFC 9449 5.
func tokenType(jkt string) string {
	if jkt == "" {
		return "Bearer"
	}
	return "DPoP"
}

// Proven returns the thumbprint of the key that a request proves, "" for one
// without a proof.
//
// A nonce is demanded of clients that are registered to bind their tokens, who
// can be expected to know the whole of RFC 9449, and of all with --dpop-nonces.
func (s *Channel) Proven(w http.ResponseWriter, r *http.Request, client *store.Client) (jkt string, err error) {
	proofs := s.proofs
	if client.DPoPBound {
		proofs = proofs.Demanding()
	}
	sent := len(r.Header.Values("DPoP")) > 0
	if nonce := proofs.Nonce(); nonce != "" && (sent || client.DPoPBound) {
		w.Header().Set("DPoP-Nonce", nonce) // RFC 9449 8.2: in every answer, so that the next request need not be refused first
	}
	if !sent {
		return "", nil
	}
	jkt, err = proofs.Check(r.Context(), r, "")
	return jkt, proofError(err)
}

// provenForTokens is Proven where a client may be held to it.
func (s *Channel) provenForTokens(w http.ResponseWriter, r *http.Request, client *store.Client) (jkt string, err error) {
	jkt, err = s.Proven(w, r, client)
	if err == nil && client.DPoPBound && !s.check(r.Context(), rules.ProofSent, jkt != "", "a DPoP proof", dpop.Name(jkt)) {
		err = oauth.NewError(dpop.InvalidProof, "This client is registered to have its tokens bound to a key: send a DPoP proof.")
	}
	return jkt, err
}

// proofError words the refusal of a proof, RFC 9449 5 and 8.
func proofError(err error) error {
	var refused *dpop.Error
	if !errors.As(err, &refused) {
		return err
	}
	reason := refused.Reason
	e := oauth.NewError(refused.Code, oauth.Printable(strings.ToUpper(reason[:1])+reason[1:]+".")).Because(err)
	e.Nonce = refused.Nonce
	return e
}

// bind ties the tokens of a token request to the key that it proves.
func bind(q *tokenRequest, request fosite.AccessRequester) {
	if session, ok := request.GetSession().(*Session); ok {
		session.JKT = q.JKT
	}
}

// mayPresent holds a token request to what its code or refresh token is tied
// to: the client and its key. It is asked as soon as that is known, whether it
// was used before or not. Whoever has the token and not the key must not be
// able to use it up; nor is it a replay by one of its holders that they send,
// so it must not end the family of its owner.
func (s *Channel) mayPresent(ctx context.Context, r fosite.Requester, k presentedKind) error {
	q := tokenRequestOf(ctx)
	if q == nil {
		return fosite.ErrInvalidClient
	}
	// Otherwise one app could spend, or end, what another one lost.
	if !s.checkOnce(ctx, k.issued, r.GetClient().GetID() == q.Client.ID, r.GetClient().GetID(), q.Client.ID) {
		return oauth.NewError("invalid_grant", "It was issued to another client.")
	}
	session, ok := r.GetSession().(*Session)
	// RFC 9449 5: the refresh token of a confidential client is bound by the
	// client's own authentication, so that it can change its key.
	if !ok || session.JKT == "" || k != aCode && !q.Client.IsPublic() {
		return nil
	}
	if s.checkOnce(ctx, k.bound, q.JKT == session.JKT, dpop.Name(session.JKT), dpop.Name(q.JKT)) {
		return nil
	}
	if q.JKT == "" {
		return oauth.NewError(dpop.InvalidProof, "It is bound to a key: send a DPoP proof of that key.")
	}
	return oauth.NewError("invalid_grant", "It is bound to another key than that of the DPoP proof.")
}

// presentedKind is what a token request presents, as the two rules that tie it
// to a client and to a key.
type presentedKind struct{ issued, bound ledger.Rule }

var (
	aCode         = presentedKind{rules.CodeOfClient, rules.CodeOfKey}
	aRefreshToken = presentedKind{rules.RefreshTokenOfClient, rules.RefreshTokenOfKey}
	aDeviceCode   = presentedKind{rules.DeviceCodeOfClient, rules.DeviceCodeOfKey} // once it was used with a key
)

// holds is for endpoints of this server that take access tokens: whoever sends
// a bound one has to prove its key. RFC 9449 7.1 and 7.2.
func (s *Channel) holds(w http.ResponseWriter, r *http.Request, scheme, raw string, token Token) error {
	ctx := r.Context()
	refuse := func(code, why string) error {
		e := oauth.NewError(code, why)
		e.Status, e.Scheme = http.StatusUnauthorized, scheme
		return e
	}
	if scheme == "Bearer" {
		if !s.check(ctx, rules.BoundTokenProved, token.JKT == "", "a bearer token", dpop.Name(token.JKT)) {
			return refuse("invalid_token", "It is bound to a key; send it as Authorization: DPoP, with a proof of that key.")
		}
		return nil
	}
	if nonce := s.proofs.Nonce(); nonce != "" {
		w.Header().Set("DPoP-Nonce", nonce)
	}
	if !s.check(ctx, rules.ProofForBoundToken, token.JKT != "", "a token with cnf.jkt", dpop.Name(token.JKT)) {
		return refuse("invalid_token", "It is not bound to a key; send it as Authorization: Bearer.")
	}
	jkt, err := s.proofs.Check(ctx, r, raw)
	var e *oauth.Error
	if err = proofError(err); errors.As(err, &e) {
		e.Status, e.Scheme = http.StatusUnauthorized, scheme
		return e
	}
	if err != nil {
		return err
	}
	if !s.check(ctx, rules.ProofOfTokenKey, jkt == token.JKT, dpop.Name(token.JKT), dpop.Name(jkt)) {
		return refuse("invalid_token", "It is bound to another key than that of the proof.")
	}
	return nil
}
