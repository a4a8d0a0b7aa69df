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
	Scopes                 []string // all that it may ask for
	Audience               []string // all that its tokens may be for; {base} as above
	AuthMethods            []string // at the token endpoint, by their registered names
	IDTokenAlg             string   // "" is stored as RS256
	RequirePKCE            bool
	RequirePAR             bool   // RFC 9126 6: it may only use pushed authorization requests
	DPoPBound              bool   // RFC 9449 5.2: it gets sender-constrained tokens only
	JWKS                   string // public keys of its assertions, a JWK set (RFC 7517 5); "" for none
	Introspect             bool   // it may introspect tokens
	Disabled               bool   // disabled ones are found by nobody
	Source                 string
	CreatedAt              time.Time
	ExpiresAt              time.Time // of one that registered itself, unless it is used before; zero: never
}

var _ fosite.Client = (*Client)(nil)

// GetID implements fosite.Client, as do the methods after it.
func (c *Client) GetID() string                   { return c.ID }
func (c *Client) GetHashedSecret() []byte         { return []byte(c.SecretHash) }
func (c *Client) GetRedirectURIs() []string       { return c.RedirectURIs }
func (c *Client) GetGrantTypes() fosite.Arguments { return c.Grants }
func (c *Client) GetScopes() fosite.Arguments     { return c.Scopes }
func (c *Client) GetAudience() fosite.Arguments   { return c.Audience }

// IsPublic: RFC 6749 2.1, it has nothing to prove itself with, neither a secret
// nor a key of its own.
func (c *Client) IsPublic() bool {
	return c.SecretHash == "" && !slices.Contains(c.AuthMethods, "private_key_jwt")
}

// GetResponseTypes knows the code flow alone. RFC 9700 2.1.2: clients should not
// use responses that carry an access token.
func (c *Client) GetResponseTypes() fosite.Arguments {
	if slices.Contains(c.Grants, "authorization_code") {
		return fosite.Arguments{"code"}
	}
	return fosite.Arguments{}
}

// HashSecret is what is kept of a client secret: SHA-256, hex. That suits
// random secrets only; what a person thinks up needs a slow hash.
func HashSecret(secret string) string { return ledger.Hash(secret) }

// SecretMatches compares in a time that tells nothing. Nothing matches a client
// without a secret: its SecretHash is no hash.
func (c *Client) SecretMatches(secret string) bool {
	return subtle.ConstantTimeCompare([]byte(HashSecret(secret)), []byte(c.SecretHash)) == 1
}

// clone lets the caller change what it was given.
func (c *Client) clone() *Client {
	out := *c
	for _, field := range out.lists() {
		*field = slices.Clone(*field)
	}
	return &out
}

// lists are the fields that are stored as lists, in the order of clientColumns.
func (c *Client) lists() []*[]string {
	return []*[]string{&c.RedirectURIs, &c.PostLogoutRedirectURIs, &c.Grants, &c.Scopes, &c.Audience, &c.AuthMethods}
}

// expand puts the server's address where the stored URIs leave it open.
func (c *Client) expand(base string) {
	for _, uris := range [][]string{c.RedirectURIs, c.PostLogoutRedirectURIs, c.Audience} {
		for i := range uris {
			uris[i] = strings.ReplaceAll(uris[i], "{base}", base)
		}
	}
}
