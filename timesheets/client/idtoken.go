package client

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v3"
)

// person is who the ID token says has signed in.
type person struct {
	Subject string `json:"sub"`
	Name    string `json:"name"`
	Email   string `json:"email"`
}

// idToken is what of an ID token has to be checked, OIDC Core 2.
type idToken struct {
	person
	Issuer     string   `json:"iss"`
	Audience   audience `json:"aud"`
	Party      string   `json:"azp"`
	Expires    int64    `json:"exp"`
	Issued     int64    `json:"iat"`
	Nonce      string   `json:"nonce"`
	AuthTime   int64    `json:"auth_time"`
	AccessHash string   `json:"at_hash"`
}

// audience is one string or several, RFC 7519 4.1.3.
type audience []string

func (a *audience) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(a))
}

// skew is how far two clocks may be apart.
const skew = time.Minute

// expectation is what this very sign-in demands of its ID token.
type expectation struct {
	nonce string    // "" after a refresh or on a device, where none was sent
	after time.Time // zero, or when the password was given at the earliest
}

// identify checks the ID token, item by item of OIDC Core 3.1.3.7.
func (w *wire) identify(ctx context.Context, m *metadata, client string, t *tokens, want expectation) (*person, error) {
	refuse := func(why string) (*person, error) {
		return nil, fail("The ID token that came back cannot be trusted: "+why+". Nothing was stored.", "")
	}
	if t.ID == "" {
		return refuse("there is none, although openid was asked for")
	}
	// Item 6 lets TLS vouch for a token that comes straight from the server;
	// on this machine there is none, so the signature is checked always.
	payload, err := w.verify(ctx, m, t.ID)
	if errors.Is(err, errOffline) {
		return nil, err
	}
	if err != nil {
		return refuse(err.Error())
	}
	var id idToken
	if err := json.Unmarshal(payload, &id); err != nil {
		return refuse("it cannot be read")
	}
	now := time.Now()
	switch {
	case id.Issuer != m.Issuer: // item 2
		return refuse("it is from another issuer")
	case !slices.Contains(id.Audience, client) || len(id.Audience) > 1 && id.Party != client: // items 3 to 5
		return refuse("it is for another app")
	case id.Subject == "":
		return refuse("it names nobody")
	case now.After(time.Unix(id.Expires, 0).Add(skew)): // item 9
		return refuse("it has expired. Is the clock of this computer right?")
	case time.Unix(id.Issued, 0).After(now.Add(skew)): // item 10
		return refuse("it is from the future. Is the clock of this computer right?")
	case want.nonce != "" && id.Nonce != want.nonce: // item 11: no replay
		return refuse("it answers another sign-in")
	case !want.after.IsZero() && time.Unix(id.AuthTime, 0).Before(want.after.Add(-skew)): // item 13
		return refuse("the password was not asked for anew")
	case id.AccessHash != "" && id.AccessHash != leftHalf(t.Access): // 3.1.3.8
		return refuse("it belongs to another access token")
	}
	return &id.person, nil
}

// leftHalf is at_hash for the algorithms of verify, all of them on SHA-256:
// OIDC Core 3.1.3.6.
func leftHalf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
}

// verify checks the signature with a key that the server publishes, and
// returns the payload. RFC 8725 3.1: which algorithms are possible is decided
// here, not by the token; so "none", or an HMAC with the public key, gets
// nowhere. A key that the token brings along is not looked at.
func (w *wire) verify(ctx context.Context, m *metadata, token string) ([]byte, error) {
	jws, err := jose.ParseSigned(token)
	if err != nil || len(jws.Signatures) != 1 {
		return nil, errors.New("it is no signed token")
	}
	header := jws.Signatures[0].Protected
	if header.Algorithm != string(jose.RS256) && header.Algorithm != string(jose.ES256) {
		return nil, errors.New("it is signed by an algorithm that is not taken here")
	}
	got, err := w.get(ctx, m.JWKS)
	if err != nil {
		return nil, err
	}
	var set jose.JSONWebKeySet
	if got.status != http.StatusOK || json.Unmarshal(got.body, &set) != nil {
		return nil, errors.New("the server does not show its keys")
	}
	for _, key := range set.Key(header.KeyID) {
		if key.Algorithm != "" && key.Algorithm != header.Algorithm || key.Use != "" && key.Use != "sig" {
			continue
		}
		if payload, err := jws.Verify(key.Key); err == nil {
			return payload, nil
		}
	}
	return nil, errors.New("no key of the server has signed it")
}
