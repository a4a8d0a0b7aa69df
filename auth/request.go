package auth

import (
	"context"
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/exampleco/punchcard/auth/audience"
	"github.com/exampleco/punchcard/auth/back"
	"github.com/exampleco/punchcard/auth/ledger"
	"github.com/exampleco/punchcard/auth/oauth"
	"github.com/exampleco/punchcard/auth/store"
)

// Caps on what an authorization request may hold, in bytes. RFC 6749 sets
// none; without them each request could park any amount of text in the file.
const (
	maxRequest = 16 << 10
	maxState   = 2048
	maxNonce   = 1024
	maxHint    = 320
)

// authorizationRequest is a request that passed every check that can be made
// before anybody is asked to log in. It is stored with the flow and is the
// only truth about it afterwards.
type authorizationRequest struct {
	ClientID    string   `json:"client_id"`
	RedirectURI string   `json:"redirect_uri"`       // the admitted one, also where none was sent
	Sent        bool     `json:"sent,omitempty"`     // redirect_uri was sent, so the token request must repeat it
	Mode        string   `json:"mode,omitempty"`     // response_mode, "" for query
	State       string   `json:"state,omitempty"`    // given back unchanged
	Nonce       string   `json:"nonce,omitempty"`    // goes into the ID token
	Challenge   string   `json:"challenge"`          // RFC 7636, S256 always; "" where pkce.go lets a nonce take its place
	Scopes      []string `json:"scopes"`             // what can be granted of those that were asked for
	LeftOut     []string `json:"left_out,omitempty"` // the others: not this client's, or not of this API
	Audience    string   `json:"audience"`           // the API's identifier
	JKT         string   `json:"dpop_jkt,omitempty"` // key that the token request must prove, RFC 9449 10
	Device      string   `json:"device,omitempty"`   // hash of the device code, where a device asks; the four above the scopes are empty then
	Prompt      []string `json:"prompt,omitempty"`   // none | login, consent, select_account
	MaxAge      *int64   `json:"max_age,omitempty"`  // seconds
	SignIns     int64    `json:"sign_ins,omitempty"` // how many there had been when this began, see flow.signedInSince
	LoginHint   string   `json:"hint,omitempty"`     // fills the e-mail field
	Hinted      string   `json:"hint_sub,omitempty"` // the person that id_token_hint names
}

// promptValues are those of OIDC Core 3.1.2.1; metadata lists them.
var promptValues = []string{"none", "login", "consent", "select_account"}

// asked is the scope of the request: a refresh may repeat it (RFC 6749 6).
func (q *authorizationRequest) asked() []string { return slices.Concat(q.Scopes, q.LeftOut) }

// answers is how the answer to this request goes back.
func (q *authorizationRequest) answers() oauth.Back {
	return oauth.Back{ClientID: q.ClientID, RedirectURI: q.RedirectURI, Mode: q.Mode, State: q.State}
}

func (q *authorizationRequest) prompts(value string) bool { return slices.Contains(q.Prompt, value) }

// parseAuthorization checks an authorization request as strictly as its
// clauses allow. Until client and redirect URI are known to belong together
// every error is a page of ours: RFC 6749 4.1.2.1, the server MUST NOT
// redirect to an invalid redirect URI, or it becomes an open redirector.
// After that errors go back to the client.
func (s *Server) parseAuthorization(ctx context.Context, form url.Values) (*authorizationRequest, error) {
	size := requestSize(form)
	if !s.check(ctx, rules.RequestSize, size <= maxRequest, "at most "+strconv.Itoa(maxRequest)+" bytes", strconv.Itoa(size)) {
		return nil, oauth.NewPage(400, "invalid_request", "This request is too large", "An authorization request may hold 16 KiB of parameters here.").Citing(rules.RequestSize)
	}
	values, repeated := oauth.SingleValued(form)
	client, redirect, err := s.parseClient(ctx, values, repeated)
	if err != nil {
		return nil, err
	}
	q := &authorizationRequest{ClientID: client.ID, RedirectURI: redirect, Sent: values.Get("redirect_uri") != ""}
	if !slices.Contains(repeated, "state") {
		q.State = values.Get("state")
	}
	if !s.check(ctx, rules.StateLength, len(q.State) <= maxState, "at most "+strconv.Itoa(maxState)+" bytes", strconv.Itoa(len(q.State))) {
		return nil, oauth.NewPage(400, "invalid_request", "The state is too long", "state may hold 2048 bytes here. Keep what is larger in the app and send a key to it.").Citing(rules.StateLength)
	}
	if err := s.parseMode(ctx, q, client, values, repeated); err != nil {
		return nil, err.BackTo(q.answers())
	}
	if err := s.parseRest(ctx, q, client, values, repeated); err != nil {
		return nil, err.BackTo(q.answers())
	}
	return q, nil
}

// requestSize is what a request takes, in bytes.
func requestSize(form url.Values) (size int) {
	for name, sent := range form {
		size += len(name) + len(strings.Join(sent, ""))
	}
	return size
}

// parseClient finds the client and admits the redirect URI.
func (s *Server) parseClient(ctx context.Context, values url.Values, repeated []string) (*store.Client, string, error) {
	// RFC 6749 3.1: parameters MUST NOT be included more than once, or two
	// readers of one request could each see another client or redirect.
	for _, name := range []string{"client_id", "redirect_uri"} {
		if !s.check(ctx, rules.RequestParameterOnce, !slices.Contains(repeated, name), name+" once", "as sent") {
			return nil, "", oauth.NewPage(400, "invalid_request", name+" was sent more than once", "Send each parameter of the authorization request once.").Citing(rules.RequestParameterOnce)
		}
	}
	id := values.Get("client_id")
	if !s.check(ctx, rules.ClientSent, id != "", "a client_id", id) {
		return nil, "", oauth.NewPage(400, "invalid_request", "Which app is asking?", "The request has no client_id. The app that sent you here has to say which client it is.").Citing(rules.ClientSent)
	}
	client, err := s.store.Client(ctx, id)
	if oauth.Unavailable(err) {
		return nil, "", err
	}
	if !s.check(ctx, rules.ClientKnown, err == nil, "a registered client_id", id) {
		if oauth.RegisteredItself(id) {
			return nil, "", oauth.NewPage(400, "invalid_request", "This app has to register again", "It registered itself here, and that registration is gone: it was not used for too long, or was removed, or the server was reset. Connect the app anew; if it goes on using the old client_id, remove this server from the app and add it again.").Citing(rules.ClientKnown).
				Comparing("client_id", id, nil, oauth.Exactly)
		}
		return nil, "", oauth.NewPage(400, "invalid_request", "This app isn’t registered here", "No client has the client_id that was sent. Check it against the list on the start page: it is compared letter by letter.").Citing(rules.ClientKnown).
			Comparing("client_id", id, nil, oauth.Exactly)
	}
	return s.admitRedirect(ctx, client, values)
}

func (s *Server) admitRedirect(ctx context.Context, client *store.Client, values url.Values) (*store.Client, string, error) {
	sent := values.Get("redirect_uri")
	if sent == "" {
		// RFC 6749 3.1.2.3: optional where exactly one is registered. OIDC Core
		// 3.1.2.1: REQUIRED in an authentication request.
		oidc := slices.Contains(strings.Fields(values.Get("scope")), "openid")
		if s.check(ctx, rules.RedirectSent, len(client.RedirectURIs) == 1 && !oidc, "a redirect_uri", "none") {
			return client, client.RedirectURIs[0], nil
		}
		return nil, "", oauth.NewPage(400, "invalid_request", "Where should we send you back?", "The request has no redirect_uri, and "+client.Name+" has to send one.").Citing(rules.RedirectSent).
			Comparing("redirect_uri", "", client.RedirectURIs, oauth.Exactly)
	}
	known := strings.Join(client.RedirectURIs, " ")
	alike := oauth.Exactly
	if client.Kind == "native" {
		alike = onPort(sent)
	}
	if ok := admits(client.RedirectURIs, client.Kind == "native", sent); !s.check(ctx, rules.RedirectExact, ok, known, asSent(ok, sent)) {
		text := "The redirect_uri that was sent is not one that " + client.Name + " has registered. It is compared as a whole, character by character."
		if client.Kind == "native" {
			text += " Only the port of a loopback address may differ."
		}
		return nil, "", oauth.NewPage(400, "invalid_request", "We won’t send you there", text).Citing(rules.RedirectExact).
			Comparing("redirect_uri", sent, client.RedirectURIs, alike)
	}
	return client, sent, nil
}

// challengeForm is BASE64URL(SHA256(verifier)), RFC 7636 4.2: 43 characters.
var challengeForm = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)

// parseRest checks what may be answered at the redirect URI.
func (s *Server) parseRest(ctx context.Context, q *authorizationRequest, client *store.Client, v url.Values, repeated []string) *oauth.Error {
	if !s.check(ctx, rules.RequestParameterOnce, len(repeated) == 0, "no repetition", strings.Join(repeated, " ")) {
		return oauth.NewError("invalid_request", "Sent more than once: "+oauth.Printable(strings.Join(repeated, " "))+".")
	}
	for _, unsupported := range []string{"request", "request_uri", "registration"} { // OIDC Core 3.1.2.6
		if v.Has(unsupported) {
			return oauth.NewError(unsupported+"_not_supported", "This server takes no "+unsupported+" parameter.")
		}
	}
	if err := s.parseResponse(ctx, client, v); err != nil {
		return err
	}
	if err := s.parseChallenge(ctx, q, client, v); err != nil {
		return err
	}
	if err := s.parseJKT(ctx, q, v); err != nil {
		return err
	}
	asked, err := s.audiences.ParseScope(ctx, v.Get("scope"))
	if err != nil {
		return err
	}
	to, err := s.audiences.Aim(ctx, client, audience.Named(v), asked)
	if err != nil {
		return err
	}
	q.Scopes, q.LeftOut, q.Audience = to.Scopes, to.LeftOut, to.Audience
	return s.parseAuthentication(ctx, q, client, v)
}

func (s *Server) parseResponse(ctx context.Context, client *store.Client, v url.Values) *oauth.Error {
	kind := v.Get("response_type")
	if kind == "" {
		return oauth.NewError("invalid_request", "response_type is missing; send response_type=code.") // RFC 6749 4.1.2.1
	}
	// RFC 9700 2.1.2: clients SHOULD NOT use the implicit grant: its tokens travel in a URL.
	if !s.check(ctx, rules.ResponseType, kind == "code", "code", kind) {
		return oauth.NewError("unsupported_response_type", "Only response_type=code is served.")
	}
	if !s.check(ctx, rules.CodeGrantRegistered, slices.Contains(client.Grants, "authorization_code"), "authorization_code", strings.Join(client.Grants, " ")) {
		return oauth.NewError("unauthorized_client", "This client is not registered for the authorization code grant.")
	}
	return nil
}

// parseChallenge runs before anybody is asked to log in: fosite looks at the
// challenge only when it issues the code, and takes one of any form.
func (s *Server) parseChallenge(ctx context.Context, q *authorizationRequest, client *store.Client, v url.Values) *oauth.Error {
	challenge, method := v.Get("code_challenge"), v.Get("code_challenge_method")
	// A method alone is a challenge that got lost on the way, and no nonce makes up for that.
	if challenge == "" && method == "" && !client.RequirePKCE && !client.IsPublic() {
		return s.nonceInstead(ctx, v)
	}
	if !s.check(ctx, rules.ChallengeSent, challenge != "", "a code_challenge", ledger.Fingerprint("challenge", challenge)) {
		return oauth.NewError("invalid_request", "code_challenge is missing; PKCE is required. Send a code_challenge with code_challenge_method=S256, and the code_verifier with the code."+withoutPKCE(client))
	}
	// RFC 7636 4.2 and 4.3: an absent method means plain, which shows the verifier to whoever sees the request.
	if !s.check(ctx, rules.ChallengeMethod, method == "S256", "S256", method) {
		return oauth.NewError("invalid_request", "code_challenge_method must be S256.")
	}
	if !s.check(ctx, rules.ChallengeForm, challengeForm.MatchString(challenge), "43 base64url characters", strconv.Itoa(len(challenge))+" characters") {
		return oauth.NewError("invalid_request", "code_challenge must be the 43 base64url characters of a SHA-256 hash.")
	}
	q.Challenge = challenge
	return nil
}

// parseAuthentication reads the parameters of OIDC Core 3.1.2.1.
func (s *Server) parseAuthentication(ctx context.Context, q *authorizationRequest, client *store.Client, v url.Values) *oauth.Error {
	if q.Nonce = v.Get("nonce"); len(q.Nonce) > maxNonce {
		return oauth.NewError("invalid_request", "nonce may hold 1024 bytes here.")
	}
	if q.LoginHint = v.Get("login_hint"); len(q.LoginHint) > maxHint {
		return oauth.NewError("invalid_request", "login_hint may hold 320 bytes here.")
	}
	s.noteACR(ctx, v.Get("acr_values"))
	for _, value := range strings.Fields(v.Get("prompt")) {
		if !slices.Contains(promptValues, value) {
			return oauth.NewError("invalid_request", "prompt may be none, or any of login, consent and select_account.")
		}
		q.Prompt = append(q.Prompt, value)
	}
	if q.prompts("none") && len(q.Prompt) > 1 {
		return oauth.NewError("invalid_request", "prompt=none goes with no other value.") // OIDC Core 3.1.2.1
	}
	if age := v.Get("max_age"); age != "" {
		seconds, err := strconv.ParseInt(age, 10, 64)
		if err != nil || seconds < 0 || age[0] == '+' {
			return oauth.NewError("invalid_request", "max_age must be a number of seconds, 0 or more.")
		}
		seconds = min(seconds, int64(100*365*24*time.Hour/time.Second)) // more says the same and would overflow
		q.MaxAge = &seconds
	}
	if hint := v.Get("id_token_hint"); hint != "" {
		claims, err := s.hint(ctx, hint)
		if oauth.Unavailable(err) {
			return oauth.AsError(err)
		}
		if !s.check(ctx, rules.HintGenuine, err == nil && claims.Audience == client.ID, "an ID token for "+client.ID, ledger.Fingerprint("ID token", hint)) {
			return oauth.NewError("invalid_request", "id_token_hint is not an ID token that this server gave to this client.")
		}
		q.Hinted = claims.Subject
	}
	return nil
}

// hinted is what is read of an ID token that comes back as a hint.
type hinted struct {
	Issuer   string `json:"iss"`
	Subject  string `json:"sub"`
	Audience string `json:"aud"`
	SID      string `json:"sid"`
}

// hint reads an ID token that comes back as a hint. It may have expired: it
// says who was here, and opens nothing (RP-Initiated Logout 4). Its key may have
// been rotated out since, for as long as a grant can live that it belongs to.
func (s *Server) hint(ctx context.Context, token string) (hinted, error) {
	var claims hinted
	payload, err := s.keys.VerifyHint(ctx, token, back.RefreshCap)
	if err == nil {
		err = json.Unmarshal(payload, &claims)
	}
	if err == nil && claims.Issuer != s.issuer {
		err = errForeignToken
	}
	return claims, err
}
