package back

import (
	"context"

	"github.com/ory/fosite"

	"github.com/exampleco/punchcard/auth/ledger"
	"github.com/exampleco/punchcard/auth/oauth"
	"github.com/exampleco/punchcard/auth/store"
)

// fositeStore gives fosite the store, with some things of this server's own.
type fositeStore struct {
	*store.Store
	check      func(ctx context.Context, rule ledger.Rule, ok bool, expected, got string) bool
	mayPresent func(ctx context.Context, r fosite.Requester, k presentedKind) error
}

func (s fositeStore) RevokeAccessToken(ctx context.Context, requestID string) error {
	return noted(ctx, s.Store.RevokeAccessToken(ctx, requestID))
}

func (s fositeStore) RevokeRefreshToken(ctx context.Context, requestID string) error {
	return noted(ctx, s.Store.RevokeRefreshToken(ctx, requestID))
}

func noted(ctx context.Context, err error) error {
	if q := tokenRequestOf(ctx); q != nil && oauth.Unavailable(err) {
		q.report.revocation = err
	}
	return err
}
