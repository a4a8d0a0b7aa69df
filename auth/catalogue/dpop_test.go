package catalogue

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v3"
	"github.com/go-jose/go-jose/v3/jwt"
)

// device is a client with a key, which makes proofs of it, good and bad.
type device struct {
	t   *testing.T
	key *ecdsa.PrivateKey
	n   int
}

func newDevice(t *testing.T) *device {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &device{t: t, key: key}
}

func (d *device) jkt() string {
	public := jose.JSONWebKey{Key: d.key.Public()}
	sum, err := public.Thumbprint(crypto.SHA256)
	if err != nil {
		d.t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(sum)
}

type change = map[string]any

// proof is made for one request, beside a token or ""; change replaces claims,
// nil takes one away.
func (d *device) proof(method, path, token string, changes ...change) string {
	d.t.Helper()
	return d.signed(jose.JSONWebKey{Key: d.key.Public()}, d.claims(method, path, token, changes...))
}

func (d *device) claims(method, path, token string, changes ...change) map[string]any {
	d.n++
	claims := change{"jti": fmt.Sprint(d.jkt(), d.n), "htm": method, "htu": base + path, "iat": time.Now().Unix()}
	if token != "" {
		sum := sha256.Sum256([]byte(token))
		claims["ath"] = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	for _, c := range changes {
		maps.Copy(claims, c)
	}
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	return claims
}

func (d *device) signed(jwk any, claims map[string]any) string {
	d.t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: d.key}, (&jose.SignerOptions{}).WithType("dpop+jwt").WithHeader("jwk", jwk))
	if err != nil {
		d.t.Fatal(err)
	}
	out, err := jwt.Signed(signer).Claims(claims).CompactSerialize()
	if err != nil {
		d.t.Fatal(err)
	}
	return out
}

// unsigned is a proof with a header of one's own, and a signature by nobody or
// by whoever can read the public key.
func (d *device) unsigned(alg string, claims map[string]any) string {
	d.t.Helper()
	public, err := json.Marshal(jose.JSONWebKey{Key: d.key.Public()})
	if err != nil {
		d.t.Fatal(err)
	}
	if alg == "HS256" {
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: public}, (&jose.SignerOptions{}).WithType("dpop+jwt").WithHeader("jwk", json.RawMessage(public)))
		if err != nil {
			d.t.Fatal(err)
		}
		out, err := jwt.Signed(signer).Claims(claims).CompactSerialize()
		if err != nil {
			d.t.Fatal(err)
		}
		return out
	}
	body, err := json.Marshal(claims)
	if err != nil {
		d.t.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"typ":"dpop+jwt","alg":"`+alg+`","jwk":`+string(public)+`}`)) + "." + encode(body) + "."
}

// bad are proofs that must be refused wherever they are sent.
func (d *device) bad(method, path, token string) map[string]string {
	used := d.proof(method, path, token)
	return map[string]string{
		"wrong htu":   d.proof(method, path, token, change{"htu": base + "/elsewhere"}),
		"wrong host":  d.proof(method, path, token, change{"htu": "https://evil.example" + path}),
		"wrong htm":   d.proof(method, path, token, change{"htm": "PATCH"}),
		"old iat":     d.proof(method, path, token, change{"iat": time.Now().Add(-10 * time.Minute).Unix()}),
		"future iat":  d.proof(method, path, token, change{"iat": time.Now().Add(10 * time.Minute).Unix()}),
		"no jti":      d.proof(method, path, token, change{"jti": nil}),
		"alg none":    d.unsigned("none", d.claims(method, path, token)),
		"alg HS256":   d.unsigned("HS256", d.claims(method, path, token)),
		"private JWK": d.signed(jose.JSONWebKey{Key: d.key}, d.claims(method, path, token)),
		"another key": d.signed(jose.JSONWebKey{Key: newDevice(d.t).key.Public()}, d.claims(method, path, token)),
		"no proof":    "e30.e30.e30",
		"two":         used + ", " + d.proof(method, path, token),
	}
}

// possession is RFC 9449: 4.3, 5, 7.1 and 11.1.
var possession = map[string]func(*testing.T){
	"OP-02": func(t *testing.T) {
		a, c, d := newAgent(t), native(), newDevice(t)
		code := a.code(c, ada, "dpop_jkt", d.jkt())
		for what, proof := range d.bad("POST", "/oauth/token", "") {
			refused(t, what, a.token(c.exchangeForm(code), "DPoP", proof), 400, "invalid_dpop_proof")
		}
		refused(t, "the code without a proof", a.token(c.exchangeForm(code)), 400, "invalid_dpop_proof")
		refused(t, "the code with another key", a.token(c.exchangeForm(code), "DPoP", newDevice(t).proof("POST", "/oauth/token", "")), 400, "invalid_grant")
		proof := d.proof("POST", "/oauth/token", "")
		got := a.tokens(a.token(c.exchangeForm(code), "DPoP", proof))
		if cnf, _ := part(t, got.Access, 1)["cnf"].(map[string]any); got.Type != "DPoP" || cnf["jkt"] != d.jkt() {
			t.Errorf("%s, cnf %v, want DPoP and %s", got.Type, cnf, d.jkt())
		}
		refused(t, "reused jti", a.token(c.refreshForm(got.Refresh), "DPoP", proof), 400, "invalid_dpop_proof")
		refused(t, "refresh without a proof", a.token(c.refreshForm(got.Refresh)), 400, "invalid_dpop_proof")
		refused(t, "refresh with another key", a.token(c.refreshForm(got.Refresh), "DPoP", newDevice(t).proof("POST", "/oauth/token", "")), 400, "invalid_grant")
		got = a.tokens(a.token(c.refreshForm(got.Refresh), "DPoP", d.proof("POST", "/oauth/token", "")))
		atTheAPI(t, a, d, got.Access)
		for _, path := range []string{discovery, rfc8414} {
			if algs := strs(a.get(path).json(t)["dpop_signing_alg_values_supported"]); len(algs) == 0 || strings.Contains(strings.Join(algs, " "), "HS") {
				t.Errorf("%s: %v", path, algs)
			}
		}
	},
}

// atTheAPI sends a bound token in every way that must not work, and in the one
// that does.
func atTheAPI(t *testing.T, a *agent, d *device, token string) {
	t.Helper()
	me := func(scheme string, proof ...string) answer {
		header := []string{"Authorization", scheme + " " + token}
		for _, p := range proof {
			header = append(header, "DPoP", p)
		}
		return a.get("/api/me", header...)
	}
	bad := d.bad("GET", "/api/me", token)
	bad["no ath"] = d.proof("GET", "/api/me", "")
	bad["ath of another token"] = d.proof("GET", "/api/me", token+"x")
	for what, proof := range bad {
		problem(t, what, me("DPoP", proof), 401, "DPoP ", "algs=", `error="invalid_dpop_proof"`)
	}
	problem(t, "no proof at all", me("DPoP"), 401, "DPoP ", `error="invalid_dpop_proof"`)
	problem(t, "a bound token as a bearer token", me("Bearer"), 401, "Bearer ", invalidToken)
	problem(t, "the same beside a proof", me("Bearer", d.proof("GET", "/api/me", token)), 401, "Bearer ", invalidToken)
	problem(t, "another key", me("DPoP", newDevice(t).proof("GET", "/api/me", token)), 401, "DPoP ", invalidToken)
	proof := d.proof("GET", "/api/me", token)
	if at := me("DPoP", proof); at.StatusCode != http.StatusOK {
		t.Errorf("as it should be: %d %s", at.StatusCode, at.body)
	}
	problem(t, "reused jti", me("DPoP", proof), 401, "DPoP ", `error="invalid_dpop_proof"`)
	plain := a.tokens(a.token(url.Values{"grant_type": {"client_credentials"}, "client_id": {"timesheets-cron"}, "client_secret": {"timesheets-cron-secret"}})).Access
	problem(t, "a bearer token by the DPoP scheme", a.get("/api/me", "Authorization", "DPoP "+plain, "DPoP", d.proof("GET", "/api/me", plain)), 401, "DPoP ", invalidToken)
	if offers := a.get("/api/me").Header.Values("WWW-Authenticate"); len(offers) != 2 || !strings.HasPrefix(offers[1], "DPoP ") {
		t.Errorf("without a token: %q, want both schemes", offers)
	}
}
