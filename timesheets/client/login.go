package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// allScopes are all that this app has a use for. A server grants what the
// person ticks, and of that what their role gives.
var allScopes = []string{"openid", "profile", "email", "offline_access", "read:timesheets", "create:timesheets", "delete:timesheets", "approve:timesheets"}

type loginCmd struct {
	Target
	ClientID  string        `placeholder:"ID" help:"The app as it is registered at the server; timesheets-mobile."`
	API       string        `name:"api" placeholder:"URL" help:"The Timesheets API to use, where it is not the server's own."`
	Scope     string        `placeholder:"SCOPES" xor:"scope" help:"Ask for these scopes, in quotes with spaces between them; default: all that this app has a use for."`
	AddScope  string        `placeholder:"SCOPES" xor:"scope" help:"Ask for these besides what your session has already."`
	Device    bool          `xor:"fresh,browser" help:"Sign in with a browser on another device, such as your phone."`
	Fresh     bool          `xor:"fresh" help:"Have the password asked for, even if you are signed in in the browser."`
	NoBrowser bool          `xor:"browser" help:"Print the address instead of opening the browser."`
	Timeout   time.Duration `default:"5m" help:"How long to wait for your answer; 5m."`
}

// Run is the whole of RFC 8252 in the order in which it happens, or of RFC 8628.
func (c *loginCmd) Run(ctx context.Context, t Terminal) error {
	a, err := c.app(t)
	if err != nil {
		return err
	}
	before, err := a.vault.find(c.Server)
	if err != nil {
		fmt.Fprintf(a.Err, "%s\n", err) // signing in puts it right
	}
	server, err := a.wire.discover(ctx)
	if err != nil {
		return err
	}
	if named := c.api(before); named != "" && !strings.HasPrefix(named, strings.TrimSuffix(c.Server, "/")+"/") {
		warnOfPlainHTTP(a.Terminal, named)
	}
	api, err := a.wire.api(ctx, server, c.api(before))
	if err != nil {
		return err
	}
	flow := &signIn{wire: a.wire, server: server, client: c.client(before), api: api, scopes: c.scopes(before), fresh: c.Fresh}
	if before != nil {
		flow.hint = before.Email
	}
	through := c.throughBrowser
	if c.Device {
		through = c.throughDevice
	}
	got, who, err := through(ctx, a, flow)
	if err != nil {
		return err
	}
	return a.keep(ctx, &session{Issuer: server.Issuer, ClientID: flow.client, API: api, person: *who}, got, flow.scopes, strings.Fields(c.AddScope))
}

// client is the one that asks: to go on with a session, its own.
func (c *loginCmd) client(before *session) string {
	switch {
	case c.ClientID != "":
		return c.ClientID
	case before != nil && c.goesOn():
		return before.ClientID
	}
	return "timesheets-mobile"
}

// api is the one that is named, or that of the session that goes on.
func (c *loginCmd) api(before *session) string {
	if c.API == "" && before != nil && c.goesOn() {
		return before.API
	}
	return c.API
}

// goesOn says whether the session is to be the same, with something added.
func (c *loginCmd) goesOn() bool { return c.AddScope != "" || c.Fresh }

// scopes are what is asked for.
func (c *loginCmd) scopes(before *session) []string {
	scopes := strings.Fields(c.Scope)
	if len(scopes) == 0 && before != nil && c.goesOn() {
		scopes = before.scopes()
	}
	if len(scopes) == 0 {
		scopes = slices.Clone(allScopes)
	}
	for _, scope := range strings.Fields(c.AddScope) {
		if !slices.Contains(scopes, scope) {
			scopes = append(scopes, scope)
		}
	}
	return scopes
}

// throughBrowser is the code flow with the person's own browser.
func (c *loginCmd) throughBrowser(ctx context.Context, a *app, flow *signIn) (*tokens, *person, error) {
	flow.begin(time.Now())
	door, err := listen(flow.receive)
	if err != nil {
		return nil, nil, err
	}
	defer door.close()
	flow.redirect = door.redirectURI()
	c.send(a, flow)
	patient, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	select {
	case came := <-door.answers:
		got, who, err := flow.finish(ctx, came)
		came.outcome <- outcomeOf(who, err)
		return got, who, err
	case <-patient.Done():
		if ctx.Err() != nil {
			return nil, nil, fail("Given up. Nothing was stored.", "")
		}
		said := fmt.Sprintf("Nobody answered in the browser within %s. Nothing was stored.", c.Timeout)
		if stray := door.stray.Load(); stray != nil {
			said += " What did come was not used. " + stray.text
		}
		return nil, nil, fail(said, "Try again, or wait longer: "+a.command("login", "--timeout", (2*c.Timeout).String()))
	}
}

// send brings the person to the address, or the address to the person.
func (c *loginCmd) send(a *app, flow *signIn) {
	address := flow.url()
	switch {
	case c.NoBrowser:
		fmt.Fprintf(a.Err, "Open this address in a browser on this computer:\n\n%s\n\n", address)
	case openBrowser(address):
		fmt.Fprintf(a.Err, "Your browser opens. If it does not, go to:\n\n%s\n\n", address)
	default:
		fmt.Fprintf(a.Err, "There is no browser to open here. Open this address in one on this computer:\n\n%s\n\n", address)
		if flow.server.Device != "" {
			fmt.Fprintf(a.Err, "Or use one on another device: %s\n\n", a.command("login", "--device"))
		}
	}
	fmt.Fprintf(a.Err, "Waiting for your answer there, for %s. Ctrl-C gives up.\n", c.Timeout)
}

// finish turns the answer into tokens, or into what the person has to know.
func (s *signIn) finish(ctx context.Context, came arrival) (got *tokens, who *person, err error) {
	if err = came.refused; err == nil {
		if got, who, err = s.exchange(ctx, came.code); err == nil {
			return got, who, nil
		}
	}
	var refused *oauthError
	if errors.As(err, &refused) {
		err = explain(refused)
	}
	return nil, nil, err
}

// explain says in plain words why the server signed nobody in.
func explain(refused *oauthError) error {
	switch refused.Code {
	case "access_denied":
		return fail("Sign-in was refused in the browser. Nothing was stored.", "").because(refused)
	case "invalid_scope":
		return fail("The server does not let this app ask for that: "+refused.Error()+".", "Ask for less with --scope.").because(refused)
	}
	return fail("The server refused to sign you in: "+refused.Error()+".", "").because(refused)
}

func outcomeOf(who *person, err error) outcome {
	var f *failure
	switch {
	case err == nil:
		name := plain(who.Name)
		if name == "" {
			name = "You"
		}
		return outcome{true, "Signed in", name + " can go back to the terminal now."}
	case errors.As(err, &f):
		return outcome{false, "Not signed in", f.text}
	}
	return outcome{false, "Not signed in", "The terminal says why."}
}

// keep stores the session in place of the one before, which is revoked: two
// that live side by side would be one that nobody watches.
func (a *app) keep(ctx context.Context, s *session, got *tokens, asked, wanted []string) error {
	s.adopt(got)
	unlock, err := a.vault.lock(ctx, s.Issuer)
	if err != nil {
		return err
	}
	defer unlock()
	before, _ := a.vault.read(s.Issuer) // what cannot be read cannot be revoked either
	if err := a.vault.save(s); err != nil {
		return err
	}
	if before != nil {
		_ = a.revoke(context.WithoutCancel(ctx), before) // it ends by itself, a little later
	}
	return a.report(s, asked, wanted)
}

// report says who signed in and what was granted. It fails where the one scope
// that was wanted is not among that.
func (a *app) report(s *session, asked, wanted []string) error {
	fmt.Fprintf(a.Out, "Signed in to %s as %s.\nGranted: %s\n", a.server, s.who(), plain(s.Scope))
	if missing := s.lacks(asked); len(missing) > 0 {
		fmt.Fprintf(a.Out, "Not granted: %s\n", strings.Join(missing, " "))
	}
	if s.Refresh == "" {
		fmt.Fprintf(a.Out, "This lasts until %s; without offline_access nothing renews it.\n", s.Expires.Local().Format("15:04"))
	}
	if missing := s.lacks(wanted); len(missing) > 0 {
		return &failure{text: "You are signed in, but " + strings.Join(missing, " ") + " was not granted.", code: exitForbidden,
			advice: "Either its box was not ticked, or your role does not give it; the consent page says which."}
	}
	return nil
}
