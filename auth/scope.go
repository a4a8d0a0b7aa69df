package auth

import (
	"context"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/exampleco/punchcard/auth/ledger"
	"github.com/exampleco/punchcard/auth/oauth"
	"github.com/exampleco/punchcard/auth/seed"
	"github.com/exampleco/punchcard/auth/store"
)

// target is what a request for tokens comes to: one API, and what can be
// granted of the scopes that were asked for.
type target struct {
	Audience string   // the API's identifier
	Scopes   []string // what can be granted, in the order of the request
	LeftOut  []string // what exists here and cannot be in this grant
}

// parseScope returns the scopes that a request asks for, each once. A name
// that this server has never heard of is a mistake, and is refused.
func (s *Server) parseScope(ctx context.Context, scope string) (asked []string, err *oauth.Error) {
	// RFC 6749 3.3: without a scope the server either uses a default or fails; nobody should consent to what was never said.
	if strings.Trim(scope, " ") == "" {
		return nil, oauth.NewError("invalid_scope", "scope is missing; say what the app asks for.")
	}
	if len(scope) > maxScope {
		return nil, oauth.NewError("invalid_scope", "scope is too long.")
	}
	for _, name := range oauth.ParseScope(scope) {
		_, known := s.apiOf(name)
		if !s.check(ctx, rules.ScopeKnown, known || oauth.IsIdentity(name), "a scope of this server", name) {
			return nil, oauth.NewError("invalid_scope", "There is no scope "+oauth.Printable(ledger.Clip(name))+" here. scopes_supported in the metadata lists those that apps can ask for.")
		}
		asked = append(asked, name)
	}
	return asked, nil
}

// aim decides which API the token is for, and what of the asked scopes it can
// carry; at is what audience and resource name. RFC 6749 3.3: what this client may not have is left out, and the
// response says so by its scope; only where nothing is left is there nothing to
// grant. RFC 9068 2.2.3: every scope of a token has to mean something at its
// API, or one API could use at another what was meant for itself.
func (s *Server) aim(ctx context.Context, client *store.Client, at, asked []string) (target, *oauth.Error) {
	named, err := s.parseAudience(ctx, at)
	if err != nil {
		return target{}, err
	}
	var t target
	for _, scope := range asked {
		if slices.Contains(client.Scopes, scope) {
			t.Scopes = append(t.Scopes, scope)
		} else {
			t.LeftOut = append(t.LeftOut, scope)
		}
	}
	if t.Audience, err = s.infer(ctx, named, t.Scopes); err != nil {
		return target{}, err
	}
	t.keep(func(scope string) bool { return oauth.IsIdentity(scope) || s.scopeOf(scope, t.Audience) })
	return t, s.something(ctx, t)
}

// keep leaves out what fits does not want.
func (t *target) keep(fits func(scope string) bool) {
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
func (s *Server) something(ctx context.Context, t target) *oauth.Error {
	if len(t.LeftOut) == 0 {
		return nil
	}
	left := strings.Join(t.LeftOut, " ")
	// offline_access alone opens nothing: it keeps open what else was granted.
	ok := slices.ContainsFunc(t.Scopes, func(scope string) bool { return scope != "offline_access" })
	if !s.check(ctx, rules.ScopeLeft, ok, "something to grant at "+t.Audience, strings.TrimSpace(strings.Join(t.Scopes, " ")+" without "+left)) {
		return oauth.NewError("invalid_scope", "This client cannot have "+oauth.Printable(ledger.Clip(left))+" in this grant, and nothing else was asked for. Ask for a scope that it is registered for.")
	}
	return nil
}

// infer returns the API that the request names, or else the one that its scopes
// belong to (RFC 9068 3), or the default where they belong to none.
func (s *Server) infer(ctx context.Context, named string, scopes []string) (string, *oauth.Error) {
	var apis, at []string // identifiers, and the first scope at each
	for _, scope := range scopes {
		if api, ok := s.apiOf(scope); ok && !slices.Contains(apis, s.expand(api.Identifier)) {
			apis, at = append(apis, s.expand(api.Identifier)), append(at, scope)
		}
	}
	if named != "" {
		// RFC 8707 2: the scope is cut down to what the named API understands.
		// Where that is nothing, scope and resource cannot both be meant.
		ok := len(apis) == 0 || slices.Contains(apis, named)
		if !s.check(ctx, rules.ScopeOfNamedAPI, ok, named, strings.Join(apis, " ")) {
			return "", oauth.NewError("invalid_scope", "The scope "+at[0]+" belongs to "+apis[0]+", and the request names "+named+". Send resource="+apis[0]+", or ask for a scope of "+named+".")
		}
		return named, nil
	}
	// RFC 9068 3: scopes of different APIs SHOULD be refused, for the token is for one of them.
	if !s.check(ctx, rules.ScopesOfOneAPI, len(apis) < 2, "one API, or a resource that says which", strings.Join(apis, " ")) {
		return "", oauth.NewError("invalid_scope", "The scope "+at[0]+" belongs to "+apis[0]+", and "+at[1]+" to "+apis[1]+". A token is for one API: send resource="+apis[0]+" or resource="+apis[1]+", and ask for the other one by another request.")
	}
	if len(apis) == 1 {
		return apis[0], nil
	}
	return s.defaultAudience(), nil
}

// aimMachine is aim for the client credentials grant. RFC 6749 4.4: nobody signs
// in, so there is nobody to identify and nothing to keep alive. Without a scope
// it is all that the client may have at that API (3.3: a documented default).
func (s *Server) aimMachine(ctx context.Context, client *store.Client, scope string, at []string) (target, *oauth.Error) {
	may := *client
	may.Scopes = slices.DeleteFunc(slices.Clone(client.Scopes), oauth.IsIdentity)
	if scope != "" {
		asked, err := s.parseScope(ctx, scope)
		if err != nil {
			return target{}, err
		}
		return s.aim(ctx, &may, at, asked)
	}
	named, err := s.parseAudience(ctx, at)
	if err != nil {
		return target{}, err
	}
	if fallback := s.defaultAudience(); named == "" && slices.ContainsFunc(may.Scopes, func(scope string) bool { return s.scopeOf(scope, fallback) }) {
		named = fallback
	}
	audience, err := s.infer(ctx, named, may.Scopes)
	if err != nil {
		return target{}, err
	}
	may.Scopes = slices.DeleteFunc(may.Scopes, func(scope string) bool { return !s.scopeOf(scope, audience) })
	if !s.check(ctx, rules.MachineScopeLeft, len(may.Scopes) > 0, "a scope of "+audience, strings.Join(client.Scopes, " ")) {
		return target{}, oauth.NewError("invalid_scope", "This client is not registered for any scope of "+audience+".")
	}
	return target{Audience: audience, Scopes: may.Scopes}, nil
}

// anyScope spares fosite a decision that aim has made. What was left out stays
// part of the request, so that a refresh may repeat it.
func anyScope([]string, string) bool { return true }

// named is what the parameters audience and resource name.
func named(form url.Values) []string { return slices.Concat(form["audience"], form["resource"]) }

// parseAudience returns the identifier of the API that audience and resource
// name, "" where neither was sent.
func (s *Server) parseAudience(ctx context.Context, at []string) (audience string, err *oauth.Error) {
	for _, name := range at {
		api, ok := s.resource(name)
		// RFC 8707 2: an unknown resource is invalid_target. A token for two
		// APIs could be replayed by one at the other, so one name it is.
		if !s.check(ctx, rules.AudienceOneAPI, ok && (audience == "" || audience == s.expand(api.Identifier)), strings.Join(s.identifiers(), " or "), name) {
			return "", oauth.NewError("invalid_target", "audience and resource must name one API of this server, such as "+s.defaultAudience()+".")
		}
		audience = s.expand(api.Identifier)
	}
	return audience, nil
}

// api finds an API by its identifier, as clients name it.
func (s *Server) api(identifier string) (seed.API, bool) {
	for _, a := range s.apis {
		if s.expand(a.Identifier) == identifier {
			return a, true
		}
	}
	return seed.API{}, false
}

// resource finds the API that a resource indicator names: by its identifier, or
// by the URL of something below it. RFC 9728 3.3 has clients send the URL that
// they called and that the metadata repeats; RFC 8707 2 leaves it to this server
// which audience that is.
func (s *Server) resource(name string) (found seed.API, ok bool) {
	if api, ok := s.api(name); ok {
		return api, true
	}
	u, err := url.Parse(name)
	if err != nil || u.Host == "" || strings.ContainsAny(name, "?#") || path.Clean(u.Path) != u.Path {
		return seed.API{}, false
	}
	for _, a := range s.apis {
		// Of two that it is below, the nearer one.
		if strings.HasPrefix(name, s.expand(a.Identifier)+"/") && len(a.Identifier) > len(found.Identifier) {
			found, ok = a, true
		}
	}
	return found, ok
}

// apiOf finds the API that a scope belongs to: one name is declared by one API.
func (s *Server) apiOf(scope string) (seed.API, bool) {
	for _, a := range s.apis {
		if slices.ContainsFunc(a.Scopes, func(known seed.Scope) bool { return known.Name == scope }) {
			return a, true
		}
	}
	return seed.API{}, false
}

// scopeOf says whether a scope is one of the API with this audience.
func (s *Server) scopeOf(scope, audience string) bool {
	api, ok := s.apiOf(scope)
	return ok && s.expand(api.Identifier) == audience
}

// identifiers are those of all APIs, the default first.
func (s *Server) identifiers() []string {
	all := []string{s.defaultAudience()}
	for _, api := range s.apis {
		if id := s.expand(api.Identifier); id != all[0] {
			all = append(all, id)
		}
	}
	return all
}

// defaultAudience is <base>/api, or the first API of a configuration without it.
func (s *Server) defaultAudience() string {
	if api, ok := s.api(s.base + "/api"); ok {
		return s.expand(api.Identifier)
	}
	return s.expand(s.apis[0].Identifier)
}

// scopesSupported is what apps can ask people for: identity, and what a role
// gives. RFC 8414 2 lets a server leave out what else it supports, and what only
// machines can have is nothing to ask a person for: clients ask for the whole list.
func (s *Server) scopesSupported() []string {
	return slices.DeleteFunc(s.allScopes(), func(scope string) bool {
		return !oauth.IsIdentity(scope) && !slices.ContainsFunc(s.document.Roles, func(r seed.Role) bool { return slices.Contains(r.Permissions, scope) })
	})
}

// allScopes are the names that there are here: identity, then those of all APIs
// in the order of the document.
func (s *Server) allScopes() []string {
	scopes := oauth.IdentityScopes()
	for _, api := range s.apis {
		for _, scope := range api.Scopes {
			scopes = append(scopes, scope.Name)
		}
	}
	return scopes
}

// carried is what a token can carry of these scopes now, whatever was granted
// once: identity and those of its own API (RFC 9068 2.2.3), as far as the client
// may have them and, where a person stands behind it, their roles give them.
func (s *Server) carried(scopes []string, audience string, client *store.Client, machine bool, permissions []string) []string {
	return slices.DeleteFunc(slices.Clone(scopes), func(scope string) bool {
		if !slices.Contains(client.Scopes, scope) {
			return true
		}
		if oauth.IsIdentity(scope) {
			return machine
		}
		return !s.scopeOf(scope, audience) || !machine && !slices.Contains(permissions, scope)
	})
}
