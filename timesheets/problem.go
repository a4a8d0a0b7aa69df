package timesheets

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"
)

// maxViolations bounds what is said about one object of a body.
const maxViolations = 20

const brokenRules = "The request breaks the rules listed in errors."

// problem is every error of the API, in the form of RFC 9457. It says what is
// wrong and where, never what was sent.
type problem struct {
	Type   string      `json:"type" doc:"Always about:blank: the status says which kind of problem it is"`
	Title  string      `json:"title" doc:"The status as text"`
	Status int         `json:"status" doc:"The status of the answer"`
	Detail string      `json:"detail" doc:"What went wrong, and what would help"`
	Errors []violation `json:"errors,omitempty" doc:"One for each field or parameter that breaks a rule"`

	header http.Header
}

// violation is one broken rule: Pointer names a field of the body (RFC 6901,
// empty for the body itself), Parameter one of the query or a header.
type violation struct {
	Pointer   *string `json:"pointer,omitzero" doc:"JSON pointer into the request's body"`
	Parameter string  `json:"parameter,omitzero" doc:"Name of a query parameter or a header"`
	Detail    string  `json:"detail" doc:"The rule that is broken"`
}

func (p *problem) Error() string { return p.Detail }

// GetStatus, GetHeaders and ContentType are how huma asks an error what to send.
func (p *problem) GetStatus() int              { return p.Status }
func (p *problem) GetHeaders() http.Header     { return p.header }
func (p *problem) ContentType(_ string) string { return "application/problem+json" }

func newProblem(status int, detail string, errs ...violation) *problem {
	return &problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: detail, Errors: errs}
}

// with adds a header to the answer.
func (p *problem) with(name, value string) *problem {
	if p.header == nil {
		p.header = http.Header{}
	}
	p.header.Add(name, value)
	return p
}

// write answers outside huma's handlers: before one is found, or in front of it.
func (p *problem) write(w http.ResponseWriter) {
	for name, values := range p.header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	_ = json.MarshalWrite(w, p) // the client has gone; nobody is left to tell
}

// Refuse answers a request that no operation gets to see, as the API answers
// every error. It is for whoever puts the API behind a check of their own.
func Refuse(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	newProblem(status, detail).write(w)
}

// field and parameter are the problem of one value that breaks a rule which no
// schema can express.
func field(name, detail string) violation {
	pointer := pointerTo(name)
	return violation{Pointer: &pointer, Detail: detail}
}

func parameter(name, detail string) violation { return violation{Parameter: name, Detail: detail} }

// answer turns any error into what the client may see. What is not a problem
// by itself is logged with its cause and answered without it.
func (a *API) answer(ctx context.Context, err error) *problem {
	var p *problem
	if errors.As(err, &p) {
		return p
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return unavailable() // the client has left: nothing is wrong here
	}
	a.log.LogAttrs(ctx, slog.LevelError, "request failed", slog.Any("err", err))
	var u interface{ Unavailable() bool }
	if errors.As(err, &u) && u.Unavailable() {
		return unavailable()
	}
	return newProblem(http.StatusInternalServerError, "Something went wrong on our side.")
}

func unavailable() *problem {
	return newProblem(http.StatusServiceUnavailable, "The data cannot be reached right now. Try again in a few seconds.").
		with("Retry-After", "5")
}

// translate is huma's transformer: it puts huma's own findings into our form,
// without the values that huma would echo.
func (a *API) translate(ctx huma.Context, _ string, v any) (any, error) {
	m, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	p := newProblem(m.Status, "")
	switch {
	case m.Status >= http.StatusInternalServerError:
		a.log.LogAttrs(ctx.Context(), slog.LevelError, "request failed", slog.String("err", m.Detail))
		p.Detail = "Something went wrong on our side."
		return p, nil
	case m.Status == http.StatusUnprocessableEntity:
		p.Errors = violations(a.bodySchema(ctx.Operation()), m.Errors)
		p.Detail = brokenRules
	case len(m.Errors) > 0:
		p.Detail = unreadable(m.Errors[0].Message)
	default:
		p.Detail = "The request needs a body."
	}
	a.check(ctx.Context(), rules.Schema, false, "a valid request", strings.TrimSpace(p.Title+" "+places(p.Errors)))
	return p, nil
}

// unreadable takes malformed's text, see body.go.
func unreadable(reason string) string { return "The body cannot be read as JSON: " + reason + "." }

func places(errs []violation) string {
	var names []string
	for _, v := range errs {
		if v.Pointer != nil {
			names = append(names, "body"+*v.Pointer)
		} else {
			names = append(names, v.Parameter)
		}
	}
	return strings.Join(names, " ")
}

// violations translates huma's findings about a flat object, one for each
// place, sorted by place.
func violations(schema *huma.Schema, found []*huma.ErrorDetail) []violation {
	byPlace, named := map[string]violation{}, false
	add := func(v violation) {
		if _, ok := byPlace[places([]violation{v})]; !ok {
			byPlace[places([]violation{v})] = v
		}
	}
	for _, d := range found {
		where, name, _ := strings.Cut(d.Location, ".")
		if where != "body" {
			add(parameter(name, d.Message))
			continue
		}
		if schema != nil && schema.Properties[name] != nil {
			add(field(name, d.Message))
			continue
		}
		// huma joins names with dots, which a name may hold itself, and gives a
		// missing one no place at all. But it hands over the object, so which
		// names are unknown or missing is read from that.
		if object, ok := d.Value.(map[string]any); ok && schema != nil {
			if !named { // each finding has the whole object
				misnamed(schema, object, add)
			}
			named = true
			continue
		}
		whole := ""
		add(violation{Pointer: &whole, Detail: d.Message})
	}
	var errs []violation
	for _, place := range slices.Sorted(maps.Keys(byPlace)) {
		if len(errs) == maxViolations {
			break
		}
		errs = append(errs, byPlace[place])
	}
	return errs
}

// misnamed reports what is missing from the object and what does not belong.
func misnamed(schema *huma.Schema, object map[string]any, add func(violation)) {
	for _, name := range schema.Required {
		if _, ok := object[name]; !ok {
			add(field(name, "is required"))
		}
	}
	for name := range object {
		if schema.Properties[name] != nil {
			continue
		}
		add(field(name, "is not a field of this request"))
	}
}

func (a *API) bodySchema(op *huma.Operation) *huma.Schema {
	if op.RequestBody == nil || op.RequestBody.Content[jsonType] == nil {
		return nil
	}
	return a.resolve(op.RequestBody.Content[jsonType].Schema)
}

// resolve follows references to the schema itself.
func (a *API) resolve(schema *huma.Schema) *huma.Schema {
	for schema != nil && schema.Ref != "" {
		schema = a.huma.OpenAPI().Components.Schemas.SchemaFromRef(schema.Ref)
	}
	return schema
}

// pointerTo is the JSON pointer to a member of the body.
func pointerTo(name string) string {
	return "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name) // RFC 6901 3
}
