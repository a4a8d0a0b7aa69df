package auth

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/exampleco/punchcard/auth/ledger"
	"github.com/exampleco/punchcard/auth/oauth"
	"github.com/exampleco/punchcard/auth/people"
	"github.com/exampleco/punchcard/views"
)

// loginPage asks who is there. With a flow it says which app waits; without
// one it is the way into this server's own pages.
func (s *Server) loginPage(w http.ResponseWriter, r *http.Request) error {
	query := r.URL.Query()
	page := views.Login{Action: pathLogin, Email: query.Get("email"), Return: ownPage(query.Get("return"))}
	var f *flow
	if handle := query.Get("flow"); handle != "" {
		var err error
		if f, err = s.ownFlow(w, r, handle); err != nil {
			return err
		}
	}
	return s.showLogin(w, r, http.StatusOK, page, f)
}

func (s *Server) showLogin(w http.ResponseWriter, r *http.Request, status int, page views.Login, f *flow) error {
	action := ""
	if f != nil {
		client, err := s.store.Client(r.Context(), f.Request.ClientID)
		if err != nil {
			return clientGone(err)
		}
		page.Flow, page.ClientName, page.ClientKind = f.Handle, client.Name, client.Kind
		if f.Kind == deviceFlow {
			page.DeviceCode = f.userCode()
			page.Strip = s.deviceStrip(f, 3, "sign-in", "The device has only asked. It polls, and never sees your password.")
		} else {
			page.RedirectHost, _ = displayRedirect(f.Request.RedirectURI)
			page.Strip = s.strip(f, 2, "sign-in", "The app has only asked. It waits with its secret verifier and never sees your password.")
		}
		if page.Email == "" {
			page.Email = f.Request.LoginHint
		}
		if f.Request.prompts("login") || f.Request.MaxAge != nil {
			page.Notice = client.Name + " asks for a fresh sign-in."
		}
		action = formAction(f.Request.RedirectURI)
	}
	if f == nil {
		s.browserOf(w, r) // the form says so, and login sees whether it comes back
		page.Cookie = true
	}
	everyone, err := s.people.List(r.Context())
	if err != nil {
		return err
	}
	for _, p := range everyone {
		if p.ShowOnLogin {
			page.People = append(page.People, views.LoginPerson{
				Name: p.Name, Email: p.Email, Role: strings.Join(p.Roles, ", "), Initials: initials(p.Name), Href: loginHref(page, p.Email),
			})
		}
	}
	views.Write(w, r, status, views.LoginPage(page), action)
	return nil
}

// loginHref is this page with an e-mail filled in.
func loginHref(page views.Login, email string) string {
	q := url.Values{"email": {email}}
	if page.Flow != "" {
		q.Set("flow", page.Flow)
	}
	if page.Return != "" {
		q.Set("return", page.Return)
	}
	return pathLogin + "?" + q.Encode()
}

// ownPages are those that ask for a sign-in and want to be seen after it.
var ownPages = []string{"/", "/inspector", pathAccount}

// ownPage returns where a sign-in to our own pages shall lead, "" for wherever
// it leads by itself. RFC 9700 4.11.2: an open redirector would lend our name
// to a page that asks for the password once more, so what is not on the list
// to the letter is not followed.
func ownPage(asked string) string {
	if slices.Contains(ownPages, asked) {
		return asked
	}
	return ""
}

// strip is the bar that names the step; nil with --quiet-pages.
func (s *Server) strip(f *flow, step int, title, text string) *views.Strip {
	if s.quiet {
		return nil
	}
	bar := &views.Strip{Step: step, Of: 8, Title: title, Text: text}
	if s.inspector != "" {
		bar.Href = s.inspector + "/flow/" + f.ID[:12] // as the ledger names it: a hash, which resumes nothing
	}
	return bar
}

func initials(name string) string {
	out := ""
	for _, word := range strings.Fields(name) {
		out += string([]rune(word)[:1])
	}
	if r := []rune(out); len(r) > 2 {
		return string(r[0]) + string(r[len(r)-1])
	}
	return out
}

// login checks a password and starts a browser session.
func (s *Server) login(w http.ResponseWriter, r *http.Request) error {
	form, ferr := oauth.FormBody(w, r)
	if ferr != nil {
		return oauth.NewPage(ferr.Status, ferr.Code, "This form can’t be read", ferr.Description)
	}
	var f *flow
	if handle := form.Get("flow"); handle != "" {
		var err error
		if f, err = s.browserFlow(w, r, handle); err != nil {
			return err
		}
		if f.Spent && !(s.fresh(f) && f.Decision == undecided) {
			return finished(f) // nobody signs in where it leads nowhere
		}
	}
	// Without this the session would be lost at once, and its page would ask for the password again.
	if form.Get("cookie") != "" && len(s.browsers(r)) == 0 {
		return s.noCookies(r, http.StatusForbidden)
	}
	email := form.Get("email")
	person, err := s.people.Authenticate(r.Context(), email, form.Get("password"), oauth.SourceOf(r))
	if err != nil {
		return s.loginFailed(w, r, f, views.Login{Action: pathLogin, Email: ledger.Clip(email), Return: ownPage(form.Get("return"))}, err)
	}
	if f != nil && f.Spent && f.Subject != person.ID {
		return finished(f)
	}
	// OWASP ASVS 7.2.4: always a new session id, or one that an attacker planted before would now be signed in.
	secret, session, err := s.people.StartSession(r.Context(), person, ledger.Clip(r.UserAgent()), s.cookie(r, sessionCookie))
	if errors.Is(err, people.ErrNoPerson) || errors.Is(err, people.ErrWrongCredentials) { // it has changed in between
		err = people.ErrWrongCredentials
		return s.loginFailed(w, r, f, views.Login{Action: pathLogin, Email: ledger.Clip(email), Return: ownPage(form.Get("return"))}, err)
	}
	if err != nil {
		return err
	}
	s.setCookie(w, sessionCookie, secret)
	if f != nil && f.Spent { // a second click, where consent is remembered: the first one's cookie was lost with its answer
		if err := s.adoptAnswer(r.Context(), f, person.ID, session.ID); err != nil {
			return finishedIfSpent(err, f)
		}
	}
	if f == nil {
		seeOther(w, cmp.Or(ownPage(form.Get("return")), "/"))
		return nil
	}
	seeOther(w, pathAuthorize+"?flow="+f.Handle)
	return nil
}

// loginFailed shows the form again with what was typed. It says the same for
// an unknown, a disabled and an existing account: who has one is nobody's
// business.
func (s *Server) loginFailed(w http.ResponseWriter, r *http.Request, f *flow, page views.Login, cause error) error {
	var throttled *people.ThrottledError
	var busy *people.BusyError
	switch {
	case errors.As(cause, &busy):
		w.Header().Set("Retry-After", strconv.Itoa(int(busy.RetryAfter.Seconds())))
		page.Problem = fmt.Sprintf("Too many people are signing in right now. Try again in %s. Your password was not checked, so this does not count as an attempt.", humanWait(busy.RetryAfter))
		return s.showLogin(w, r, http.StatusServiceUnavailable, page, f)
	case errors.As(cause, &throttled):
		seconds := int(math.Ceil(throttled.RetryAfter.Seconds()))
		w.Header().Set("Retry-After", strconv.Itoa(seconds))
		page.Problem = fmt.Sprintf("Too many attempts. Try again in %s.", humanWait(throttled.RetryAfter))
		return s.showLogin(w, r, http.StatusTooManyRequests, page, f)
	case errors.Is(cause, people.ErrWrongCredentials):
		page.Problem = "That e-mail and password don’t match. Check both and try again."
		return s.showLogin(w, r, http.StatusUnprocessableEntity, page, f)
	}
	return cause
}

func humanWait(d time.Duration) string {
	if d <= time.Minute {
		n := max(1, int(math.Ceil(d.Seconds())))
		if n == 1 {
			return "a second"
		}
		return strconv.Itoa(n) + " seconds"
	}
	n := int(math.Ceil(d.Minutes()))
	if n == 1 {
		return "a minute"
	}
	return strconv.Itoa(n) + " minutes"
}
