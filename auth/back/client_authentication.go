package back

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/ory/fosite"

	"github.com/exampleco/punchcard/auth/ledger"
	"github.com/exampleco/punchcard/auth/limit"
	"github.com/exampleco/punchcard/auth/oauth"
	"github.com/exampleco/punchcard/auth/store"
)

// Authenticate finds out which client calls, RFC 6749 2.3 and 3.2.1. An
// unknown client and a wrong secret get the same answer.
func (s *Channel) Authenticate(ctx context.Context, r *http.Request, form url.Values) (*store.Client, error) {
	if form.Has("client_assertion") || form.Has("client_assertion_type") {
		return s.authenticateByKey(ctx, r, form)
	}
	id, secret, method, err := credentials(r, form)
	if err != nil {
		return nil, err
	}
	if id == "" {
		return nil, refusedClient(method, "No client authentication: send client_id, or Basic credentials.")
	}
	client, cerr := s.store.Client(ctx, id)
	if oauth.Unavailable(cerr) {
		return nil, cerr
	}
	ok := cerr == nil && provesItself(client, secret, method)
	// A public client has no secret to guess, and libraries that try Basic
	// without one first must not use up its users' patience.
	guess := !ok && (cerr != nil || !client.IsPublic())
	wait := s.secrets.Admit(ledger.Clip(id)+" "+limit.Network(oauth.SourceOf(r)), s.now(), guess)
	if !s.check(ctx, rules.SecretGuesses, wait == 0, "fewer wrong tries", "wait "+wait.String()) {
		return nil, tooManyGuesses(wait)
	}
	if !s.check(ctx, rules.ClientAuthenticated, ok, "the credentials of a registered client", id+" by "+method) {
		if cerr != nil && oauth.RegisteredItself(id) {
			return nil, refusedClient(method, s.others.RegisterAgain())
		}
		return nil, refusedClient(method, "Unknown client, wrong credentials, or a method the client is not registered for.")
	}
	return client, nil
}

// tooManyGuesses answers 429 (RFC 6585 4), the right secret included: who may
// try it in between is still guessing.
func tooManyGuesses(wait time.Duration) *oauth.Error {
	e := oauth.NewError("invalid_client", "Too many wrong credentials for this client. Wait before the next try.")
	e.Status, e.RetryAfter = http.StatusTooManyRequests, wait
	return e
}

// provesItself: a public client has no secret, so one that sends a secret is
// misconfigured, and finds out now instead of believing that it is protected.
func provesItself(client *store.Client, secret, method string) bool {
	if client.IsPublic() {
		// RFC 6749 2.3.1: an empty client_secret is none. Some libraries say by Basic
		// without one which public client they are.
		return secret == "" && slices.Contains(client.AuthMethods, "none")
	}
	if !slices.Contains(client.AuthMethods, method) {
		return false
	}
	return client.SecretMatches(secret)
}

func refusedClient(method, description string) *oauth.Error {
	e := oauth.NewError("invalid_client", description)
	if method == "client_secret_basic" {
		e.Scheme = "Basic"
	}
	return e
}

// credentials reads the one method that the client uses. RFC 6749 2.3: more
// than one MUST NOT be used in a request. The client_id beside Basic is no
// second method as long as it is the same; many libraries send it.
func credentials(r *http.Request, form url.Values) (id, secret, method string, err error) {
	header := r.Header.Values("Authorization")
	if len(header) == 0 {
		if form.Has("client_secret") {
			return form.Get("client_id"), form.Get("client_secret"), "client_secret_post", nil
		}
		return form.Get("client_id"), "", "none", nil
	}
	scheme, encoded, _ := strings.Cut(header[0], " ")
	if len(header) > 1 || !strings.EqualFold(scheme, "Basic") {
		return "", "", "", refusedClient("client_secret_basic", "The Authorization header must hold one set of Basic credentials here.")
	}
	raw, derr := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
	user, pass, found := strings.Cut(string(raw), ":")
	// RFC 6749 2.3.1: both are form-encoded before they are put together.
	id, uerr := url.QueryUnescape(user)
	secret, perr := url.QueryUnescape(pass)
	if derr != nil || !found || uerr != nil || perr != nil {
		return "", "", "", refusedClient("client_secret_basic", "The Basic credentials are not well-formed.")
	}
	if form.Has("client_secret") || form.Has("client_id") && form.Get("client_id") != id {
		return "", "", "", oauth.NewError("invalid_request", "Use one method of client authentication, not two.")
	}
	return id, secret, "client_secret_basic", nil
}

// authenticated gives fosite the client that authenticate has found.
func authenticated(ctx context.Context, _ *http.Request, _ url.Values) (fosite.Client, error) {
	q := tokenRequestOf(ctx)
	if q == nil {
		return nil, fosite.ErrInvalidClient
	}
	return q.Client, nil
}
