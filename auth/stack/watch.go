package stack

import (
	"context"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/exampleco/punchcard/auth/seed"
	"github.com/exampleco/punchcard/views"
	"github.com/exampleco/punchcard/views/inspector"
	"github.com/exampleco/punchcard/views/inspector/attack"
	"github.com/exampleco/punchcard/views/inspector/fault"
	"github.com/exampleco/punchcard/views/inspector/page"
	"github.com/exampleco/punchcard/views/inspector/record"
)

// watch puts the recorder and the faults round the rooms, and the inspector's
// page on their mux. ended waits until all that was recorded is in the file.
func (c *Serve) watch(ctx context.Context, r *rooms, l net.Listener) (watched http.Handler, ended func(), err error) {
	recorder, err := record.New(ctx, r.recordConfig())
	if err != nil {
		return nil, nil, err
	}
	r.recorder = recorder
	done := make(chan struct{})
	go func() { defer close(done); recorder.Run(ctx) }()
	faults := &fault.List{ResourceMetadata: r.base() + pathResource, CORS: r.readable}
	inspector.Register(r.mux, c.pageConfig(ctx, r, l, recorder, faults))
	return recorder.Handler(faults.Handler(r)), func() { <-done }, nil
}

func (r *rooms) recordConfig() record.Config {
	return record.Config{Writer: r.file, Read: r.file.Read(), Now: r.now, Log: r.log}
}

func (c *Serve) pageConfig(ctx context.Context, r *rooms, l net.Listener, recorder *record.Recorder, faults *fault.List) inspector.Config {
	config := inspector.Config{
		Issuer: r.issuer, Recorder: recorder, Faults: faults, Controls: controls{r}, Stage: stage(r.document, r.issuer, l), Private: c.private,
		ClientName: r.clientName, PersonName: r.personName, Document: r.timesheets.Document, DocsHref: "/docs", RulesHref: "/docs/rules", Now: r.now, Stopping: ctx.Done(),
	}
	if phoneApp(r.document) != "" {
		config.AppHref = "/app/"
	}
	if demo, _ := r.auth.DemoClient(); demo != "" && c.private {
		config.TryHref = "/try"
	}
	for _, client := range r.document.Clients {
		config.Clients = append(config.Clients, page.FilterChoice{Value: client.ID, Text: client.Name})
		if client.Kind == seed.KindMachine && slices.Contains(r.document.DemoCredentials(), client.ID) {
			config.Starters = append(config.Starters, views.StartCommand{
				Title: "Or from a terminal", Text: "A machine gets a token of its own: nobody signs in.",
				Shell: inspector.Command("curl", "-s", "-u", client.ID+":"+client.Secret, "-d", "grant_type=client_credentials", r.base()+"/oauth/token"),
			})
		}
	}
	return config
}

// inspectorPath is where the strip's link leads, "" for no link.
func (c *Serve) inspectorPath() string {
	if c.private {
		return "/inspector"
	}
	return ""
}

// clientName and personName word what the document declares, and what has
// registered itself since; a person may be named by e-mail address.
func (r *rooms) clientName(id string) string {
	for _, c := range r.document.Clients {
		if c.ID == id {
			return c.Name
		}
	}
	return r.auth.ClientName(id)
}

func (r *rooms) personName(id string) string {
	for _, p := range r.document.People {
		if p.ID == id || strings.EqualFold(p.Email, id) {
			return p.Name
		}
	}
	return ""
}

// stage is where the attacks play: this very server, with those people and
// clients of the document that can sign somebody in.
func stage(d *seed.Document, issuer string, l net.Listener) *attack.Stage {
	base := strings.TrimSuffix(issuer, "/")
	var people []attack.Person
	for _, p := range d.People {
		people = append(people, attack.Person{ID: p.ID, Email: p.Email, Password: p.Password, ReportsTo: p.ReportsTo})
	}
	var clients []attack.Client
	for _, c := range d.Clients {
		if !slices.Contains(c.Grants, "authorization_code") {
			continue
		}
		client := attack.Client{ID: c.ID, Secret: c.Secret, Scope: strings.Join(c.Scopes, " "), Native: c.Kind == seed.KindNative}
		if len(c.RedirectURIs) > 0 {
			client.RedirectURI = strings.ReplaceAll(c.RedirectURIs[0], seed.Base, base)
		}
		clients = append(clients, client)
	}
	s := &attack.Stage{Issuer: issuer, Audience: base + "/api", Transport: attack.Only(l.Addr().String())}
	s.Cast(clients, people)
	return s
}
