package keys

import (
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"

	"github.com/go-jose/go-jose/v3"
)

func b64(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// forge puts a token together with another header and a signature of anyone's choosing.
func forge(header, payload string, signature func(input string) string) string {
	input := b64(header) + "." + b64(payload)
	return input + "." + b64(signature(input))
}

func hmacWith(secret []byte) func(string) string {
	return func(input string) string {
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(input))
		return string(mac.Sum(nil))
	}
}

func constant(s string) func(string) string { return func(string) string { return s } }

// publicKey is what anybody can know of a key.
func publicKey(alg string) jose.JSONWebKey {
	for _, k := range ring().JWKS().Keys {
		if k.Algorithm == alg {
			return k
		}
	}
	panic(alg)
}

func refused(t *testing.T, name, token, typ string, want error) {
	t.Helper()
	payload, err := ring().Verify(token, typ)
	if !errors.Is(err, want) || payload != nil {
		t.Errorf("%s: %q, %v, want %v", name, payload, err, want)
	}
}

func TestWhatIsSignedVerifies(t *testing.T) {
	for _, alg := range ring().Algorithms() {
		for _, typ := range []string{TypeAccessToken, TypeJWT} {
			token := sign(t, ring(), alg, typ)
			raw, _ := base64.RawURLEncoding.DecodeString(token[:strings.IndexByte(token, '.')])
			var got map[string]string
			if err := json.Unmarshal(raw, &got); err != nil {
				t.Fatal(err)
			}
			want := map[string]string{"alg": alg, "kid": publicKey(alg).KeyID, "typ": typ}
			if !maps.Equal(got, want) {
				t.Errorf("the header is %s", raw)
			}
			payload, err := ring().Verify(token, typ)
			if err != nil || string(payload) != `{"sub":"usr_ada"}` {
				t.Errorf("%s %s: %s, %v", alg, typ, payload, err)
			}
		}
	}
}

// The published set alone has to do for somebody else's library.
func TestOthersVerifyWithThePublishedSet(t *testing.T) {
	text, _ := json.Marshal(ring().JWKS())
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(text, &set); err != nil {
		t.Fatal(err)
	}
	for _, alg := range algorithms {
		jws, err := jose.ParseSigned(sign(t, ring(), alg, TypeJWT))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := jws.Verify(set); err != nil {
			t.Errorf("%s: %v", alg, err)
		}
	}
}

func TestSignTakesBytesAsTheyAreAndObjectsOnly(t *testing.T) {
	const text = `{"b":1,  "a":"é"}`
	token, err := ring().Sign(ES256, TypeJWT, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if payload, err := ring().Verify(token, TypeJWT); err != nil || string(payload) != text {
		t.Errorf("%s, %v", payload, err)
	}
	for _, claims := range []any{[]byte(nil), []byte("{"), []byte("[1]"), "text", nil, 1} {
		if _, err := ring().Sign(ES256, TypeJWT, claims); !errors.Is(err, errNoObject) {
			t.Errorf("claims %v: %v", claims, err)
		}
	}
	if _, err := ring().Sign("HS256", TypeJWT, struct{}{}); !errors.Is(err, ErrAlgorithm) {
		t.Error(err)
	}
	if _, err := ring().Sign(ES256, "logout+jwt", struct{}{}); !errors.Is(err, ErrType) {
		t.Error(err)
	}
}

func TestTheTokenCannotChooseTheAlgorithm(t *testing.T) {
	for _, alg := range []string{"none", "None", "nOnE", "NONE", "", "HS256", "HS512", "ES384", "PS256", "RS512", "EdDSA", "es256"} {
		for _, key := range algorithms {
			kid := publicKey(key).KeyID
			header := fmt.Sprintf(`{"alg":%q,"kid":%q,"typ":"at+jwt"}`, alg, kid)
			refused(t, "alg "+alg, forge(header, "{}", constant("x")), TypeAccessToken, ErrAlgorithm)
			unsigned := b64(header) + "." + b64("{}") + "."
			refused(t, "unsigned "+alg, unsigned, TypeAccessToken, ErrAlgorithm)
		}
	}
	refused(t, "none by nobody", forge(`{"alg":"none","kid":"x","typ":"at+jwt"}`, "{}", constant("x")), TypeAccessToken, ErrAlgorithm)
	// The key of one algorithm named by a header of the other.
	for from, to := range map[string]string{ES256: RS256, RS256: ES256} {
		header := fmt.Sprintf(`{"alg":%q,"kid":%q,"typ":"at+jwt"}`, to, publicKey(from).KeyID)
		refused(t, from+" key with "+to, forge(header, "{}", constant(strings.Repeat("x", 64))), TypeAccessToken, ErrAlgorithm)
	}
}

func TestThePublicKeyIsNoSecret(t *testing.T) {
	for _, alg := range algorithms {
		k := publicKey(alg)
		der, err := x509.MarshalPKIXPublicKey(k.Key)
		if err != nil {
			t.Fatal(err)
		}
		jwk, _ := k.MarshalJSON()
		secrets := [][]byte{der, jwk, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})}
		if public, ok := k.Key.(*rsa.PublicKey); ok {
			secrets = append(secrets, public.N.Bytes())
		}
		for _, secret := range secrets {
			header := fmt.Sprintf(`{"alg":"HS256","kid":%q,"typ":"at+jwt"}`, k.KeyID)
			refused(t, "HS256 with the public key", forge(header, "{}", hmacWith(secret)), TypeAccessToken, ErrAlgorithm)
		}
	}
}

func TestTheKeyMustBeOneOfOurs(t *testing.T) {
	stranger, err := generate(ES256)
	if err != nil {
		t.Fatal(err)
	}
	byStranger := func(input string) string {
		digest := sha256.Sum256([]byte(input))
		r, s, err := ecdsa.Sign(rand.Reader, stranger.(*ecdsa.PrivateKey), digest[:])
		if err != nil {
			t.Fatal(err)
		}
		return string(r.FillBytes(make([]byte, 32))) + string(s.FillBytes(make([]byte, 32)))
	}
	jwk, _ := (&jose.JSONWebKey{Key: stranger.Public(), KeyID: "mine", Algorithm: ES256}).MarshalJSON()
	for _, kid := range []string{"", "mine", "../../etc/passwd", "' OR 1=1 --", strings.Repeat("k", 500)} {
		header := fmt.Sprintf(`{"alg":"ES256","kid":%q,"typ":"at+jwt"}`, kid)
		refused(t, "kid "+kid, forge(header, "{}", byStranger), TypeAccessToken, ErrUnknownKey)
	}
	refused(t, "no kid", forge(`{"alg":"ES256","typ":"at+jwt"}`, "{}", byStranger), TypeAccessToken, ErrUnknownKey)
	for _, extra := range []string{
		`"jwk":` + string(jwk), `"jku":"http://127.0.0.1:1/jwks"`, `"x5u":"http://127.0.0.1:1/cert"`,
	} {
		header := fmt.Sprintf(`{"alg":"ES256","kid":"mine","typ":"at+jwt",%s}`, extra)
		refused(t, "with "+extra, forge(header, "{}", byStranger), TypeAccessToken, ErrUnknownKey)
		header = fmt.Sprintf(`{"alg":"ES256","kid":%q,"typ":"at+jwt",%s}`, publicKey(ES256).KeyID, extra)
		refused(t, "our kid with "+extra, forge(header, "{}", byStranger), TypeAccessToken, ErrSignature)
	}
}

func TestTypesAreNotMixedUp(t *testing.T) {
	refused(t, "an ID token as access token", sign(t, ring(), RS256, TypeJWT), TypeAccessToken, ErrType)
	refused(t, "an access token as ID token", sign(t, ring(), ES256, TypeAccessToken), TypeJWT, ErrType)
	for typ, good := range map[string]bool{
		"at+jwt": true, "AT+JWT": true, "application/at+jwt": true, "Application/At+Jwt": true,
		"": false, "JWT": false, "logout+jwt": false, "at+jwt ": false, "application/application/at+jwt": false, "text/at+jwt": false,
	} {
		if sameType(typ, TypeAccessToken) != good {
			t.Errorf("typ %q as at+jwt: %v", typ, !good)
		}
	}
	for typ, good := range map[string]bool{"JWT": true, "": false, "jwt": false, "application/JWT": false, "at+jwt": false, "application/at+jwt": false} {
		if sameType(typ, TypeJWT) != good {
			t.Errorf("typ %q as JWT: %v", typ, !good)
		}
	}
}

func TestSignaturesAreChecked(t *testing.T) {
	for _, alg := range algorithms {
		token := sign(t, ring(), alg, TypeAccessToken)
		parts := strings.Split(token, ".")
		refused(t, "another payload", parts[0]+"."+b64(`{"sub":"usr_grace"}`)+"."+parts[2], TypeAccessToken, ErrSignature)
		other := fmt.Sprintf(`{"typ":"at+jwt","kid":%q,"alg":%q}`, publicKey(alg).KeyID, alg)
		refused(t, "another header", b64(other)+"."+parts[1]+"."+parts[2], TypeAccessToken, ErrSignature)
		for name, signature := range map[string]string{
			"zero": strings.Repeat("\x00", 64), "short": "x", "256 bytes": strings.Repeat("\xff", 256),
			"(n,n)": strings.Repeat("\xff\xff\xff\xff\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\xbc\xe6\xfa\xad\xa7\x17\x9e\x84\xf3\xb9\xca\xc2\xfc\x63\x25\x51", 2),
		} {
			refused(t, alg+" signature "+name, parts[0]+"."+parts[1]+"."+b64(signature), TypeAccessToken, ErrSignature)
		}
		for i := range 3 { // every bit counts
			raw, _ := base64.RawURLEncoding.DecodeString(parts[2])
			raw[len(raw)*i/3] ^= 1
			refused(t, "a flipped bit", parts[0]+"."+parts[1]+"."+b64(string(raw)), TypeAccessToken, ErrSignature)
		}
	}
}

func TestRingIsSafeForMany(t *testing.T) {
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			alg := algorithms[i%2]
			for n := range 5 {
				claims := map[string]int{"n": n, "i": i}
				token, err := ring().Sign(alg, TypeJWT, claims)
				if err != nil {
					t.Error(err)
				}
				payload, err := ring().Verify(token, TypeJWT)
				if want := fmt.Sprintf(`{"i":%d,"n":%d}`, i, n); err != nil || string(payload) != want {
					t.Errorf("%s, %v, want %s", payload, err, want)
				}
				_ = ring().JWKS()
			}
		})
	}
	wg.Wait()
}

func BenchmarkSign(b *testing.B) {
	for _, alg := range algorithms {
		b.Run(alg, func(b *testing.B) {
			for b.Loop() {
				sign(b, ring(), alg, TypeAccessToken)
			}
		})
	}
}

func BenchmarkVerify(b *testing.B) {
	for _, alg := range algorithms {
		token := sign(b, ring(), alg, TypeAccessToken)
		b.Run(alg, func(b *testing.B) {
			for b.Loop() {
				if _, err := ring().Verify(token, TypeAccessToken); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
