package assertion

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v3"
)

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// pair is a client's: the private key that it keeps, and the JWK it registers.
type pair struct {
	private any
	jwk     map[string]string
}

var ec = sync.OnceValue(func() pair { return ecPair(elliptic.P256(), "P-256", 32) })

func ecPair(curve elliptic.Curve, name string, size int) pair {
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		panic(err)
	}
	point, err := key.PublicKey.Bytes() // 4, x, y
	if err != nil {
		panic(err)
	}
	return pair{key, map[string]string{"kty": "EC", "crv": name, "kid": "ec", "x": b64(point[1 : 1+size]), "y": b64(point[1+size:])}}
}

var rs = sync.OnceValue(func() pair { return rsaPair(2048) })

func rsaPair(bits int) pair {
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		panic(err)
	}
	return pair{key, map[string]string{"kty": "RSA", "kid": "rsa", "n": b64(key.N.Bytes()), "e": b64(big.NewInt(int64(key.E)).Bytes())}}
}

// with is the JWK, changed: pairs replace, "" takes away.
func (p pair) with(pairs ...string) string {
	m := map[string]any{}
	for k, v := range p.jwk {
		m[k] = v
	}
	for i := 0; i < len(pairs); i += 2 {
		if m[pairs[i]] = any(pairs[i+1]); pairs[i+1] == "" {
			delete(m, pairs[i])
		}
	}
	raw, _ := json.Marshal(m)
	return string(raw)
}

func set(jwks ...string) string { return `{"keys":[` + strings.Join(jwks, ",") + `]}` }

// Which keys may be registered, and what is said of the others.
func TestKeys(t *testing.T) {
	for _, c := range []struct{ name, jwk, want string }{
		{"EC", ec().with(), ""},
		{"RSA", rs().with(), ""},
		{"with all it may say", rs().with("alg", "PS256", "use", "sig", "x5t", "whatever"), ""},
		{"private EC", ec().with("d", "AQ"), "d is part of a private key"},
		{"private RSA by a factor", rs().with("p", "AQ"), "p is part of a private key"},
		{"a shared secret", `{"kty":"oct","kid":"k","k":"c2VjcmV0"}`, "k is part of a private key"},
		{"symmetric", `{"kty":"oct","kid":"k"}`, "kty must be EC or RSA"},
		{"Edwards curve", `{"kty":"OKP","crv":"Ed25519","kid":"k","x":"AQ"}`, "kty must be EC or RSA"},
		{"no kty", `{"kid":"k"}`, "kty must be EC or RSA"},
		{"no object", `"EC"`, "kty is not that of a JWK"},
		{"another curve", ecPair(elliptic.P384(), "P-384", 48).with(), "crv must be P-256"},
		{"a short coordinate", ec().with("x", "AQ"), "x must be a coordinate of 32 bytes"},
		{"padding", ec().with("y", ec().jwk["y"]+"="), "y must be a coordinate"},
		{"not on the curve", ec().with("y", ec().jwk["x"]), "kty is EC, and the other members give no such key"},
		{"1024 bits", rsaModulus(1024).with(), "n must be a modulus of 2048"},
		{"9000 bits", rsaModulus(9000).with(), "n must be a modulus of 2048 to 8192"},
		{"even exponent", rs().with("e", "Ag"), "e must be an odd exponent"},
		{"exponent one", rs().with("e", "AQ"), "e must be an odd exponent"},
		{"huge exponent", rs().with("e", "AQAAAAAAAAE"), "e must be an odd exponent"},
		{"no kid", ec().with("kid", ""), "kid is missing"},
		{"a kid of control characters", ec().with("kid", "a\nb"), "kid must be"},
		{"alg of another kind", ec().with("alg", "RS256"), "alg must be ES256 with kty EC"},
		{"alg none", rs().with("alg", "none"), "alg must be RS256 or PS256"},
		{"alg HS256", rs().with("alg", "HS256"), "alg must be RS256 or PS256"},
		{"for encryption", rs().with("use", "enc"), "use must be sig"},
		{"two kty", `{"kty":"EC",` + ec().with()[1:], "kty is not that of a JWK"},
	} {
		_, err := ParseKeys([]byte(set(c.jwk)))
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// rsaModulus has the size alone: making such keys takes long.
func rsaModulus(bits int) pair {
	n := new(big.Int).SetBit(big.NewInt(1), bits-1, 1)
	return pair{nil, map[string]string{"kty": "RSA", "kid": "rsa", "n": b64(n.Bytes()), "e": "AQAB"}}
}

func TestSets(t *testing.T) {
	many := make([]string, MaxKeys+1)
	for i := range many {
		many[i] = ec().with("kid", fmt.Sprint(i))
	}
	for name, text := range map[string]string{
		"no JSON": "keys", "no keys": `{}`, "empty": set(), "too many": set(many...), "one of them is private": set(ec().with(), rs().with("d", "AQ")),
		"a kid twice": set(ec().with("kid", "same"), rs().with("kid", "same")), "a list": `[` + ec().with() + `]`, "trailing": set(ec().with()) + "x",
		"large": set(ec().with()) + strings.Repeat(" ", 64<<10),
	} {
		if _, err := ParseKeys([]byte(text)); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if _, err := ParseKeys([]byte(set(many[1:]...))); err != nil {
		t.Error(err)
	}
}

// sign makes an assertion as a client does, by another part of the library
// than the one that reads it.
func sign(t testing.TB, alg string, key any, header map[string]any, claims string) string {
	t.Helper()
	options := &jose.SignerOptions{ExtraHeaders: map[jose.HeaderKey]any{}}
	for name, value := range header {
		options.ExtraHeaders[jose.HeaderKey(name)] = value
	}
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(alg), Key: key}, options)
	if err != nil {
		t.Fatal(err)
	}
	jws, err := s.Sign([]byte(claims))
	if err != nil {
		t.Fatal(err)
	}
	out, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

const about = `{"iss":"app","sub":"app","aud":"https://as.example","exp":1900000000.5,"iat":1800000000,"jti":"1"}`

func keysOf(t testing.TB, jwks ...string) Keys {
	t.Helper()
	k, err := ParseKeys([]byte(set(jwks...)))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestVerify(t *testing.T) {
	two, one, only := keysOf(t, ec().with(), rs().with()), keysOf(t, ec().with()), keysOf(t, rs().with("alg", "PS256"))
	stranger := ecPair(elliptic.P256(), "P-256", 32)
	kid := func(id string, more ...any) map[string]any {
		h := map[string]any{"kid": id}
		for i := 0; i < len(more); i += 2 {
			h[more[i].(string)] = more[i+1]
		}
		return h
	}
	good := sign(t, "ES256", ec().private, kid("ec"), about)
	parts := strings.Split(good, ".")
	modulus, _ := json.Marshal(rs().jwk)
	for _, c := range []struct {
		name, token string
		keys        Keys
		want        error
	}{
		{"ES256", good, two, nil},
		{"RS256", sign(t, "RS256", rs().private, kid("rsa"), about), two, nil},
		{"PS256", sign(t, "PS256", rs().private, kid("rsa"), about), two, nil},
		{"no kid, and one key", sign(t, "ES256", ec().private, nil, about), one, nil},
		{"typ JWT", sign(t, "ES256", ec().private, kid("ec", "typ", "JWT"), about), two, nil},
		{"typ of the draft", sign(t, "ES256", ec().private, kid("ec", "typ", "client-authentication+jwt"), about), two, nil},
		{"a certificate's hash, which is ignored", sign(t, "ES256", ec().private, kid("ec", "x5t", "abc"), about), two, nil},

		{"no kid, and two keys", sign(t, "ES256", ec().private, nil, about), two, ErrKey},
		{"the kid of another key", sign(t, "ES256", ec().private, kid("rsa"), about), two, ErrKey},
		{"an unknown kid", sign(t, "ES256", ec().private, kid("x"), about), one, ErrKey},
		{"a stranger's key under our kid", sign(t, "ES256", stranger.private, kid("ec"), about), two, ErrKey},
		{"RS256 with a key for PS256", sign(t, "RS256", rs().private, kid("rsa"), about), only, ErrKey},
		{"RS384", sign(t, "RS384", rs().private, kid("rsa"), about), two, ErrAlgorithm},
		{"HS256 with the public key as its secret", sign(t, "HS256", modulus, kid("rsa"), about), two, ErrAlgorithm},
		{"none", b64([]byte(`{"alg":"none","kid":"ec"}`)) + "." + parts[1] + "." + parts[2], two, ErrAlgorithm},
		{"no alg", b64([]byte(`{"kid":"ec"}`)) + "." + parts[1] + "." + parts[2], two, ErrAlgorithm},
		{"claims changed", parts[0] + "." + b64([]byte(strings.Replace(about, `"app"`, `"bpp"`, 1))) + "." + parts[2], two, ErrKey},

		{"typ of an access token", sign(t, "ES256", ec().private, kid("ec", "typ", "at+jwt"), about), two, ErrMalformed},
		{"typ of a DPoP proof", sign(t, "ES256", ec().private, kid("ec", "typ", "dpop+jwt"), about), two, ErrMalformed},
		{"jku", sign(t, "ES256", ec().private, kid("ec", "jku", "https://evil.example/jwks"), about), two, ErrMalformed},
		{"x5u", sign(t, "ES256", ec().private, kid("ec", "x5u", "https://evil.example/x5c"), about), two, ErrMalformed},
		{"jwk", sign(t, "ES256", stranger.private, kid("ec", "jwk", stranger.jwk), about), two, ErrMalformed},
		{"crit", sign(t, "ES256", ec().private, kid("ec", "crit", []string{"exp"}, "exp", 1), about), two, ErrMalformed},
		{"alg twice", b64([]byte(`{"alg":"none","alg":"ES256","kid":"ec"}`)) + "." + parts[1] + "." + parts[2], two, ErrMalformed},
		{"no signature", parts[0] + "." + parts[1] + ".", two, ErrKey},
		{"two parts", parts[0] + "." + parts[1], two, ErrMalformed},
		{"five parts", good + ".e30.e30", two, ErrMalformed},
		{"padding", good + "=", two, ErrMalformed},
		{"a line break", good[:len(good)-4] + "\n" + good[len(good)-4:], two, ErrMalformed},
		{"JSON form", `{"payload":"` + parts[1] + `","protected":"` + parts[0] + `","signature":"` + parts[2] + `"}`, two, ErrMalformed},
		{"too long", sign(t, "ES256", ec().private, kid("ec"), `{"sub":"`+strings.Repeat("x", 16<<10)+`"}`), two, ErrMalformed},
		{"iss twice", sign(t, "ES256", ec().private, kid("ec"), `{"iss":"evil",`+about[1:]), two, ErrMalformed},
		{"exp as text", sign(t, "ES256", ec().private, kid("ec"), `{"exp":"1900000000"}`), two, ErrMalformed},
		{"exp beyond all time", sign(t, "ES256", ec().private, kid("ec"), `{"exp":1e308}`), two, ErrMalformed},
		{"an audience of numbers", sign(t, "ES256", ec().private, kid("ec"), `{"aud":[1]}`), two, ErrMalformed},
		{"nothing", "", two, ErrMalformed},
	} {
		got, err := c.keys.Verify(c.token)
		if !errors.Is(err, c.want) || c.want == nil && err != nil {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
		if err == nil && (got.Issuer != "app" || got.Subject != "app" || got.ID != "1" || len(got.Audience) != 1 || !got.Expiry.Equal(time.Unix(1900000000, 0)) || !got.IssuedAt.Equal(time.Unix(1800000000, 0)) || !got.NotBefore.IsZero()) {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

// Whatever comes, nothing passes that is not signed by one of the keys, and
// what is read of it before that has whole claims or an error.
func FuzzVerify(f *testing.F) {
	good := sign(f, "ES256", ec().private, map[string]any{"kid": "ec"}, about)
	for _, token := range []string{good, good[1:], good + "A", "e30.e30.e30", "..", good + "." + good, b64([]byte(`{"alg":"ES256","kid":"ec"}`)) + ".bnVsbA.e30"} {
		f.Add(token)
	}
	keys := keysOf(f, ec().with(), rs().with())
	f.Fuzz(func(t *testing.T, token string) {
		if _, err := keys.Verify(token); err == nil && token != good {
			t.Fatalf("passed: %q", token)
		} else if err != nil && !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrAlgorithm) && !errors.Is(err, ErrKey) {
			t.Fatalf("%q: %v is none of the known errors", token, err)
		}
		if c, err := Unverified(token); err == nil && !c.Expiry.IsZero() && c.Expiry.Year() > 9999 {
			t.Fatalf("%q: %v", token, c.Expiry)
		}
	})
}
