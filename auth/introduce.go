package auth

import (
	"net/http"
	"slices"
	"strings"

	"github.com/exampleco/punchcard/auth/back"
	"github.com/exampleco/punchcard/auth/seed"
	"github.com/exampleco/punchcard/auth/store"
	"github.com/exampleco/punchcard/views"
)

// Introduce says who and what is here, for the start page. Passwords and
// secrets are shown only if they are the built-in seed's, which are public.
func (s *Server) Introduce(r *http.Request) (views.Start, error) {
	page := views.Start{Issuer: s.issuer, SignedInName: s.signedInName(r), AccountHref: pathAccount}
	for _, p := range s.document.People {
		person := views.StartPerson{Name: p.Name, Email: p.Email, Role: s.roleNames(p.Roles), Initials: initials(p.Name)}
		if s.demo(p.ID) {
			person.Password = p.Password
		}
		page.People = append(page.People, person)
	}
	clients, err := s.store.Clients(r.Context())
	if err != nil {
		return page, err
	}
	for _, c := range clients {
		if c.Source == store.SourceRuntime {
			s.introduceRegistered(&page, c)
			continue
		}
		client := views.StartClient{ID: c.ID, Name: c.Name, Kind: kindName(c.Kind), Description: c.Description, Redirects: c.RedirectURIs, Scopes: c.Scopes}
		for _, declared := range s.document.Clients {
			if declared.ID == c.ID && s.demo(c.ID) {
				client.Secret = declared.Secret
			}
		}
		page.Clients = append(page.Clients, client)
	}
	for _, route := range s.Routes() {
		if route.Clause != "" && !route.Browser && route.Path != pathConsent {
			page.Endpoints = append(page.Endpoints, views.StartEndpoint{Methods: strings.Join(route.Methods, ", "), Path: route.Path, Spec: route.Clause})
		}
	}
	return page, nil
}

// maxIntroduced keeps a flood of strangers from drowning the page.
const maxIntroduced = 20

// introduceRegistered puts a client that registered itself in front of the
// older ones. It is told from the declared ones: its words are its own.
func (s *Server) introduceRegistered(page *views.Start, c store.Client) {
	page.Registered = slices.Insert(page.Registered, 0, views.StartClient{
		ID: c.ID, Name: c.Name, Kind: kindWords(&c), Redirects: c.RedirectURIs, Scopes: c.Scopes, Expires: c.ExpiresAt.Format("2 January 2006, 15:04 UTC"),
	})
	if len(page.Registered) > maxIntroduced {
		page.Registered, page.MoreClients = page.Registered[:maxIntroduced], page.MoreClients+1
	}
}

// Banner says who and what is here, for the terminal. where is the URL that
// this server answers at.
func (s *Server) Banner(where string) views.BannerInfo {
	b := views.BannerInfo{URL: where, Links: []views.BannerLink{
		{Label: "Start here", URL: where},
		{Label: "Discovery", URL: s.base + pathDiscovery},
	}}
	for _, p := range s.document.People {
		person := views.BannerPerson{Email: p.Email, Role: s.roleNames(p.Roles)}
		if s.demo(p.ID) {
			person.Password = p.Password
		}
		b.People = append(b.People, person)
	}
	for _, c := range s.document.Clients {
		client := views.BannerClient{ID: c.ID, Kind: kindName(c.Kind)}
		if s.demo(c.ID) {
			client.Secret = c.Secret
		}
		b.Clients = append(b.Clients, client)
	}
	if len(s.document.DemoCredentials()) > 0 {
		b.Note = "Demo: these passwords and secrets are public, and there is no TLS."
	}
	return b
}

func (s *Server) demo(id string) bool { return slices.Contains(s.document.DemoCredentials(), id) }

func (s *Server) roleNames(ids []string) string {
	var names []string
	for _, role := range s.document.Roles {
		if slices.Contains(ids, role.ID) {
			names = append(names, role.Name)
		}
	}
	return strings.Join(names, ", ")
}

// kindWords is kindName for any client: who registered itself is told from who
// was declared.
func kindWords(c *store.Client) string {
	kind := kindName(c.Kind)
	if c.Kind == seed.KindNative && !c.IsPublic() {
		kind = "native, with a secret" // RFC 8252 8.4
	}
	if c.Source == store.SourceRuntime {
		kind += ", not checked"
	}
	return kind
}

// kindName words a kind of client.
func kindName(kind string) string {
	switch kind {
	case seed.KindNative:
		return "native, public"
	case seed.KindBrowser:
		return "browser, public"
	case seed.KindWeb:
		return "web server"
	case seed.KindMachine:
		return "machine"
	case seed.KindResourceServer:
		return "resource server"
	}
	return kind
}

// DeviceClient is a public client that may use the device grant, and all that
// it may ask for: the start page has commands for it. "" if there is none.
func (s *Server) DeviceClient() (id, scope string) {
	for _, c := range s.document.Clients {
		if c.Public() && slices.Contains(c.Grants, back.GrantDevice) {
			return c.ID, strings.Join(c.Scopes, " ")
		}
	}
	return "", ""
}

// DemoClient is a native client that may come back to localhost, and all that
// it may ask for: the start page begins a flow with it. "" if there is none.
func (s *Server) DemoClient() (id, scope string) {
	for _, c := range s.document.Clients {
		if c.Kind == seed.KindNative && slices.Contains(c.RedirectURIs, "http://localhost/callback") {
			return c.ID, strings.Join(c.Scopes, " ")
		}
	}
	return "", ""
}
