package timesheets

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

const pathDocument = "/api/openapi.json"

// These say what each scope lets an app do, in the scheme that can ask for it.
var (
	personScopes = map[string]string{
		"read:timesheets":    "See your timesheets",
		"create:timesheets":  "Add timesheets for you, and change those that are pending",
		"delete:timesheets":  "Delete your timesheets",
		"approve:timesheets": "Approve your team’s timesheets",
	}
	machineScopes = map[string]string{
		"batch:upload": "Upload timesheets for anybody",
	}
)

// securityOf describes where tokens come from, with absolute URLs: the
// authorization server may be somewhere else.
func securityOf(issuer string) map[string]*huma.SecurityScheme {
	as := strings.TrimSuffix(issuer, "/")
	people := &huma.SecurityScheme{
		Type: "oauth2",
		Description: "Every operation needs an access token: Authorization: Bearer <token>, or, where it is bound to a key, Authorization: DPoP <token> with a DPoP proof (RFC 9449). " +
			"Apps that people sign in to use the authorization code flow with PKCE (S256). " +
			"Each operation names the one scope that its token must carry.",
		Flows: &huma.OAuthFlows{
			AuthorizationCode: &huma.OAuthFlow{AuthorizationURL: as + "/authorize", TokenURL: as + "/oauth/token", RefreshURL: as + "/oauth/token", Scopes: personScopes},
		},
	}
	machine := &huma.SecurityScheme{
		Type:        "oauth2",
		Description: "For machine clients, which act for themselves: nobody signs in, and no person can give these scopes.",
		Flows:       &huma.OAuthFlows{ClientCredentials: &huma.OAuthFlow{TokenURL: as + "/oauth/token", Scopes: machineScopes}},
	}
	return map[string]*huma.SecurityScheme{securityScheme: people, machineScheme: machine}
}

// serverOf is what the paths of the document are relative to. An identifier
// that is no address tells nothing, and then it is where the document is.
func serverOf(audience string) string {
	base, ok := strings.CutSuffix(audience, "/api")
	if u, err := url.Parse(base); !ok || err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "/"
	}
	return base
}

// describe adds to an operation what only its readers need.
func (a *API) describe(op *huma.Operation) {
	d, ok := descriptions[op.OperationID]
	if !ok {
		panic("timesheets: " + op.OperationID + " is not described")
	}
	op.Description, op.Tags = d.text, []string{d.tag}
	schemas := a.huma.OpenAPI().Components.Schemas
	wrong := map[string]*huma.MediaType{"application/problem+json": {Schema: schemas.Schema(reflect.TypeFor[problem](), true, "")}}
	op.Responses = map[string]*huma.Response{"default": {Description: "Anything else that went wrong, in the same form", Content: wrong}}
	for status, why := range d.refusals() {
		op.Responses[strconv.Itoa(status)] = &huma.Response{
			Description: why, Headers: refusalHeaders(status),
			Content: map[string]*huma.MediaType{"application/problem+json": {Schema: wrong["application/problem+json"].Schema, Example: d.refusalExample(status, why)}},
		}
	}
	describeAge(op)
}

// refusals are the operation's own and those that any operation has.
func (d description) refusals() map[int]string {
	all := map[int]string{
		http.StatusUnauthorized:       "No access token, or one that is not valid. WWW-Authenticate says which.",
		http.StatusForbidden:          "The token lacks the scope, which WWW-Authenticate names, or belongs to the wrong kind of caller.",
		http.StatusServiceUnavailable: "The data cannot be reached right now. Nothing was changed.",
	}
	if d.request != nil {
		all[http.StatusBadRequest] = "The body is no well-formed JSON: a duplicate name, trailing data or bad UTF-8 count as that."
		all[http.StatusRequestEntityTooLarge] = "The body is larger than 1 MiB."
		all[http.StatusUnsupportedMediaType] = "The body is not declared as application/json."
	}
	for status, why := range d.refused {
		all[status] = why
	}
	return all
}

func refusalHeaders(status int) map[string]*huma.Header {
	text := &huma.Schema{Type: huma.TypeString}
	switch status {
	case http.StatusUnauthorized:
		return map[string]*huma.Header{"WWW-Authenticate": {Description: "The challenge of RFC 6750, with the address of the metadata of RFC 9728", Schema: text}}
	case http.StatusForbidden:
		return map[string]*huma.Header{"WWW-Authenticate": {Description: "Where a scope is missing: error=\"insufficient_scope\" and the scope", Schema: text}}
	case http.StatusServiceUnavailable:
		return map[string]*huma.Header{"Retry-After": {Description: "Seconds to wait", Schema: text}}
	}
	return nil
}

func (d description) refusalExample(status int, why string) map[string]any {
	example := map[string]any{"type": "about:blank", "title": http.StatusText(status), "status": status, "detail": why}
	if status == http.StatusUnprocessableEntity {
		example["errors"] = []any{d.mistake}
	}
	return example
}

// illustrate gives the operation's bodies their schemas and examples, once
// huma has put the operation into the document.
func (a *API) illustrate(op *huma.Operation) {
	d := descriptions[op.OperationID]
	if op.RequestBody != nil {
		op.RequestBody.Description = d.body
		op.RequestBody.Content[jsonType].Example = d.request
	}
	response := op.Responses[strconv.Itoa(op.DefaultStatus)]
	response.Description = d.answer
	for _, header := range response.Headers {
		header.Description = header.Schema.Description
	}
	for _, media := range response.Content {
		media.Example = d.response
	}
	schemas := a.huma.OpenAPI().Components.Schemas
	switch op.OperationID {
	case "list-timesheets": // written in two forms by the handler itself
		response.Content = map[string]*huma.MediaType{
			jsonType: {Schema: schemas.Schema(reflect.TypeFor[list](), true, ""), Example: d.response},
			csvType:  {Schema: &huma.Schema{Type: huma.TypeString, Description: "RFC 4180. A cell that a spreadsheet would take for a formula begins with an apostrophe."}, Example: csvExample},
		}
	case "upload-timesheets": // read by the handler itself
		schema := schemas.Schema(reflect.TypeFor[batch](), true, "")
		op.RequestBody.Content[jsonType].Schema = schema
		a.rowSchema = a.resolve(a.resolve(schema).Properties["entries"].Items)
		a.shellSchema = shellOf(a.resolve(schema))
	}
}

// shellOf is the batch's schema with rows that may be anything.
func shellOf(schema *huma.Schema) *huma.Schema {
	shell, rows := *schema, *schema.Properties["entries"]
	rows.Items = &huma.Schema{}
	rows.PrecomputeMessages()
	shell.Properties = map[string]*huma.Schema{"entries": &rows}
	return &shell
}

// write makes the OpenAPI description, once every operation is there.
func (a *API) write() error {
	for _, unused := range []string{"ErrorModel", "ErrorDetail"} { // huma's own form of errors, which no client ever sees
		delete(a.huma.OpenAPI().Components.Schemas.Map(), unused)
	}
	var err error
	if a.document, err = a.huma.OpenAPI().MarshalJSON(); err != nil {
		return fmt.Errorf("timesheets: OpenAPI: %w", err)
	}
	return nil
}

// Document returns the OpenAPI 3.1 description as JSON, which is what
// /api/openapi.json serves. It must not be changed.
func (a *API) Document() []byte { return a.document }

// serveDocument is public: the description holds nothing that the source does
// not.
func (a *API) serveDocument() http.HandlerFunc {
	sum := sha256.Sum256(a.document)
	tag := `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	return func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Type", jsonType)
		h.Set("Cache-Control", "public, max-age=300")
		h.Set("ETag", tag)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(a.document)) // answers If-None-Match and HEAD
	}
}

// scopesDeclared are all that operations for people ask for, sorted.
func (a *API) scopesDeclared() []string {
	var scopes []string
	for _, item := range a.huma.OpenAPI().Paths {
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Delete} {
			if op != nil && op.Metadata[openTo] != machines {
				scopes = append(scopes, scopesOf(op)...)
			}
		}
	}
	slices.Sort(scopes)
	return slices.Compact(scopes)
}
