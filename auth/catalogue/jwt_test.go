package catalogue

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net"
	"strings"
	"testing"
)

func b64(v any) string {
	if raw, ok := v.([]byte); ok {
		return base64.RawURLEncoding.EncodeToString(raw)
	}
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err) // maps of strings and numbers always marshal
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

// forge makes a token with any signature.
func forge(t *testing.T, header, claims map[string]any, signature string) string {
	t.Helper()
	return b64(header) + "." + b64(claims) + "." + b64([]byte(signature))
}

// hmacOf signs with a key that everybody knows.
func hmacOf(header, claims map[string]any, key []byte) string {
	input := b64(header) + "." + b64(claims)
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(input))
	return input + "." + b64(mac.Sum(nil))
}

// turned is a header with some members changed; nil takes one away.
func turned(m map[string]any, pairs ...any) map[string]any {
	out := map[string]any{}
	for k, v := range m {
		out[k] = v
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if out[pairs[i].(string)] = pairs[i+1]; pairs[i+1] == nil {
			delete(out, pairs[i].(string))
		}
	}
	return out
}

// hostile offers each token to the API and to introspection.
func hostile(t *testing.T, a *agent, name, token string) {
	t.Helper()
	problem(t, name, a.api("GET", "/me", token, ""), 401, invalidToken)
	if at := a.introspect(token); at.StatusCode != 200 || strings.TrimSpace(at.body) != inactive {
		t.Errorf("%s at introspection: %d %.100s", name, at.StatusCode, at.body)
	}
}

// ours is a good token, taken apart.
func ours(t *testing.T) (a *agent, token string, header, claims map[string]any) {
	t.Helper()
	a = newAgent(t)
	token = a.granted(native(), ada).Access
	if !a.alive(token) {
		t.Fatal("the token was never good")
	}
	return a, token, part(t, token, 0), part(t, token, 1)
}

// hostileTokens are those that can be made without the server's keys; the
// others are in the room that has them.
var hostileTokens = map[string]func(*testing.T){
	"JW-01": func(t *testing.T) {
		a, token, header, claims := ours(t)
		for _, alg := range []string{"none", "None", "nOnE", "NONE", ""} {
			hostile(t, a, alg, b64(turned(header, "alg", alg))+"."+b64(claims)+".")
			hostile(t, a, alg+" with a signature", forge(t, turned(header, "alg", alg), claims, "x"))
		}
		hostile(t, a, "empty signature", token[:strings.LastIndex(token, ".")+1])
		hostile(t, a, "no signature", token[:strings.LastIndex(token, ".")])
	},
	"JW-02": func(t *testing.T) {
		a, _, header, claims := ours(t)
		for _, entry := range a.get(keySet).json(t)["keys"].([]any) {
			key := entry.(map[string]any)
			jwk, err := json.Marshal(key)
			if err != nil {
				t.Fatal(err)
			}
			var secrets [][]byte
			for _, member := range []string{"n", "x", "y"} {
				if text, ok := key[member].(string); ok {
					bytes, err := base64.RawURLEncoding.DecodeString(text)
					if err != nil {
						t.Fatal(err)
					}
					secrets = append(secrets, bytes, []byte(text))
				}
			}
			for _, secret := range append(secrets, jwk, []byte{}) {
				for _, alg := range []string{"HS256", "HS384"} {
					hostile(t, a, alg, hmacOf(turned(header, "alg", alg, "kid", key["kid"]), claims, secret))
				}
			}
		}
	},
	"JW-08": func(t *testing.T) {
		a := newAgent(t)
		hostile(t, a, "an ID token", a.granted(native(), ada).ID)
	},
	"JW-09": func(t *testing.T) {
		_, _, header, claims := ours(t)
		if header["typ"] != "at+jwt" { // RFC 9068 2.1
			t.Errorf("typ = %v", header["typ"])
		}
		for _, claim := range []string{"iss", "exp", "aud", "sub", "client_id", "iat", "jti", "scope", "auth_time", "acr", "amr", "email"} { // RFC 9068 2.2 and the contract
			if claims[claim] == nil {
				t.Errorf("no %s", claim)
			}
		}
		if _, ok := claims["scope"].(string); !ok { // CONTRACT: "scope in a token is one space-separated string"
			t.Errorf("scope is %T", claims["scope"])
		}
	},
	"JW-10": func(t *testing.T) {
		a, token, header, claims := ours(t)
		signature := token[strings.LastIndex(token, "."):]
		for _, kid := range []any{"../../../../etc/passwd", "' OR 1=1--", "", "unknown", nil, 7, []string{"x"}, strings.Repeat("k", 8<<10)} {
			hostile(t, a, "kid", b64(turned(header, "kid", kid))+"."+b64(claims)+signature)
		}
	},
	"JW-11": func(t *testing.T) {
		a, _, header, claims := ours(t)
		trap, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		fetched := make(chan struct{})
		go func() {
			if conn, err := trap.Accept(); err == nil {
				conn.Close()
				close(fetched)
			}
		}()
		mine, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		bytes, err := mine.PublicKey.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		jwk := map[string]any{"kty": "EC", "crv": "P-256", "x": b64(bytes[1:33]), "y": b64(bytes[33:])}
		sign := func(header map[string]any) string {
			input := b64(header) + "." + b64(claims)
			digest := sha256.Sum256([]byte(input))
			r, s, err := ecdsa.Sign(rand.Reader, mine, digest[:])
			if err != nil {
				t.Fatal(err)
			}
			return input + "." + b64(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
		}
		address := "http://" + trap.Addr().String() + "/keys"
		for _, h := range []map[string]any{
			turned(header, "jku", address), turned(header, "jku", address, "kid", nil), turned(header, "x5u", address), turned(header, "jwk", jwk), turned(header, "jwk", jwk, "kid", nil), turned(header, "x5c", []string{"MIIB"}),
		} {
			hostile(t, a, "a key of the attacker's", sign(h))
		}
		trap.Close()
		select {
		case <-fetched:
			t.Error("the server fetched a key")
		default:
		}
	},
	"JW-13": func(t *testing.T) {
		a, _, _, _ := ours(t)
		for name, token := range map[string]string{"dots": strings.Repeat(".", 200<<10), "segments": strings.Repeat("e30.", 100_000), "one part": strings.Repeat("e", 900<<10)} {
			// CONTRACT names no limit; a header of this size is 431 or a bad token.
			at := a.api("GET", "/me", token, "")
			if at.StatusCode != 401 && at.StatusCode != 431 {
				t.Errorf("%s in the header: %d", name, at.StatusCode)
			}
			if at := a.introspect(token); at.StatusCode != 200 && at.StatusCode != 413 && at.StatusCode != 400 || strings.Contains(at.body, "true") {
				t.Errorf("%s at introspection: %d %.100s", name, at.StatusCode, at.body)
			}
		}
	},
	"JW-14": func(t *testing.T) {
		a, _, _, claims := ours(t)
		header := map[string]any{"alg": "dir", "enc": "A256GCM", "zip": "DEF"}
		hostile(t, a, "JWE", b64(header)+".."+b64([]byte("iv"))+"."+b64(claims)+"."+b64([]byte("tag")))
		hostile(t, a, "JWE with PBES2", b64(map[string]any{"alg": "PBES2-HS256+A128KW", "enc": "A128GCM", "p2c": 2147483647, "p2s": "AA"})+".AA.AA.AA.AA")
		hostile(t, a, "zip in a JWS", forge(t, map[string]any{"alg": "ES256", "typ": "at+jwt", "zip": "DEF"}, claims, "x"))
	},
	"JW-15": func(t *testing.T) {
		a, token, header, claims := ours(t)
		parts := strings.Split(token, ".")
		for _, edit := range []map[string]any{turned(claims, "sub", "usr_grace"), turned(claims, "scope", everything+" batch:upload"), turned(claims, "exp", 4102444800), turned(claims, "client_id", "timesheets-cron")} {
			hostile(t, a, "an edited claim", parts[0]+"."+b64(edit)+"."+parts[2])
		}
		hostile(t, a, "r and s of zero", forge(t, header, claims, strings.Repeat("\x00", 64)))
		hostile(t, a, "a short signature", forge(t, header, claims, "x"))
		hostile(t, a, "another's signature", parts[0]+"."+parts[1]+"."+strings.Split(a.granted(native(), ada).Access, ".")[2])
		if !a.alive(token) {
			t.Error("the good token died of it")
		}
	},
}
