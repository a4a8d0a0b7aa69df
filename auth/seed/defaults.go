package seed

import "fmt"

// fillDefaults completes a valid document. declared reports whether a path is
// in the file: an empty list that is written there stays empty.
func (d *Document) fillDefaults(declared func(path string) bool) {
	for i := range d.Roles {
		fill(&d.Roles[i].Name, d.Roles[i].ID)
	}
	for i := range d.APIs {
		fill(&d.APIs[i].SigningAlg, "ES256")
	}
	for i := range d.Clients {
		c := &d.Clients[i]
		fill(&c.IDTokenAlg, "RS256") // the default of OIDC Dynamic Client Registration 2
		if len(c.AuthMethods) == 0 {
			c.AuthMethods = []string{"client_secret_basic", "client_secret_post"}
			if c.Public() {
				c.AuthMethods = []string{"none"}
			}
		}
		if !declared(fmt.Sprintf("clients[%d].require_pkce", i)) {
			c.RequirePKCE = true // RFC 9700 2.1.1: PKCE is RECOMMENDED for confidential clients too
		}
		if !declared(fmt.Sprintf("clients[%d].post_logout_redirect_uris", i)) {
			c.PostLogoutRedirectURIs = origins(c.RedirectURIs)
		}
	}
}

func fill(field *string, value string) {
	if *field == "" {
		*field = value
	}
}
