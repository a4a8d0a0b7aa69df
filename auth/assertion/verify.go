package assertion

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v3"
	"github.com/go-jose/go-jose/v3/json"
)

// Why an assertion is refused before anything it says is believed.
var (
	ErrMalformed = errors.New("not a signed JWT of the expected form")
	ErrAlgorithm = errors.New("algorithm not allowed")
	ErrKey       = errors.New("not signed by a registered key")
)

// What is longer is not parsed at all.
const (
	maxAssertion = 16 << 10
	maxHeader    = 4 << 10 // some clients send their certificate along
)

// Claims are those of RFC 7523 3. A time that was not sent is the zero time.
type Claims struct {
	Issuer, Subject, ID         string
	Audience                    []string
	Expiry, NotBefore, IssuedAt time.Time
}

// header is what matters of a JOSE header.
type header struct {
	Alg  string          `json:"alg"`
	Kid  string          `json:"kid"`
	Typ  string          `json:"typ"`
	Crit json.RawMessage `json:"crit"`
	// These name a key by the sender's word, two of them by an address to fetch.
	JKU json.RawMessage `json:"jku"`
	X5U json.RawMessage `json:"x5u"`
	JWK json.RawMessage `json:"jwk"`
}

// Unverified reads an assertion whose signature nobody has checked: it says
// whose keys to look for, and proves nothing. Errors: ErrMalformed.
func Unverified(token string) (Claims, error) {
	_, payload, err := parse(token)
	if err != nil {
		return Claims{}, err
	}
	return claimsOf(payload)
}

// Verify returns the claims of an assertion that one of the keys has signed.
// Errors: ErrMalformed, ErrAlgorithm, ErrKey.
func (k Keys) Verify(token string) (Claims, error) {
	h, _, err := parse(token)
	if err != nil {
		return Claims{}, err
	}
	if !slices.Contains(Algorithms, h.Alg) {
		return Claims{}, ErrAlgorithm
	}
	key, ok := k.choose(h)
	if !ok {
		return Claims{}, ErrKey
	}
	jws, err := jose.ParseSigned(token)
	if err != nil {
		return Claims{}, fmt.Errorf("%w: not a signed token", ErrMalformed)
	}
	payload, err := jws.Verify(key.Key)
	if err != nil {
		return Claims{}, ErrKey
	}
	return claimsOf(payload)
}

// choose finds the one key that may have signed. OIDC Core 10.1: where a set
// has more than one key, kid MUST be given.
func (k Keys) choose(h header) (jose.JSONWebKey, bool) {
	for _, key := range k.keys {
		if (h.Kid == key.KeyID || h.Kid == "" && len(k.keys) == 1) && may(key, h.Alg) {
			return key, true
		}
	}
	return jose.JSONWebKey{}, false
}

// types are what the header may say that it is; most clients say nothing, or
// JWT. Another one is a token of another use, signed with the same key, and
// must not log its client in (RFC 8725 3.11).
var types = []string{"", "jwt", "client-authentication+jwt"}

// parse takes the compact form alone, each part in its one spelling.
func parse(token string) (h header, payload []byte, err error) {
	parts := strings.Split(token, ".")
	if len(token) > maxAssertion || len(parts) != 3 {
		return h, nil, fmt.Errorf("%w: not three parts, or too long", ErrMalformed)
	}
	var raw [3][]byte
	for i, part := range parts {
		// RFC 7515 2: no line breaks or padding; Go's decoder skips line breaks.
		if raw[i], err = base64.RawURLEncoding.Strict().DecodeString(part); err != nil || part == "" || strings.ContainsAny(part, "\r\n") {
			return h, nil, fmt.Errorf("%w: not base64url", ErrMalformed)
		}
	}
	if len(raw[0]) > maxHeader || json.Unmarshal(raw[0], &h) != nil {
		return h, nil, fmt.Errorf("%w: its header cannot be read", ErrMalformed)
	}
	// RFC 7515 4.1.11: a critical extension that is not understood MUST be refused.
	if h.Crit != nil {
		return h, nil, fmt.Errorf("%w: a critical extension", ErrMalformed)
	}
	// RFC 8725 3.10: whoever sends the key along has signed with it, whoever that
	// is; and an address in it would make this server call where the sender likes.
	if h.JKU != nil || h.X5U != nil || h.JWK != nil {
		return h, nil, fmt.Errorf("%w: it brings its own key (jwk, jku or x5u)", ErrMalformed)
	}
	if !slices.Contains(types, strings.TrimPrefix(strings.ToLower(h.Typ), "application/")) {
		return h, nil, fmt.Errorf("%w: another type of token", ErrMalformed)
	}
	return h, raw[1], nil
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
