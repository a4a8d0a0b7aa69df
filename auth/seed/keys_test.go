package seed

import (
	"reflect"
	"strings"
	"testing"
)

// A point of P-256 (RFC 7515 A.3.1).
const (
	pointX = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
	pointY = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
)

// keyed is the machine client of good with keys in the place of its secret;
// the lines begin at 31.
func keyed(lines ...string) string {
	return spoil(31, append([]string{"    token_endpoint_auth_methods: [private_key_jwt]"}, lines...)...)
}

func key(kid string, more ...string) []string {
	return append([]string{"        - kid: " + kid, "          kty: EC", "          crv: P-256", "          x: " + pointX, "          y: " + pointY}, more...)
}

func jwks(keys ...[]string) []string {
	lines := []string{"    jwks:", "      keys:"}
	for _, k := range keys {
		lines = append(lines, k...)
	}
	return lines
}

func TestClientKeys(t *testing.T) {
	doc := parsed(t, keyed(jwks(key("one"), key("two", "          alg: ES256", "          use: sig", "          key_ops: [verify]"))...))
	job := doc.Clients[1]
	if want := `{"keys":[{"kty":"EC","kid":"one","crv":"P-256","x":"` + pointX + `","y":"` + pointY + `"},`; !strings.HasPrefix(job.JWKS(), want) {
		t.Errorf("stored %s, want it to begin with %s", job.JWKS(), want)
	}
	// JSON is YAML: what a tool prints can be pasted.
	pasted := parsed(t, keyed(`    jwks: {"keys":[{"kty":"EC","crv":"P-256","kid":"one","x":"`+pointX+`","y":"`+pointY+`"}]}`))
	if job, want := pasted.Clients[1], `{"keys":[{"kty":"EC","kid":"one","crv":"P-256","x":"`+pointX+`","y":"`+pointY+`"}]}`; job.JWKS() != want {
		t.Errorf("stored %s, want %s", job.JWKS(), want)
	}
	if doc.Clients[0].JWKS() != "" {
		t.Error("a client without keys has some")
	}
	// A client may have both, while it changes from one to the other.
	both := strings.Replace(keyed(jwks(key("one"))...), "[private_key_jwt]", "[client_secret_basic, private_key_jwt]\n    secret: 0123456789abcdef0123456789abcdef", 1)
	if job := parsed(t, both).Clients[1]; job.Secret == "" || job.JWKS() == "" {
		t.Errorf("%+v", job)
	}
}

func TestMistakesInClientKeys(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"no keys", keyed(), []string{`line 31: client "job": private_key_jwt needs the client's public keys: jwks is missing`}},
		{"an empty list", keyed("    jwks:", "      keys: []"), []string{`line 33: client "job": jwks must have 1 to 10 keys in its list keys`}},
		{"a text", keyed("    jwks: '{\"keys\":[]}'"), []string{`line 32: clients[1].jwks must be keys with values`}},
		{"an address", keyed("    jwks_uri: https://job.example/keys"), []string{
			`line 31: client "job": private_key_jwt needs the client's public keys: jwks is missing`,
			`line 32: unknown key "jwks_uri"; known here: ` + strings.Join(keysOf(reflect.TypeFor[Client]()), ", "),
		}},
		{"a private key", keyed(jwks(key("one"), key("two", "          d: jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"))...),
			[]string{`line 44: client "job": d of a key is part of a private key; register the public key alone, and make another pair, because this one has been shown`}},
		{"a member of nobody's", keyed(jwks(key("one", "          x5c: abc"))...),
			[]string{`line 39: unknown key "x5c"; known here: kty, kid, alg, use, key_ops, crv, x, y, n, e`}},
		{"kid twice", keyed(jwks(key("one"), key("one"))...), []string{`line 39: client "job": kid is already that of the key at line 34`}},
		{"no kid", keyed(jwks([]string{"        - kty: EC", "          crv: P-256", "          x: " + pointX, "          y: " + pointY})...),
			[]string{`line 34: client "job": kid of a key is missing; assertions name their key by it`}},
		{"another curve", keyed(strings.Split(strings.Replace(strings.Join(jwks(key("one")), "\n"), "P-256", "P-521", 1), "\n")...),
			[]string{`line 36: client "job": crv of a key must be P-256, the curve of ES256`}},
		{"a weak key", keyed(jwks([]string{"        - kid: one", "          kty: RSA", "          n: " + strings.Repeat("_", 171), "          e: AQAB"})...),
			[]string{`line 36: client "job": n of a key must be a modulus of 2048 to 8192 bits, in base64url without padding`}},
		{"an algorithm of no key", keyed(jwks(key("one", "          alg: HS256"))...), []string{`line 39: client "job": alg of a key must be ES256 with kty EC`}},
		{"a number for a kid", keyed(jwks(key("1"))...), []string{`line 34: clients[1].jwks.keys[0].kid must be text; put it in quotes`}},
		{"a secret as well", keyed(append(jwks(key("one")), "    secret: 0123456789abcdef0123456789abcdef")...), []string{`line 39: client "job": secret must be left out; with private_key_jwt alone there is none`}},
		{"keys that no method uses", spoil(31, append([]string{"    secret: 0123456789abcdef0123456789abcdef"}, jwks(key("one"))...)...),
			[]string{`line 33: client "job": jwks must be left out; only the method private_key_jwt uses it`}},
		{"keys of an app", spoil(25, append([]string{"    redirect_uris: [https://spa.example.com/cb]"}, jwks(key("one"))...)...),
			[]string{`line 27: client "spa": jwks must be left out; a browser client cannot keep the private keys to them`}},
		{"an app that signs", spoil(25, "    redirect_uris: [https://spa.example.com/cb]", "    token_endpoint_auth_methods: [private_key_jwt]"),
			[]string{`line 26: client "spa": token_endpoint_auth_methods of a browser client must be none`}},
	} {
		t.Run(c.name, func(t *testing.T) { wantMistakes(t, c.text, c.want...) })
	}
}

// What is private is said to be wrong without being repeated.
func TestMistakesKeepPrivateKeys(t *testing.T) {
	_, err := Parse([]byte(keyed(jwks(key("one", "          d: hunter22hunter22"))...)))
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("%v", err)
	}
}
