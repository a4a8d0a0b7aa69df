package site

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// openAPI is what the reference reads of an OpenAPI 3.1 document. Whatever
// else such a document can hold is passed over.
type openAPI struct {
	OpenAPI string `json:"openapi"`
	Info    struct {
		Title   string `json:"title"`
		Version string `json:"version"`
	} `json:"info"`
	Tags []struct {
		Name        string `json:"name"`
		Description string `json:"description"`
	} `json:"tags"`
	Paths      map[string]map[string]json.RawMessage `json:"paths"`
	Components struct {
		Schemas         map[string]*apiSchema `json:"schemas"`
		SecuritySchemes map[string]apiScheme  `json:"securitySchemes"`
	} `json:"components"`
}

// apiScheme is an OAuth security scheme: which flow gives which scope.
type apiScheme struct {
	Type  string `json:"type"`
	Flows map[string]struct {
		Scopes map[string]string `json:"scopes"`
	} `json:"flows"`
}

// apiOperation is one method on one path; both are filled in by operations.
type apiOperation struct {
	Path        string                 `json:"-"`
	Method      string                 `json:"-"`
	OperationID string                 `json:"operationId"`
	Summary     string                 `json:"summary"`
	Description string                 `json:"description"`
	Tags        []string               `json:"tags"`
	Security    []map[string][]string  `json:"security"`
	Parameters  []apiParameter         `json:"parameters"`
	RequestBody *apiBody               `json:"requestBody"`
	Responses   map[string]apiResponse `json:"responses"`
}

type apiParameter struct {
	Name        string                `json:"name"`
	In          string                `json:"in"`
	Description string                `json:"description"`
	Required    bool                  `json:"required"`
	Schema      *apiSchema            `json:"schema"`
	Example     json.RawMessage       `json:"example"`
	Examples    map[string]apiExample `json:"examples"`
}

type apiExample struct {
	Summary string          `json:"summary"`
	Value   json.RawMessage `json:"value"`
}

type apiBody struct {
	Description string                `json:"description"`
	Required    bool                  `json:"required"`
	Content     map[string]apiContent `json:"content"`
}

type apiContent struct {
	Schema   *apiSchema            `json:"schema"`
	Example  json.RawMessage       `json:"example"`
	Examples map[string]apiExample `json:"examples"`
}

type apiResponse struct {
	Description string                  `json:"description"`
	Headers     map[string]apiParameter `json:"headers"`
	Content     map[string]apiContent   `json:"content"`
}

// apiSchema is a JSON schema, as far as a reader needs it.
type apiSchema struct {
	Ref                string                `json:"$ref"`
	Type               oneOrMore             `json:"type"`
	Format             string                `json:"format"`
	Description        string                `json:"description"`
	PatternDescription string                `json:"patternDescription"`
	Enum               []any                 `json:"enum"`
	Default            json.RawMessage       `json:"default"`
	Examples           []json.RawMessage     `json:"examples"`
	Minimum            *float64              `json:"minimum"`
	ExclusiveMinimum   *float64              `json:"exclusiveMinimum"`
	Maximum            *float64              `json:"maximum"`
	ExclusiveMaximum   *float64              `json:"exclusiveMaximum"`
	MultipleOf         *float64              `json:"multipleOf"`
	MinLength          *int                  `json:"minLength"`
	MaxLength          *int                  `json:"maxLength"`
	MinItems           *int                  `json:"minItems"`
	MaxItems           *int                  `json:"maxItems"`
	Items              *apiSchema            `json:"items"`
	Properties         map[string]*apiSchema `json:"properties"`
	Required           []string              `json:"required"`
}

// oneOrMore is JSON schema's type: a word, or several of which one is "null".
type oneOrMore []string

// UnmarshalJSON takes both forms.
func (o *oneOrMore) UnmarshalJSON(b []byte) error {
	var word string
	if json.Unmarshal(b, &word) == nil {
		*o = oneOrMore{word}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(o))
}

// methods are those that a path of the document can have, in a reader's order.
var methods = []string{"get", "post", "put", "patch", "delete"}

// readDocument parses an OpenAPI document. Errors: what is no JSON, of another
// major version, or without a single operation.
func readDocument(data []byte) (*openAPI, []apiOperation, error) {
	var d openAPI
	if err := json.Unmarshal(data, &d); err != nil {
		return nil, nil, fmt.Errorf("openapi document: %w", err)
	}
	if !strings.HasPrefix(d.OpenAPI, "3.") {
		return nil, nil, fmt.Errorf("openapi document: version %q, want 3.x", d.OpenAPI)
	}
	operations, err := d.operations()
	if err == nil && len(operations) == 0 {
		err = errors.New("openapi document: it has no operation")
	}
	return &d, operations, err
}

// operations is every operation: by path, and on a path in the order of methods.
func (d *openAPI) operations() ([]apiOperation, error) {
	var out []apiOperation
	for path, item := range d.Paths {
		for _, method := range methods {
			raw, ok := item[method]
			if !ok {
				continue
			}
			op := apiOperation{Path: path, Method: strings.ToUpper(method)}
			if err := json.Unmarshal(raw, &op); err != nil {
				return nil, fmt.Errorf("openapi document: %s %s: %w", method, path, err)
			}
			out = append(out, op)
		}
	}
	slices.SortStableFunc(out, func(a, b apiOperation) int { return cmp.Compare(a.Path, b.Path) })
	return out, nil
}

// resolved follows a reference within the document; nil for one that leads
// nowhere. What stands beside a $ref describes this use of the schema.
func (d *openAPI) resolved(s *apiSchema) *apiSchema {
	for hops := 0; s != nil && s.Ref != ""; hops++ {
		if hops == maxDepth {
			return nil
		}
		s = d.Components.Schemas[strings.TrimPrefix(s.Ref, "#/components/schemas/")]
	}
	return s
}

// maxDepth ends schemas that contain themselves.
const maxDepth = 5

// scope is what the operation's security demands; "" for any valid token.
func (o apiOperation) scope() string {
	for _, requirement := range o.Security {
		for _, scopes := range requirement {
			if len(scopes) > 0 {
				return strings.Join(scopes, " ")
			}
		}
	}
	return ""
}

// scopeTitles is what the document says of each scope, and which of them only
// a machine can have.
func (d *openAPI) scopeTitles() (titles map[string]string, machine map[string]bool) {
	titles, machine = map[string]string{}, map[string]bool{}
	for _, scheme := range d.Components.SecuritySchemes {
		for name, title := range scheme.Flows["clientCredentials"].Scopes {
			titles[name], machine[name] = title, true
		}
		for name, title := range scheme.Flows["authorizationCode"].Scopes {
			titles[name] = title
			delete(machine, name)
		}
	}
	return titles, machine
}
