package seed

// Base is the placeholder for the issuer without a trailing slash. It is only
// allowed at the beginning of a URI, followed by "/" or nothing. The user of a
// document expands it, so one document works at any address.
const Base = "{base}"

// Document is a configuration that Parse has accepted. Lists keep the order of
// the file. Fields that the file leaves out have the defaults that are named
// here.
type Document struct {
	Roles   []Role   `yaml:"roles"`
	APIs    []API    `yaml:"apis"`
	People  []Person `yaml:"people"`
	Clients []Client `yaml:"clients"`
}

// Role gives permissions to the people who have it.
type Role struct {
	ID          string   `yaml:"id"`
	Name        string   `yaml:"name"`        // in words, "employee"; the default is ID
	Permissions []string `yaml:"permissions"` // scopes of the APIs
}

// API is a resource server that access tokens can be made for.
type API struct {
	Identifier string  `yaml:"identifier"` // the audience of its tokens; an absolute URI or {base}/…
	Name       string  `yaml:"name"`
	SigningAlg string  `yaml:"signing_alg"` // of its access tokens: ES256 (default) or RS256
	Scopes     []Scope `yaml:"scopes"`
}

// Scope is one thing that can be allowed at an API, in the words that the
// consent page shows.
type Scope struct {
	Name        string `yaml:"name"`
	Title       string `yaml:"title"`       // "See your timesheets"
	Description string `yaml:"description"` // "Hours, projects and status. Yours only."
	Default     bool   `yaml:"default"`     // ticked when the consent page is first shown
	Warning     string `yaml:"warning"`     // "Can’t be undone."; empty for none
}

// Person can sign in.
type Person struct {
	ID          string   `yaml:"id"` // the subject of their tokens; never reused for another person
	Email       string   `yaml:"email"`
	Name        string   `yaml:"name"`
	Password    string   `yaml:"password"` // in clear; the store hashes it
	Roles       []string `yaml:"roles"`
	ReportsTo   string   `yaml:"reports_to"`    // ID of a person; empty for nobody
	ShowOnLogin bool     `yaml:"show_on_login"` // offered on the login page to pick from
}

// Kinds of client. Whether a client can keep a secret decides what it may use:
// native and browser apps are public (RFC 6749 2.1), the others have a secret.
const (
	KindNative         = "native"          // on a person's own device: phone, desktop, command line
	KindBrowser        = "browser"         // a single-page app
	KindWeb            = "web"             // a web server with pages
	KindMachine        = "machine"         // acts for itself; no user signs in
	KindResourceServer = "resource_server" // introspects tokens and gets none
)

// Client is an application that may request or introspect tokens.
type Client struct {
	ID                     string   `yaml:"id"`
	Name                   string   `yaml:"name"`
	Kind                   string   `yaml:"kind"`
	Description            string   `yaml:"description"`
	Secret                 string   `yaml:"secret"` // in clear; empty for public kinds, and where private_key_jwt is the only method
	RedirectURIs           []string `yaml:"redirect_uris"`
	PostLogoutRedirectURIs []string `yaml:"post_logout_redirect_uris"` // default: origins of the redirect URIs, with and without "/"
	Grants                 []string `yaml:"grants"`
	Scopes                 []string `yaml:"scopes"`
	Introspect             bool     `yaml:"introspect"`                            // may introspect tokens of any client, RFC 7662
	IDTokenAlg             string   `yaml:"id_token_signed_response_alg"`          // RS256 (default) or ES256
	RequirePKCE            bool     `yaml:"require_pkce"`                          // default true; false is for confidential clients that send a nonce
	RequirePAR             bool     `yaml:"require_pushed_authorization_requests"` // RFC 9126 6
	DPoPBound              bool     `yaml:"dpop_bound_access_tokens"`              // RFC 9449 5.2
	AuthMethods            []string `yaml:"token_endpoint_auth_methods"`           // default: none for public kinds, client_secret_basic and _post for the others
	Keys                   JWKSet   `yaml:"jwks"`                                  // public keys of a client that signs assertions, private_key_jwt
}

// Public reports whether the client cannot keep a secret.
func (c Client) Public() bool { return c.Kind == KindNative || c.Kind == KindBrowser }
