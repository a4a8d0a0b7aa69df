package stack

import (
	"context"
	"database/sql"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/exampleco/punchcard/auth"
	"github.com/exampleco/punchcard/auth/edge"
	"github.com/exampleco/punchcard/auth/seed"
	"github.com/exampleco/punchcard/auth/store/sqlite"
	"github.com/exampleco/punchcard/static"
	"github.com/exampleco/punchcard/timesheets"
	"github.com/exampleco/punchcard/views/inspector/record"
	"github.com/exampleco/punchcard/views/site"
)

// Migrations are the tables of every room.
func Migrations() []sqlite.MigrationSet {
	sets := []sqlite.MigrationSet{{Name: "timesheets", FS: timesheets.Migrations}, {Name: "inspector", FS: record.Migrations}}
	for name, fs := range auth.Migrations() {
		sets = append(sets, sqlite.MigrationSet{Name: name, FS: fs})
	}
	return sets
}

// pathResource is where RFC 9728 3.1 puts the metadata of the resource /api.
const pathResource = "/.well-known/oauth-protected-resource/api"

// rooms is what serves.
type rooms struct {
	mux        *http.ServeMux
	auth       *auth.Server
	timesheets *timesheets.API
	api        http.Handler                    // the same, with its cross-origin answers
	readable   func(http.Handler) http.Handler // gives an answer of the API to the pages that may read it
	stopping   atomic.Bool

	issuer   string // of the authorization server, byte for byte
	document *seed.Document
	builtin  bool // document is the built-in seed, to which a week of entries belongs
	file     *sqlite.File
	version  string
	now      func() time.Time
	log      *slog.Logger
	recorder *record.Recorder         // set before the server answers
	onReset  []func(tx *sql.Tx) error // what else is to be emptied, in the same commit
}

// wire puts the rooms together.
func (c *Serve) wire(ctx context.Context, file *sqlite.File, document *seed.Document, builtin bool, p edge.Process, log *slog.Logger) (*rooms, error) {
	r := &rooms{
		mux: http.NewServeMux(), issuer: c.Issuer, document: document, builtin: builtin, file: file,
		version: p.Version, now: p.Now, log: log, onReset: []func(*sql.Tx) error{record.ClearFile},
	}
	var err error
	if r.auth, err = auth.New(ctx, c.authConfig(r)); err != nil {
		return nil, err
	}
	if r.timesheets, err = timesheets.New(c.apiConfig(r)); err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(document.APIs, func(a seed.API) bool { return strings.ReplaceAll(a.Identifier, seed.Base, r.base()) == r.audience() }) {
		log.WarnContext(ctx, "the configuration declares no API "+seed.Base+"/api, so the Timesheets API takes none of this server's tokens")
	}
	if err := r.timesheets.SeedWeek(ctx, r.now(), builtin); err != nil {
		return nil, err
	}
	r.readable = func(h http.Handler) http.Handler { return r.auth.CORS(h, "GET", "POST", "PUT", "DELETE") }
	r.api = r.readable(r.timesheets.Handler())
	r.auth.Register(r.mux)
	r.mux.Handle("/api/", r.api)
	for _, of := range []string{pathResource, pathResource + "/"} { // of the API, and of each path below it
		r.mux.Handle("GET "+of, r.auth.PublicCORS(r.timesheets.Metadata(), "GET"))
		r.mux.Handle("OPTIONS "+of, r.auth.PublicCORS(r.only("GET", "HEAD"), "GET"))
	}
	r.mux.Handle("GET /static/", static.Handler())
	edge.Health(r.mux, &r.stopping, file.Check)
	site.Register(r.mux, c.siteConfig(r))
	return r, nil
}

func (c *Serve) authConfig(r *rooms) auth.Config {
	return auth.Config{
		Issuer: r.issuer, Document: r.document, Builtin: r.builtin, Writer: r.file, Read: r.file.Read(),
		AccessTTL: c.AccessTTL, RefreshTTL: c.RefreshTTL, CodeTTL: c.CodeTTL, RefreshGrace: c.RefreshGrace,
		DPoPNonces: c.DPoPNonces, QuietPages: c.QuietPages, OpenRegistration: c.private, InspectorPath: c.inspectorPath(), Now: r.now, Log: r.log,
	}
}

func (c *Serve) apiConfig(r *rooms) timesheets.Config {
	return timesheets.Config{
		Writer: r.file, Read: r.file.Read(), Verifier: adapter{r.auth, r.audience()}, Directory: directory{r.auth, r.document},
		Proofs:   r.auth.Proofs(),
		Audience: r.audience(), Issuer: r.issuer, ResourceMetadata: r.base() + pathResource, Documentation: r.base() + "/docs",
		ApproveMaxAge: c.ApproveMaxAge, Now: r.now, Log: r.log,
	}
}

func (c *Serve) siteConfig(r *rooms) site.Config {
	demo, scope := r.auth.DemoClient()
	device, deviceScope := deviceClient(r.document)
	return site.Config{
		Issuer: r.issuer, Version: r.version, Introduce: r.auth.Introduce,
		Client: demo, Scope: scope, CodeSeconds: func() int { return int(r.auth.Lifetimes().Code.Seconds()) },
		Device: device, DeviceScope: deviceScope,
		App: phoneApp(r.document), Audience: r.audience(), OpenRegistration: c.private,
		Document: r.timesheets.Document, DocumentPath: "/api/openapi.json", Inspector: "/inspector",
		Rules: ruleBook(), Attacks: attacksByRule(), FailedRuns: c.failedRuns(r),
	}
}

// base is the issuer as endpoints are built on it.
func (r *rooms) base() string { return strings.TrimSuffix(r.issuer, "/") }

// audience is the identifier of the API.
func (r *rooms) audience() string { return r.base() + "/api" }

// deviceClient is a public client that may use the device grant, and all that it
// may ask for, "" if the configuration declares none.
func deviceClient(d *seed.Document) (id, scope string) {
	for _, c := range d.Clients {
		if c.Public() && slices.Contains(c.Grants, deviceGrant) {
			return c.ID, strings.Join(c.Scopes, " ")
		}
	}
	return "", ""
}

// deviceGrant is the grant type of RFC 8628 3.4.
const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"

// phoneApp is the public client that comes back to the page at /app/, "" if
// the configuration declares none.
func phoneApp(d *seed.Document) string {
	for _, c := range d.Clients {
		if c.Kind == seed.KindBrowser && slices.Contains(c.RedirectURIs, seed.Base+"/app/callback") {
			return c.ID
		}
	}
	return ""
}
