package timesheets

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"
)

// keyTable takes the name of a key for a proof of it.
type keyTable struct {
	nonce string
	fail  error
	asked int
}

func (k *keyTable) Algorithms() []string { return []string{"ES256", "PS256"} }
func (k *keyTable) Nonce() string        { return k.nonce }

func (k *keyTable) Check(_ context.Context, r *http.Request, token string) (string, error) {
	k.asked++
	return r.Header.Get("DPoP"), k.fail
}

type refusedProof struct{ code string }

func (refusedProof) Error() string                    { return "x" }
func (e refusedProof) ProofRefused() (string, string) { return e.code, `its "htm" is wrong` }

// stale is a proof with an old nonce.
type stale struct{ refusedProof }

func (stale) FreshNonce() string { return "n-2" }

const hers, anothers = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I", "QL3mYXTwmXNOwSgU2aeUzO0q1rB1cDdgkOfd8bx5bow"

func TestBoundTokens(t *testing.T) {
	proofs := &keyTable{}
	w := newWorld(t, func(c *Config) { c.Proofs = proofs })
	plain := w.token("usr_ada", everyScope...)
	bound := w.tokenOf(Caller{Subject: "usr_ada", ClientID: "timesheets-mobile", Scopes: everyScope[:1], ExpiresAt: now.Add(time.Hour), JKT: hers})
	send := func(route, scheme, token, proof string) reply {
		return w.do("", route, "", "Authorization", scheme+" "+token, "DPoP", proof)
	}
	send("GET /api/me", "DPoP", bound, hers).want(200)
	send("GET /api/me", "dpop", bound, hers).want(200) // RFC 9110 11.1
	send("GET /api/me", "Bearer", plain, "").want(200)

	const offer, offerBearer = `DPoP realm="timesheets", algs="ES256 PS256"`, `Bearer realm="timesheets"`
	cases := map[string]struct {
		got   reply
		want  []string
		fails string
	}{
		"nothing": {w.do("", "GET /api/me", ""), []string{offerBearer, offer}, "access-token-sent"},
		"a bound token as a bearer token": {send("GET /api/me", "Bearer", bound, hers),
			[]string{offerBearer + `, error="invalid_token", error_description="it is bound to a key; send it as Authorization: DPoP, with a proof of that key"`, offer}, "bearer-token-unbound"},
		"a bearer token with a proof": {send("GET /api/me", "DPoP", plain, hers),
			[]string{offer + `, error="invalid_token", error_description="it is not bound to a key; send it as Authorization: Bearer"`, offerBearer}, "dpop-token-bound"},
		"another key": {send("GET /api/me", "DPoP", bound, anothers),
			[]string{offer + `, error="invalid_token", error_description="it is bound to another key than that of the proof"`, offerBearer}, "dpop-proof-by-token-key"},
		"an unknown token": {send("GET /api/me", "DPoP", "x", hers),
			[]string{offer + `, error="invalid_token", error_description="it was revoked"`, offerBearer}, "access-token-valid"},
	}
	log := w.ledger.take()
	for what, c := range cases {
		if got := c.got.want(401).header.Values("WWW-Authenticate"); strings.Join(got, "\n") != strings.Join(c.want, "\n") {
			t.Errorf("%s:\n%s", what, strings.Join(got, "\n"))
		}
		w.recorded(log, "INFO check", `rule="`+c.fails+`"`, `verdict="fail"`)
	}
	// A scope that is missing is told in the scheme that was used.
	got := send("GET /api/approvals", "DPoP", bound, hers).want(403).header.Values("WWW-Authenticate")
	if len(got) != 1 || !strings.HasPrefix(got[0], offer+`, error="insufficient_scope"`) {
		t.Errorf("insufficient scope: %q", got)
	}
	asked := proofs.asked
	send("GET /api/me", "DPoP", "x", hers)
	send("GET /api/me", "DPoP", plain, hers)
	if proofs.asked != asked {
		t.Error("a proof was looked at, and used up, beside a token that opens nothing")
	}
}

func TestRefusedProofs(t *testing.T) {
	proofs := &keyTable{}
	w := newWorld(t, func(c *Config) { c.Proofs = proofs })
	bound := w.tokenOf(Caller{Subject: "usr_ada", ClientID: "timesheets-mobile", ExpiresAt: now.Add(time.Hour), JKT: hers})
	send := func() reply {
		return w.do("", "GET /api/me", "", "Authorization", "DPoP "+bound, "DPoP", hers)
	}
	if got := send().want(200).header; got.Get("DPoP-Nonce") != "" {
		t.Errorf("a nonce that nobody demands: %v", got)
	}
	proofs.nonce = "n-1"
	if got := send().want(200).header.Get("DPoP-Nonce"); got != "n-1" {
		t.Errorf("the next nonce is %q", got)
	}
	for _, code := range []string{"invalid_dpop_proof", "use_dpop_nonce"} {
		proofs.fail = refusedProof{code}
		got := send().want(401)
		want := `DPoP realm="timesheets", algs="ES256 PS256", error="` + code + `", error_description="its  htm  is wrong"`
		if got.header.Get("WWW-Authenticate") != want || got.header.Get("DPoP-Nonce") != "n-1" {
			t.Errorf("%v", got.header)
		}
	}
	proofs.nonce, proofs.fail = "", stale{refusedProof{"use_dpop_nonce"}} // an old one, where none is demanded
	if got := send().want(401).header.Values("DPoP-Nonce"); len(got) != 1 || got[0] != "n-2" {
		t.Errorf("told to use a nonce, given %q", got)
	}
	proofs.fail = outage{}
	send().want(503)
}

// Where nobody can check proofs, a bound token opens nothing.
func TestWithoutProofs(t *testing.T) {
	w := newWorld(t)
	bound := w.tokenOf(Caller{Subject: "usr_ada", ClientID: "timesheets-mobile", ExpiresAt: now.Add(time.Hour), JKT: hers})
	if got := w.do(bound, "GET /api/me", "").want(401).header.Values("WWW-Authenticate"); len(got) != 1 || !strings.Contains(got[0], "invalid_token") {
		t.Errorf("%q", got)
	}
	w.do("", "GET /api/me", "", "Authorization", "DPoP "+bound, "DPoP", hers).want(401)
}
