package back

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/ory/fosite"

	"github.com/exampleco/punchcard/auth/ledger"
	"github.com/exampleco/punchcard/auth/oauth"
	"github.com/exampleco/punchcard/auth/store"
)

// GrantTypes are the grants of the token endpoint; metadata lists them.
var GrantTypes = []string{"authorization_code", "refresh_token", "client_credentials", GrantDevice}

// Token is the token endpoint, RFC 6749 3.2. The checks that fosite leaves out
// stand before it, the mapping of its answers after it.
func (s *Channel) Token(w http.ResponseWriter, r *http.Request) error {
	form, ferr := oauth.ClientForm(s.ledger, w, r)
	if ferr != nil {
		return ferr
	}
	q := readTokenRequest(form)
	if q.Grant == "" {
		return oauth.NewError("invalid_request", "grant_type is missing.")
	}
	// RFC 6749 5.2; RFC 9700 2.4: the password grant MUST NOT be used.
	if !s.check(r.Context(), rules.GrantTypeServed, slices.Contains(GrantTypes, q.Grant), strings.Join(GrantTypes, " "), q.Grant) {
		return oauth.NewError("unsupported_grant_type", "This server serves "+strings.Join(GrantTypes, ", ")+".")
	}
	client, err := s.Authenticate(r.Context(), r, form)
	if err != nil {
		return err
	}
	if !s.check(r.Context(), rules.GrantTypeRegistered, slices.Contains(client.Grants, q.Grant), strings.Join(client.Grants, " "), q.Grant) {
		return oauth.NewError("unauthorized_client", "This client is not registered for "+q.Grant+".")
	}
	q.Client = client
	if q.JKT, err = s.provenForTokens(w, r, client); err != nil {
		return err
	}
	response, err := s.answer(q.in(r.Context()), q)
	if q.report.revocation != nil {
		return q.report.revocation // a replay was seen and its family still lives: that must not pass as settled
	}
	if err != nil {
		return err
	}
	oauth.WriteJSON(w, http.StatusOK, response)
	return nil
}

// answer validates the grant and issues what it gives. Where what was read has
// changed before it could be written, nothing was written, and it begins anew.
func (s *Channel) answer(ctx context.Context, q *tokenRequest) (*tokenResponse, error) {
	for q.attempt = range maxAnew {
		q.report.grace = s.graceFor(q)
		request, err := s.grant(ctx, q)
		if err != nil {
			return nil, err
		}
		response, err := s.respond(ctx, request)
		if !errors.Is(err, errAgain) {
			return response, err
		}
	}
	return nil, oauth.NewError("temporarily_unavailable", "The grant is being changed right now. Try again in a few seconds.").Because(errAgain)
}

// maxAnew is more than a person can take back while one request waits.
const maxAnew = 20

var errAgain = errors.New("what was read has changed; begin anew")

// grant lets fosite validate the grant, and adds what it does not look at.
func (s *Channel) grant(ctx context.Context, q *tokenRequest) (fosite.AccessRequester, error) {
	if err := s.complete(ctx, q); err != nil {
		return nil, err
	}
	session := EmptySession(s.now)
	session.GrantedAt = s.now().Unix()
	if q.Grant == "client_credentials" {
		session.Subject, session.Machine = q.Client.ID, true // RFC 9068 2.2: sub is the client where there is no person
	}
	request, err := s.fosite.NewAccessRequest(ctx, q.forFosite(ctx), session)
	if err != nil {
		return nil, s.explainGrant(ctx, q, err)
	}
	bind(q, request)
	switch q.Grant {
	case "client_credentials":
		for _, scope := range request.GetRequestedScopes() {
			request.GrantScope(scope)
		}
		request.GrantAudience(q.Audience[0])
	case "refresh_token":
		if err := s.narrowRefresh(ctx, request, q.Scope); err != nil {
			return nil, err
		}
	}
	if err := s.sameAudience(ctx, request, q.named()); err != nil {
		return nil, err
	}
	return request, s.stillActive(ctx, request)
}

// complete checks that each grant has its parameters, and settles what a
// machine gets where it left that open.
func (s *Channel) complete(ctx context.Context, q *tokenRequest) error {
	if name := q.missing(); name != "" {
		return oauth.NewError("invalid_request", name+" is missing.")
	}
	if q.Grant != "client_credentials" {
		return nil
	}
	to, err := s.audiences.AimMachine(ctx, q.Client, q.Scope, q.named())
	if err != nil {
		return err
	}
	q.Scope, q.Audience = strings.Join(to.Scopes, " "), []string{to.Audience}
	return nil
}

// narrowRefresh applies the scope parameter of a refresh, RFC 6749 6: the new
// access token may carry less than the grant, the grant itself never shrinks.
// Libraries repeat the scope of the authorization request, so what was asked
// for then but not granted is left out without a word; what was never asked
// for is refused.
func (s *Channel) narrowRefresh(ctx context.Context, request fosite.AccessRequester, scope string) error {
	if scope == "" {
		return nil
	}
	asked := strings.Fields(scope)
	original := request.GetRequestedScopes()
	if !s.check(ctx, rules.ScopeWithinRequest, oauth.Subset(asked, original), strings.Join(original, " "), scope) {
		return oauth.NewError("invalid_scope", "scope must not go beyond what was asked for at first.")
	}
	session := request.GetSession().(*Session)
	session.asked = asked
	if len(session.narrow(request.GetGrantedScopes())) == 0 {
		return oauth.NewError("invalid_scope", "None of these scopes was granted.")
	}
	return nil
}

// sameAudience: RFC 8707 2.2, the token request may name the resource again,
// and may not name another one than the grant was given for.
func (s *Channel) sameAudience(ctx context.Context, request fosite.AccessRequester, named []string) error {
	granted := slices.Compact(slices.Sorted(slices.Values(slices.Concat(request.GetGrantedAudience(), request.GetRequestedAudience()))))
	for _, name := range named {
		api, known := s.audiences.Resource(name)
		if !s.check(ctx, rules.AudienceOfGrant, known && slices.Contains(granted, s.audiences.Expand(api.Identifier)), strings.Join(granted, " "), name) {
			return oauth.NewError("invalid_target", "This grant is for "+oauth.Printable(strings.Join(granted, " "))+".")
		}
	}
	return nil
}

// stillActive: a person who was disabled between consent and token gets
// nothing more (OWASP ASVS 7.4.2).
func (s *Channel) stillActive(ctx context.Context, request fosite.AccessRequester) error {
	session, ok := request.GetSession().(*Session)
	if !ok || session.Machine {
		return nil
	}
	_, err := s.personOf(ctx, session)
	s.check(ctx, rules.PersonActive, err == nil, "an active person", session.Subject)
	return err
}

// explainGrant maps what fosite says of a bad code or refresh token.
func (s *Channel) explainGrant(ctx context.Context, q *tokenRequest, err error) error {
	if q.Grant == GrantDevice {
		return err // device_grant.go has said it line by line
	}
	value, kind := q.Code, "authorization code"
	if q.Grant == "refresh_token" {
		value, kind = q.RefreshToken, "refresh token"
	}
	e := AsError(err)
	s.check(ctx, rules.GrantValid, false, "unused, unexpired, this client's", ledger.Fingerprint(kind, value)+": "+e.Description)
	return e
}

// tokenResponse is that of RFC 6749 5.1 and OIDC Core 3.1.3.3.
type tokenResponse struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int64  `json:"expires_in"` // seconds
	Scope        string `json:"scope"`
	RefreshToken string `json:"refresh_token,omitempty"`
	IDToken      string `json:"id_token,omitempty"`
}

// respond mints the tokens and writes everything that belongs to them in one
// commit. Nothing is answered before it is on disk.
func (s *Channel) respond(ctx context.Context, request fosite.AccessRequester) (*tokenResponse, error) {
	var answer fosite.AccessResponder
	err := s.store.Unit(ctx, func(unit context.Context) (err error) {
		answer, err = s.fosite.NewAccessResponse(unit, request)
		if client, ok := request.GetClient().(*store.Client); ok && err == nil {
			err = s.others.InUse(unit, client)
		}
		return err
	})
	// A scope that was taken back meanwhile is not there when the grant is read
	// again; each turn needs another scope taken back, and they only get fewer.
	if errors.Is(err, store.ErrWithdrawn) || errors.Is(err, store.ErrSpent) && tokenRequestOf(ctx).again() {
		return nil, errAgain
	}
	if errors.Is(err, store.ErrSpent) {
		return nil, s.raceLost(ctx, request, err)
	}
	if err != nil {
		return nil, err
	}
	session := request.GetSession().(*Session)
	scopes := session.scopes
	response := &tokenResponse{
		AccessToken: answer.GetAccessToken(), TokenType: tokenType(session.JKT), Scope: strings.Join(scopes, " "),
		ExpiresIn: int64(session.GetExpiresAt(fosite.AccessToken).Sub(s.now().Truncate(time.Second)) / time.Second),
	}
	response.RefreshToken, _ = answer.GetExtra("refresh_token").(string)
	response.IDToken, _ = answer.GetExtra("id_token").(string)
	s.check(ctx, rules.TokensIssued, true, request.GetID(), strings.Join(scopes, " "))
	return response, nil
}

// raceLost: the same code or refresh token was used twice at once. That is a
// replay like any other, whichever came first: RFC 6749 4.1.2 and RFC 9700
// 4.14.2, the whole family ends, because nobody can tell thief from owner.
func (s *Channel) raceLost(ctx context.Context, request fosite.AccessRequester, cause error) error {
	s.check(ctx, rules.GrantUsedOnce, false, "one use", "two at once; the family is revoked")
	if err := s.store.RevokeFamily(ctx, request.GetID()); err != nil {
		return err
	}
	return oauth.NewError("invalid_grant", "It was used twice. All tokens that came of it are revoked.").Because(cause)
}
