package store

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/ory/fosite"
	"github.com/ory/fosite/handler/openid"
)

func testRotation(t *testing.T, b backend) {
	ctx := t.Context()
	b.grant(t, "r1")
	b.grant(t, "r2")
	must(t, b.RotateRefreshToken(ctx, "r1", "refresh-r1"))
	must(t, b.CreateAccessTokenSession(ctx, "access-new", b.clock.request("r1")))
	_, err := b.AccessToken(ctx, "access-r1")
	is(t, err, fosite.ErrNotFound)
	_, err = b.GetAccessTokenSession(ctx, "access-r1", nil)
	is(t, err, fosite.ErrNotFound)
	_, err = b.AccessToken(ctx, "access-new")
	must(t, err)
	b.alive(t, "r2", true)
}

func testNarrow(t *testing.T, b backend) {
	ctx, r := t.Context(), b.clock.request("r1")
	r.Session.(*session).Scopes = []string{"read"}
	must(t, b.CreateAccessTokenSession(ctx, "access-r1", r))
	must(t, b.CreateRefreshTokenSession(ctx, "refresh-r1", "access-r1", r))
	record, err := b.AccessToken(ctx, "access-r1")
	must(t, err)
	token, err := b.GetAccessTokenSession(ctx, "access-r1", nil)
	must(t, err)
	if !slices.Equal(record.Scopes, []string{"read"}) || !slices.Equal(token.GetGrantedScopes(), []string{"read"}) {
		t.Errorf("access token has %v and %v, want read alone", record.Scopes, token.GetGrantedScopes())
	}
	grant, err := b.GetRefreshTokenSession(ctx, "refresh-r1", nil)
	must(t, err)
	if !slices.Equal(grant.GetGrantedScopes(), []string{"read", "offline_access"}) {
		t.Errorf("the grant shrank to %v", grant.GetGrantedScopes())
	}

	r.Session.(*session).Scopes = []string{} // nothing is not the same as nil
	must(t, b.CreateAccessTokenSession(ctx, "access-none", r))
	record, err = b.AccessToken(ctx, "access-none")
	must(t, err)
	if len(record.Scopes) != 0 {
		t.Errorf("access token has %v, want none", record.Scopes)
	}
}

func testDelete(t *testing.T, b backend) {
	ctx := t.Context()
	r := b.grant(t, "r1")
	must(t, b.CreateOpenIDConnectSession(ctx, "the whole code", r))
	must(t, b.DeleteOpenIDConnectSession(ctx, "the whole code"))
	_, err := b.GetOpenIDConnectSession(ctx, "the whole code", r)
	is(t, err, openid.ErrNoSessionFound)
	must(t, b.DeleteAccessTokenSession(ctx, "access-r1"))
	_, err = b.GetAccessTokenSession(ctx, "access-r1", nil)
	is(t, err, fosite.ErrNotFound)
	_, err = b.AccessToken(ctx, "access-r1")
	is(t, err, fosite.ErrNotFound)
	_, err = b.GetRefreshTokenSession(ctx, "refresh-r1", nil)
	must(t, err)
}

func testRevoke(t *testing.T, b backend) {
	for name, revoke := range map[string]func(context.Context, string) error{
		"refresh": b.RevokeRefreshToken, "access": b.RevokeAccessToken, "family": b.RevokeFamily,
	} {
		b.grant(t, name)
		b.grant(t, "not-"+name)
		must(t, revoke(t.Context(), name))
		b.alive(t, name, false)
		b.alive(t, "not-"+name, true)
		must(t, revoke(t.Context(), name)) // RFC 7009 2.2: again is no error, nor is what never was
		must(t, revoke(t.Context(), "nothing"))
	}
	r, err := b.GetRefreshTokenSession(t.Context(), "refresh-family", nil)
	if is(t, err, fosite.ErrInactiveToken, ErrSpent); r == nil || r.GetID() != "family" {
		t.Errorf("a revoked refresh token came with %v, fosite needs its request", r)
	}
}

func testSticky(t *testing.T, b backend) {
	ctx, r := t.Context(), b.grant(t, "r1")
	must(t, b.RevokeFamily(ctx, "r1"))
	is(t, b.CreateAccessTokenSession(ctx, "later", r), ErrSpent, fosite.ErrInactiveToken)
	is(t, b.CreateRefreshTokenSession(ctx, "later", "later", r), ErrSpent, fosite.ErrInactiveToken)
	is(t, b.CreateAuthorizeCodeSession(ctx, "later", r), ErrSpent, fosite.ErrInactiveToken)
	is(t, b.InvalidateAuthorizeCodeSession(ctx, "code-r1"), ErrSpent, fosite.ErrInvalidatedAuthorizeCode)
	is(t, b.RotateRefreshToken(ctx, "r1", "refresh-r1"), ErrSpent, fosite.ErrInactiveToken)
	_, err := b.AccessToken(ctx, "later")
	is(t, err, fosite.ErrNotFound)
	_, err = b.GetRefreshTokenSession(ctx, "later", nil)
	is(t, err, fosite.ErrNotFound)

	r = b.grant(t, "r3")
	r.Client = &Client{ID: "other"}
	is(t, b.CreateAccessTokenSession(ctx, "stolen", r), ErrSpent, fosite.ErrInactiveToken) // another client's family

	r = b.grant(t, "r2") // a replay overtakes an exchange that is under way
	unit, err := b.BeginTX(ctx)
	must(t, err)
	must(t, b.CreateAccessTokenSession(unit, "overtaken", r))
	must(t, b.RevokeFamily(ctx, "r2"))
	is(t, b.Commit(unit), ErrSpent, fosite.ErrInactiveToken)
	_, err = b.AccessToken(ctx, "overtaken")
	is(t, err, fosite.ErrNotFound)
}

func testWholeGrants(t *testing.T, b backend) {
	// grace's grants differ from ada's in the one thing that the revocation goes by.
	for name, c := range map[string]struct {
		change func(r *fosite.Request)
		revoke func(context.Context, string) error
		by     string
	}{
		"subject": {func(r *fosite.Request) { r.Session.(*session).Subject = "grace" }, b.RevokeSubject, "grace"},
		"session": {func(r *fosite.Request) { r.Session.(*session).SID = "s2" }, b.RevokeSession, "s2"},
		"client":  {func(r *fosite.Request) { r.Client = &Client{ID: "other"} }, b.RevokeClientGrants, "other"},
	} {
		ctx := t.Context()
		b.grant(t, "stays-"+name)
		r := b.clock.request("ends-" + name)
		c.change(r)
		must(t, b.CreateAuthorizeCodeSession(ctx, "code-"+r.ID, r))
		must(t, b.CreateAccessTokenSession(ctx, "access-"+r.ID, r))
		must(t, b.CreateRefreshTokenSession(ctx, "refresh-"+r.ID, "access-"+r.ID, r))
		b.alive(t, r.ID, true)

		must(t, c.revoke(ctx, c.by))
		b.alive(t, r.ID, false)
		b.alive(t, "stays-"+name, true)
		is(t, b.CreateAccessTokenSession(ctx, "later", r), ErrSpent, fosite.ErrInactiveToken)
	}
	machine := b.clock.request("machine")
	machine.Session = &session{Expires: machine.Session.(*session).Expires}
	must(t, b.CreateAccessTokenSession(t.Context(), "access-machine", machine))
	for _, revoke := range []func(context.Context, string) error{b.RevokeSubject, b.RevokeSession, b.RevokeClientGrants, b.RevokeFamily} {
		must(t, revoke(t.Context(), "")) // nobody's name must not be everybody's
	}
	_, err := b.AccessToken(t.Context(), "access-machine")
	must(t, err)
}

func testUnit(t *testing.T, b backend) {
	b.grant(t, "r1")
	refresh := func(ctx context.Context) {
		must(t, b.RotateRefreshToken(ctx, "r1", "refresh-r1"))
		must(t, b.CreateAccessTokenSession(ctx, "access-new", b.clock.request("r1")))
		must(t, b.CreateRefreshTokenSession(ctx, "refresh-new", "access-new", b.clock.request("r1")))
	}
	ctx, err := b.BeginTX(t.Context())
	must(t, err)
	refresh(ctx)
	must(t, b.Rollback(ctx))
	b.alive(t, "r1", true)
	_, err = b.AccessToken(t.Context(), "access-new")
	is(t, err, fosite.ErrNotFound)

	ctx, err = b.BeginTX(t.Context())
	must(t, err)
	refresh(ctx)
	must(t, b.Commit(ctx))
	must(t, b.Rollback(ctx)) // after a commit it undoes nothing
	_, err = b.AccessToken(t.Context(), "access-new")
	must(t, err)

	// The second use fails at Commit, and takes with it what came before it.
	b.grant(t, "r2")
	ctx, err = b.BeginTX(t.Context())
	must(t, err)
	must(t, b.InvalidateAuthorizeCodeSession(ctx, "code-r2"))
	must(t, b.RotateRefreshToken(ctx, "r1", "refresh-r1"))
	is(t, b.Commit(ctx), ErrSpent, fosite.ErrInactiveToken)
	must(t, b.Rollback(ctx))
	b.alive(t, "r2", true)
}

func testNested(t *testing.T, b backend) {
	b.grant(t, "r1")
	outer, err := b.BeginTX(t.Context())
	must(t, err)
	inner, err := b.BeginTX(outer)
	must(t, err)
	must(t, b.InvalidateAuthorizeCodeSession(inner, "code-r1"))
	must(t, b.Commit(inner))
	_, err = b.GetAuthorizeCodeSession(t.Context(), "code-r1", nil)
	must(t, err) // the outer one has not committed
	must(t, b.Commit(outer))
	_, err = b.GetAuthorizeCodeSession(t.Context(), "code-r1", nil)
	is(t, err, ErrSpent)

	outer, err = b.BeginTX(t.Context())
	must(t, err)
	inner, err = b.BeginTX(outer)
	must(t, err)
	must(t, b.RotateRefreshToken(outer, "r1", "refresh-r1"))
	must(t, b.Rollback(inner))
	if b.Commit(outer) == nil {
		t.Error("half a unit was committed")
	}
	_, err = b.GetRefreshTokenSession(t.Context(), "refresh-r1", nil)
	must(t, err)
}

func testAssertion(t *testing.T, b backend) {
	ctx, ends := t.Context(), b.clock.now().Add(time.Minute)
	must(t, b.ClientAssertionJWTValid(ctx, "jti"))
	must(t, b.SetClientAssertionJWT(ctx, "jti", ends))
	is(t, b.ClientAssertionJWTValid(ctx, "jti"), fosite.ErrJTIKnown)
	is(t, b.SetClientAssertionJWT(ctx, "jti", ends), fosite.ErrJTIKnown)
	must(t, b.ClientAssertionJWTValid(ctx, "another"))
	b.clock.advance(time.Minute) // the assertion itself is over, so its jti may come again
	must(t, b.ClientAssertionJWTValid(ctx, "jti"))
	must(t, b.SetClientAssertionJWT(ctx, "jti", ends.Add(time.Hour)))
	is(t, b.ClientAssertionJWTValid(ctx, "jti"), fosite.ErrJTIKnown)
}

func testPurge(t *testing.T, b backend) {
	ctx := t.Context()
	r := b.grant(t, "r1") // the code ends after a minute, the refresh token after an hour
	must(t, b.CreatePKCERequestSession(ctx, "code-r1", r))
	must(t, b.CreateOpenIDConnectSession(ctx, "the whole code", r))
	must(t, b.InvalidateAuthorizeCodeSession(ctx, "code-r1"))
	must(t, b.SetClientAssertionJWT(ctx, "jti", b.clock.now().Add(time.Minute)))
	endless := b.clock.request("endless")
	delete(endless.Session.(*session).Expires, fosite.RefreshToken)
	must(t, b.CreateRefreshTokenSession(ctx, "refresh-endless", "", endless))

	b.clock.advance(48 * time.Hour)
	later := b.clock.request("r1") // rotation keeps the family alive
	must(t, b.RotateRefreshToken(ctx, "r1", "refresh-r1"))
	must(t, b.CreateRefreshTokenSession(ctx, "refresh-new", "", later))
	must(t, b.CreateAccessTokenSession(ctx, "access-new", later)) // ends earlier, and must not shorten it
	b.purged(t, 2)                                                // the assertion, and the access token that the rotation replaced
	_, err := b.GetAuthorizeCodeSession(ctx, "code-r1", nil)
	is(t, err, fosite.ErrInvalidatedAuthorizeCode) // two days on, a replay of the code is still noticed
	_, err = b.GetRefreshTokenSession(ctx, "refresh-r1", nil)
	is(t, err, fosite.ErrInactiveToken)

	b.clock.advance(time.Hour + 24*time.Hour) // the newest token is over, and the margin to the instant not
	b.purged(t, 1)                            // access-new
	b.clock.advance(time.Millisecond)
	b.purged(t, 6) // code, challenge, OpenID request, two refresh tokens, family
	for _, sig := range []string{"refresh-r1", "refresh-new"} {
		_, err = b.GetRefreshTokenSession(ctx, sig, nil)
		is(t, err, fosite.ErrNotFound)
	}
	_, err = b.GetAuthorizeCodeSession(ctx, "code-r1", nil)
	is(t, err, fosite.ErrNotFound)
	_, err = b.GetPKCERequestSession(ctx, "code-r1", nil)
	is(t, err, fosite.ErrNotFound)
	_, err = b.GetRefreshTokenSession(ctx, "refresh-endless", nil)
	must(t, err)
	b.purged(t, 0)
}

func (b backend) purged(t *testing.T, want int) {
	t.Helper()
	n, err := b.Purge(t.Context())
	if must(t, err); n != want {
		t.Errorf("purged %d rows, want %d", n, want)
	}
}
