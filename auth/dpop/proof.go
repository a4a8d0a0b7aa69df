package dpop

import (
	"fmt"

	// This parser refuses duplicate members and bad UTF-8, and does not accept
	// "JTI" for "jti". So two readers of one proof always see the same values.
	"github.com/go-json-experiment/json"

	"github.com/exampleco/punchcard/auth/jws"
)

// A proof with an RSA key of 4096 bits has less than 3 KiB.
var limits = jws.Limits{Token: 8 << 10, Header: 4 << 10}

// proof is a DPoP proof JWT, RFC 9449 4.2, that was parsed but not yet
// verified.
type proof struct {
	*jws.Token
	claims claims
	key    key // of Header.JWK, after it was checked
}

type claims struct {
	ID       string   `json:"jti"`
	Method   string   `json:"htm"`
	URL      string   `json:"htu"`
	IssuedAt *float64 `json:"iat"` // a NumericDate need not be a whole number, RFC 7519 2
	Hash     string   `json:"ath"`
	Nonce    string   `json:"nonce"`
}

// missing returns the name of a required claim that is absent.
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

// parse reads a proof. Its errors contain nothing that was sent.
func parse(sent string) (*proof, error) {
	read, err := jws.Read(sent, limits)
	if err != nil {
		return nil, err
	}
	p := &proof{Token: read}
	if err := json.Unmarshal(read.Payload, &p.claims); err != nil {
		return nil, fmt.Errorf("%w: its claims are not those of a proof", jws.ErrMalformed)
	}
	return p, nil
}
