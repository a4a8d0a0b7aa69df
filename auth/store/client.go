package store

import (
	"crypto/subtle"
	"slices"
	"strings"
	"time"

	"github.com/ory/fosite"

	"github.com/exampleco/punchcard/auth/ledger"
)

// Where a client comes from.
const (
	SourceConfig  = "config"  // declared; ApplyClients keeps it as declared
	SourceRuntime = "runtime" // registered while running; ApplyClients leaves it alone
)

// Client is an application that may ask for tokens, or a resource server that
// may introspect them.
type Client struct {
	ID                     string
	Name                   string // as people see it
	Kind                   string // "native", "browser", "web", "machine" or "resource_server"
	Description            string
	SecretHash             string   // HashSecret of its secret; "" for none
	RedirectURIs           []string // {base} stands for the server's own address
	PostLogoutRedirectURIs []string // the same
	Grants                 []string // grant types
	Scopes                 []string // all that it may request
	Audience               []string // all that its tokens may be for; {base} as above
	AuthMethods            []string // at the token endpoint, by their registered names
	IDTokenAlg             string   // "" is stored as RS256
	RequirePKCE            bool
	RequirePAR             bool   // RFC 9126 6: it must use pushed authorization requests
	DPoPBound              bool   // RFC 9449 5.2: it only gets sender-constrained tokens
	JWKS                   string // public keys of its assertions, a JWK set (RFC 7517 5); "" for none
	Introspect             bool   // it may introspect tokens
	Source                 string
	CreatedAt              time.Time
	ExpiresAt              time.Time // of a client that registered itself and is not used; zero: never
}

var _ fosite.Client = (*Client)(nil)

// GetID implements fosite.Client, as do the following methods.
func (c *Client) GetID() string                   { return c.ID }
func (c *Client) GetHashedSecret() []byte         { return []byte(c.SecretHash) }
func (c *Client) GetRedirectURIs() []string       { return c.RedirectURIs }
func (c *Client) GetGrantTypes() fosite.Arguments { return c.Grants }
func (c *Client) GetScopes() fosite.Arguments     { return c.Scopes }
func (c *Client) GetAudience() fosite.Arguments   { return c.Audience }

// IsPublic reports whether the client has neither a secret nor its own key,
// RFC 6749 2.1.
func (c *Client) IsPublic() bool {
	return c.SecretHash == "" && !slices.Contains(c.AuthMethods, "private_key_jwt")
}

// GetResponseTypes returns only the code flow. RFC 9700 2.1.2: clients should
// not use responses that carry an access token.
func (c *Client) GetResponseTypes() fosite.Arguments {
	if slices.Contains(c.Grants, "authorization_code") {
		return fosite.Arguments{"code"}
	}
	return fosite.Arguments{}
}

// HashSecret is how a client secret is stored: SHA-256, hex. That is only safe
// for random secrets; a password chosen by a person needs a slow hash.
func HashSecret(secret string) string { return ledger.Hash(secret) }

// SecretMatches compares in constant time. Nothing matches a client without a
// secret, because its SecretHash is not a hash.
func (c *Client) SecretMatches(secret string) bool {
	return subtle.ConstantTimeCompare([]byte(HashSecret(secret)), []byte(c.SecretHash)) == 1
}

// clone returns a copy that the caller may change.
func (c *Client) clone() *Client {
	out := *c
	for _, field := range out.lists() {
		*field = slices.Clone(*field)
	}
	return &out
}

// lists returns the fields that are stored as lists, in the order of
// clientColumns.
func (c *Client) lists() []*[]string {
	return []*[]string{&c.RedirectURIs, &c.PostLogoutRedirectURIs, &c.Grants, &c.Scopes, &c.Audience, &c.AuthMethods}
}

// expand replaces {base} in the stored URIs with the server's address.
func (c *Client) expand(base string) {
	for _, uris := range [][]string{c.RedirectURIs, c.PostLogoutRedirectURIs, c.Audience} {
		for i := range uris {
			uris[i] = strings.ReplaceAll(uris[i], "{base}", base)
		}
	}
}
