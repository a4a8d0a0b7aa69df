package auth

import (
	"context"
	"errors"
	"net/http"

	"github.com/exampleco/punchcard/auth/ledger"
	"github.com/exampleco/punchcard/auth/oauth"
	"github.com/exampleco/punchcard/views"
)

// selectPage asks with which account to go on, where the client wants that
// asked: OIDC Core 3.1.2.1, prompt=select_account. Somebody else signs in on the
// login page, and has chosen by that.
func (s *Server) selectPage(w http.ResponseWriter, r *http.Request) error {
	f, err := s.ownFlow(w, r, r.URL.Query().Get("flow"))
	if err != nil {
		return err
	}
	who, err := s.maySelect(r, f)
	if err != nil {
		return err
	}
	if who == nil {
		seeOther(w, pathAuthorize+"?flow="+f.Handle) // it is another step's turn
		return nil
	}
	client, err := s.store.Client(r.Context(), f.Request.ClientID)
	if err != nil {
		return clientGone(err)
	}
	page := views.Select{
		Action: pathSelect, Flow: f.Handle, Session: selectSession(f, who), ClientName: client.Name, ClientKind: client.Kind,
		PersonName: who.Name, PersonEmail: who.Email, Initials: initials(who.Name), OtherHref: pathLogin + "?flow=" + f.Handle,
		Strip: s.strip(f, 2, "sign-in", "The app asked that you choose. Nothing has been issued yet."),
	}
	page.RedirectHost, _ = displayRedirect(f.Request.RedirectURI)
	views.Write(w, r, http.StatusOK, views.SelectPage(page), formAction(f.Request.RedirectURI))
	return nil
}

// maySelect returns who may choose now; nobody where next says that it is
// another step's turn.
func (s *Server) maySelect(r *http.Request, f *flow) (*signedIn, error) {
	who, err := s.signedIn(r)
	if err != nil {
		return nil, err
	}
	v, err := s.visitor(r.Context(), f, who)
	if err != nil {
		return nil, err
	}
	if step, _, _ := next(f, v); step != stepSelect {
		return nil, nil
	}
	return who, nil
}

// selectSession ties the form to the person it was drawn for, as
// consentSession does.
func selectSession(f *flow, who *signedIn) string {
	return ledger.Hash("select " + f.ID + " " + who.ID)[:32]
}

// selectAccount keeps the choice to go on with the account that was shown.
func (s *Server) selectAccount(w http.ResponseWriter, r *http.Request) error {
	form, ferr := oauth.FormBody(w, r)
	if ferr != nil {
		return oauth.NewPage(ferr.Status, ferr.Code, "This form can’t be read", ferr.Description)
	}
	f, err := s.browserFlow(w, r, form.Get("flow"))
	if err != nil {
		return err
	}
	who, err := s.maySelect(r, f)
	if err != nil {
		return err
	}
	// RFC 6749 10.12: nobody is taken for having chosen whom they were not shown. Whoever is signed in meanwhile is asked themselves.
	if who != nil && s.check(r.Context(), rules.AccountChoiceOfPerson, form.Get("session") == selectSession(f, who), "the same person", "the form's") {
		if err := s.choose(r.Context(), f, who.ID); err != nil && !errors.Is(err, errSpent) {
			return err
		}
	}
	seeOther(w, pathAuthorize+"?flow="+f.Handle)
	return nil
}

func (s *Server) choose(ctx context.Context, f *flow, subject string) error {
	return s.once(ctx, f, "select", `UPDATE flows SET selected = ? WHERE id = ? AND selected IS NULL AND decision IS NULL AND spent_at IS NULL`, subject, f.ID)
}
