package timesheets

import (
	"encoding/json"
	"net/http"
)

// Metadata serves the document of RFC 9728 2 that the challenges point at: who
// issues tokens for this API, and which scopes they can carry. The scopes are
// those that the operations declare.
func (a *API) Metadata() http.Handler {
	document := map[string]any{
		"resource":                 a.audience, // RFC 9728 3.3: what the client asked for, or it must not use the document
		"resource_name":            "Timesheets",
		"authorization_servers":    []string{a.issuer},
		"scopes_supported":         a.scopesDeclared(),
		"bearer_methods_supported": []string{"header"}, // RFC 9700 4.3.2: no tokens in URLs
	}
	if a.documentation != "" {
		document["resource_documentation"] = a.documentation // RFC 9728 2: for people
	}
	if a.proofs != nil {
		document["dpop_signing_alg_values_supported"] = a.proofs.Algorithms()
	}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "public, max-age=300")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		_ = json.NewEncoder(w).Encode(document)
	})
}
