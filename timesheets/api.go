package timesheets

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"path"
	"runtime/debug"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// Migrations make this room's tables; goose files, forward only.
//
//go:embed migrations/*.sql
var Migrations embed.FS

// Config is all that the API needs to know. Every field without a remark must
// be set.
type Config struct {
	Writer    Writer
	Read      *sql.DB // connections that only read, on the same file
	Verifier  Verifier
	Directory Directory
	// Proofs checks the DPoP proofs that come with tokens bound to a key. nil
	// takes only bearer tokens, and refuses those that are bound.
	Proofs Proofs

	Audience string // the identifier of this API, for which tokens must be meant
	Issuer   string // the authorization server, byte for byte
	// ResourceMetadata is the absolute URL of the RFC 9728 document of Audience,
	// where Metadata is served, as it is below that URL. Challenges point there.
	// Empty leaves the pointer out.
	ResourceMetadata string
	// Documentation is the absolute URL of a page that explains the API to
	// people. Empty leaves it out of the metadata.
	Documentation string

	// ApproveMaxAge is how old the sign-in may be that an approval or rejection
	// is made with, in whole seconds; 0 for any age.
	ApproveMaxAge time.Duration

	Now func() time.Time
	Log *slog.Logger
}

// API is the Timesheets API. It is safe for concurrent use.
type API struct {
	log       *slog.Logger
	ledger    Ledger
	store     *store
	verifier  Verifier
	directory Directory
	proofs    Proofs // nil for none
	cursors   cursorKey
	now       func() time.Time

	audience, issuer, resourceMetadata, documentation string

	// shellSchema and rowSchema are a batch around its rows, and one row.
	shellSchema, rowSchema *huma.Schema

	huma     huma.API
	document []byte // OpenAPI, as JSON
	mux      *http.ServeMux
}

// New makes the API on a file that has the tables of Migrations. Errors: a
// Config that is not complete, or the Writer's, because the first start writes
// the key that authenticates page cursors.
func New(c Config) (*API, error) {
	if c.Writer == nil || c.Read == nil || c.Verifier == nil || c.Directory == nil || c.Now == nil || c.Log == nil || c.Audience == "" || c.Issuer == "" {
		return nil, errors.New("timesheets: the configuration is not complete")
	}
	key, err := loadCursorKey(context.Background(), c.Writer)
	if err != nil {
		return nil, fmt.Errorf("timesheets: cursor key: %w", err)
	}
	l := Ledger{c.Log}
	a := &API{
		log: c.Log, ledger: l, store: &store{ledger: l, w: c.Writer, read: c.Read}, cursors: key,
		verifier: c.Verifier, directory: c.Directory, proofs: c.Proofs, now: c.Now,
		audience: c.Audience, issuer: c.Issuer, resourceMetadata: c.ResourceMetadata, documentation: c.Documentation,
		mux: http.NewServeMux(),
	}
	a.huma = humago.New(a.mux, a.humaConfig())
	a.huma.UseMiddleware(a.negotiate, a.authorize, a.readBody)
	a.operations(c.ApproveMaxAge)
	if err := a.write(); err != nil {
		return nil, err
	}
	a.mux.HandleFunc("GET "+pathDocument, a.serveDocument())
	return a, nil
}

// operations is the whole surface.
func (a *API) operations(approveMaxAge time.Duration) {
	register(a, operation("list-timesheets", "GET /api/timesheets", "read:timesheets", "Your entries"), a.list)
	register(a, operation("create-timesheet", "POST /api/timesheets", "create:timesheets", "Add an entry"), a.create)
	register(a, operation("get-timesheet", "GET /api/timesheets/{id}", "read:timesheets", "One of your entries"), a.get)
	register(a, operation("replace-timesheet", "PUT /api/timesheets/{id}", "create:timesheets", "Change a pending entry of yours"), a.replace)
	register(a, operation("delete-timesheet", "DELETE /api/timesheets/{id}", "delete:timesheets", "Delete a pending entry of yours"), a.delete)
	register(a, operation("list-approvals", "GET /api/approvals", "approve:timesheets", "What waits for your decision"), a.approvals)
	register(a, afterSignIn(approveMaxAge, operation("decide-approval", "PUT /api/approvals/{id}", "approve:timesheets", "Approve or reject an entry")), a.decide)
	register(a, wholeBody(openFor(machines, operation("upload-timesheets", "POST /api/timesheets/upload", "batch:upload", "Add entries for many people"))), a.upload)
	register(a, openFor(everybody, operation("get-me", "GET /api/me", "", "What the API knows about you")), a.me)
}

// operation declares the scope where authorize and the API's description both
// find it. An empty scope means any valid token.
func operation(id, route, scope, summary string) huma.Operation {
	method, route, _ := strings.Cut(route, " ")
	op := huma.Operation{
		OperationID: id, Method: method, Path: route, Summary: summary,
		Security: []map[string][]string{{securityScheme: {}}},
		// readBody has read the body by then; huma must not set a limit of its own.
		MaxBodyBytes: maxBody + 2, BodyReadTimeout: -1,
	}
	if scope != "" {
		op.Security[0][securityScheme] = []string{scope}
	}
	if method == http.MethodPost {
		op.DefaultStatus = http.StatusCreated
	}
	return op
}

// openFor opens an operation to tokens behind which there is no person.
func openFor(callers string, op huma.Operation) huma.Operation {
	op.Metadata = map[string]any{openTo: callers}
	switch callers {
	case machines:
		op.Security = []map[string][]string{{machineScheme: op.Security[0][securityScheme]}}
	case everybody:
		op.Security = append(op.Security, map[string][]string{machineScheme: {}}) // one or the other
	}
	return op
}

// wholeBody leaves it to the handler to hold the body against the schema.
func wholeBody(op huma.Operation) huma.Operation {
	op.SkipValidateBody = true
	return op
}

// register adds an operation whose handler gets the caller and returns any
// error; what the client sees of it is decided in answer alone.
func register[I, O any](a *API, op huma.Operation, handle func(context.Context, Caller, *I) (*O, error)) {
	a.describe(&op)
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*O, error) {
		a.check(ctx, rules.Schema, true, "a valid request", op.OperationID)
		out, err := handle(ctx, callerOf(ctx), in)
		if err != nil {
			return nil, a.answer(ctx, err)
		}
		return out, nil
	})
	a.illustrate(a.described(op.Method, op.Path))
}

// described finds an operation in the document.
func (a *API) described(method, path string) *huma.Operation {
	item := a.huma.OpenAPI().Paths[path]
	return map[string]*huma.Operation{
		http.MethodGet: item.Get, http.MethodPost: item.Post, http.MethodPut: item.Put, http.MethodDelete: item.Delete,
	}[method]
}

// humaConfig leaves huma's own routes and $schema links off.
func (a *API) humaConfig() huma.Config {
	c := huma.DefaultConfig("Timesheets", "1.0.0")
	c.OpenAPIPath, c.DocsPath, c.SchemasPath = "", "", ""
	c.CreateHooks = nil
	c.Formats = map[string]huma.Format{jsonType: jsonFormat, "json": jsonFormat} // the latter for …+json
	c.Transformers = []huma.Transformer{a.translate}
	c.Info.Description = "Working hours, entered by people and approved by their managers. Every operation needs an access token of OAuth 2. " +
		"Every error is a problem of RFC 9457."
	c.Servers = []*huma.Server{{URL: serverOf(a.audience)}}
	c.Tags = []*huma.Tag{
		{Name: tagEntries, Description: "Your own hours"},
		{Name: tagApprovals, Description: "What waits for a manager's decision"},
		{Name: tagBatch, Description: "For programs that act for themselves"},
		{Name: tagCaller, Description: "Who the API takes you for"},
	}
	c.Components.SecuritySchemes = securityOf(a.issuer)
	return c
}

// Handler serves everything under /api/, what does not exist included.
func (a *API) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		answer := &answering{ResponseWriter: w}
		defer a.caught(answer, r)
		// The mux would redirect to the tidy form of a path; nobody is given
		// an untidy one, and a redirect loses the body of a POST.
		_, pattern := a.mux.Handler(r)
		if pattern == "" || path.Clean(r.URL.Path) != r.URL.Path {
			a.unrouted(r).write(answer)
			return
		}
		a.mux.ServeHTTP(answer, r)
	})
}

// unrouted tells 405 from 404 by asking for the path with each method.
func (a *API) unrouted(r *http.Request) *problem {
	allowed := a.methodsAt(r.URL.Path)
	if len(allowed) == 0 {
		return newProblem(http.StatusNotFound, "There is nothing at this path.")
	}
	list := strings.Join(allowed, ", ")
	// RFC 9110 15.5.6: a 405 MUST say what is allowed.
	return newProblem(http.StatusMethodNotAllowed, "This path takes "+list+".").with("Allow", list)
}

// methodsAt are those that a path takes; none where there is nothing.
func (a *API) methodsAt(at string) (allowed []string) {
	for _, method := range []string{"DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"} {
		_, pattern := a.mux.Handler(&http.Request{Method: method, URL: &url.URL{Path: at}})
		if pattern != "" && path.Clean(at) == at {
			allowed = append(allowed, method)
		}
	}
	return allowed
}

// answering remembers whether an answer has begun.
type answering struct {
	http.ResponseWriter
	begun bool
}

func (w *answering) WriteHeader(status int) {
	w.begun = true
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *answering) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// caught turns a panic into a problem, so that a client of /api never has to
// parse another kind of error.
func (a *API) caught(w *answering, r *http.Request) {
	p := recover()
	if p == nil {
		return
	}
	if p != http.ErrAbortHandler {
		a.log.LogAttrs(r.Context(), slog.LevelError, "panic", slog.String("path", r.URL.Path),
			slog.String("err", fmt.Sprint(p)), slog.String("stack", string(debug.Stack())))
	}
	if w.begun || p == http.ErrAbortHandler {
		panic(http.ErrAbortHandler) // a broken answer must not look like a whole one
	}
	newProblem(http.StatusInternalServerError, "Something went wrong on our side.").write(w)
}
