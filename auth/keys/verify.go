package keys

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v3"
	// Of the JSON parsers at hand the one that refuses a member given twice and
	// does not take "ALG" for "alg"; the JWS parser uses it too, so both see
	// the same header.
	"github.com/go-jose/go-jose/v3/json"
)

// Why a token is refused. An error wraps exactly one of them and never holds
// any of the token.
var (
	ErrMalformed  = errors.New("not a JWT of the expected form")
	ErrAlgorithm  = errors.New("algorithm not allowed")
	ErrUnknownKey = errors.New("signed by an unknown key")
	ErrType       = errors.New("another type of token")
	ErrSignature  = errors.New("wrong signature")
)

// What is longer is not parsed at all. Our tokens have less than 2 KiB, their
// headers some 120 bytes; nested JSON takes a hundred times its length to read.
const (
	maxToken  = 16 << 10
	maxHeader = 1 << 10
)

// header is what matters of a JOSE header. jku, x5u, jwk and x5c would name a
// key by the sender's word and are not looked at (RFC 8725 3.10).
type header struct {
	Alg  string          `json:"alg"`
	Kid  string          `json:"kid"`
	Typ  string          `json:"typ"`
	Crit json.RawMessage `json:"crit"`
}

// Verify returns the payload of a token that a key of this ring has signed as
// typ (TypeAccessToken, TypeJWT). It says nothing about the claims: issuer,
// audience and times are the caller's to check. Errors: one of the sentinels.
func (r *Ring) Verify(token, typ string) ([]byte, error) {
	h, err := parseHeader(token)
	if err != nil {
		return nil, err
	}
	key, err := r.choose(h)
	if err != nil {
		return nil, err
	}
	// RFC 8725 3.11: without explicit typing an ID token would open the API.
	if !sameType(h.Typ, typ) {
		return nil, ErrType
	}
	jws, err := jose.ParseSigned(token)
	if err != nil {
		return nil, fmt.Errorf("%w: not a signed token", ErrMalformed)
	}
	payload, err := jws.Verify(key.Key)
	if err != nil {
		return nil, ErrSignature
	}
	return payload, nil
}

// choose finds the one key that may have signed. The key decides about the
// algorithm, not the token: "none", or HMAC with the public key as its secret,
// gets nowhere (RFC 8725 3.1).
func (r *Ring) choose(h header) (jose.JSONWebKey, error) {
	if !slices.Contains(algorithms, h.Alg) {
		return jose.JSONWebKey{}, ErrAlgorithm
	}
	key, ok := r.published(h.Kid)
	if !ok {
		return jose.JSONWebKey{}, ErrUnknownKey
	}
	if key.Algorithm != h.Alg {
		return jose.JSONWebKey{}, fmt.Errorf("%w: not that of the key", ErrAlgorithm)
	}
	return key, nil
}

// parseHeader takes only the compact form with three parts (five would be an
// encrypted token), each in the one spelling that base64url has for it: a
// second spelling would be the same token under another hash.
func parseHeader(token string) (header, error) {
	var h header
	if len(token) > maxToken {
		return h, fmt.Errorf("%w: too long", ErrMalformed)
	}
	if strings.Count(token, ".") != 2 {
		return h, fmt.Errorf("%w: not three parts", ErrMalformed)
	}
	parts := strings.Split(token, ".")
	var first []byte
	for i, part := range parts {
		// RFC 7515 2: no line breaks, white space or padding; Go's decoder skips line breaks.
		raw, err := base64.RawURLEncoding.Strict().DecodeString(part)
		if err != nil || part == "" || strings.ContainsAny(part, "\r\n") {
			return h, fmt.Errorf("%w: not base64url", ErrMalformed)
		}
		if i == 0 {
			first = raw
		}
	}
	if len(first) > maxHeader {
		return h, fmt.Errorf("%w: its header is too long", ErrMalformed)
	}
	if err := json.Unmarshal(first, &h); err != nil {
		return h, fmt.Errorf("%w: its header cannot be read", ErrMalformed)
	}
	// RFC 7515 4.1.11: an extension that is critical and not understood MUST be
	// refused. None is understood here.
	if h.Crit != nil {
		return h, fmt.Errorf("%w: a critical extension", ErrMalformed)
	}
	return h, nil
}

// sameType compares a header's typ with the wanted one. RFC 9068 4: at+jwt or
// application/at+jwt; media types do not depend on letter case (RFC 2045 5.1).
func sameType(got, want string) bool {
	if want != TypeAccessToken {
		return got == want
	}
	return strings.EqualFold(got, want) || strings.EqualFold(got, "application/"+want)
}
