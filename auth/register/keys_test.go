package register

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/go-jose/go-jose/v3"
)

// RFC 7591 2, OIDC Registration 2: what is no set of public keys, or cannot be
// used with the algorithm beside it, is not registered.
func TestKeysThatCannotBeTaken(t *testing.T) {
	w := open(t)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	set := func(k jose.JSONWebKey) string {
		raw, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{k}})
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	public := set(jose.JSONWebKey{Key: key.Public(), KeyID: "k"})
	const by = `{"redirect_uris":["https://a.example/cb"],"grant_types":["authorization_code","refresh_token"],"token_endpoint_auth_method":"private_key_jwt"`
	for name, rest := range map[string]string{
		"no keys": `}`, "null": `,"jwks":null}`, "no set": `,"jwks":{"keys":[]}}`, "an empty key": `,"jwks":{"keys":[null]}}`, "an address": `,"jwks_uri":"https://a.example/jwks"}`,
		"a private key":     `,"jwks":` + set(jose.JSONWebKey{Key: key, KeyID: "k"}) + `}`,
		"a shared secret":   `,"jwks":{"keys":[{"kty":"oct","kid":"k","k":"c2VjcmV0"}]}}`,
		"another algorithm": `,"token_endpoint_auth_signing_alg":"RS256","jwks":` + public + `}`,
		"none":              `,"token_endpoint_auth_signing_alg":"none","jwks":` + public + `}`,
		"two algorithms":    `,"token_endpoint_auth_signing_alg":"RS256","jwks":` + set(jose.JSONWebKey{Key: key.Public(), KeyID: "k", Algorithm: "ES256"}) + `}`,
	} {
		_, _, err := w.registers(by + rest)
		if e := asError(err); e == nil || e.Status != http.StatusBadRequest || e.Code != "invalid_client_metadata" {
			t.Errorf("%s: %v", name, err)
		}
	}
}
