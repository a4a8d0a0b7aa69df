package dpop

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"math/big"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/exampleco/punchcard/auth/jws"
)

// algorithms lists only asymmetric algorithms. EdDSA is the older name of
// Ed25519 (RFC 9864 2.2), and clients use both.
var algorithms = []string{"ES256", "PS256", "RS256", "Ed25519", "EdDSA"}

// A smaller RSA key is too weak (RFC 7518 3.3). A larger one would let any
// sender use up the server's time.
const minRSA, maxRSA = 2048, 4096 // bits

// key is the public key of a proof.
type key struct {
	public     crypto.PublicKey
	thumbprint string // RFC 7638, SHA-256
}

// members has the members of a public JWK, RFC 7518 6 and RFC 8037 2.
type members struct {
	Kty string `json:"kty"`
	Crv string `json:"crv"`
	X   string `json:"x"`
	Y   string `json:"y"`
	N   string `json:"n"`
	E   string `json:"e"`
}

// privateMembers lists the members that only a private or a symmetric key has.
func privateMembers(jwk jsontext.Value) string {
	var all map[string]jsontext.Value
	if json.Unmarshal(jwk, &all) != nil {
		return "" // parseKey says what is wrong
	}
	var found []string
	for _, name := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"} {
		if _, has := all[name]; has {
			found = append(found, name)
		}
	}
	return strings.Join(found, " ")
}

// parseKey reads the key that alg signs with.
func parseKey(jwk jsontext.Value, alg string) (key, error) {
	var m members
	if jwk == nil {
		return key{}, errors.New("there is none")
	}
	if err := json.Unmarshal(jwk, &m); err != nil {
		return key{}, errors.New("it cannot be read")
	}
	switch alg {
	case "ES256":
		return m.p256()
	case "PS256", "RS256":
		return m.rsa()
	case "Ed25519", "EdDSA":
		return m.ed25519()
	}
	return key{}, errors.New("no key goes with that alg")
}

func (m members) p256() (key, error) {
	if m.Kty != "EC" || m.Crv != "P-256" {
		return key{}, errors.New("kty must be EC and crv P-256")
	}
	x, xerr := jws.Decode(m.X)
	y, yerr := jws.Decode(m.Y)
	if xerr != nil || yerr != nil || len(x) != 32 || len(y) != 32 { // RFC 7518 6.2.1.2: the full size of a coordinate
		return key{}, errors.New("x and y must have 32 bytes each")
	}
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, x...), y...))
	if err != nil {
		return key{}, errors.New("it is not a point of the curve")
	}
	return key{public, thumbprint(`{"crv":"P-256","kty":"EC","x":"` + m.X + `","y":"` + m.Y + `"}`)}, nil
}

func (m members) rsa() (key, error) {
	if m.Kty != "RSA" {
		return key{}, errors.New("kty must be RSA")
	}
	n, nerr := jws.Decode(m.N)
	e, eerr := jws.Decode(m.E)
	// RFC 7518 6.3.1.1: no more octets than needed, otherwise one key would
	// have many thumbprints.
	if nerr != nil || eerr != nil || len(n) == 0 || len(e) == 0 || n[0] == 0 || e[0] == 0 {
		return key{}, errors.New("n and e must be numbers without leading zeros")
	}
	public := &rsa.PublicKey{N: new(big.Int).SetBytes(n)}
	if bits := public.N.BitLen(); bits < minRSA || bits > maxRSA {
		return key{}, errors.New("n must have 2048 to 4096 bits")
	}
	exponent := new(big.Int).SetBytes(e)
	if exponent.BitLen() > 31 || exponent.Bit(0) == 0 || exponent.Int64() < 3 {
		return key{}, errors.New("e must be odd, from 3 to 2147483647")
	}
	public.E = int(exponent.Int64())
	return key{public, thumbprint(`{"e":"` + m.E + `","kty":"RSA","n":"` + m.N + `"}`)}, nil
}

func (m members) ed25519() (key, error) {
	x, err := jws.Decode(m.X)
	if m.Kty != "OKP" || m.Crv != "Ed25519" || err != nil || len(x) != ed25519.PublicKeySize {
		return key{}, errors.New("kty must be OKP, crv Ed25519, and x 32 bytes")
	}
	return key{ed25519.PublicKey(x), thumbprint(`{"crv":"Ed25519","kty":"OKP","x":"` + m.X + `"}`)}, nil
}

// thumbprint computes RFC 7638 3 from the required members, in order. Their
// values are base64url, so nothing in them needs an escape.
func thumbprint(required string) string {
	sum := sha256.Sum256([]byte(required))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// verifies reports whether the key made this signature. parseKey has checked
// that the key fits alg.
func (k key) verifies(alg string, signed, signature []byte) bool {
	sum := sha256.Sum256(signed)
	switch public := k.public.(type) {
	case *ecdsa.PublicKey: // RFC 7518 3.4: r and s, 32 bytes each
		return len(signature) == 64 && ecdsa.Verify(public, sum[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:]))
	case *rsa.PublicKey:
		if alg == "PS256" { // RFC 7518 3.5: the salt is as long as the hash
			return rsa.VerifyPSS(public, crypto.SHA256, sum[:], signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
		}
		return rsa.VerifyPKCS1v15(public, crypto.SHA256, sum[:], signature) == nil
	case ed25519.PublicKey:
		return ed25519.Verify(public, signed, signature)
	}
	return false
}

// Name names a key by the beginning of its thumbprint, which is public.
func Name(jkt string) string {
	if len(jkt) < 8 {
		return "no key"
	}
	return "key " + jkt[:8]
}
