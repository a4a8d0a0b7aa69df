package auth

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/exampleco/punchcard/auth/ledger"
	"github.com/exampleco/punchcard/auth/oauth"
	"github.com/exampleco/punchcard/auth/people"
	"github.com/exampleco/punchcard/views"
)

// accountPage shows a person what stands open in their name, and lets them
// close it (OWASP ASVS 7.5.2, 10.4.9).
func (s *Server) accountPage(w http.ResponseWriter, r *http.Request) error {
	who, err := s.signedIn(r)
	if err != nil {
		return err
	}
	done := s.done(w, r)
	if who == nil && done == doneEverywhere {
		views.Write(w, r, http.StatusOK, views.SignedOutPage(views.SignedOut{Home: "/", Everywhere: true}))
		return nil
	}
	if who == nil {
		toLogin(w)
		return nil
	}
	return s.showAccount(w, r, http.StatusOK, who, views.Account{Done: s.doneText(r, done)})
}

func toLogin(w http.ResponseWriter) { seeOther(w, pathLogin+"?return="+pathAccount) }

// showAccount fills in the page.
func (s *Server) showAccount(w http.ResponseWriter, r *http.Request, status int, who *signedIn, page views.Account) error {
	apps, err := s.connectedApps(r.Context(), who)
	if err != nil {
		return err
	}
	sessions, err := s.people.Sessions(r.Context(), who.ID)
	if err != nil {
		return err
	}
	for _, session := range sessions {
		b := views.AccountBrowser{
			ID: session.ID, Name: browserName(session.UserAgent), Agent: session.UserAgent, Here: session.ID == who.Session.ID,
			Since: s.moment(session.CreatedAt), Seen: s.moment(session.LastSeenAt),
		}
		if b.Here {
			b.Seen = s.moment(s.now())
		}
		page.Browsers = append(page.Browsers, b)
	}
	slices.SortStableFunc(page.Browsers, func(a, b views.AccountBrowser) int {
		switch {
		case a.Here:
			return -1
		case b.Here:
			return 1
		}
		return 0
	})
	page.Action, page.For, page.Apps, page.SignOut = pathAccount, accountFor(who), apps, pathLogoutConfirm
	page.Name, page.Email, page.Initials, page.Roles = who.Name, who.Email, initials(who.Name), strings.Join(who.Roles, ", ")
	page.MinPassword, page.Idle, page.Life = people.MinPassword, days(people.SessionIdle), days(people.SessionLife)
	views.Write(w, r, status, views.AccountPage(page))
	return nil
}

// accountFor ties the page's forms to who was signed in when it was drawn, as
// consentSession does: otherwise what one person pressed would be done to
// another who has signed in to this browser meanwhile.
func accountFor(who *signedIn) string { return ledger.Hash("account " + who.ID)[:32] }

// account does what was pressed on the page, and answers 303 to it.
func (s *Server) account(w http.ResponseWriter, r *http.Request) error {
	form, ferr := oauth.FormBody(w, r)
	if ferr != nil {
		return oauth.NewPage(ferr.Status, ferr.Code, "This form can’t be read", ferr.Description)
	}
	who, err := s.signedIn(r)
	if err != nil {
		return err
	}
	if who == nil {
		toLogin(w) // nothing was done, and the page shows how things are
		return nil
	}
	// RFC 6749 10.12 in spirit: what is done has to be what this person wanted.
	if !s.check(r.Context(), rules.AccountFormOfPerson, form.Get("for") == accountFor(who), "the same person", "the form's") {
		return otherPerson(rules.AccountFormOfPerson, who).Offering(pathAccount, "See the account of "+who.Name)
	}
	switch form.Get("do") {
	case "end-browser":
		err = s.endBrowser(w, r, who, form.Get("browser"))
	case "take-back":
		err = s.takeBack(w, r, who, form.Get("client"), form.Get("scope"))
	case "disconnect":
		err = s.disconnect(w, r, who, form.Get("client"))
	case "sign-out-everywhere":
		err = s.signOutEverywhere(w, r, who)
	case "change-password":
		return s.changePassword(w, r, who, form)
	default:
		return oauth.NewPage(400, "invalid_request", "Do what?", "The form came without a button that this page has, so nothing was done.").Offering(pathAccount, "Back to your account")
	}
	if err == nil {
		seeOther(w, pathAccount)
	}
	return err
}

// endBrowser signs a person out of one browser. The apps that were signed in
// through it go with it: who ends a browser that they do not have at hand has
// lost it.
func (s *Server) endBrowser(w http.ResponseWriter, r *http.Request, who *signedIn, sid string) error {
	err := s.store.Unit(r.Context(), func(ctx context.Context) error {
		return errors.Join(s.people.EndSessionOf(ctx, who.ID, sid), s.store.RevokeSession(ctx, sid))
	})
	if errors.Is(err, people.ErrNoSession) { // it has ended by itself, or is nobody's: either way it is not there
		s.sayDone(w, doneBrowser, "")
		return nil
	}
	if err != nil {
		return err
	}
	s.check(r.Context(), rules.SessionEnded, true, "its grants end with it", "session "+ledger.Short(sid))
	if sid == who.Session.ID {
		s.setCookie(w, sessionCookie, "")
	}
	s.sayDone(w, doneBrowser, "")
	return nil
}

// signOutEverywhere ends all browser sessions of a person and all grants.
func (s *Server) signOutEverywhere(w http.ResponseWriter, r *http.Request, who *signedIn) error {
	err := s.store.Unit(r.Context(), func(ctx context.Context) error {
		return errors.Join(s.people.EndSessions(ctx, who.ID), s.store.RevokeSubject(ctx, who.ID))
	})
	if err != nil {
		return err
	}
	s.check(r.Context(), rules.SignedOutEverywhere, true, "no session and no grant of the person", who.ID)
	s.setCookie(w, sessionCookie, "")
	s.sayDone(w, doneEverywhere, "")
	return nil
}

// moment words a time for a person.
func (s *Server) moment(at time.Time) views.Moment {
	return views.Moment{Words: ago(s.now().Sub(at)), Exact: at.UTC().Format("2 January 2006, 15:04 UTC"), ISO: at.UTC().Format(time.RFC3339)}
}

// clientName is what people call a client, its id where it is no longer served.
func (s *Server) clientName(r *http.Request, id string) string {
	if client, err := s.store.Client(r.Context(), id); err == nil {
		return client.Name
	}
	return id
}
