package auth

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"testing"

	"github.com/go-jose/go-jose/v3"
)

// A client that registers public keys proves itself by them, and has no secret.
func TestRegisteredKeys(t *testing.T) {
	w := newWorld(t)
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
	id, m := w.registered(by + `,"jwks":` + public + `,"token_endpoint_auth_signing_alg":"ES256"}`)
	if m["client_secret"] != nil || m["jwks"] == nil || m["token_endpoint_auth_signing_alg"] != "ES256" {
		t.Errorf("%v", m)
	}
	c := &signer{t: t, w: w, id: id, key: key}
	w.refused(c.ask(c.assertion(), "grant_type", "refresh_token", "refresh_token", "x"), 400, "invalid_grant") // it is who it says
	w.refused(w.post(pathToken, form("grant_type", "refresh_token", "refresh_token", "x", "client_id", id)), 401, "invalid_client")

	for name, rest := range map[string]string{
		"no keys": `}`, "null": `,"jwks":null}`, "no set": `,"jwks":{"keys":[]}}`, "an empty key": `,"jwks":{"keys":[null]}}`, "an address": `,"jwks_uri":"https://a.example/jwks"}`,
		"a private key":     `,"jwks":` + set(jose.JSONWebKey{Key: key, KeyID: "k"}) + `}`,
		"a shared secret":   `,"jwks":{"keys":[{"kty":"oct","kid":"k","k":"c2VjcmV0"}]}}`,
		"another algorithm": `,"token_endpoint_auth_signing_alg":"RS256","jwks":` + public + `}`,
		"none":              `,"token_endpoint_auth_signing_alg":"none","jwks":` + public + `}`,
		"two algorithms":    `,"token_endpoint_auth_signing_alg":"RS256","jwks":` + set(jose.JSONWebKey{Key: key.Public(), KeyID: "k", Algorithm: "ES256"}) + `}`,
	} {
		if rec := w.registers(by + rest); rec.Code != 400 {
			t.Errorf("%s: %d %s", name, rec.Code, rec.Body)
		}
	}
}
