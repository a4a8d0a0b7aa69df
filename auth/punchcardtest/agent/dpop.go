package agent

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v3"
	josejwt "github.com/go-jose/go-jose/v3/jwt"
)

// Device is an app with a key of its own. It makes proofs of it (RFC 9449 4.2)
// with a library that the server does not use for them, and remembers the nonce
// that it was told last.
type Device struct {
	B     *Browser
	Key   *ecdsa.PrivateKey
	Nonce string
}

// Device makes a key.
func (b *Browser) Device() *Device {
	b.T.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.T.Fatal(err)
	}
	return &Device{B: b, Key: key}
}

// JKT is the thumbprint of the key, RFC 9449 6.1.
func (d *Device) JKT() string {
	d.B.T.Helper()
	public := jose.JSONWebKey{Key: d.Key.Public()}
	sum, err := public.Thumbprint(crypto.SHA256)
	if err != nil {
		d.B.T.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(sum)
}

// Proof is one for a request: method and address, and the access token that it
// carries, "" for none.
func (d *Device) Proof(method, target, token string) string {
	d.B.T.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: d.Key},
		(&jose.SignerOptions{}).WithType("dpop+jwt").WithHeader("jwk", jose.JSONWebKey{Key: d.Key.Public()}))
	if err != nil {
		d.B.T.Fatal(err)
	}
	claims := map[string]any{"jti": rand.Text(), "htm": method, "htu": target, "iat": time.Now().Unix()}
	if token != "" {
		sum := sha256.Sum256([]byte(token))
		claims["ath"] = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	if d.Nonce != "" {
		claims["nonce"] = d.Nonce
	}
	out, err := josejwt.Signed(signer).Claims(claims).CompactSerialize()
	if err != nil {
		d.B.T.Fatal(err)
	}
	return out
}

// Do sends a request with a proof, and once more where the server answers that
// it wants its nonce in it, as RFC 9449 8 has it.
func (d *Device) Do(method, target, token string, form url.Values, header ...string) (a Answer, asked bool) {
	d.B.T.Helper()
	for range 2 {
		with := append([]string{"DPoP", d.Proof(method, target, token)}, header...)
		if token != "" {
			with = append(with, "Authorization", "DPoP "+token)
		}
		a = d.B.Do(method, target, form, with...)
		if nonce := a.Header.Get("DPoP-Nonce"); nonce != "" {
			d.Nonce = nonce
		}
		if !strings.Contains(a.Text+strings.Join(a.Header.Values("WWW-Authenticate"), ""), "use_dpop_nonce") {
			return a, asked
		}
		asked = true
	}
	d.B.T.Fatalf("the nonce of %s was put into the proof, and it is asked for again", target)
	return a, asked
}

// Token is a token request with a proof.
func (d *Device) Token(form url.Values) Answer {
	d.B.T.Helper()
	a, _ := d.Do("POST", d.B.Base()+"/oauth/token", "", form)
	return a
}
