package auth

import (
	"maps"
	"net/http"
	"slices"

	"github.com/exampleco/punchcard/auth/assertion"
	"github.com/exampleco/punchcard/auth/back"
	"github.com/exampleco/punchcard/auth/dpop"
	"github.com/exampleco/punchcard/auth/oauth"
)

// metadata is RFC 8414; discovery is OIDC Discovery 3, the same with what OIDC
// adds. Both are derived from the route table and from what the server's
// checks accept, so nothing is advertised that does not work.
func (s *Server) metadata(w http.ResponseWriter, r *http.Request) error {
	cacheable(w)
	oauth.WriteJSON(w, http.StatusOK, s.describe())
	return nil
}

func (s *Server) discovery(w http.ResponseWriter, r *http.Request) error {
	doc := s.describe()
	maps.Copy(doc, map[string]any{
		"subject_types_supported":               []string{"public"},
		"id_token_signing_alg_values_supported": s.keys.Algorithms(),
		"claims_supported":                      []string{"iss", "sub", "aud", "exp", "iat", "auth_time", "acr", "amr", "nonce", "at_hash", "sid", "name", "given_name", "family_name", "email", "email_verified"},
		"claim_types_supported":                 []string{"normal"},
		"acr_values_supported":                  []string{s.acrSupported()},
		"claims_parameter_supported":            false,
		"request_parameter_supported":           false,
		"request_uri_parameter_supported":       false, // true is the default, OIDC Discovery 3
		"prompt_values_supported":               promptValues,
	})
	cacheable(w)
	oauth.WriteJSON(w, http.StatusOK, doc)
	return nil
}

func (s *Server) describe() map[string]any {
	confidential := []string{"client_secret_basic", "client_secret_post", back.MethodKey}
	doc := map[string]any{
		"issuer":                                         s.issuer, // byte for byte, RFC 8414 3.3
		"response_types_supported":                       []string{"code"},
		"response_modes_supported":                       responseModes,
		"grant_types_supported":                          back.GrantTypes,
		"scopes_supported":                               s.audiences.ScopesForPeople(),
		"token_endpoint_auth_methods_supported":          append(slices.Clone(confidential), "none"),
		"revocation_endpoint_auth_methods_supported":     append(slices.Clone(confidential), "none"),
		"introspection_endpoint_auth_methods_supported":  confidential,
		"dpop_signing_alg_values_supported":              dpop.Algorithms(), // RFC 9449 5.1
		"code_challenge_methods_supported":               []string{"S256"},  // RFC 7636 4.3; plain is not served
		"authorization_response_iss_parameter_supported": true,              // RFC 9207 3
		"require_pushed_authorization_requests":          false,             // RFC 9126 5; of single clients it is
	}
	doc["protected_resources"] = s.audiences.Identifiers()                      // RFC 9728 4: what names us has to be named by us
	for _, endpoint := range []string{"token", "revocation", "introspection"} { // RFC 8414 2: REQUIRED with private_key_jwt
		doc[endpoint+"_endpoint_auth_signing_alg_values_supported"] = assertion.Algorithms
	}
	for _, route := range s.Routes() {
		if route.Key != "" {
			doc[route.Key] = s.base + route.Path
		}
	}
	return doc
}

// jwks publishes the public keys, RFC 7517 5.
func (s *Server) jwks(w http.ResponseWriter, r *http.Request) error {
	cacheable(w)
	oauth.WriteJSON(w, http.StatusOK, s.keys.JWKS())
	return nil
}

// cacheable: these documents change only when the server is started anew or
// its keys rotate.
func cacheable(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", "public, max-age=300")
	w.Header().Del("Pragma")
}
