package client

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v3"
)

// issuer is a server that makes ID tokens as no honest one would: Punchcard
// itself cannot be brought to.
type issuer struct {
	*httptest.Server
	key *ecdsa.PrivateKey
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{key: key}
	i.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k1", Algorithm: "ES256", Use: "sig"}}})
	}))
	t.Cleanup(i.Close)
	return i
}

func signed(t *testing.T, algorithm jose.SignatureAlgorithm, key any, kid string, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: key}, (&jose.SignerOptions{}).WithHeader("kid", kid))
	if err != nil {
		t.Fatal(err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	jws, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	token, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// OIDC Core 3.1.3.7, item by item.
func TestIdentify(t *testing.T) {
	i, now := newIssuer(t), time.Now()
	m := &metadata{Issuer: "https://a.example", JWKS: i.URL}
	want := expectation{nonce: "n", after: now}
	for name, row := range map[string]struct {
		change map[string]any
		says   string
	}{
		"good":                     {nil, ""},
		"several audiences":        {map[string]any{"aud": []string{"app", "other"}, "azp": "app"}, ""},
		"another issuer":           {map[string]any{"iss": "https://a.example/"}, "another issuer"},
		"another app":              {map[string]any{"aud": "other"}, "another app"},
		"several, and not for us":  {map[string]any{"aud": []string{"app", "other"}, "azp": "other"}, "another app"},
		"several, and nobody said": {map[string]any{"aud": []string{"app", "other"}}, "another app"},
		"nobody":                   {map[string]any{"sub": ""}, "names nobody"},
		"expired":                  {map[string]any{"exp": now.Add(-2 * time.Minute).Unix()}, "expired"},
		"no end":                   {map[string]any{"exp": nil}, "expired"},
		"from the future":          {map[string]any{"iat": now.Add(5 * time.Minute).Unix()}, "future"},
		"another sign-in":          {map[string]any{"nonce": "m"}, "another sign-in"},
		"no nonce":                 {map[string]any{"nonce": nil}, "another sign-in"},
		"an old password":          {map[string]any{"auth_time": now.Add(-time.Hour).Unix()}, "not asked for anew"},
		"no time":                  {map[string]any{"auth_time": nil}, "not asked for anew"},
		"another access token":     {map[string]any{"at_hash": leftHalf("other")}, "another access token"},
	} {
		claims := map[string]any{
			"iss": m.Issuer, "aud": "app", "sub": "usr", "name": "Ada", "exp": now.Add(time.Hour).Unix(), "iat": now.Unix(),
			"nonce": "n", "auth_time": now.Unix(), "at_hash": leftHalf("at"),
		}
		for claim, value := range row.change {
			claims[claim] = value
		}
		got := &tokens{Access: "at", ID: signed(t, jose.ES256, i.key, "k1", claims)}
		who, err := newWire(i.URL).identify(t.Context(), m, "app", got, want)
		if (err == nil) != (row.says == "") || err != nil && !strings.Contains(err.Error(), row.says) {
			t.Errorf("%s: %v, want %q", name, err, row.says)
		}
		if err == nil && (who.Subject != "usr" || who.Name != "Ada") {
			t.Errorf("%s: %+v", name, who)
		}
	}
	if _, err := newWire(i.URL).identify(t.Context(), m, "app", &tokens{Access: "at"}, want); err == nil {
		t.Error("no ID token at all was taken for one")
	}
}

// RFC 8725 3.1 and 3.10: the token does not choose how it is checked.
func TestVerify(t *testing.T) {
	i := newIssuer(t)
	m := &metadata{Issuer: "https://a.example", JWKS: i.URL}
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	good := signed(t, jose.ES256, i.key, "k1", map[string]any{"sub": "usr"})
	parts := strings.Split(good, ".")
	pack := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	public, err := i.key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	for name, token := range map[string]string{
		"another key":            signed(t, jose.ES256, other, "k1", map[string]any{"sub": "usr"}),
		"an unknown key":         signed(t, jose.ES256, i.key, "k2", map[string]any{"sub": "usr"}),
		"HMAC by the public key": signed(t, jose.HS256, public, "k1", map[string]any{"sub": "usr"}),
		"none":                   pack(`{"alg":"none","kid":"k1"}`) + "." + parts[1] + ".",
		"another payload":        parts[0] + "." + pack(`{"sub":"usr_grace"}`) + "." + parts[2],
		"a key of its own":       pack(`{"alg":"ES256","jwk":{"kty":"EC"}}`) + "." + parts[1] + "." + parts[2],
		"no token":               "hello",
	} {
		if _, err := newWire(i.URL).verify(t.Context(), m, token); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	if payload, err := newWire(i.URL).verify(t.Context(), m, good); err != nil || string(payload) != `{"sub":"usr"}` {
		t.Errorf("a good one: %s %v", payload, err)
	}
}
