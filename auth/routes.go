package auth

import (
	"net/http"
	"slices"
	"strings"

	"github.com/exampleco/punchcard/auth/edge"
	"github.com/exampleco/punchcard/auth/oauth"
)

// Paths are Auth0's, so that its SDKs work unchanged.
const (
	pathAuthorize     = "/authorize"
	pathToken         = "/oauth/token"
	pathPush          = "/oauth/par"
	pathDeviceCode    = "/oauth/device/code"
	pathRevoke        = "/oauth/revoke"
	pathIntrospect    = "/oauth/introspect"
	pathUserinfo      = "/userinfo"
	pathRegister      = "/oidc/register"
	pathLogout        = "/oidc/logout"
	pathLogoutAuth0   = "/v2/logout"
	pathLogoutConfirm = "/logout"
	pathDiscovery     = "/.well-known/openid-configuration"
	pathMetadata      = "/.well-known/oauth-authorization-server"
	pathJWKS          = "/.well-known/jwks.json"
	pathLogin         = "/login"
	pathSelect        = "/select-account"
	pathConsent       = "/consent"
	pathAccount       = "/account"
	pathDevice        = "/device"
)

// Route is one line of this server's surface.
type Route struct {
	Methods []string
	Path    string
	Clause  string // the specification it serves
	Key     string // its name in the metadata, "" where it has none
	Browser bool   // a form of our own pages: protected against cross-site posts
	CORS    bool   // read by apps in browsers, from their registered origins
	handler http.Handler
}

// serves says whether a path is one of this route's.
func (r Route) serves(path string) bool {
	parent, one := strings.CutSuffix(r.Path, "{id}")
	return path == r.Path || one && strings.HasPrefix(path, parent)
}

// Routes is every path once. Metadata is derived from it, so that what is
// advertised is what is served.
func (s *Server) Routes() []Route {
	get, post, both := []string{"GET"}, []string{"POST"}, []string{"GET", "POST"}
	return []Route{
		{both, pathAuthorize, "RFC 6749 3.1", "authorization_endpoint", false, false, s.page(s.authorize)},
		{post, pathPush, "RFC 9126 2", "pushed_authorization_request_endpoint", false, true, s.json(s.push)},
		{post, pathToken, "RFC 6749 3.2", "token_endpoint", false, true, s.json(s.back.Token)},
		{post, pathDeviceCode, "RFC 8628 3.1", "device_authorization_endpoint", false, true, s.json(s.deviceAuthorize)},
		{post, pathRevoke, "RFC 7009", "revocation_endpoint", false, true, s.json(s.back.Revoke)},
		{post, pathIntrospect, "RFC 7662", "introspection_endpoint", false, false, s.json(s.back.Introspect)},
		{post, pathRegister, "RFC 7591", "registration_endpoint", false, true, s.json(s.registrar.Register)},
		{get, pathRegister + "/{id}", "RFC 7592 2.1", "", false, true, s.json(s.registrar.Read)},
		{[]string{"PUT"}, pathRegister + "/{id}", "RFC 7592 2.2", "", false, true, s.json(s.registrar.Update)},
		{[]string{"DELETE"}, pathRegister + "/{id}", "RFC 7592 2.3", "", false, true, s.json(s.registrar.Delete)},
		{both, pathUserinfo, "OIDC Core 5.3", "userinfo_endpoint", false, true, s.json(s.back.Userinfo)},
		{both, pathLogout, "OIDC RP-Initiated Logout", "end_session_endpoint", false, false, s.page(s.endSession)},
		{get, pathLogoutAuth0, "Auth0's returnTo form", "", false, false, s.page(s.returnTo)},
		{both, pathLogoutConfirm, "OIDC RP-Initiated Logout 2", "", true, false, s.page(s.confirmLogout)},
		{get, pathDiscovery, "OIDC Discovery 4", "", false, true, s.json(s.discovery)},
		{get, pathMetadata, "RFC 8414 3", "", false, true, s.json(s.metadata)},
		{get, pathJWKS, "RFC 7517 5", "jwks_uri", false, true, s.json(s.jwks)},
		{get, pathLogin, "", "", false, false, s.page(s.loginPage)},
		{post, pathLogin, "", "", true, false, s.page(s.login)},
		{get, pathSelect, "OIDC Core 3.1.2.1", "", false, false, s.page(s.selectPage)},
		{post, pathSelect, "OIDC Core 3.1.2.1", "", true, false, s.page(s.selectAccount)},
		{get, pathConsent, "RFC 6749 4.1.1", "", false, false, s.page(s.consentPage)},
		{post, pathConsent, "RFC 6749 4.1.1", "", true, false, s.page(s.consent)},
		{get, pathAccount, "", "", false, false, s.page(s.accountPage)},
		{post, pathAccount, "", "", true, false, s.page(s.account)},
		{get, pathDevice, "RFC 8628 3.3", "", false, false, s.page(s.devicePage)},
		{post, pathDevice, "RFC 8628 3.3", "", true, false, s.page(s.deviceForm)},
	}
}

// Register puts the routes on a mux. CrossOriginProtection goes round our own
// forms alone: an authorization request or a token request comes from other
// origins by design.
func (s *Server) Register(mux *http.ServeMux) {
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(s.page(func(_ http.ResponseWriter, r *http.Request) error {
		s.check(r.Context(), rules.FormFromOwnPage, false, "from "+edge.Origin(s.base), "from "+r.Header.Get("Origin")+" "+r.Header.Get("Sec-Fetch-Site"))
		return oauth.NewPage(http.StatusForbidden, "access_denied", "This form came from another site", "Forms of this server are only taken from its own pages, so nothing was done.").Citing(rules.FormFromOwnPage)
	}))
	for _, r := range s.Routes() {
		h := r.handler
		if r.Browser {
			h = guard.Handler(h)
		}
		for _, method := range r.Methods {
			mux.Handle(method+" "+r.Path, s.noticing(s.cors(r, h)))
		}
	}
	for path, methods := range s.methods() {
		mux.Handle(path, s.otherMethods(path, methods))
	}
}

// methods collects what each path answers to.
func (s *Server) methods() map[string][]string {
	out := map[string][]string{}
	for _, r := range s.Routes() {
		for _, m := range r.Methods {
			out[r.Path] = append(out[r.Path], m)
			if m == http.MethodGet {
				out[r.Path] = append(out[r.Path], http.MethodHead)
			}
		}
	}
	for path := range out {
		slices.Sort(out[path])
		out[path] = slices.Compact(out[path])
	}
	return out
}
