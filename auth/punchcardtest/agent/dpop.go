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

// Device is an app with its own key. It makes proofs (RFC 9449 4.2) with a
// library that the server does not use for them, and remembers the last nonce
// that it was given.
type Device struct {
	B     *Browser
	Key   *ecdsa.PrivateKey
	Nonce string
}

// Device makes an app with a new key.
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

// Proof makes a proof for a request: its method and address, and the access
// token that it carries, or "".
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

// Do sends a request with a proof, and repeats it once if the server demands a
// nonce, as RFC 9449 8 says.
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

// Token sends a token request with a proof.
func (d *Device) Token(form url.Values) Answer {
	d.B.T.Helper()
	a, _ := d.Do("POST", d.B.Base()+"/oauth/token", "", form)
	return a
}
