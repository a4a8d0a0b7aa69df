package inspector

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/exampleco/punchcard/views"
	"github.com/exampleco/punchcard/views/inspector/attack"
	"github.com/exampleco/punchcard/views/inspector/fault"
	"github.com/exampleco/punchcard/views/inspector/page"
	"github.com/exampleco/punchcard/views/inspector/record"
)

// Config is what the page needs to know.
type Config struct {
	Issuer   string // of the authorization server, byte for byte
	Recorder *record.Recorder
	Faults   *fault.List
	Controls Controls
	Stage    *attack.Stage // where attacks play
	// Private says that only this machine can reach the page: then anybody may
	// look, and sees values whole.
	Private bool
	// ClientName and PersonName word an id, or an e-mail address; "" for one
	// that is not known.
	ClientName, PersonName func(string) string
	Clients                []page.FilterChoice // who faults can be for
	// Document returns the API's OpenAPI document, which says what a token
	// opens.
	Document func() []byte
	Starters []views.StartCommand // commands that make a first run
	TryHref  string               // begins the demo flow; "" where there is none
	AppHref  string               // the phone app; "" where there is none
	DocsHref string
	// RulesHref is the rule book, where each rule is an anchor; "" where there is
	// none.
	RulesHref string
	Now       func() time.Time
	Stopping  <-chan struct{} // closed when the server stops: streams end then
}

// Controls is what the page may change.
type Controls interface {
	// Viewer says who is signed in to the browser of a request, "" for nobody,
	// and whether they manage others.
	Viewer(*http.Request) (name string, manager bool, err error)
	// Lifetimes are those of tokens that are issued from now on.
	Lifetimes() (access, refresh, code time.Duration)
	// SetLifetimes changes those that are not zero.
	SetLifetimes(access, refresh, code time.Duration) error
	// Expire ends a code or token by its SHA-256 in hex; gone says that there is
	// none that still stands.
	Expire(ctx context.Context, hash string) (gone bool, err error)
	// Reset goes back to the seed.
	Reset(context.Context) error
}

const path = "/inspector"

type pages struct {
	Config
	where      string
	operations []operation
	attacks    []attack.Attack
	tries      tries
	live       *live
}

// Register puts the page on a mux.
func Register(mux *http.ServeMux, c Config) {
	p := &pages{Config: c, where: strings.TrimPrefix(strings.TrimPrefix(strings.TrimSuffix(c.Issuer, "/"), "http://"), "https://")}
	p.live = &live{changes: p.Recorder.Subscribe, word: p.event}
	p.operations, p.attacks = operationsOf(c.Document()), attack.All()
	c.Faults.Spare = byAttack
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.problem(w, r, http.StatusForbidden, "This form came from another site", "Forms of this page are only taken from the page itself, so nothing was done.")
	}))
	for _, route := range []struct {
		pattern string
		handler http.HandlerFunc
	}{
		{"GET " + path, p.newest},
		{"GET " + path + "/{run}", p.one},
		{"GET " + path + "/har/{run}", p.har},
		{"GET " + path + "/flow/{id}", p.flow},
		{"GET " + path + "/events", p.events},
		{"GET " + path + "/attacks/{id}", p.attackPage},
		{"POST " + path + "/attacks/{id}", p.attack},
		{"POST " + path + "/lifetimes", p.lifetimes},
		{"POST " + path + "/expire/{hash}", p.expire},
		{"POST " + path + "/reset", p.reset},
	} {
		mux.Handle(route.pattern, guard.Handler(p.guarded(route.handler)))
	}
	for _, pattern := range []string{
		"GET " + path + "/faults", "POST " + path + "/faults", "DELETE " + path + "/faults", "POST " + path + "/faults/clear",
		"GET " + path + "/faults/{id}", "DELETE " + path + "/faults/{id}",
	} {
		mux.Handle(pattern, guard.Handler(p.guarded(c.Faults.API().ServeHTTP)))
	}
	mux.Handle("GET "+path+"/{$}", http.RedirectHandler(path, http.StatusSeeOther))
}

type viewerKey struct{}

// guarded lets everybody in where only this machine can reach the page.
// Elsewhere it is for managers, and shows no value whole: whoever sees a code
// or a token here could use it.
func (p *pages) guarded(next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// No page of another site may even draw this into itself: what is here are secrets.
		w.Header().Set("Cross-Origin-Resource-Policy", "same-origin")
		// What cannot be decoded would be dropped, and the rest done without it.
		if err := r.ParseForm(); err != nil {
			p.problem(w, r, http.StatusBadRequest, "This form can’t be read", "Send it as application/x-www-form-urlencoded, and each % with two hexadecimal digits behind it.")
			return
		}
		if p.Private {
			next(w, r)
			return
		}
		name, manager, err := p.Controls.Viewer(r)
		switch {
		case err != nil:
			w.Header().Set("Retry-After", "5")
			p.problem(w, r, http.StatusServiceUnavailable, "Not right now", "The database cannot be read. Try again in a few seconds.")
		case manager:
			next(w, r.WithContext(context.WithValue(r.Context(), viewerKey{}, name)))
		case name == "" && r.Method == http.MethodGet && wantsPage(r):
			http.Redirect(w, r, "/login?return="+path, http.StatusSeeOther)
		case name == "":
			p.problem(w, r, http.StatusUnauthorized, "Sign in first", "This address can be reached from other machines, so the inspector is for managers who are signed in to this server.")
		default:
			p.problem(w, r, http.StatusForbidden, "This page is for managers", "It shows what everybody does. You are signed in as "+name+", who manages nobody.")
		}
	})
}

func wantsPage(r *http.Request) bool { return strings.Contains(r.Header.Get("Accept"), "text/html") }

// problem answers in the form of whoever asked.
func (p *pages) problem(w http.ResponseWriter, r *http.Request, status int, title, text string) {
	if wantsPage(r) {
		views.Write(w, r, status, views.ProblemPage(views.Problem{Status: status, Title: title, Text: text}))
		return
	}
	writeProblem(w, status, title, text)
}

func (p *pages) frame(r *http.Request) page.Frame {
	viewer, _ := r.Context().Value(viewerKey{}).(string)
	return page.Frame{
		Where: p.where, Masked: !p.Private, Viewer: viewer, Dropped: p.Recorder.Dropped(), Unsaved: p.Recorder.Unsaved(),
		Events: path + "/events", AppHref: p.AppHref, DocsHref: p.DocsHref,
	}
}
