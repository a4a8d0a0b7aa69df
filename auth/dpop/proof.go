package dpop

import (
	"encoding/base64"
	"errors"
	"strings"

	// Refuses a member given twice and bad UTF-8, and does not take "ALG" for
	// "alg": two readers of one proof see the same one.
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxProof is longer than any honest proof: one with an RSA key of 4096 bits
// has less than 3 KiB.
const maxProof = 8 << 10

// proof is a DPoP proof JWT, RFC 9449 4.2, read and not yet believed.
type proof struct {
	header    header
	claims    claims
	signed    []byte // what the signature is over
	signature []byte
	key       key // of header.JWK, once that was looked at
}

type header struct {
	Typ  string         `json:"typ"`
	Alg  string         `json:"alg"`
	JWK  jsontext.Value `json:"jwk"`
	Crit jsontext.Value `json:"crit"`
}

type claims struct {
	ID       string   `json:"jti"`
	Method   string   `json:"htm"`
	URL      string   `json:"htu"`
	IssuedAt *float64 `json:"iat"` // a NumericDate need not be a whole number, RFC 7519 2
	Hash     string   `json:"ath"`
	Nonce    string   `json:"nonce"`
}

// missing names a required claim that is not there.
func (c claims) missing() string {
	switch {
	case c.ID == "":
		return "jti"
	case c.Method == "":
		return "htm"
	case c.URL == "":
		return "htu"
	case c.IssuedAt == nil:
		return "iat"
	}
	return ""
}

// parse takes only the compact form with three parts, each in the one spelling
// that base64url has for it. Its errors hold nothing of what was sent.
func parse(sent string) (*proof, error) {
	if len(sent) > maxProof {
		return nil, errors.New("it is too long")
	}
	parts := strings.Split(sent, ".")
	if len(parts) != 3 {
		return nil, errors.New("it does not have three parts")
	}
	var raw [3][]byte
	for i, part := range parts {
		var err error
		if raw[i], err = decode(part); err != nil {
			return nil, errors.New("it is not base64url")
		}
	}
	p := &proof{signed: []byte(parts[0] + "." + parts[1]), signature: raw[2]}
	if err := json.Unmarshal(raw[0], &p.header); err != nil {
		return nil, errors.New("its header is not the JSON of one")
	}
	if err := json.Unmarshal(raw[1], &p.claims); err != nil {
		return nil, errors.New("its claims are not the JSON of a proof")
	}
	// RFC 7515 4.1.11: a critical extension that is not understood MUST be refused. None is understood here.
	if p.header.Crit != nil {
		return nil, errors.New("it has a critical extension")
	}
	return p, nil
}

// decode is base64url without padding, RFC 7515 2. Go's decoder skips line
// breaks, which would give one proof many spellings.
func decode(s string) ([]byte, error) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, errors.New("line breaks")
	}
	return base64.RawURLEncoding.Strict().DecodeString(s)
}
