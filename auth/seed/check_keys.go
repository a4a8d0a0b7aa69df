package seed

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/exampleco/punchcard/auth/assertion"
)

const methodKey = "private_key_jwt" // OIDC Core 9

// JWKSet is a set of public keys, RFC 7517 5. JSON is also YAML, so a JWK set
// can be pasted.
type JWKSet struct {
	Keys []JWK `yaml:"keys" json:"keys"`
}

// JWK is a public key, RFC 7517 4 and RFC 7518 6.
type JWK struct {
	Kty    string   `yaml:"kty" json:"kty"`
	Kid    string   `yaml:"kid" json:"kid"`
	Alg    string   `yaml:"alg" json:"alg,omitempty"`
	Use    string   `yaml:"use" json:"use,omitempty"`
	KeyOps []string `yaml:"key_ops" json:"key_ops,omitempty"`
	Crv    string   `yaml:"crv" json:"crv,omitempty"`
	X      string   `yaml:"x" json:"x,omitempty"`
	Y      string   `yaml:"y" json:"y,omitempty"`
	N      string   `yaml:"n" json:"n,omitempty"`
	E      string   `yaml:"e" json:"e,omitempty"`

	// These are members of private keys and shared secrets. They are read so
	// that the error can name them, and are never kept: Parse returns no
	// document that has one.
	D  string `yaml:"d" json:"d,omitempty" unwanted:"true"`
	P  string `yaml:"p" json:"p,omitempty" unwanted:"true"`
	Q  string `yaml:"q" json:"q,omitempty" unwanted:"true"`
	DP string `yaml:"dp" json:"dp,omitempty" unwanted:"true"`
	DQ string `yaml:"dq" json:"dq,omitempty" unwanted:"true"`
	QI string `yaml:"qi" json:"qi,omitempty" unwanted:"true"`
	K  string `yaml:"k" json:"k,omitempty" unwanted:"true"`
}

// JWKS returns the client's public keys as a JSON document, or "" without any.
func (c Client) JWKS() string {
	if len(c.Keys.Keys) == 0 {
		return ""
	}
	set, _ := json.Marshal(c.Keys) // strings always marshal
	return string(set)
}

// signs reports whether the client authenticates with a key. alone reports
// whether that is its only method, so that it has no secret.
func (c Client) signs() (signs, alone bool) {
	signs = slices.Contains(c.AuthMethods, methodKey)
	return signs, signs && !slices.ContainsFunc(c.AuthMethods, func(m string) bool { return m != methodKey })
}

// checkKeys checks the keys of a client that signs assertions.
func (c *checker) checkKeys(e entry, client Client) {
	signs, _ := client.signs()
	switch {
	case client.Public():
		// RFC 6749 2.1: a private key in an app is as public as a secret in
		// it.
		e.absent("jwks", "a "+client.Kind+" client cannot keep the private keys to them")
		return
	case !signs:
		if e.readable("token_endpoint_auth_methods") {
			e.absent("jwks", "only the method "+methodKey+" uses it")
		}
		return
	case !e.has("jwks"):
		e.bad("token_endpoint_auth_methods", methodKey+" needs the client's public keys: jwks is missing")
		return
	}
	if !e.readable("jwks") || !e.readable("jwks.keys") {
		return
	}
	if n := len(client.Keys.Keys); n == 0 || n > assertion.MaxKeys {
		e.bad("jwks", "jwks must have 1 to %d keys in its list keys", assertion.MaxKeys)
	}
	kids := map[string]int{}
	for i, key := range client.Keys.Keys {
		c.checkKey(e, fmt.Sprintf("jwks.keys[%d]", i), key, kids)
	}
}

func (c *checker) checkKey(e entry, path string, key JWK, kids map[string]int) {
	for broken := range c.broken {
		if strings.HasPrefix(broken+".", e.path+"."+path+".") {
			return
		}
	}
	raw, _ := json.Marshal(key) // strings always marshal
	var wrong *assertion.KeyError
	if _, err := assertion.ParseKey(raw); errors.As(err, &wrong) {
		e.bad(path+"."+wrong.Member, "%s of a key %s", wrong.Member, wrong.Problem)
		return
	}
	if first, ok := kids[key.Kid]; ok {
		e.bad(path+".kid", "kid is already that of the key at line %d", first)
		return
	}
	kids[key.Kid] = e.lineOf(e.path + "." + path + ".kid")
}
