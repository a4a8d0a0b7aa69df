package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/exampleco/punchcard/auth/audience"
	"github.com/exampleco/punchcard/auth/ledger"
	"github.com/exampleco/punchcard/auth/oauth"
	"github.com/exampleco/punchcard/auth/store"
	"github.com/exampleco/punchcard/views"
)

// consentPage shows what the app asks for, one choice a scope.
func (s *Server) consentPage(w http.ResponseWriter, r *http.Request) error {
	f, err := s.ownFlow(w, r, r.URL.Query().Get("flow"))
	if err != nil {
		return err
	}
	who, client, err := s.mayConsent(r, f)
	if err != nil {
		return err
	}
	if who == nil {
		seeOther(w, pathAuthorize+"?flow="+f.Handle) // it is another step's turn
		return nil
	}
	earlier, _, err := s.people.Remembered(r.Context(), who.ID, client.ID)
	if err != nil {
		return err
	}
	// What the app holds already is ticked: who asks for one scope more must not
	// lose the others by it. It only draws the boxes; the person decides anew.
	living, err := s.store.Held(r.Context(), client.ID, who.ID, who.Session.ID)
	if err != nil {
		return err
	}
	page := views.Consent{
		Flow: f.Handle, Session: consentSession(f, who), Action: pathConsent,
		ClientName: client.Name, ClientKind: client.Kind, ClientDescription: client.Description,
		PersonName: who.Name, PersonEmail: who.Email, Initials: initials(who.Name),
		SwitchHref: pathLogin + "?flow=" + f.Handle, Scopes: s.choices(f.Request.Scopes, who, append(earlier, living...)), LeftOut: s.leftOut(&f.Request, client),
	}
	if slices.ContainsFunc(f.Request.Scopes, func(scope string) bool { return !oauth.IsIdentity(scope) }) {
		api, _ := s.audiences.API(f.Request.Audience)
		page.API = api.Name
	}
	if client.Source == store.SourceRuntime { // RFC 7591 5: warn people about what nobody has vetted
		page.RegisteredOn = client.CreatedAt.Format("2 January 2006")
	}
	if f.Kind == deviceFlow {
		page.DeviceCode = f.userCode()
		page.Strip = s.deviceStrip(f, 5, "consent", "Nothing has been issued yet. The device still polls, and hears authorization_pending.")
	} else {
		page.RedirectDisplay, page.RedirectNote = displayRedirect(f.Request.RedirectURI)
		page.Strip = s.strip(f, 3, "consent", "Nothing has been issued yet. The app is still waiting with only its secret verifier.")
	}
	if f.remembers(client) {
		page.RememberDays = int(consentLifetime.Hours() / 24)
	}
	views.Write(w, r, http.StatusOK, views.ConsentPage(page), formAction(f.Request.RedirectURI))
	return nil
}

// mayConsent returns who may decide this flow now; nobody where next says that
// it is another step's turn.
func (s *Server) mayConsent(r *http.Request, f *flow) (*signedIn, *store.Client, error) {
	return s.turn(r, f, stepConsent)
}

// turn returns who may do a step of this flow now; nobody where next says that
// it is another step's turn.
func (s *Server) turn(r *http.Request, f *flow, this step) (*signedIn, *store.Client, error) {
	if f.Decision != undecided {
		return nil, nil, finished(f)
	}
	client, err := s.store.Client(r.Context(), f.Request.ClientID)
	if err != nil {
		return nil, nil, clientGone(err)
	}
	who, err := s.signedIn(r)
	if err != nil {
		return nil, nil, err
	}
	v, err := s.visitor(r.Context(), f, who)
	if err != nil {
		return nil, nil, err
	}
	if step, _, _ := next(f, v); step != this {
		return nil, nil, nil
	}
	return who, client, nil
}

// remembers says whether a consent can be kept for later requests. RFC 8252
// 8.6: not of a native app, see held. RFC 8628 5.4: not of a device, whoever
// it belongs to.
func (f *flow) remembers(client *store.Client) bool {
	return client.Kind != "native" && f.Kind != deviceFlow
}

// consentSession ties the form to the person it was drawn for: without it,
// somebody else who signs in to this browser meanwhile would grant what the
// first one ticked.
func consentSession(f *flow, who *signedIn) string {
	return ledger.Hash("consent " + f.ID + " " + who.ID)[:32]
}

// choices turns scopes into rows. Identity is one row, locked: without it
// there is no sign-in.
func (s *Server) choices(scopes []string, who *signedIn, earlier []string) []views.ConsentScope {
	var rows []views.ConsentScope
	if id := identity(scopes); len(id) > 0 {
		rows = append(rows, views.ConsentScope{
			Name: "openid", Tag: strings.Join(id, " "), Title: "Know who you are", Checked: true, Locked: true,
			Description: identityText(id),
		})
	}
	for _, scope := range scopes {
		if row, ok := s.choice(scope, who); ok {
			row.Held = slices.Contains(earlier, scope) && !row.Disabled
			row.Checked = row.Checked || row.Held
			rows = append(rows, row)
		}
	}
	if slices.Contains(scopes, "offline_access") {
		rows = append(rows, views.ConsentScope{
			Name: "offline_access", Tag: "offline_access", Title: "Stay signed in", Checked: true,
			Description: fmt.Sprintf("Keep working without asking again, until it has been idle for %s.", days(s.Lifetimes().Refresh)),
		})
	}
	return rows
}

// leftOut says what the app asked for and gets by no answer of the person's.
func (s *Server) leftOut(q *authorizationRequest, client *store.Client) (rows []views.ConsentLeftOut) {
	for _, scope := range q.LeftOut {
		row := views.ConsentLeftOut{Tag: scope, Title: s.scopeTitle(scope), Reason: "This app is not registered for it."}
		if slices.Contains(client.Scopes, scope) {
			api, _ := s.audiences.Of(scope)
			row.Reason = "It belongs to " + api.Name + ", and the app asked for another API this time."
		}
		rows = append(rows, row)
	}
	return rows
}

func (s *Server) choice(scope string, who *signedIn) (views.ConsentScope, bool) {
	for _, api := range s.document.APIs {
		for _, known := range api.Scopes {
			if known.Name != scope {
				continue
			}
			row := views.ConsentScope{Name: scope, Tag: scope, Title: known.Title, Description: known.Description, Warning: known.Warning, Checked: known.Default}
			if !slices.Contains(who.Permissions, scope) {
				row.Disabled, row.Checked = true, false
				row.Reason = s.whyNot(scope, who)
			}
			return row, true
		}
	}
	return views.ConsentScope{}, false
}

// whyNot names the roles that could give a scope.
func (s *Server) whyNot(scope string, who *signedIn) string {
	var able []string
	for _, role := range s.document.Roles {
		if slices.Contains(role.Permissions, scope) {
			able = append(able, role.Name+"s")
		}
	}
	mine := "You’re signed in as " + article(strings.Join(who.Roles, " and ")) + "."
	if len(able) == 0 {
		return "No person’s role gives this. " + mine
	}
	return "Only " + strings.Join(able, " and ") + " can give this. " + mine
}

func article(role string) string {
	if role == "" {
		return "somebody without a role"
	}
	if strings.ContainsRune("aeiou", rune(role[0])) {
		return "an " + role
	}
	return "a " + role
}

func identity(scopes []string) []string {
	return slices.DeleteFunc(slices.Clone(scopes), func(scope string) bool { return !oauth.IsIdentity(scope) || scope == "offline_access" })
}

func identityText(scopes []string) string {
	what := []string{"your user ID"}
	if slices.Contains(scopes, "profile") {
		what = []string{"your name", "your user ID"}
	}
	if slices.Contains(scopes, "email") {
		what = append([]string{"your e-mail address"}, what...)
	}
	last := len(what) - 1
	text := what[last]
	if last > 0 {
		text = strings.Join(what[:last], ", ") + " and " + what[last]
	}
	return strings.ToUpper(text[:1]) + text[1:] + ". Needed to sign in."
}

// consent keeps the person's decision.
func (s *Server) consent(w http.ResponseWriter, r *http.Request) error {
	form, ferr := oauth.FormBody(w, r)
	if ferr != nil {
		return oauth.NewPage(ferr.Status, ferr.Code, "This form can’t be read", ferr.Description)
	}
	f, err := s.browserFlow(w, r, form.Get("flow"))
	if err != nil {
		return err
	}
	d := decision(form.Get("decision"))
	if d != allowed && d != denied {
		return oauth.NewPage(400, "invalid_request", "Allow or cancel?", "The form came without a decision, so nothing was allowed.").
			Offering(pathConsent+"?flow="+f.Handle, "Back to the choices")
	}
	who, err := s.formOf(r, f, form.Get("session"), consentSession)
	if err != nil {
		return err
	}
	granted := s.ticked(f, who, form["scope"])
	if d == denied || len(granted) == 0 {
		d, granted = denied, nil // RFC 6749 4.1.2.1 access_denied
	}
	if f.Decision == undecided && !f.Spent {
		err = s.decideInTurn(r, f, who, d, granted, form.Get("remember") != "")
		if errors.Is(err, errSpent) {
			f, err = s.browserFlow(w, r, f.Handle) // the other click was a moment earlier
		} else if err == nil {
			f.Decision, f.Subject, f.Granted = d, who.ID, granted
		}
	}
	if err != nil {
		return err
	}
	// RFC 6749 10.5: one decision counts. The same one again, which is what a
	// second click is, leads to where the first one led.
	if !s.check(r.Context(), rules.DecidedOnce, f.same(d, who.ID, granted) && (!f.Spent || f.Kind == deviceFlow || s.fresh(f)), string(f.Decision)+" "+strings.Join(f.Granted, " "), string(d)+" "+strings.Join(granted, " ")) {
		return finished(f)
	}
	seeOther(w, pathAuthorize+"?flow="+f.Handle)
	return nil
}

// ticked computes what is granted: requested, and ticked, and given by the
// person's roles; nothing where that is no grant. The form only ever takes away
// from the stored request; a scope, client or address added to it is never read
// (RFC 9700 2.3: tokens carry the least privilege).
func (s *Server) ticked(f *flow, who *signedIn, ticked []string) []string {
	ticked = append(slices.Clone(ticked), identity(f.Request.Scopes)...)
	granted := slices.DeleteFunc(audience.Permitted(f.Request.Scopes, who.Permissions), func(scope string) bool {
		return !slices.Contains(ticked, scope)
	})
	// offline_access alone opens nothing: it keeps open what else was granted.
	if slices.Equal(granted, []string{"offline_access"}) {
		return nil
	}
	return granted
}

// decideInTurn keeps a decision, where it is this person's turn.
func (s *Server) decideInTurn(r *http.Request, f *flow, who *signedIn, d decision, granted []string, remember bool) error {
	turn, client, err := s.mayConsent(r, f)
	if err != nil {
		return err
	}
	if turn == nil { // they have to sign in anew, or to choose an account first
		return oauth.NewPage(http.StatusForbidden, "access_denied", "There is another step first", "This page is no longer the one to answer, so nothing was done.").
			Offering(pathAuthorize+"?flow="+f.Handle, "Look at the request again")
	}
	return s.decide(r.Context(), f, who, client, d, granted, remember)
}

// decide keeps a decision. The second of two gets errSpent.
func (s *Server) decide(ctx context.Context, f *flow, who *signedIn, client *store.Client, d decision, granted []string, remember bool) error {
	if d == denied {
		return s.decideFlow(ctx, f, denied, who.ID, nil)
	}
	s.check(ctx, rules.GrantedWithin, true, strings.Join(f.Request.Scopes, " "), strings.Join(granted, " "))
	return s.store.Unit(ctx, func(ctx context.Context) error {
		err := s.decideFlow(ctx, f, allowed, who.ID, granted)
		if err == nil && remember && f.remembers(client) {
			err = s.people.Remember(ctx, who.ID, client.ID, granted, s.now().Add(consentLifetime))
		}
		return err
	})
}
