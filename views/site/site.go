package site

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/exampleco/punchcard/views"
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
	// CodeSeconds is how long a code is good.
	CodeSeconds int
}

type pages struct {
	Config
	base, port string
	demo       bool // there is a client, and localhost leads back to us
}

// Register puts the pages on a mux.
func Register(mux *http.ServeMux, c Config) {
	p := &pages{Config: c, base: strings.TrimSuffix(c.Issuer, "/")}
	if u, err := url.Parse(c.Issuer); err == nil {
		p.port = u.Port()
		p.demo = c.Client != "" && u.Scheme == "http" && u.Hostname() == "localhost" && p.port != ""
	}
	mux.HandleFunc("GET /{$}", p.start)
	if p.demo {
		mux.HandleFunc("GET "+pathTry, p.try)
		mux.HandleFunc("GET "+pathCallback, p.callback)
	}
	mux.HandleFunc("/", p.missing)
}

func (p *pages) start(w http.ResponseWriter, r *http.Request) {
	page, err := p.Introduce(r)
	if err != nil {
		w.Header().Set("Retry-After", "5")
		views.Write(w, r, http.StatusServiceUnavailable, views.ProblemPage(views.Problem{
			Status: http.StatusServiceUnavailable, Title: "Not right now", Text: "The database cannot be read. Try again in a few seconds.",
		}))
		return
	}
	page.Version, page.SignOutHref = p.Version, "/logout"
	if p.demo {
		page.SignInHref = pathTry
	}
	page.Commands = p.commands(page.Clients)
	views.Write(w, r, http.StatusOK, views.StartPage(page))
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

// commands tell a story that needs no browser.
func (p *pages) commands(clients []views.StartClient) []views.StartCommand {
	out := []views.StartCommand{{
		Title: "What can this server do?", Text: "Discovery: every address and every ability, as libraries read it.",
		Shell: "curl -s " + p.base + "/.well-known/openid-configuration",
	}}
	var machine, gateway *views.StartClient
	for i, c := range clients {
		switch {
		case c.Kind == "machine" && c.Secret != "" && machine == nil:
			machine = &clients[i]
		case c.Kind == "resource server" && c.Secret != "" && gateway == nil:
			gateway = &clients[i]
		}
	}
	if machine == nil {
		return out
	}
	basic := machine.ID + ":" + machine.Secret
	out = append(out, views.StartCommand{
		Title: "A token for a machine", Text: "The client credentials grant: nobody signs in, the client speaks for itself.",
		Shell: "TOKEN=$(curl -s -u " + basic + " -d grant_type=client_credentials " + p.base + "/oauth/token | sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/')\necho \"$TOKEN\"",
	}, views.StartCommand{
		Title: "What the API knows about it", Text: "The token goes into the Authorization header, and nowhere else.",
		Shell: "curl -s -H \"Authorization: Bearer $TOKEN\" " + p.base + "/api/me",
	}, views.StartCommand{
		Title: "What it does not open", Text: "No scope for this: 403, and the answer names the scope that is missing.",
		Shell: "curl -si -H \"Authorization: Bearer $TOKEN\" " + p.base + "/api/timesheets",
	})
	if gateway != nil {
		out = append(out, views.StartCommand{
			Title: "Ask about the token", Text: "Introspection, for resource servers that cannot check a signature.",
			Shell: "curl -s -u " + gateway.ID + ":" + gateway.Secret + " -d \"token=$TOKEN\" " + p.base + "/oauth/introspect",
		})
	}
	return append(out, views.StartCommand{
		Title: "Take it back", Text: "Revocation. Run the third line again afterwards: 401, at the very next call.",
		Shell: "curl -si -u " + basic + " -d \"token=$TOKEN\" " + p.base + "/oauth/revoke",
	})
}
