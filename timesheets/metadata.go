package timesheets

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strings"
)

const (
	pathRoot      = "/api" // all operations stand below it
	pathWellKnown = "/.well-known/oauth-protected-resource"
)

// Metadata serves the document of RFC 9728 2 that the challenges point at: who
// issues tokens for this API, and which scopes people can give to them, which is
// what clients ask for. It is the handler for the document of this API's
// identifier, and for those of single paths below it: RFC 9728 3.3, a client that
// was sent here by a 401 MUST find the very URL that it called as the resource.
func (a *API) Metadata() http.Handler {
	document := map[string]any{
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
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		below, ok := a.describes(r)
		if !ok {
			newProblem(http.StatusNotFound, "This API has no protected resource of that name. Its own document is at "+a.resourceMetadata+".").write(w)
			return
		}
		whole := maps.Clone(document)
		whole["resource"] = a.audience + below
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "public, max-age=300")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		_ = json.NewEncoder(w).Encode(whole)
	})
}

// metadataOf is where the document is of the resource that a request is for,
// by its path: what follows /api follows the document's URL, too.
func (a *API) metadataOf(r *http.Request) string {
	if a.resourceMetadata == "" || !a.addressed() {
		return a.resourceMetadata
	}
	return a.resourceMetadata + strings.TrimPrefix(r.URL.EscapedPath(), pathRoot)
}

// addressed says whether the identifier of this API is its address, so that
// what stands below the one stands below the other.
func (a *API) addressed() bool { return serverOf(a.audience) != "/" }

// describes finds out which resource a request for metadata is about: "" for the
// API itself, else what follows its identifier, where an operation stands. RFC
// 9728 3.1 puts the well-known part between the host and the path of a resource.
func (a *API) describes(r *http.Request) (below string, ok bool) {
	identifier, err := url.Parse(a.audience)
	if err != nil || !a.addressed() {
		return "", true
	}
	inserted := pathWellKnown + identifier.Path
	path, under := strings.CutPrefix(r.URL.Path, inserted+"/")
	if !under {
		return "", true
	}
	path = pathRoot + "/" + path
	return strings.TrimPrefix(r.URL.EscapedPath(), inserted), path != pathDocument && len(a.methodsAt(path)) > 0
}
