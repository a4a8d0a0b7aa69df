package store

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/ory/fosite"
)

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
			time.Sleep(time.Duration(round) * 20 * time.Microsecond) // so that now these and now the revocation come first
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

func testAssertionRace(t *testing.T, b backend) {
	ends := b.clock.now().Add(time.Minute)
	oneWinner(t, race(50, func(int) error { return b.SetClientAssertionJWT(t.Context(), "jti", ends) }), fosite.ErrJTIKnown)
}
