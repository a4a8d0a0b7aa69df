package auth

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/exampleco/punchcard/auth/audience"
	"github.com/exampleco/punchcard/auth/ledger"
	"github.com/exampleco/punchcard/auth/oauth"
	"github.com/exampleco/punchcard/auth/people"
	"github.com/exampleco/punchcard/auth/store"
)

// authorize is the authorization endpoint (RFC 6749 3.1) and the one
// dispatcher of every flow: a new request is parked here, and login and
// consent come back here to learn what is next.
func (s *Server) authorize(w http.ResponseWriter, r *http.Request) error {
	form, err := s.authorizationForm(w, r)
	if err != nil {
		return err
	}
	// A client's own parameter of that name is ignored like any unknown one.
	if handle := form.Get("flow"); handle != "" && !form.Has("client_id") && r.Method != http.MethodPost {
		f, err := s.browserFlow(w, r, handle)
		if err != nil {
			return err
		}
		if f.Spent {
			return s.again(w, r, f)
		}
		return s.advance(w, r, f)
	}
	q, uri, err := s.requested(r.Context(), form)
	if err != nil {
		return err
	}
	if r.Method == http.MethodPost {
		// OIDC Core 3.1.2.1 allows POST. It comes from another origin, so the
		// SameSite cookie is not with it; it will be with the GET that follows.
		f, err := s.begin(r.Context(), q, uri, "")
		if err != nil {
			return err
		}
		seeOther(w, pathAuthorize+"?flow="+f.Handle)
		return nil
	}
	f, err := s.begin(r.Context(), q, uri, s.browserOf(w, r))
	if err != nil {
		return err
	}
	return s.advance(w, r, f)
}

// requested returns the validated request, and the request_uri that it was
// pushed under, "" for a request that stands here in full.
func (s *Server) requested(ctx context.Context, form url.Values) (q *authorizationRequest, uri string, err error) {
	if uri, ok := pushedURI(form); ok {
		q, err := s.recallPushed(ctx, form, uri)
		return q, uri, err
	}
	if q, err = s.parseAuthorization(ctx, form); err == nil {
		err = s.mustPush(ctx, q)
	}
	return q, "", err
}

// begin parks the flow, and spends the request_uri with the same commit.
func (s *Server) begin(ctx context.Context, q *authorizationRequest, uri, browser string) (*flow, error) {
	signIns, err := s.people.SignIns(ctx)
	if err != nil {
		return nil, err
	}
	q.SignIns = signIns
	var f *flow
	err = s.store.Unit(ctx, func(unit context.Context) (err error) {
		if f, err = s.parkFlow(unit, "authorization", q, browser); err == nil && uri != "" {
			err = s.usePushed(unit, uri)
		}
		return err
	})
	if uri != "" && (err == nil || errors.Is(err, errSpent)) && !s.check(ctx, rules.PushedOnce, err == nil, "one use", ledger.Fingerprint("request_uri", uri)) {
		return nil, pushedIsOver(rules.PushedOnce)
	}
	if err != nil {
		return nil, err
	}
	f.Request = *q
	return f, nil
}

// authorizationForm reads the parameters from where the method puts them, and
// refuses what cannot be decoded rather than guessing.
func (s *Server) authorizationForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	query := r.URL.RawQuery
	if r.Method == http.MethodPost {
		body, err := oauth.FormBody(w, r)
		if err != nil {
			s.check(r.Context(), rules.RequestReadable, false, "application/x-www-form-urlencoded", r.Header.Get("Content-Type"))
			return nil, oauth.NewPage(err.Status, err.Code, "This request can’t be read", err.Description).Citing(rules.RequestReadable)
		}
		return body, nil
	}
	form, err := url.ParseQuery(query)
	if !s.check(r.Context(), rules.RequestReadable, err == nil && !strings.ContainsRune(query, 0), "application/x-www-form-urlencoded", "a query of "+strconv.Itoa(len(query))+" bytes") {
		return nil, oauth.NewPage(400, "invalid_request", "This request can’t be read", "Its parameters are not encoded as application/x-www-form-urlencoded.").Citing(rules.RequestReadable)
	}
	return form, nil
}

// seeOther answers 303: after a POST the browser must come back with a GET,
// without the password in its body (RFC 9700 4.12).
func seeOther(w http.ResponseWriter, to string) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
}

// advance takes a flow one step on.
func (s *Server) advance(w http.ResponseWriter, r *http.Request, f *flow) error {
	who, err := s.signedIn(r)
	if err != nil {
		return err
	}
	visitor, err := s.visitor(r.Context(), f, who)
	if err != nil {
		return err
	}
	step, code, scopes := next(f, visitor)
	switch step {
	case stepLogin:
		seeOther(w, pathLogin+"?flow="+f.Handle)
		return nil
	case stepCompare:
		seeOther(w, pathDevice+"?flow="+f.Handle)
		return nil
	case stepSelect:
		seeOther(w, pathSelect+"?flow="+f.Handle)
		return nil
	case stepConsent:
		seeOther(w, pathConsent+"?flow="+f.Handle)
		return nil
	case stepIssue:
		if f.Kind == deviceFlow {
			return s.settle(w, r, f, who, allowed, scopes)
		}
		return s.issue(w, r, f, who, scopes)
	default:
		if f.Kind == deviceFlow {
			return s.settle(w, r, f, who, denied, nil)
		}
		return s.answerWith(w, r, f, who, code)
	}
}

func finished(f *flow) error {
	if f.Kind == deviceFlow {
		return finishedDevice(f)
	}
	return oauth.NewPage(http.StatusConflict, "invalid_request", "This sign-in is already finished", "It led back to the app once, and it does that only once. Go back to the app; if it doesn’t have what it needs, start again there.").Citing(rules.DecidedOnce)
}

func finishedIfSpent(err error, f *flow) error {
	if errors.Is(err, errSpent) {
		return finished(f)
	}
	return err
}

// visitor gathers what next needs to know about who is signed in.
func (s *Server) visitor(ctx context.Context, f *flow, who *signedIn) (*visitor, error) {
	if who == nil {
		return nil, nil
	}
	held, err := s.held(ctx, f, who)
	if err != nil {
		return nil, err
	}
	return &visitor{
		Subject: who.ID, SignIn: who.Session.Number, AuthTime: who.Session.AuthTime,
		Allowed: audience.Permitted(f.Request.Scopes, who.Permissions), Held: held,
	}, nil
}

// held returns what a remembered consent covers. A native app is never waved
// through: RFC 8252 8.6, any other program on the device can use its public
// client_id and its redirect URI, so a person has to look each time.
func (s *Server) held(ctx context.Context, f *flow, who *signedIn) ([]string, error) {
	client, err := s.store.Client(ctx, f.Request.ClientID)
	if err != nil {
		return nil, clientGone(err)
	}
	if client.Kind == "native" {
		return nil, nil
	}
	scopes, _, err := s.people.Remembered(ctx, who.ID, client.ID)
	return scopes, err
}

func clientGone(err error) error {
	if oauth.Unavailable(err) {
		return err
	}
	return oauth.NewPage(400, "unauthorized_client", "This app is no longer registered", "It was taken away while you were signing in.").Citing(rules.ClientKnown).Because(err)
}

// issue ends the flow with an authorization code. The flow is spent, and the
// code with all that belongs to it is written, in one commit. For a flow that
// is spent, the code takes the place of the one that was lost, see again.go.
func (s *Server) issue(w http.ResponseWriter, r *http.Request, f *flow, who *signedIn, scopes []string) error {
	q := &f.Request
	var code string
	err := s.store.Unit(r.Context(), func(ctx context.Context) (err error) {
		code, err = s.writeCode(ctx, f, who, scopes)
		return err
	})
	if refused := (*oauth.Error)(nil); errors.As(err, &refused) && refused.Page != nil {
		return refused // there is no address to go back to
	}
	if errors.Is(err, errSpent) || errors.Is(err, store.ErrSpent) {
		return s.overtaken(w, r, f)
	}
	if errors.Is(err, people.ErrNoSession) || errors.Is(err, people.ErrForgotten) {
		return s.advance(w, r, f) // nothing was written, and next() decides by what there is
	}
	if err != nil {
		return oauth.AsError(err).BackTo(q.answers())
	}
	s.check(r.Context(), rules.CodeIssued, true, strings.Join(q.asked(), " "), strings.Join(scopes, " "))
	s.sendBack(w, r, q.answers(), url.Values{"code": {code}})
	return nil
}

// stillGiven makes the unit of a code fail where the session, or the remembered
// consent that it rests on, was ended while it was on its way. Signing out
// everywhere and taking an app back reach every grant that there is; this is
// for the one that would come a moment later (OWASP ASVS 7.4.1).
func (s *Server) stillGiven(ctx context.Context, f *flow, who *signedIn, scopes []string) error {
	if err := s.people.StillSignedIn(ctx, who.Session.ID); err != nil {
		return err
	}
	if f.Decision == allowed && f.Subject == who.ID {
		return nil // they have just been asked
	}
	return s.people.StillRemembered(ctx, who.ID, f.Request.ClientID, scopes)
}
