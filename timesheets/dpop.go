package timesheets

import (
	"context"
	"errors"
	"net/http"
)

// The schemes of the Authorization header.
const (
	bearer = "Bearer" // RFC 6750: whoever has the token
	dpop   = "DPoP"   // RFC 9449 7.1: whoever has its key as well
)

// Proofs checks DPoP proofs. It is asked once the token beside a proof is known
// to be good, so it works with any Verifier.
type Proofs interface {
	// Check checks the one proof of a request, made for the access token beside
	// it, uses it up, and returns the thumbprint of its key (RFC 7638).
	//
	// Errors: one with a ProofRefused() (code, reason string) is the client's
	// fault, the code being of RFC 9449 7.1 or 9 and the reason safe to show;
	// any other as with a Verifier. One with a FreshNonce() string that is not
	// empty asks for that nonce in the next proof.
	Check(ctx context.Context, r *http.Request, token string) (jkt string, err error)
	// Algorithms are those that a proof may be signed with.
	Algorithms() []string
	// Nonce is what the next proof has to carry, "" where none is demanded.
	Nonce() string
}

// schemes are those that this API takes.
func (a *API) schemes() []string {
	if a.proofs == nil {
		return []string{bearer}
	}
	return []string{bearer, dpop}
}

// holds finds out whether the sender may use the token: a bound one needs a
// proof of its key, and a proof needs a bound one.
func (a *API) holds(r *http.Request, sent credentials, caller Caller) error {
	ctx := r.Context()
	if sent.scheme == bearer {
		if !a.check(ctx, rules.NotBound, caller.JKT == "", "a bearer token", boundTo(caller.JKT)) {
			return a.invalidToken(sent, InvalidToken("it is bound to a key; send it as Authorization: DPoP, with a proof of that key"))
		}
		return nil
	}
	if !a.check(ctx, rules.Bound, caller.JKT != "", "a token with cnf.jkt", boundTo(caller.JKT)) {
		return a.invalidToken(sent, InvalidToken("it is not bound to a key; send it as Authorization: Bearer"))
	}
	jkt, err := a.proofs.Check(ctx, r, sent.token)
	var refused interface{ ProofRefused() (code, reason string) }
	if errors.As(err, &refused) {
		code, reason := refused.ProofRefused()
		p := a.challenging(newProblem(http.StatusUnauthorized, "The DPoP proof is refused: "+reason+"."), dpop, code, reason, sent.demand)
		var asks interface{ FreshNonce() string }
		if errors.As(err, &asks) && asks.FreshNonce() != "" {
			p.with("DPoP-Nonce", asks.FreshNonce()) // RFC 9449 9: also where none was offered, as to a proof with an old one
		}
		return p
	}
	if err != nil {
		return err
	}
	if !a.check(ctx, rules.KeyOfToken, jkt == caller.JKT, boundTo(caller.JKT), boundTo(jkt)) {
		return a.invalidToken(sent, InvalidToken("it is bound to another key than that of the proof"))
	}
	return nil
}

// boundTo names a key by the beginning of its thumbprint, which is public.
func boundTo(jkt string) string {
	if len(jkt) < 8 {
		return "no key"
	}
	return "key " + jkt[:8]
}

// offerNonce tells a client that sends proofs what the next one has to carry,
// in every answer: so it need not be refused first (RFC 9449 8.2).
func (a *API) offerNonce(w http.ResponseWriter, r *http.Request) {
	if a.proofs != nil && len(r.Header.Values("DPoP")) > 0 {
		if nonce := a.proofs.Nonce(); nonce != "" {
			w.Header().Set("DPoP-Nonce", nonce)
		}
	}
}
