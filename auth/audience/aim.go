package audience

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/exampleco/punchcard/auth/ledger"
	"github.com/exampleco/punchcard/auth/oauth"
	"github.com/exampleco/punchcard/auth/store"
)

// maxScope is how long a scope parameter may be, in bytes.
const maxScope = 2048

// Target is what a request for tokens comes to: one API, and what can be
// granted of the scopes that were asked for.
type Target struct {
	Audience string   // the API's identifier
	Scopes   []string // what can be granted, in the order of the request
	LeftOut  []string // what exists here and cannot be in this grant
}

// ParseScope returns the scopes that a request asks for, each once. A name
// that this server has never heard of is a mistake, and is refused.
func (s *Set) ParseScope(ctx context.Context, scope string) (asked []string, err *oauth.Error) {
	// RFC 6749 3.3: without a scope the server either uses a default or fails; nobody should consent to what was never said.
	if strings.Trim(scope, " ") == "" {
		return nil, oauth.NewError("invalid_scope", "scope is missing; say what the app asks for.")
	}
	if len(scope) > maxScope {
		return nil, oauth.NewError("invalid_scope", "scope is too long.")
	}
	for _, name := range oauth.ParseScope(scope) {
		_, known := s.Of(name)
		if !s.ledger.Check(ctx, rules.ScopeKnown, known || oauth.IsIdentity(name), "a scope of this server", name) {
			return nil, oauth.NewError("invalid_scope", "There is no scope "+oauth.Printable(ledger.Clip(name))+" here. scopes_supported in the metadata lists those that apps can ask for.")
		}
		asked = append(asked, name)
	}
	return asked, nil
}

// Aim decides which API the token is for, and what of the asked scopes it can
// carry; at is what audience and resource name. RFC 6749 3.3: what this client may not have is left out, and the
// response says so by its scope; only where nothing is left is there nothing to
// grant. RFC 9068 2.2.3: every scope of a token has to mean something at its
// API, or one API could use at another what was meant for itself.
func (s *Set) Aim(ctx context.Context, client *store.Client, at, asked []string) (Target, *oauth.Error) {
	named, err := s.named(ctx, at)
	if err != nil {
		return Target{}, err
	}
	var t Target
	for _, scope := range asked {
		if slices.Contains(client.Scopes, scope) {
			t.Scopes = append(t.Scopes, scope)
		} else {
			t.LeftOut = append(t.LeftOut, scope)
		}
	}
	if t.Audience, err = s.infer(ctx, named, t.Scopes); err != nil {
		return Target{}, err
	}
	t.keep(func(scope string) bool { return oauth.IsIdentity(scope) || s.has(scope, t.Audience) })
	return t, s.something(ctx, t)
}

// keep leaves out what fits does not want.
func (t *Target) keep(fits func(scope string) bool) {
	all := t.Scopes
	t.Scopes = nil
	for _, scope := range all {
		if fits(scope) {
			t.Scopes = append(t.Scopes, scope)
		} else {
			t.LeftOut = append(t.LeftOut, scope)
		}
	}
}

// something reports what was left out, and refuses where that was all.
func (s *Set) something(ctx context.Context, t Target) *oauth.Error {
	if len(t.LeftOut) == 0 {
		return nil
	}
	left := strings.Join(t.LeftOut, " ")
	// offline_access alone opens nothing: it keeps open what else was granted.
	ok := slices.ContainsFunc(t.Scopes, func(scope string) bool { return scope != "offline_access" })
	if !s.ledger.Check(ctx, rules.ScopeLeft, ok, "something to grant at "+t.Audience, strings.TrimSpace(strings.Join(t.Scopes, " ")+" without "+left)) {
		return oauth.NewError("invalid_scope", "This client cannot have "+oauth.Printable(ledger.Clip(left))+" in this grant, and nothing else was asked for. Ask for a scope that it is registered for.")
	}
	return nil
}

// infer returns the API that the request names, or else the one that its scopes
// belong to (RFC 9068 3), or the default where they belong to none.
func (s *Set) infer(ctx context.Context, named string, scopes []string) (string, *oauth.Error) {
	var apis, at []string // identifiers, and the first scope at each
	for _, scope := range scopes {
		if api, ok := s.Of(scope); ok && !slices.Contains(apis, s.Expand(api.Identifier)) {
			apis, at = append(apis, s.Expand(api.Identifier)), append(at, scope)
		}
	}
	if named != "" {
		// RFC 8707 2: the scope is cut down to what the named API understands.
		// Where that is nothing, scope and resource cannot both be meant.
		ok := len(apis) == 0 || slices.Contains(apis, named)
		if !s.ledger.Check(ctx, rules.ScopeOfNamedAPI, ok, named, strings.Join(apis, " ")) {
			return "", oauth.NewError("invalid_scope", "The scope "+at[0]+" belongs to "+apis[0]+", and the request names "+named+". Send resource="+apis[0]+", or ask for a scope of "+named+".")
		}
		return named, nil
	}
	// RFC 9068 3: scopes of different APIs SHOULD be refused, for the token is for one of them.
	if !s.ledger.Check(ctx, rules.ScopesOfOneAPI, len(apis) < 2, "one API, or a resource that says which", strings.Join(apis, " ")) {
		return "", oauth.NewError("invalid_scope", "The scope "+at[0]+" belongs to "+apis[0]+", and "+at[1]+" to "+apis[1]+". A token is for one API: send resource="+apis[0]+" or resource="+apis[1]+", and ask for the other one by another request.")
	}
	if len(apis) == 1 {
		return apis[0], nil
	}
	return s.Default(), nil
}

// AimMachine is Aim for the client credentials grant. RFC 6749 4.4: nobody signs
// in, so there is nobody to identify and nothing to keep alive. Without a scope
// it is all that the client may have at that API (3.3: a documented default).
func (s *Set) AimMachine(ctx context.Context, client *store.Client, scope string, at []string) (Target, *oauth.Error) {
	may := *client
	may.Scopes = slices.DeleteFunc(slices.Clone(client.Scopes), oauth.IsIdentity)
	if scope != "" {
		asked, err := s.ParseScope(ctx, scope)
		if err != nil {
			return Target{}, err
		}
		return s.Aim(ctx, &may, at, asked)
	}
	named, err := s.named(ctx, at)
	if err != nil {
		return Target{}, err
	}
	if fallback := s.Default(); named == "" && slices.ContainsFunc(may.Scopes, func(scope string) bool { return s.has(scope, fallback) }) {
		named = fallback
	}
	audience, err := s.infer(ctx, named, may.Scopes)
	if err != nil {
		return Target{}, err
	}
	may.Scopes = slices.DeleteFunc(may.Scopes, func(scope string) bool { return !s.has(scope, audience) })
	if !s.ledger.Check(ctx, rules.MachineScopeLeft, len(may.Scopes) > 0, "a scope of "+audience, strings.Join(client.Scopes, " ")) {
		return Target{}, oauth.NewError("invalid_scope", "This client is not registered for any scope of "+audience+".")
	}
	return Target{Audience: audience, Scopes: may.Scopes}, nil
}

// Named is what the parameters audience and resource name.
func Named(form url.Values) []string { return slices.Concat(form["audience"], form["resource"]) }

// named returns the identifier of the API that audience and resource
// name, "" where neither was sent.
func (s *Set) named(ctx context.Context, at []string) (audience string, err *oauth.Error) {
	for _, name := range at {
		api, ok := s.Resource(name)
		// RFC 8707 2: an unknown resource is invalid_target. A token for two
		// APIs could be replayed by one at the other, so one name it is.
		if !s.ledger.Check(ctx, rules.AudienceOneAPI, ok && (audience == "" || audience == s.Expand(api.Identifier)), strings.Join(s.Identifiers(), " or "), name) {
			return "", oauth.NewError("invalid_target", "audience and resource must name one API of this server, such as "+s.Default()+".")
		}
		audience = s.Expand(api.Identifier)
	}
	return audience, nil
}
