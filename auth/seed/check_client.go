package seed

import (
	"fmt"
	"slices"
	"strings"
)

const (
	minSecret = 32  // characters; 128 bits if made as howSecret says
	maxSecret = 256 // bytes
	howSecret = "make one with: openssl rand -hex 32"
)

// grantDevice is the name of the device grant, RFC 8628 3.4.
const grantDevice = "urn:ietf:params:oauth:grant-type:device_code"

// grantsOf lists the grants that a kind of client can use. RFC 6749 4.4: the
// client credentials grant MUST only be used by confidential clients. RFC 9700
// 2.1.2 and 2.4: no implicit and no password grant for any client.
var grantsOf = map[string][]string{
	KindNative:         {"authorization_code", "refresh_token", grantDevice},
	KindBrowser:        {"authorization_code", "refresh_token", grantDevice},
	KindWeb:            {"authorization_code", "refresh_token", grantDevice, "client_credentials"},
	KindMachine:        {"client_credentials"},
	KindResourceServer: nil,
}

func (c *checker) checkClients() {
	seen := map[string]int{}
	for i, client := range c.doc.Clients {
		e := c.entry("clients", i, "client", client.ID)
		e.id("id", client.ID, seen)
		// RFC 9700 4.15: a client must not be mistaken for a person with the
		// same subject.
		if person := c.indexOf(client.ID); client.ID != "" && person >= 0 {
			e.bad("id", "id is also the id of a person, at line %d", c.lineOf(fmt.Sprintf("people[%d].id", person)))
		}
		if e.required("name", client.Name) {
			e.words("name", client.Name, maxName)
		}
		e.words("description", client.Description, maxText)
		e.oneOf("id_token_signed_response_alg", client.IDTokenAlg, "RS256", "ES256")
		if e.required("kind", client.Kind) {
			if _, known := grantsOf[client.Kind]; !known {
				e.bad("kind", "kind must be native, browser, web, machine or resource_server")
				continue
			}
			c.checkRights(e, client)
		}
	}
}

// checkRights checks everything that depends on the kind.
func (c *checker) checkRights(e entry, client Client) {
	c.checkSecret(e, client)
	c.checkKeys(e, client)
	c.checkGrants(e, client)
	c.checkScopes(e, client)
	c.checkRedirects(e, client)
	c.checkDemands(e, client)
	// RFC 7662 2.1: a client that introspects has to authenticate, and public
	// clients cannot.
	if client.Public() && client.Introspect {
		e.bad("introspect", "introspect is for clients with a secret; a %s client cannot prove who asks", client.Kind)
	}
}

// checkDemands checks the settings that are stricter than the defaults.
func (c *checker) checkDemands(e entry, client Client) {
	if !slices.Contains(client.Grants, "authorization_code") && e.readable("grants") {
		for _, key := range []string{"require_pkce", "require_pushed_authorization_requests"} {
			e.absent(key, "without the grant authorization_code there is no authorization request")
		}
	}
	// RFC 9700 2.1.1: public clients MUST use PKCE.
	if e.has("require_pkce") && !client.RequirePKCE && client.Public() {
		e.bad("require_pkce", "require_pkce: false is for clients with a secret; a %s client has only PKCE to protect its code", client.Kind)
	}
	if client.Kind == KindResourceServer {
		e.absent("dpop_bound_access_tokens", "a resource_server client gets no tokens")
	}
}

func (c *checker) checkSecret(e entry, client Client) {
	methods := []string{"client_secret_basic", "client_secret_post", methodKey}
	if _, alone := client.signs(); alone && !client.Public() {
		e.absent("secret", "with "+methodKey+" alone there is none")
	} else if client.Public() {
		// RFC 6749 2.1: everyone can read what is shipped with an app, so a
		// secret in it would be no protection.
		e.absent("secret", "a "+client.Kind+" client cannot keep one")
		methods = []string{"none"}
	} else if e.readable("secret") {
		switch n := len(client.Secret); {
		case n == 0:
			e.bad("secret", "secret is missing; %s", howSecret)
		case n < minSecret && !isDemoSecret(client): // DemoCredentials keeps those on this machine
			e.bad("secret", "secret has %d characters, and needs %d; %s", n, minSecret, howSecret)
		case n > maxSecret:
			e.bad("secret", "secret is longer than %d bytes", maxSecret)
		}
		// RFC 6749 appendix A.2: other characters get lost in transit.
		if strings.ContainsFunc(client.Secret, func(r rune) bool { return r < ' ' || r > '~' }) {
			e.bad("secret", "secret must be printable ASCII; %s", howSecret)
		}
	}
	if e.has("token_endpoint_auth_methods") {
		e.filled("token_endpoint_auth_methods", client.AuthMethods, "leave it out for the default")
	}
	e.each("token_endpoint_auth_methods", client.AuthMethods, func(item, method string) {
		if !slices.Contains(methods, method) {
			e.bad(item, "token_endpoint_auth_methods of a %s client must be %s", client.Kind, strings.Join(methods, " or "))
		}
	})
}

func (c *checker) checkGrants(e entry, client Client) {
	allowed := grantsOf[client.Kind]
	if len(allowed) == 0 {
		e.absent("grants", "a "+client.Kind+" client gets no tokens")
		return
	}
	e.filled("grants", client.Grants, "a "+client.Kind+" client can have "+strings.Join(allowed, ", "))
	e.each("grants", client.Grants, func(item, grant string) {
		switch {
		case slices.Contains(allowed, grant):
			if grant == "refresh_token" && !slices.Contains(client.Grants, "authorization_code") && !slices.Contains(client.Grants, grantDevice) {
				e.bad(item, "grant refresh_token needs authorization_code, or the device grant, beside it")
			}
		case slices.Contains(grantsOf[KindWeb], grant):
			e.bad(item, "grant %s is not for a %s client", grant, client.Kind)
		default:
			e.bad(item, "grant %s is unknown; there are %s", clip(grant), strings.Join(grantsOf[KindWeb], ", "))
		}
	})
}

func (c *checker) checkScopes(e entry, client Client) {
	if client.Kind == KindResourceServer {
		e.absent("scopes", "a resource_server client gets no tokens")
		return
	}
	e.filled("scopes", client.Scopes, "name what the client can ask for at most")
	e.each("scopes", client.Scopes, func(item, scope string) {
		switch {
		case !slices.Contains(identityScopes, scope):
			if !c.declaresScope(scope) {
				e.bad(item, "scope %s is not declared by any API", clip(scope))
			}
		case client.Kind == KindMachine:
			e.bad(item, "scope %s is about a person, and nobody signs in to a machine client", scope)
		case scope == "offline_access" && e.readable("grants") && !slices.Contains(client.Grants, "refresh_token"):
			e.bad(item, "scope offline_access needs the grant refresh_token") // OIDC Core 11
		}
	})
}

func (c *checker) checkRedirects(e entry, client Client) {
	if !slices.Contains(client.Grants, "authorization_code") {
		for _, key := range []string{"redirect_uris", "post_logout_redirect_uris"} {
			if e.readable("grants") {
				e.absent(key, "without the grant authorization_code nobody is sent back")
			}
		}
		return
	}
	e.filled("redirect_uris", client.RedirectURIs, "say where people are sent back to")
	e.each("redirect_uris", client.RedirectURIs, func(item, uri string) {
		if problem := uriProblem(uri, client.Kind, redirectReserved...); problem != "" {
			e.bad(item, "redirect URI %s", problem)
		}
	})
	e.each("post_logout_redirect_uris", client.PostLogoutRedirectURIs, func(item, uri string) {
		if problem := uriProblem(uri, client.Kind, postLogoutReserved...); problem != "" {
			e.bad(item, "post-logout URI %s", problem)
		}
	})
}
