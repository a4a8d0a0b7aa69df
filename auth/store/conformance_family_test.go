package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
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
}

// race runs n calls at once and returns their errors.
func race(n int, call func(i int) error) []error {
	var ready, done sync.WaitGroup
	errs := make([]error, n)
	ready.Add(n)
	for i := range n {
		done.Go(func() {
			ready.Done()
			ready.Wait()
			errs[i] = call(i)
		})
	}
	done.Wait()
	return errs
}

// oneWinner fails the test unless one call succeeded and the rest match want.
func oneWinner(t *testing.T, errs []error, want ...error) {
	t.Helper()
	winners := 0
	for _, err := range errs {
		if err == nil {
			winners++
			continue
		}
		is(t, err, want...)
	}
	if winners != 1 {
		t.Errorf("%d of %d succeeded, want 1", winners, len(errs))
	}
}

func testCodeRace(t *testing.T, b backend) {
	r := b.clock.request("r1")
	must(t, b.CreateAuthorizeCodeSession(t.Context(), "code", r))
	errs := race(50, func(i int) error {
		ctx, err := b.BeginTX(t.Context())
		return errors.Join(err, b.InvalidateAuthorizeCodeSession(ctx, "code"),
			b.CreateAccessTokenSession(ctx, fmt.Sprint("access-", i), r), b.Commit(ctx))
	})
	oneWinner(t, errs, ErrSpent, fosite.ErrInvalidatedAuthorizeCode)
	for i, err := range errs {
		if _, found := b.AccessToken(t.Context(), fmt.Sprint("access-", i)); (found == nil) != (err == nil) {
			t.Errorf("use %d said %v, its token says %v", i, err, found)
		}
	}
	must(t, b.CreateAuthorizeCodeSession(t.Context(), "alone", r))
	oneWinner(t, race(50, func(int) error { return b.InvalidateAuthorizeCodeSession(t.Context(), "alone") }), ErrSpent, fosite.ErrInvalidatedAuthorizeCode)
}

func testRotateRace(t *testing.T, b backend) {
	b.grant(t, "r1")
	oneWinner(t, race(50, func(int) error { return b.RotateRefreshToken(t.Context(), "r1", "refresh-r1") }), ErrSpent, fosite.ErrInactiveToken)
	b.grant(t, "r2")
	errs := race(50, func(i int) error {
		ctx, err := b.BeginTX(t.Context())
		r := b.clock.request("r2")
		return errors.Join(err, b.RotateRefreshToken(ctx, "r2", "refresh-r2"), b.CreateAccessTokenSession(ctx, fmt.Sprint("a", i), r),
			b.CreateRefreshTokenSession(ctx, fmt.Sprint("r", i), fmt.Sprint("a", i), r), b.Commit(ctx))
	})
	oneWinner(t, errs, ErrSpent, fosite.ErrInactiveToken)
	for i, err := range errs {
		if _, found := b.GetRefreshTokenSession(t.Context(), fmt.Sprint("r", i), nil); (found == nil) != (err == nil) {
			t.Errorf("rotation %d said %v, its token says %v", i, err, found)
		}
	}
}

func testFamilyRace(t *testing.T, b backend) {
	refreshed := 0
	for round := range 40 {
		id := fmt.Sprint("race-", round)
		b.grant(t, id)
		errs := race(3, func(i int) error {
			if i == 0 {
				return b.RevokeFamily(t.Context(), id)
			}
			// Two that have read the grant while it stood: a refresh, and the exchange of its code.
			r := b.clock.request(id)
			ctx, err := b.BeginTX(t.Context())
			if i == 1 {
				err = errors.Join(err, b.RotateRefreshToken(ctx, id, "refresh-"+id))
			} else {
				err = errors.Join(err, b.InvalidateAuthorizeCodeSession(ctx, "code-"+id))
			}
			own := fmt.Sprint(id, "-", i)
			return errors.Join(err, b.CreateAccessTokenSession(ctx, own, r), b.CreateRefreshTokenSession(ctx, own, own, r), b.Commit(ctx))
		})
		must(t, errs[0])
		for i, err := range errs[1:] {
			if err == nil {
				refreshed++
			} else {
				is(t, err, ErrSpent)
			}
			own := fmt.Sprint(id, "-", i+1)
			if _, err := b.AccessToken(t.Context(), own); !errors.Is(err, fosite.ErrNotFound) {
				t.Fatalf("round %d: an access token survived: %v", round, err)
			}
			if _, err := b.GetRefreshTokenSession(t.Context(), own, nil); err == nil {
				t.Fatalf("round %d: a refresh token survived", round)
			}
		}
		b.alive(t, id, false)
	}
	t.Logf("%d of 80 came before the revocation", refreshed)
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

func testAssertionRace(t *testing.T, b backend) {
	ends := b.clock.now().Add(time.Minute)
	oneWinner(t, race(50, func(int) error { return b.SetClientAssertionJWT(t.Context(), "jti", ends) }), fosite.ErrJTIKnown)
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
	b.purged(t, 1) // the assertion; the access token went with the rotation
	_, err := b.GetAuthorizeCodeSession(ctx, "code-r1", nil)
	is(t, err, fosite.ErrInvalidatedAuthorizeCode) // two days on, a replay of the code is still noticed
	_, err = b.GetRefreshTokenSession(ctx, "refresh-r1", nil)
	is(t, err, fosite.ErrInactiveToken)

	b.clock.advance(time.Hour + 24*time.Hour) // the newest token is over, and the margin to the instant not
	b.purged(t, 0)
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
