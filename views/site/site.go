package site

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/exampleco/punchcard/views"
	"github.com/exampleco/punchcard/views/site/page"
)

// Config is what the pages need to know.
type Config struct {
	Issuer  string // of the authorization server, byte for byte
	Version string
	// Introduce says who and what is here, to whoever sent the request.
	Introduce func(*http.Request) (views.Start, error)
	// Client is a native client that may come back to any port of localhost,
	// "" if there is none; the demo flow is then left out.
	Client string
	Scope  string // what the demo asks for
	// Device is a public client that may use the device grant, "" for none, and
	// DeviceScope what it asks for.
	Device, DeviceScope string
	// App is the phone app's client, "" if there is none; its pages are then
	// left out. It is public, and comes back to /app/callback.
	App string
	// Audience is the API that the phone app calls.
	Audience string
	// OpenRegistration says that apps may register themselves without a token.
	OpenRegistration bool
	// CodeSeconds says how long a code is good that is issued now.
	CodeSeconds func() int
	// Inspector is where every flow is drawn; "" leaves the links out.
	Inspector string
	// Document returns the API's OpenAPI 3.1 document as JSON, of which the
	// reference is made. nil leaves the reference out.
	Document func() []byte
	// DocumentPath is where the document is served; "" for nowhere.
	DocumentPath string
	// Rules is the rule book, room by room; without any it is left out.
	Rules []Chapter
	// Attacks are those of the inspector, by the ID of the rule that stops each.
	Attacks map[string][]views.Link
	// FailedRuns returns for each rule, by its ID, the address of a recorded run
	// in which it failed. nil where not everybody may look at runs.
	FailedRuns func() map[string]string
}

type pages struct {
	Config
	base, port string
	demo       bool // there is a client, and it can come back to us
}

// Register puts the pages on a mux.
func Register(mux *http.ServeMux, c Config) {
	p := &pages{Config: c, base: strings.TrimSuffix(c.Issuer, "/")}
	if u, err := url.Parse(c.Issuer); err == nil {
		p.port = cmp.Or(u.Port(), "80")
		// A native client comes back to this machine alone (RFC 8252 7.3).
		loopback := slices.Contains([]string{"localhost", "127.0.0.1", "::1"}, strings.ToLower(u.Hostname()))
		p.demo = c.Client != "" && u.Scheme == "http" && loopback
	}
	mux.HandleFunc("GET /{$}", p.start)
	if p.demo {
		mux.HandleFunc("GET "+pathTry, p.try)
		mux.HandleFunc("GET "+pathCallback, p.callback)
	}
	if c.App != "" {
		mux.HandleFunc("GET "+pathApp+"{$}", p.app)
		mux.HandleFunc("GET "+pathAppCallback, p.app)
		mux.Handle("GET "+strings.TrimSuffix(pathApp, "/"), http.RedirectHandler(pathApp, http.StatusSeeOther))
	}
	if p.Document != nil {
		mux.HandleFunc("GET "+pathDocs, p.docs())
	}
	if len(p.Rules) > 0 {
		mux.HandleFunc("GET "+pathRules, p.rules)
		mux.HandleFunc("GET "+pathRules+".json", p.rulesJSON)
	}
	mux.HandleFunc("/", p.missing)
}

func (p *pages) start(w http.ResponseWriter, r *http.Request) {
	view, err := p.Introduce(r)
	if err != nil {
		unreadable(w, r)
		return
	}
	view.Version, view.SignOutHref, view.WatchHref = p.Version, "/logout", p.Inspector
	if p.demo {
		view.SignInHref = pathTry
	}
	if p.App != "" {
		view.AppHref = pathApp
	}
	if p.Document != nil {
		view.DocsHref = pathDocs
	}
	view.Commands = append(p.terminalCommands(view.Clients), p.commands(view.Clients)...)
	view.Commands = append(view.Commands, p.deviceCommands()...)
	if p.OpenRegistration {
		view.Commands = append(view.Commands, p.registerCommands()...)
	}
	views.Write(w, r, http.StatusOK, page.StartPage(view))
}

func unreadable(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Retry-After", "5")
	views.Write(w, r, http.StatusServiceUnavailable, views.ProblemPage(views.Problem{
		Status: http.StatusServiceUnavailable, Title: "Not right now", Text: "The database cannot be read. Try again in a few seconds.",
	}))
}

// missing is the page for an address that leads nowhere; programs get a line.
func (p *pages) missing(w http.ResponseWriter, r *http.Request) {
	if !strings.Contains(r.Header.Get("Accept"), "text/html") {
		http.NotFound(w, r)
		return
	}
	views.Write(w, r, http.StatusNotFound, views.ProblemPage(views.Problem{
		Status: http.StatusNotFound, Title: "There is nothing here", Text: "The address may be mistyped, or belong to something that this version does not have.",
	}))
}
