package site

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/exampleco/punchcard/static"
	"github.com/exampleco/punchcard/views"
	"github.com/exampleco/punchcard/views/site/page"
)

const pathDocs = "/docs"

// docs is the reference page. The document is read once, when somebody first
// asks, because it cannot change while the server runs; the clients can.
func (p *pages) docs() http.HandlerFunc {
	made := sync.OnceValues(func() (page.Reference, error) { return reference(p.Document(), p.base) })
	return func(w http.ResponseWriter, r *http.Request) {
		view, err := made()
		if err != nil {
			views.Write(w, r, http.StatusInternalServerError, views.ProblemPage(views.Problem{
				Status: http.StatusInternalServerError, Title: "The reference cannot be drawn", Text: "The API’s own description cannot be read. The API itself is not affected.",
			}))
			return
		}
		who, err := p.Introduce(r)
		if err != nil {
			unreadable(w, r)
			return
		}
		view.Issuer, view.DocumentHref, view.Audience = p.Issuer, p.DocumentPath, p.Audience
		if p.App != "" {
			view.AppHref = pathApp
		}
		view.Token = p.tokenSteps(who.Clients)
		view.Origins = browserOrigins(who.Clients)
		view.Try = p.tryClient()
		views.WriteApp(w, r, http.StatusOK, page.ReferencePage(view))
	}
}

// tryClient is the phone app's client, whose script hands the answer over to
// this page when the sign-in began here (static/docs/handover.js).
func (p *pages) tryClient() page.ReferenceTry {
	if p.App == "" {
		return page.ReferenceTry{}
	}
	return page.ReferenceTry{Client: p.App, Redirect: p.base + "/app/callback", Module: static.Path("docs/try.js")}
}

// tokenSteps are the commands of the first section, with a machine client
// whose secret is public, if there is one.
func (p *pages) tokenSteps(clients []views.StartClient) page.ReferenceToken {
	steps := page.ReferenceToken{Use: "curl -s -H \"Authorization: Bearer $TOKEN\" " + quoted(p.base+"/api/me")}
	if p.demo {
		steps.SignInHref = pathTry
	}
	for _, c := range clients {
		if c.Kind == "machine" && c.Secret != "" {
			steps.Machine = "ANSWER=$(curl -s " + quoted(p.base+"/oauth/token") + " \\\n  -u " + quoted(c.ID+":"+c.Secret) + " \\\n  -d grant_type=client_credentials)\n" + takeToken
			break
		}
	}
	return steps
}

// browserOrigins is where the registered browser clients live.
func browserOrigins(clients []views.StartClient) []string {
	var out []string
	for _, c := range clients {
		if !strings.HasPrefix(c.Kind, "browser") {
			continue
		}
		for _, redirect := range c.Redirects {
			if scheme, rest, ok := strings.Cut(redirect, "://"); ok {
				host, _, _ := strings.Cut(rest, "/")
				out = append(out, scheme+"://"+host)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// reference turns the document into the page. Errors: readDocument's.
func reference(document []byte, base string) (page.Reference, error) {
	d, operations, err := readDocument(document)
	if err != nil {
		return page.Reference{}, err
	}
	view := page.Reference{Title: d.Info.Title, Version: d.Info.Version, Base: base, Scopes: d.scopes()}
	byTag := map[string][]page.ReferenceOperation{}
	var order []string
	for _, tag := range d.Tags {
		order = append(order, tag.Name)
	}
	for _, op := range operations {
		drawn := d.draw(op)
		drawn.Examples = examples(base, drawn)
		notice(&view.Has, drawn)
		tag := tagOf(op)
		if !slices.Contains(order, tag) {
			order = append(order, tag)
		}
		byTag[tag] = append(byTag[tag], drawn)
	}
	for _, tag := range order {
		if len(byTag[tag]) == 0 {
			continue
		}
		group := page.ReferenceGroup{ID: "group-" + slug(tag), Title: tag, Operations: byTag[tag]}
		for _, t := range d.Tags {
			if t.Name == tag {
				group.Text = t.Description
			}
		}
		view.Groups = append(view.Groups, group)
	}
	return view, nil
}

// tagOf is the operation's first tag, or else the first word of its path
// behind /api.
func tagOf(op apiOperation) string {
	if len(op.Tags) > 0 {
		return op.Tags[0]
	}
	word, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(op.Path, "/api"), "/"), "/")
	word = cmp.Or(word, "other")
	return strings.ToUpper(word[:1]) + word[1:]
}

// draw is one operation as the page has it.
func (d *openAPI) draw(op apiOperation) page.ReferenceOperation {
	out := page.ReferenceOperation{
		ID: slug(cmp.Or(op.OperationID, op.Method+op.Path)), Method: op.Method, Path: op.Path,
		Summary: cmp.Or(op.Summary, op.Method+" "+op.Path), Text: op.Description,
	}
	titles, machine := d.scopeTitles()
	name := op.scope()
	out.Scope = page.ReferenceScope{Name: name, Title: cmp.Or(titles[name], name), Machine: machine[name]}
	for _, p := range op.Parameters {
		row := d.parameter(p)
		// RFC 6585 3: 428 says that the request must be conditional, also
		// where the parameter itself is declared as one that can be left out.
		if _, conditional := op.Responses["428"]; conditional && p.Name == "If-Match" {
			row.Required = true
		}
		out.Parameters = append(out.Parameters, row)
	}
	if op.RequestBody != nil {
		for _, body := range d.bodies(op.RequestBody.Content) {
			body.Required, body.Text = op.RequestBody.Required, cmp.Or(op.RequestBody.Description, body.Text)
			out.Body = &body
			break
		}
	}
	for _, status := range slices.Sorted(maps.Keys(op.Responses)) { // "default" comes after every number
		out.Responses = append(out.Responses, d.response(status, op.Responses[status]))
	}
	return out
}

func (d *openAPI) response(status string, r apiResponse) page.ReferenceResponse {
	out := page.ReferenceResponse{Status: status, Text: r.Description, Bodies: d.bodies(r.Content)}
	for _, name := range slices.Sorted(maps.Keys(r.Headers)) {
		header := r.Headers[name]
		header.Name = name
		row := d.parameter(header)
		row.In = ""
		out.Headers = append(out.Headers, row)
	}
	return out
}

// bodies is each form of a body, JSON first.
func (d *openAPI) bodies(content map[string]apiContent) []page.ReferenceBody {
	var out []page.ReferenceBody
	for _, media := range slices.Sorted(maps.Keys(content)) { // application/… before text/…
		c := content[media]
		body := page.ReferenceBody{Type: media, Fields: d.fields(c.Schema, "", 0), Example: d.example(media, c)}
		if c.Schema != nil {
			body.Text = c.Schema.Description
		}
		out = append(out, body)
	}
	return out
}

// scopes is every scope of the document, by name.
func (d *openAPI) scopes() []page.ReferenceScope {
	titles, machine := d.scopeTitles()
	var out []page.ReferenceScope
	for _, name := range slices.Sorted(maps.Keys(titles)) {
		out = append(out, page.ReferenceScope{Name: name, Title: titles[name], Machine: machine[name]})
	}
	return out
}

// notice remembers which conventions an operation follows.
func notice(has *page.ReferenceHas, op page.ReferenceOperation) {
	for _, p := range op.Parameters {
		has.Pages = has.Pages || p.In == "query" && p.Name == "cursor"
		has.Idempotency = has.Idempotency || p.In == "header" && p.Name == "Idempotency-Key"
		has.Concurrency = has.Concurrency || p.In == "header" && p.Name == "If-Match"
	}
	for _, r := range op.Responses {
		for _, b := range r.Bodies {
			has.CSV = has.CSV || strings.HasPrefix(b.Type, "text/csv")
		}
	}
}

// slug is an id for the page: it begins with a letter, so that it can also be
// a selector.
func slug(s string) string {
	s = strings.Trim(strings.Map(func(c rune) rune {
		if 'a' <= c && c <= 'z' || '0' <= c && c <= '9' {
			return c
		}
		return '-'
	}, strings.ToLower(s)), "-")
	if s == "" || s[0] < 'a' {
		s = "op-" + s
	}
	return s
}
