// Package jws reads the compact form of a JSON Web Signature (RFC 7515 7.1),
// for access and ID tokens, client assertions and DPoP proofs. It proves
// nothing: the caller must verify the signature and the claims.
//
// It is strict, so that two readers of one token always see the same values:
// three parts, each in the one spelling that base64url has for it; a header
// that is one JSON object, has each member only once and in the right letter
// case, and asks for no extension.
package jws

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// ErrMalformed is wrapped by every error of Read. No error contains any part
// of the token.
var ErrMalformed = errors.New("not a signed JWT in its compact form")

// Header has the members of a JOSE header that matter here, RFC 7515 4.1.
type Header struct {
	Alg string `json:"alg"`
	Kid string `json:"kid"`
	Typ string `json:"typ"`

	// These name a key that the sender chose; two of them are URLs to fetch.
	// Only a DPoP proof uses one of them, jwk (RFC 8725 3.10).
	JWK jsontext.Value `json:"jwk"`
	JKU jsontext.Value `json:"jku"`
	X5U jsontext.Value `json:"x5u"`

	Crit jsontext.Value `json:"crit"`
}

// Token is a JWS that was parsed but not yet verified.
type Token struct {
	Header    Header
	Payload   []byte
	Signature []byte
	Signed    []byte // what the signature covers, RFC 7515 5.1
}

// Limits bound what is parsed, in bytes: reading nested JSON takes a hundred
// times its length.
type Limits struct{ Token, Header int }

// Read parses a compact JWS. Errors wrap ErrMalformed.
func Read(sent string, most Limits) (*Token, error) {
	if len(sent) > most.Token {
		return nil, malformed("it is too long")
	}
	// A token with five parts would be encrypted.
	if strings.Count(sent, ".") != 2 {
		return nil, malformed("it does not have three parts")
	}
	parts := strings.SplitN(sent, ".", 3)
	var raw [3][]byte
	for i, part := range parts {
		var err error
		if raw[i], err = Decode(part); err != nil || part == "" && i < 2 { // "none" has an empty signature, which the caller refuses
			return nil, malformed("it is not base64url")
		}
	}
	t := &Token{Payload: raw[1], Signature: raw[2], Signed: []byte(parts[0] + "." + parts[1])}
	if len(raw[0]) > most.Header {
		return nil, malformed("its header is too long")
	}
	// RFC 7515 4: member names are unique. The parser refuses duplicate
	// members and bad UTF-8, and does not accept "ALG" for "alg".
	if raw[0][0] != '{' || json.Unmarshal(raw[0], &t.Header) != nil {
		return nil, malformed("its header is not a JSON object of the right types")
	}
	// RFC 7515 4.1.11: a critical extension that is not understood MUST be
	// refused. This package understands none.
	if t.Header.Crit != nil {
		return nil, malformed("it has a critical extension")
	}
	return t, nil
}

// Decode reads base64url in its one spelling, RFC 7515 2: without padding,
// white space, line breaks or spare bits. Go's decoder skips line breaks,
// which would give one token many spellings and many hashes.
func Decode(s string) ([]byte, error) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, base64.CorruptInputError(strings.IndexAny(s, "\r\n"))
	}
	return base64.RawURLEncoding.Strict().DecodeString(s)
}

func malformed(what string) error { return fmt.Errorf("%w: %s", ErrMalformed, what) }
