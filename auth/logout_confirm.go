package auth

import (
	"errors"
	"net/http"

	"github.com/exampleco/punchcard/auth/oauth"
)

// confirmLogout is the answer to askLogout, and the sign-out of our own pages.
func (s *Server) confirmLogout(w http.ResponseWriter, r *http.Request) error {
	who, err := s.signedIn(r)
	if err != nil {
		return err
	}
	if r.Method != http.MethodPost {
		return s.leave(w, r, &logoutRequest{}, "")
	}
	form, ferr := oauth.FormBody(w, r)
	if ferr != nil {
		return oauth.NewPage(ferr.Status, ferr.Code, "This form can’t be read", ferr.Description)
	}
	q := &logoutRequest{}
	if handle := form.Get("flow"); handle != "" {
		var f *flow
		if q, f, err = s.loadLogout(w, r, handle); err != nil {
			return err
		}
		if err := s.spendFlow(r.Context(), f); err != nil && !errors.Is(err, errSpent) {
			return err
		}
		if q.ReturnTo != "" { // by a GET, whose page ends what the form began
			if who != nil {
				err = s.endBrowserSession(w, r, who)
			}
			if err == nil {
				seeOther(w, pathLogout+"?flow="+f.Handle)
			}
			return err
		}
	}
	q.Unchecked = false // the page has said where it leads
	if who == nil {
		return s.left(w, r, q)
	}
	return s.signOut(w, r, who, q)
}

func (s *Server) loadLogout(w http.ResponseWriter, r *http.Request, handle string) (*logoutRequest, *flow, error) {
	var q logoutRequest
	f, err := s.loadFlow(r.Context(), "logout", handle, &q)
	if errors.Is(err, errNoFlow) {
		return nil, nil, oauth.NewPage(400, "invalid_request", "This sign-out has ended", "It was open for too long, or the address isn’t complete.").Offering(pathLogoutConfirm, "Sign out now")
	}
	if err != nil {
		return nil, nil, err
	}
	if err := s.ownedBy(w, r, f); err != nil || q.ReturnTo == "" {
		return &q, f, err
	}
	registered, err := s.returnAddresses(r.Context(), q.Client) // as they are now: the question may have stood there for an hour
	if err != nil {
		return nil, nil, err
	}
	return &q, f, s.admitReturn(r.Context(), "return address", q.ReturnTo, registered)
}

func (s *Server) endBrowserSession(w http.ResponseWriter, r *http.Request, who *signedIn) error {
	err := s.people.EndSession(r.Context(), who.Session.ID)
	if err == nil {
		s.setCookie(w, sessionCookie, "")
	}
	return err
}
