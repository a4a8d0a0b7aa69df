package keys

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v3"

	"github.com/exampleco/punchcard/auth/jws"
)

// The reasons why a token is refused. An error wraps exactly one of them and
// never contains any part of the token.
var (
	ErrMalformed  = jws.ErrMalformed
	ErrAlgorithm  = errors.New("algorithm not allowed")
	ErrUnknownKey = errors.New("signed by an unknown key")
	ErrType       = errors.New("another type of token")
	ErrSignature  = errors.New("wrong signature")
)

// Our tokens have less than 2 KiB, their headers some 120 bytes.
var limits = jws.Limits{Token: 16 << 10, Header: 1 << 10}

// Verify returns the payload of a token that a key of this ring has signed as
// typ (TypeAccessToken, TypeJWT). It does not check the claims: the caller
// checks issuer, audience and times. Errors: one of the sentinels.
func (r *Ring) Verify(token, typ string) ([]byte, error) {
	read, err := jws.Read(token, limits)
	if err != nil {
		return nil, err
	}
	key, err := r.choose(read.Header)
	if err != nil {
		return nil, err
	}
	return verifiedBy(key, read, token, typ)
}

// verifiedBy checks a token against the key that its header names.
func verifiedBy(key jose.JSONWebKey, read *jws.Token, token, typ string) ([]byte, error) {
	if key.Algorithm != read.Header.Alg {
		return nil, fmt.Errorf("%w: not that of the key", ErrAlgorithm)
	}
	// RFC 8725 3.11: without explicit typing, the API would accept an ID
	// token.
	if !sameType(read.Header.Typ, typ) {
		return nil, ErrType
	}
	signed, err := jose.ParseSigned(token)
	if err != nil {
		return nil, fmt.Errorf("%w: not a signed token", ErrMalformed)
	}
	payload, err := signed.Verify(key.Key)
	if err != nil {
		return nil, ErrSignature
	}
	return payload, nil
}

// choose finds the one key that may have signed, by its kid alone: jku, x5u,
// jwk and x5c would let the sender choose the key (RFC 8725 3.10). The key
// decides the algorithm, not the token, so "none", or HMAC with the public key
// as its secret, is refused (RFC 8725 3.1).
func (r *Ring) choose(h jws.Header) (jose.JSONWebKey, error) {
	if !slices.Contains(algorithms, h.Alg) {
		return jose.JSONWebKey{}, ErrAlgorithm
	}
	key, ok := r.published(h.Kid)
	if !ok {
		return jose.JSONWebKey{}, ErrUnknownKey
	}
	return key, nil
}

// sameType compares a header's typ with the expected one. RFC 9068 4: at+jwt
// or application/at+jwt. Media types do not depend on letter case (RFC 2045
// 5.1).
func sameType(got, want string) bool {
	if want != TypeAccessToken {
		return got == want
	}
	return strings.EqualFold(got, want) || strings.EqualFold(got, "application/"+want)
}
