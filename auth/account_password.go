package auth

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"

	"github.com/exampleco/punchcard/auth/oauth"
	"github.com/exampleco/punchcard/auth/people"
	"github.com/exampleco/punchcard/views"
)

// changePassword asks for the current password, as a sign-in does and as often
// as a sign-in may (OWASP ASVS 6.2.3): whoever sits down at a browser that is
// signed in must not be able to keep its owner out. Password, sessions and
// grants change in one commit.
func (s *Server) changePassword(w http.ResponseWriter, r *http.Request, who *signedIn, form url.Values) error {
	current, next := form.Get("current_password"), form.Get("new_password")
	if problem := s.unfit(next, form.Get("repeat_password"), current, who); problem != nil {
		return s.showAccount(w, r, http.StatusUnprocessableEntity, who, views.Account{Password: *problem})
	}
	person, err := s.people.Authenticate(r.Context(), who.Email, current, oauth.SourceOf(r))
	if err == nil && person.ID != who.ID {
		err = people.ErrWrongCredentials // the address has come to be somebody else's, by another document
	}
	if err != nil {
		return s.passwordRefused(w, r, who, err)
	}
	var secret string
	err = s.store.Unit(r.Context(), func(ctx context.Context) (err error) {
		if secret, err = s.people.SetPassword(ctx, person, next, who.Session.ID); err != nil {
			return err
		}
		return s.store.RevokeOthers(ctx, who.ID, who.Session.ID)
	})
	if errors.Is(err, people.ErrNoSession) || errors.Is(err, people.ErrNoPerson) {
		toLogin(w) // this browser was signed out meanwhile, and has changed nothing
		return nil
	}
	if err != nil {
		return s.passwordRefused(w, r, who, err)
	}
	s.check(r.Context(), rules.PasswordChanged, true, "other sessions and their grants end", who.ID)
	s.setCookie(w, sessionCookie, secret)
	s.sayDone(w, donePassword, "")
	seeOther(w, pathAccount+"#main") // to what was done, not to the form that the browser comes from
	return nil
}

// unfit says what is wrong with a new password before the current one is
// looked at, which would cost a try.
func (s *Server) unfit(next, again, current string, who *signedIn) *views.AccountPassword {
	switch err := people.CheckPassword(next, who.Person); {
	case current == "":
		return &views.AccountPassword{Field: "current_password", Problem: "Type your current password as well, so that nobody else who sits here can change it."}
	case errors.Is(err, people.ErrPasswordLength) && len(next) > people.MaxPassword:
		return &views.AccountPassword{Field: "new_password", Problem: fmt.Sprintf("That is too long. A password may have %d bytes.", people.MaxPassword)}
	case errors.Is(err, people.ErrPasswordLength):
		return &views.AccountPassword{Field: "new_password", Problem: fmt.Sprintf("That is too short. Use at least %d characters; a few words are easy to remember.", people.MinPassword)}
	case errors.Is(err, people.ErrPasswordGuessable):
		return &views.AccountPassword{Field: "new_password", Problem: "That is among the first that somebody would try. Use something that nobody else would think of; a few words will do."}
	case next == current:
		return &views.AccountPassword{Field: "new_password", Problem: "That is the password you have. Choose another one."}
	case next != again:
		return &views.AccountPassword{Field: "repeat_password", Problem: "The two new passwords differ. Type the same one twice."}
	}
	return nil
}

func (s *Server) passwordRefused(w http.ResponseWriter, r *http.Request, who *signedIn, cause error) error {
	var throttled *people.ThrottledError
	var busy *people.BusyError
	switch {
	case errors.As(cause, &busy):
		w.Header().Set("Retry-After", strconv.Itoa(int(busy.RetryAfter.Seconds())))
		return s.showAccount(w, r, http.StatusServiceUnavailable, who, views.Account{Password: views.AccountPassword{
			Field: "current_password", Problem: fmt.Sprintf("The server is too busy for this right now. Try again in %s. Your password was not changed.", humanWait(busy.RetryAfter))}})
	case errors.As(cause, &throttled):
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(throttled.RetryAfter.Seconds()))))
		return s.showAccount(w, r, http.StatusTooManyRequests, who, views.Account{Password: views.AccountPassword{
			Field: "current_password", Problem: fmt.Sprintf("Too many attempts. Try again in %s. Your password is as it was.", humanWait(throttled.RetryAfter))}})
	case errors.Is(cause, people.ErrWrongCredentials):
		return s.showAccount(w, r, http.StatusUnprocessableEntity, who, views.Account{Password: views.AccountPassword{
			Field: "current_password", Problem: "That is not your current password, so nothing was changed."}})
	}
	return cause
}
