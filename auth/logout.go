package auth

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/exampleco/punchcard/auth/ledger"
	"github.com/exampleco/punchcard/auth/oauth"
	"github.com/exampleco/punchcard/auth/store"
	"github.com/exampleco/punchcard/views"
)

// logoutRequest is a sign-out request whose return address was checked.
type logoutRequest struct {
	Client   string `json:"client,omitempty"`
	ReturnTo string `json:"return_to,omitempty"` // registered for Client, or ""
	State    string `json:"state,omitempty"`
	Hinted   bool   `json:"hinted,omitempty"` // a valid id_token_hint came with it
	SID      string `json:"sid,omitempty"`    // the session that the hint names

	// Unchecked: the app registered itself, and so did its return address. Whoever
	// wants people to land on a page of theirs can do that, so nobody is sent
	// there before they have seen where it leads (RFC 7591 5).
	Unchecked bool `json:"unchecked,omitempty"`
}

// target is where the browser goes once nobody is signed in.
func (q *logoutRequest) target() string {
	if q.ReturnTo == "" || q.State == "" {
		return q.ReturnTo
	}
	return withParams(q.ReturnTo, url.Values{"state": {q.State}})
}

// endSession is RP-Initiated Logout. A POST comes from another origin without
// our cookie: it is validated, parked, and continues as a GET.
func (s *Server) endSession(w http.ResponseWriter, r *http.Request) error {
	form, err := s.authorizationForm(w, r)
	if err != nil {
		return err
	}
	if handle := form.Get("flow"); handle != "" && r.Method == http.MethodGet {
		q, f, err := s.loadLogout(w, r, handle)
		if err != nil {
			return err
		}
		if who, err := s.signedIn(r); f.Spent && who == nil && q.ReturnTo != "" { // confirmed, see below
			if err == nil {
				s.sendOn(w, r, q.target(), q.Client, views.Onward{SignedOut: true})
			}
			return err
		}
		return s.leave(w, r, q, handle)
	}
	q, err := s.parseLogout(r.Context(), form)
	if err != nil {
		return err
	}
	if r.Method == http.MethodPost {
		f, err := s.parkFlow(r.Context(), "logout", q, "")
		if err != nil {
			return err
		}
		seeOther(w, pathLogout+"?flow="+f.Handle)
		return nil
	}
	return s.leave(w, r, q, "")
}

// parseLogout checks the request, RP-Initiated Logout 2 and 3.
func (s *Server) parseLogout(ctx context.Context, form url.Values) (*logoutRequest, error) {
	values, repeated := oauth.SingleValued(form)
	if err := s.oneEach(ctx, repeated); err != nil {
		return nil, err
	}
	q := &logoutRequest{Client: values.Get("client_id"), State: values.Get("state")}
	if !s.check(ctx, rules.LogoutStateLength, len(q.State) <= maxState, "at most "+strconv.Itoa(maxState)+" bytes", strconv.Itoa(len(q.State))) {
		return nil, oauth.NewPage(400, "invalid_request", "The state is too long", "state may hold 2048 bytes here.").Citing(rules.LogoutStateLength)
	}
	if hint := values.Get("id_token_hint"); hint != "" {
		claims, err := s.hint(ctx, hint)
		if oauth.Unavailable(err) {
			return nil, err
		}
		// RP-Initiated Logout 4: a hint of another issuer or client MUST NOT end anything.
		ok := err == nil && (q.Client == "" || q.Client == claims.Audience)
		if !s.check(ctx, rules.LogoutHintGenuine, ok, "an ID token of this server for this client", ledger.Fingerprint("ID token", hint)) {
			return nil, oauth.NewPage(400, "invalid_request", "This sign-out isn’t from your app", "Its id_token_hint is not an ID token that this server gave to that client. Nobody was signed out.").Citing(rules.LogoutHintGenuine)
		}
		q.Client, q.SID, q.Hinted = claims.Audience, claims.SID, true
	}
	back := values.Get("post_logout_redirect_uri")
	if back == "" {
		return q, nil
	}
	client, err := s.store.Client(ctx, q.Client)
	if oauth.Unavailable(err) {
		return nil, err
	}
	if !s.check(ctx, rules.LogoutClientKnown, err == nil, "a registered client, by id_token_hint or client_id", q.Client) {
		return nil, oauth.NewPage(400, "invalid_request", "Which app is asking?", "post_logout_redirect_uri needs an id_token_hint or a client_id that is registered here.").Citing(rules.LogoutClientKnown)
	}
	if err := s.admitReturn(ctx, "post_logout_redirect_uri", back, client.PostLogoutRedirectURIs); err != nil {
		return nil, err
	}
	q.ReturnTo, q.Unchecked = back, client.Source == store.SourceRuntime
	return q, nil
}

func (s *Server) oneEach(ctx context.Context, repeated []string) error {
	if s.check(ctx, rules.LogoutParameterOnce, len(repeated) == 0, "no repetition", strings.Join(repeated, " ")) {
		return nil
	}
	return oauth.NewPage(400, "invalid_request", "This sign-out can’t be read", "Sent more than once: "+strings.Join(repeated, ", ")).Citing(rules.LogoutParameterOnce)
}

// admitReturn: RP-Initiated Logout 3, the value MUST be registered, exactly,
// or the sign-out becomes an open redirector.
func (s *Server) admitReturn(ctx context.Context, name, sent string, registered []string) error {
	if ok := slices.Contains(registered, sent); s.check(ctx, rules.LogoutReturnExact, ok, strings.Join(registered, " "), asSent(ok, sent)) {
		return nil
	}
	return oauth.NewPage(400, "invalid_request", "We won’t send you there", "The address to return to is not one that this app has registered. Nobody was signed out.").Citing(rules.LogoutReturnExact).
		Comparing(name, sent, registered, oauth.Exactly)
}

// leave signs out at once where the request proves that it is this session's
// own app; otherwise it asks, because any page can send somebody here.
func (s *Server) leave(w http.ResponseWriter, r *http.Request, q *logoutRequest, handle string) error {
	who, err := s.signedIn(r)
	if err != nil {
		return err
	}
	if who == nil && q.Hinted {
		return s.left(w, r, q)
	}
	if who == nil {
		return s.left(w, r, &logoutRequest{}) // RP-Initiated Logout 3: without a hint there is no redirect
	}
	if s.check(r.Context(), rules.LogoutOfThisSession, q.Hinted && q.SID == who.Session.ID, "session "+ledger.Short(who.Session.ID), "session "+ledger.Short(q.SID)) {
		return s.signOut(w, r, who, q)
	}
	return s.askLogout(w, r, who, q, handle)
}

func (s *Server) askLogout(w http.ResponseWriter, r *http.Request, who *signedIn, q *logoutRequest, handle string) error {
	if handle == "" {
		f, err := s.parkFlow(r.Context(), "logout", q, s.browserOf(w, r))
		if err != nil {
			return err
		}
		handle = f.Handle
	}
	page := views.LogoutAsk{
		Action: pathLogoutConfirm, PersonName: who.Name, PersonEmail: who.Email, Initials: initials(who.Name),
		Fields: []views.Field{{Name: "flow", Value: handle}}, Cancel: "/",
	}
	page.ClientName = s.appName(r.Context(), q.Client)
	if q.Unchecked {
		page.Unchecked = q.ReturnTo
	}
	views.Write(w, r, http.StatusOK, views.LogoutPage(page), formAction(q.ReturnTo))
	return nil
}

// appName is what an app calls itself, "" for one that is not known.
func (s *Server) appName(ctx context.Context, id string) string {
	if client, err := s.store.Client(ctx, id); err == nil {
		return client.Name
	}
	return ""
}

// signOut ends the browser session. Tokens with offline_access live on: that
// is what offline means (OIDC Core 11); an app that wants them dead revokes
// its refresh token.
func (s *Server) signOut(w http.ResponseWriter, r *http.Request, who *signedIn, q *logoutRequest) error {
	if err := s.endBrowserSession(w, r, who); err != nil {
		return err
	}
	return s.left(w, r, q)
}

// left is the end of every sign-out: back at the app, or a page that says so,
// with a link where only the app itself vouches for the address.
func (s *Server) left(w http.ResponseWriter, r *http.Request, q *logoutRequest) error {
	to := q.target()
	if to == "" {
		views.Write(w, r, http.StatusOK, views.SignedOutPage(views.SignedOut{Home: "/"}))
		return nil
	}
	if !s.check(r.Context(), rules.LogoutReturnChecked, !q.Unchecked, "a declared app, or a person who has seen the address", "an app that registered itself") {
		views.Write(w, r, http.StatusOK, views.SignedOutPage(views.SignedOut{Home: "/", Onward: to, Shown: q.ReturnTo, ClientName: s.appName(r.Context(), q.Client)}))
		return nil
	}
	seeOther(w, to)
	return nil
}

// returnTo is Auth0's form of the sign-out. It has no hint, so only a person's
// own navigation to a declared app's address acts at once; an image or a frame
// on some page only gets to the question.
func (s *Server) returnTo(w http.ResponseWriter, r *http.Request) error {
	query, repeated := oauth.SingleValued(r.URL.Query())
	if err := s.oneEach(r.Context(), repeated); err != nil {
		return err
	}
	q := &logoutRequest{Client: query.Get("client_id"), ReturnTo: query.Get("returnTo")}
	if q.ReturnTo != "" {
		registered, err := s.returnAddresses(r.Context(), q.Client)
		if err != nil {
			return err
		}
		if err := s.admitReturn(r.Context(), "returnTo", q.ReturnTo, registered); err != nil {
			return err
		}
		client, err := s.store.Client(r.Context(), q.Client)
		if oauth.Unavailable(err) {
			return err
		}
		q.Unchecked = err == nil && client.Source == store.SourceRuntime
	}
	who, err := s.signedIn(r)
	if err != nil {
		return err
	}
	if who == nil {
		return s.left(w, r, q)
	}
	navigation := r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document"
	if q.ReturnTo != "" && !q.Unchecked && s.check(r.Context(), rules.LogoutNavigation, navigation, "navigate, document", r.Header.Get("Sec-Fetch-Mode")+", "+r.Header.Get("Sec-Fetch-Dest")) {
		return s.signOut(w, r, who, q)
	}
	return s.askLogout(w, r, who, q, "")
}

// returnAddresses are those of the named client, or of all that are declared
// where none is named: one that registered itself has to be named, so that the
// page can say whose address it is.
func (s *Server) returnAddresses(ctx context.Context, clientID string) ([]string, error) {
	var clients []store.Client
	var err error
	if clientID == "" {
		clients, err = s.store.Clients(ctx)
	} else if c, cerr := s.store.Client(ctx, clientID); cerr == nil {
		clients = append(clients, *c)
	} else if oauth.Unavailable(cerr) {
		err = cerr
	}
	var out []string
	for _, c := range clients {
		if clientID == "" && c.Source == store.SourceRuntime {
			continue // RFC 7591 5: or anybody could make this an open redirector
		}
		out = append(out, c.PostLogoutRedirectURIs...)
	}
	return out, err
}
