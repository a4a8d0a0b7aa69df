package assertion

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v3"
	"github.com/go-jose/go-jose/v3/json"

	"github.com/exampleco/punchcard/auth/jws"
)

// The reasons why an assertion is refused before its claims are read.
var (
	ErrMalformed = jws.ErrMalformed
	ErrAlgorithm = errors.New("algorithm not allowed")
	ErrKey       = errors.New("not signed by a registered key")
)

// The limit is generous because some clients send their certificate in the
// header.
var limits = jws.Limits{Token: 16 << 10, Header: 4 << 10}

// Claims has the claims of RFC 7523 3. A time that was not sent is the zero
// time.
type Claims struct {
	Issuer, Subject, ID         string
	Audience                    []string
	Expiry, NotBefore, IssuedAt time.Time
}

// Unverified reads an assertion without checking its signature. It only says
// whose keys to look for, and proves nothing. Errors: ErrMalformed.
func Unverified(token string) (Claims, error) {
	read, err := parse(token)
	if err != nil {
		return Claims{}, err
	}
	return claimsOf(read.Payload)
}

// Verify returns the claims of an assertion if one of the keys has signed it.
// Errors: ErrMalformed, ErrAlgorithm, ErrKey.
func (k Keys) Verify(token string) (Claims, error) {
	read, err := parse(token)
	if err != nil {
		return Claims{}, err
	}
	if !slices.Contains(Algorithms, read.Header.Alg) {
		return Claims{}, ErrAlgorithm
	}
	key, ok := k.choose(read.Header)
	if !ok {
		return Claims{}, ErrKey
	}
	signed, err := jose.ParseSigned(token)
	if err != nil {
		return Claims{}, fmt.Errorf("%w: not a signed token", ErrMalformed)
	}
	payload, err := signed.Verify(key.Key)
	if err != nil {
		return Claims{}, ErrKey
	}
	return claimsOf(payload)
}

// choose finds the one key that may have signed. OIDC Core 10.1: if a set has
// more than one key, kid MUST be given.
func (k Keys) choose(h jws.Header) (jose.JSONWebKey, bool) {
	for _, key := range k.keys {
		if (h.Kid == key.KeyID || h.Kid == "" && len(k.keys) == 1) && may(key, h.Alg) {
			return key, true
		}
	}
	return jose.JSONWebKey{}, false
}

// types lists the accepted values of the header's typ. Most clients send none,
// or JWT. Any other value marks a token for another use that was signed with
// the same key, and such a token must not authenticate the client (RFC 8725
// 3.11).
var types = []string{"", "jwt", "client-authentication+jwt"}

// parse reads an assertion, and refuses anything whose header is not that of
// one.
func parse(token string) (*jws.Token, error) {
	read, err := jws.Read(token, limits)
	if err != nil {
		return nil, err
	}
	// RFC 8725 3.10: a key that comes with the assertion proves nothing,
	// because the sender chose it. A URL in the header would make this server
	// fetch an address of the sender's choice.
	if h := read.Header; h.JKU != nil || h.X5U != nil || h.JWK != nil {
		return nil, fmt.Errorf("%w: it brings its own key (jwk, jku or x5u)", ErrMalformed)
	}
	if !slices.Contains(types, strings.TrimPrefix(strings.ToLower(read.Header.Typ), "application/")) {
		return nil, fmt.Errorf("%w: another type of token", ErrMalformed)
	}
	return read, nil
}

func claimsOf(payload []byte) (Claims, error) {
	var raw struct {
		Issuer    string          `json:"iss"`
		Subject   string          `json:"sub"`
		ID        string          `json:"jti"`
		Audience  json.RawMessage `json:"aud"`
		Expiry    *float64        `json:"exp"`
		NotBefore *float64        `json:"nbf"`
		IssuedAt  *float64        `json:"iat"`
	}
	if err := json.Unmarshal(payload, &raw); err != nil {
		return Claims{}, fmt.Errorf("%w: its claims cannot be read", ErrMalformed)
	}
	c := Claims{Issuer: raw.Issuer, Subject: raw.Subject, ID: raw.ID}
	for _, date := range []struct {
		from *float64
		to   *time.Time
	}{{raw.Expiry, &c.Expiry}, {raw.NotBefore, &c.NotBefore}, {raw.IssuedAt, &c.IssuedAt}} {
		if date.from == nil {
			continue
		}
		seconds := *date.from // RFC 7519 2: NumericDate may have a fraction
		if seconds < 1 || seconds > 253402300799 || math.IsNaN(seconds) {
			return Claims{}, fmt.Errorf("%w: a date that is none", ErrMalformed)
		}
		*date.to = time.Unix(int64(seconds), 0)
	}
	// RFC 7519 4.1.3: one name, or a list of them.
	var one string
	if raw.Audience != nil && json.Unmarshal(raw.Audience, &one) == nil {
		c.Audience = []string{one}
	} else if raw.Audience != nil && json.Unmarshal(raw.Audience, &c.Audience) != nil {
		return Claims{}, fmt.Errorf("%w: an audience that is no text", ErrMalformed)
	}
	return c, nil
}
