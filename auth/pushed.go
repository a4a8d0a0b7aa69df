package auth

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/exampleco/punchcard/auth/ledger"
	"github.com/exampleco/punchcard/auth/oauth"
)

// pushedLifetime is from the push to the browser's arrival: RFC 9126 2.2
// suggests 5 to 600 seconds. The person signs in on the flow's time.
const pushedLifetime = 90 * time.Second

// push is the pushed authorization request endpoint, RFC 9126 2: the client
// hands the request over itself, so that nobody can change it on its way
// through a browser, and learns of its mistakes before it sends anybody away.
func (s *Server) push(w http.ResponseWriter, r *http.Request) error {
	form, ferr := oauth.ClientForm(s.ledger, w, r)
	if ferr != nil {
		return ferr
	}
	client, err := s.back.Authenticate(r.Context(), r, form)
	if err != nil {
		return err
	}
	if !s.check(r.Context(), rules.PushWithoutReference, !form.Has("request_uri"), "none", ledger.Fingerprint("request_uri", form.Get("request_uri"))) {
		return oauth.NewError("invalid_request", "A pushed request must not hold a request_uri.")
	}
	for _, credential := range []string{"client_secret", "client_assertion", "client_assertion_type"} {
		form.Del(credential) // of the client, not of the request
	}
	form.Set("client_id", client.ID)
	if err := s.proveForCode(w, r, client, form); err != nil {
		return err
	}
	if size := requestSize(form); size > maxRequest {
		s.check(r.Context(), rules.RequestSize, false, "at most "+strconv.Itoa(maxRequest)+" bytes", strconv.Itoa(size))
		e := oauth.NewError("invalid_request", "An authorization request may hold 16 KiB of parameters here.")
		e.Status = http.StatusRequestEntityTooLarge // RFC 9126 2.3
		return e
	}
	// RFC 9126 2.1: it is validated like any other authorization request, and
	// 2.4: for a redirect_uri that is not registered there is no exception here.
	q, err := s.parseAuthorization(r.Context(), form)
	if err != nil {
		return forClient(err)
	}
	uri := oauth.RandomToken(oauth.RequestURIPrefix)
	if err := s.keepPushed(r.Context(), uri, q); err != nil {
		return err
	}
	oauth.WriteJSON(w, http.StatusCreated, pushed{uri, int64(pushedLifetime / time.Second)})
	return nil
}

// pushed is the answer of RFC 9126 2.2.
type pushed struct {
	RequestURI string `json:"request_uri"`
	ExpiresIn  int64  `json:"expires_in"` // seconds
}

// forClient makes an OAuth error of what would be a page or a redirect at
// /authorize: RFC 9126 2.3, the client itself is listening here.
func forClient(err error) error {
	var e *oauth.Error
	if !errors.As(err, &e) || e.Page == nil {
		return err
	}
	return oauth.NewError(e.Code, oauth.Printable(strings.ReplaceAll(e.Page.Text, "’", "'"))).Because(err)
}

// pushedURI returns the request_uri of an authorization request, if it is one
// of ours. Any other is a request object somewhere on the network, which this
// server does not fetch (OIDC Core 6.2); parseRest refuses it.
func pushedURI(form url.Values) (uri string, ok bool) {
	return form.Get("request_uri"), strings.HasPrefix(form.Get("request_uri"), oauth.RequestURIPrefix)
}

// recallPushed returns the request that uri stands for. What is sent beside it
// is ignored, or the browser could change after all what the client has pushed
// (RFC 9101 6.3); client_id alone has to be right.
func (s *Server) recallPushed(ctx context.Context, form url.Values, uri string) (*authorizationRequest, error) {
	for _, name := range []string{"client_id", "request_uri"} {
		if !s.check(ctx, rules.RequestParameterOnce, len(form[name]) == 1, name+" once", strconv.Itoa(len(form[name]))+" times") {
			return nil, oauth.NewPage(400, "invalid_request", name+" has to be sent once", "Send client_id and request_uri, each of them once.").Citing(rules.RequestParameterOnce)
		}
	}
	q, err := s.loadPushed(ctx, uri, form.Get("client_id"))
	if err == nil {
		err = s.stillAllowed(ctx, q)
	}
	return q, err
}

// stillAllowed: RFC 9126 4, checks that were made at the push count only for
// as long as the registration is what it was.
func (s *Server) stillAllowed(ctx context.Context, q *authorizationRequest) error {
	client, err := s.store.Client(ctx, q.ClientID)
	if err != nil {
		return clientGone(err)
	}
	return s.stillServed(ctx, q, client, q.Scopes)
}

// mustPush: RFC 9126 4 and 6, a client that is registered to push its requests
// has no other way, or leaving the push out would undo what it is good for.
func (s *Server) mustPush(ctx context.Context, q *authorizationRequest) error {
	client, err := s.store.Client(ctx, q.ClientID)
	if err != nil {
		return clientGone(err)
	}
	if !client.RequirePAR {
		return nil
	}
	s.check(ctx, rules.PushRequired, false, "a request_uri from the pushed authorization request endpoint", "a request in the URL")
	return oauth.NewError("invalid_request", "This client has to push its authorization requests first (RFC 9126) and send the request_uri that it gets.").BackTo(q.answers())
}

// pushedIsOver says the same for every request_uri that begins nothing:
// whoever made one up learns nothing by it.
func pushedIsOver(rule ledger.Rule) error {
	return oauth.NewPage(400, "invalid_request_uri", "This sign-in can’t be begun any more", "The app handed it over to be begun once, within a minute and a half, and by that app only. Go back to the app and start again.").Citing(rule)
}
