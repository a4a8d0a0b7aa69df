// Package assertion checks what a client sends instead of a secret: a JWT
// about itself that it has signed (RFC 7523 2.2, OIDC Core 9). The server
// verifies it with the public keys that the client registered.
//
// keys.go says which keys may be registered. verify.go reads an assertion and
// checks its signature. The authorization server checks the claims, and that
// each assertion is used only once.
package assertion

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v3"
	"github.com/go-jose/go-jose/v3/json" // refuses a member given twice
)

// Algorithms lists the algorithms that may sign an assertion: the one that
// OIDC makes mandatory, and two better ones. RFC 8725 3.1 and 3.2: the server
// has its own list, without "none" and without HMAC, which would need a shared
// secret.
var Algorithms = []string{"ES256", "PS256", "RS256"}

// MaxKeys is how many keys a client may have: enough for a rotation.
const MaxKeys = 10

const (
	maxSet = 64 << 10 // bytes
	maxKid = 200
	minRSA = 2048 // bits, RFC 7518 3.3
	maxRSA = 8192 // bits; a larger key makes each check expensive
)

// Keys is a checked JWK set, RFC 7517 5.
type Keys struct{ keys []jose.JSONWebKey }

// KeyError is what is wrong with one member of a key.
type KeyError struct{ Member, Problem string }

func (e *KeyError) Error() string { return e.Member + " " + e.Problem }

// ParseKeys reads a JWK set in JSON. It accepts only public keys, and refuses
// keys that are too weak or that an assertion cannot refer to.
func ParseKeys(set []byte) (Keys, error) {
	var doc struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if len(set) > maxSet {
		return Keys{}, errors.New("the JWK set is larger than 64 KiB")
	}
	if err := json.Unmarshal(set, &doc); err != nil {
		return Keys{}, errors.New(`not a JWK set: {"keys":[…]}`)
	}
	if n := len(doc.Keys); n == 0 || n > MaxKeys {
		return Keys{}, fmt.Errorf("a JWK set has 1 to %d keys here", MaxKeys)
	}
	var out Keys
	for i, raw := range doc.Keys {
		key, err := ParseKey(raw)
		if err != nil {
			return Keys{}, fmt.Errorf("key %d: %w", i+1, err)
		}
		if slices.ContainsFunc(out.keys, func(k jose.JSONWebKey) bool { return k.KeyID == key.KeyID }) {
			return Keys{}, fmt.Errorf("key %d: kid is that of an earlier key", i+1)
		}
		out.keys = append(out.keys, key)
	}
	return out, nil
}

// member has the members of a JWK that are read.
type member struct {
	Kty    string   `json:"kty"`
	Kid    string   `json:"kid"`
	Alg    string   `json:"alg"`
	Use    string   `json:"use"`
	KeyOps []string `json:"key_ops"`
	Crv    string   `json:"crv"`
	X      string   `json:"x"`
	Y      string   `json:"y"`
	N      string   `json:"n"`
	E      string   `json:"e"`
}

// private lists the members of RFC 7518 6 that only the client may know.
var private = []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"}

// ParseKey reads one public key. Errors: *KeyError.
func ParseKey(jwk []byte) (jose.JSONWebKey, error) {
	var all map[string]json.RawMessage
	var m member
	if json.Unmarshal(jwk, &all) != nil || json.Unmarshal(jwk, &m) != nil {
		return jose.JSONWebKey{}, &KeyError{"kty", "is not that of a JWK: an object whose members are text"}
	}
	for _, name := range private {
		if all[name] != nil {
			// Anyone who holds it can sign as the client, and that would
			// include this server.
			return jose.JSONWebKey{}, &KeyError{name, "is part of a private key; register the public key alone, and make another pair, because this one has been shown"}
		}
	}
	algs, err := m.material()
	if err == nil {
		err = m.purpose(algs)
	}
	if err != nil {
		return jose.JSONWebKey{}, err
	}
	var key jose.JSONWebKey
	plain, _ := json.Marshal(map[string]string{"kty": m.Kty, "kid": m.Kid, "crv": m.Crv, "x": m.X, "y": m.Y, "n": m.N, "e": m.E}) // strings always marshal
	if key.UnmarshalJSON(plain) != nil || !key.Valid() {
		return jose.JSONWebKey{}, &KeyError{"kty", "is " + m.Kty + ", and the other members give no such key"}
	}
	key.Algorithm = m.Alg
	return key, nil
}

// material checks the key's numbers and returns the algorithms that it can be
// used with.
func (m member) material() (algs []string, err error) {
	switch m.Kty {
	case "EC":
		if m.Crv != "P-256" {
			return nil, &KeyError{"crv", "must be P-256, the curve of ES256"}
		}
		for name, coordinate := range map[string]string{"x": m.X, "y": m.Y} {
			if n, ok := number(coordinate); !ok || n != 32 {
				return nil, &KeyError{name, "must be a coordinate of 32 bytes, in base64url without padding"}
			}
		}
		return []string{"ES256"}, nil
	case "RSA":
		return []string{"RS256", "PS256"}, m.rsa()
	}
	return nil, &KeyError{"kty", "must be EC or RSA"} // no "oct": a symmetric key would be a shared secret
}

func (m member) rsa() error {
	modulus, err := base64.RawURLEncoding.Strict().DecodeString(m.N)
	if bits := new(big.Int).SetBytes(modulus).BitLen(); err != nil || bits < minRSA || bits > maxRSA {
		return &KeyError{"n", fmt.Sprintf("must be a modulus of %d to %d bits, in base64url without padding", minRSA, maxRSA)}
	}
	exponent, err := base64.RawURLEncoding.Strict().DecodeString(m.E)
	if e := new(big.Int).SetBytes(exponent); err != nil || e.BitLen() > 31 || e.Bit(0) == 0 || e.Cmp(big.NewInt(3)) < 0 {
		return &KeyError{"e", "must be an odd exponent, such as AQAB"}
	}
	return nil
}

// number is the length in bytes of a base64url value.
func number(s string) (int, bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return len(raw), err == nil && !strings.ContainsAny(s, "\r\n")
}

// purpose checks what the key says about its own use, RFC 7517 4.2 to 4.5.
func (m member) purpose(algs []string) error {
	switch {
	case m.Kid == "":
		return &KeyError{"kid", "is missing; assertions name their key by it"}
	case len(m.Kid) > maxKid || strings.ContainsFunc(m.Kid, func(r rune) bool { return r < ' ' || r > '~' }):
		return &KeyError{"kid", fmt.Sprintf("must be at most %d printable ASCII characters", maxKid)}
	case m.Alg != "" && !slices.Contains(algs, m.Alg):
		return &KeyError{"alg", "must be " + strings.Join(algs, " or ") + " with kty " + m.Kty}
	case m.Use != "" && m.Use != "sig":
		return &KeyError{"use", "must be sig"}
	case len(m.KeyOps) > 0 && !slices.Contains(m.KeyOps, "verify"):
		return &KeyError{"key_ops", "must have verify in it"}
	}
	return nil
}

// may reports whether the key can have made a signature with that algorithm.
// The key decides, not the token (RFC 8725 3.1).
func may(key jose.JSONWebKey, alg string) bool {
	if key.Algorithm != "" {
		return key.Algorithm == alg
	}
	switch key.Key.(type) {
	case *ecdsa.PublicKey:
		return alg == "ES256"
	case *rsa.PublicKey:
		return alg == "RS256" || alg == "PS256"
	}
	return false
}
