package timesheets

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// maxToken caps what is handed to the Verifier, in bytes.
const maxToken = 16 << 10

// Caller is who stands behind a valid access token.
type Caller struct {
	Subject   string // the person, or the client where there is none
	ClientID  string
	Scopes    []string
	ExpiresAt time.Time
	Machine   bool   // client_credentials: no person
	Email     string // of the person; may be empty
	// AuthTime is when the person last proved who they are; the zero time where
	// that is not known.
	AuthTime time.Time
	// JKT is the thumbprint of the key that the token is bound to (RFC 9449 6,
	// cnf.jkt), "" for a token that whoever has it may use.
	JKT string
}

// Verifier tells what an access token is worth. It has checked that the token
// is genuine, meant for this API, in force and not revoked.
//
// Errors: one that is ErrInvalidToken, best made with InvalidToken, is the
// client's fault; one with an Unavailable() bool that returns true means that
// nobody can tell right now; anything else is a fault of the server.
type Verifier interface {
	Verify(ctx context.Context, token string) (Caller, error)
}

// ErrInvalidToken says that a token opens nothing.
var ErrInvalidToken = errors.New("invalid token")

// InvalidToken is an ErrInvalidToken with a reason that the client is told. It
// must be safe to show to whoever sent the token.
func InvalidToken(reason string) error { return &invalidToken{reason} }

type invalidToken struct{ reason string }

func (e *invalidToken) Error() string        { return "invalid token: " + e.reason }
func (e *invalidToken) Is(target error) bool { return target == ErrInvalidToken }

// The names under which operations declare their scope: one scheme for those
// that people sign in to use, and one for those of machines. A tool that reads
// the description asks a person for all that a scheme lists.
const (
	securityScheme = "oauth2"
	machineScheme  = "clientCredentials"
)

// openTo marks the operations that are not for people alone.
const (
	openTo    = "open to"
	everybody = "everybody"
	machines  = "machines"
)

type callerKey struct{}

// callerOf is only used behind authorize, which has put the caller there.
func callerOf(ctx context.Context) Caller {
	c, _ := ctx.Value(callerKey{}).(Caller)
	return c
}

// authorize is the one middleware that lets requests in. It reads from the
// operation itself what that demands.
func (a *API) authorize(ctx huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(ctx)
	a.offerNonce(w, r)
	caller, err := a.admit(r, ctx.Operation())
	if err != nil {
		a.answer(r.Context(), err).write(w)
		return
	}
	next(huma.WithValue(ctx, callerKey{}, caller))
}

// admit decides once, at the start: a token that expires while the request is
// being served has still been valid for it.
func (a *API) admit(r *http.Request, op *huma.Operation) (Caller, error) {
	ctx := r.Context()
	needed := scopesOf(op)
	sent, err := a.credentials(r, demand{scopes: needed, metadata: a.metadataOf(r)})
	if err != nil {
		return Caller{}, err
	}
	caller, err := a.verify(ctx, sent)
	if err != nil {
		return Caller{}, err
	}
	if err := a.holds(r, sent, caller); err != nil {
		return Caller{}, err
	}
	// Scopes are compared as whole words: as a substring, "xapprove:timesheets"
	// would approve.
	ok := !slices.ContainsFunc(needed, func(s string) bool { return !slices.Contains(caller.Scopes, s) })
	if len(needed) > 0 && !a.check(ctx, rules.Scope, ok, strings.Join(needed, " "), strings.Join(caller.Scopes, " ")) {
		return Caller{}, a.lacksScope(sent)
	}
	if err := a.admitsKind(ctx, op, caller); err != nil {
		return Caller{}, err
	}
	// Last: nobody shall sign in again for what they may not do anyway.
	return caller, a.admitsAge(ctx, op, sent, caller)
}

// admitsKind tells people and machines apart. A scope cannot: a registration
// that goes wrong may let a person's app ask for a machine's.
func (a *API) admitsKind(ctx context.Context, op *huma.Operation, caller Caller) error {
	person := !caller.Machine && caller.Subject != ""
	switch op.Metadata[openTo] {
	case everybody:
		return nil
	case machines:
		if !a.check(ctx, rules.ClientAlone, caller.Machine, "a client alone", "person "+caller.Subject) {
			return newProblem(http.StatusForbidden,
				"This operation is for machine clients, and the token belongs to a person. Use a token that a client got for itself (client_credentials).")
		}
	default:
		if !a.check(ctx, rules.Person, person, "a person", "client "+caller.ClientID) {
			return newProblem(http.StatusForbidden,
				"This operation is about a person's own entries, and the token belongs to a client alone (client_credentials). Use a token that a person has signed in for.")
		}
	}
	return nil
}

// scopesOf reads what the operation declares in its Security.
func scopesOf(op *huma.Operation) []string {
	var scopes []string
	for _, requirement := range op.Security {
		for _, named := range requirement {
			scopes = append(scopes, named...)
		}
	}
	return scopes
}

// credentials are an access token and how it was sent, for an operation.
type credentials struct {
	scheme, token string
	demand
}

// demand is what every challenge of an operation says: RFC 6750 3, the scope
// that a token needs, also where none was sent, for that is what a client goes
// to ask for; and RFC 9728 5.1, where to find out who issues such tokens.
type demand struct {
	scopes   []string
	metadata string // "" for no document
}

// credentials takes the one access token from the Authorization header. RFC
// 6750 2.2 and 2.3 also know a form field and a query parameter; RFC 9700 4.3.2
// forbids the latter, because URLs end up in logs and histories. Neither is
// looked at.
func (a *API) credentials(r *http.Request, needs demand) (credentials, error) {
	headers := r.Header.Values("Authorization")
	// RFC 6750 3.1: more than one way of sending a token is invalid_request.
	if !a.check(r.Context(), rules.OneHeader, len(headers) <= 1, "at most 1", strconv.Itoa(len(headers))) {
		return credentials{}, newProblem(http.StatusBadRequest, "The request has more than one Authorization header.").
			with("WWW-Authenticate", a.challenge(bearer, "invalid_request", "more than one Authorization header", needs))
	}
	sent := credentials{demand: needs}
	if len(headers) == 1 {
		sent.scheme, sent.token, _ = strings.Cut(headers[0], " ")
		sent.token = strings.Trim(sent.token, " ")
	}
	// RFC 9110 11.1: the scheme's name is case-insensitive.
	known := slices.IndexFunc(a.schemes(), func(s string) bool { return strings.EqualFold(s, sent.scheme) })
	if ok := known >= 0 && sent.token != ""; !a.check(r.Context(), rules.TokenSent, ok, "Authorization: "+strings.Join(a.schemes(), " or "), map[bool]string{true: "an access token", false: "none"}[ok]) {
		// RFC 6750 3.1: a request without authentication SHOULD get no error code.
		return sent, a.challenging(newProblem(http.StatusUnauthorized, "This API needs an access token: Authorization: Bearer <token>."), bearer, "", "", needs)
	}
	sent.scheme = a.schemes()[known]
	return sent, nil
}

// verify asks the Verifier, after what can be seen without it.
func (a *API) verify(ctx context.Context, sent credentials) (Caller, error) {
	var caller Caller
	var err error
	switch {
	case len(sent.token) > maxToken:
		err = InvalidToken("it is longer than any token of this API")
	case !isB64Token(sent.token):
		err = InvalidToken("it has characters that no bearer token has")
	default:
		caller, err = a.verifier.Verify(ctx, sent.token)
	}
	var unknown interface{ Unavailable() bool }
	if errors.As(err, &unknown) && unknown.Unavailable() {
		// RFC 9110 15.6.4: a refusal would send the person to sign in again for nothing.
		a.log.LogAttrs(ctx, slog.LevelWarn, "access token could not be checked", slog.Any("err", err))
		return Caller{}, newProblem(http.StatusServiceUnavailable, "Nobody can tell right now whether this access token is valid. Try again in a few seconds.").
			with("Retry-After", "5")
	}
	if err != nil && !errors.Is(err, ErrInvalidToken) {
		return Caller{}, err
	}
	if err == nil && !a.now().Before(caller.ExpiresAt) {
		err = InvalidToken("it has expired")
	}
	expected := "a token in force for " + a.audience + " from " + a.issuer
	if !a.check(ctx, rules.TokenValid, err == nil, expected, Fingerprint(sent.token)) {
		return Caller{}, a.invalidToken(sent, err)
	}
	return caller, nil
}

func (a *API) invalidToken(sent credentials, err error) *problem {
	reason := "it opens nothing here"
	var known *invalidToken
	if errors.As(err, &known) {
		reason = known.reason
	}
	return a.challenging(newProblem(http.StatusUnauthorized, "The access token is not valid: "+reason+"."), sent.scheme, "invalid_token", reason, sent.demand)
}

func (a *API) lacksScope(sent credentials) *problem {
	list := strings.Join(sent.scopes, " ")
	return newProblem(http.StatusForbidden, "The access token does not carry the scope "+list+".").
		with("WWW-Authenticate", a.challenge(sent.scheme, "insufficient_scope", "the access token does not carry the scope "+list, sent.demand))
}

// challenging adds to a 401 the challenge of the scheme that was used, with
// what was wrong, and that of the other one as an offer: RFC 9449 7.2, a
// resource that takes both says so.
func (a *API) challenging(p *problem, scheme, code, description string, needs demand) *problem {
	p.with("WWW-Authenticate", a.challenge(scheme, code, description, needs))
	for _, other := range a.schemes() {
		if other != scheme {
			p.with("WWW-Authenticate", a.challenge(other, "", "", needs))
		}
	}
	return p
}

// challenge is the WWW-Authenticate header of RFC 6750 3 or RFC 9449 7.1, with
// RFC 9728's pointer to the metadata where that document exists.
func (a *API) challenge(scheme, code, description string, needs demand) string {
	var b strings.Builder
	b.WriteString(scheme + ` realm="timesheets"`)
	param := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, `, %s="%s"`, name, quotable(value))
		}
	}
	if scheme == dpop {
		param("algs", strings.Join(a.proofs.Algorithms(), " "))
	}
	param("error", code)
	param("error_description", description)
	param("scope", strings.Join(needs.scopes, " "))
	param("resource_metadata", needs.metadata)
	return b.String()
}

// quotable keeps to the characters that RFC 6750 3 allows in a description.
func quotable(s string) string {
	return strings.Map(func(c rune) rune {
		if c < 0x20 || c > 0x7e || c == '"' || c == '\\' {
			return ' '
		}
		return c
	}, s)
}

// isB64Token is the grammar of RFC 6750 2.1: b64token.
func isB64Token(s string) bool {
	body := strings.TrimRight(s, "=")
	return body != "" && !strings.ContainsFunc(body, func(c rune) bool {
		alnum := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		return !alnum && !strings.ContainsRune("-._~+/", c)
	})
}
