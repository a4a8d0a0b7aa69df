package back

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"time"

	"github.com/ory/fosite"

	"github.com/exampleco/punchcard/auth/oauth"
	"github.com/exampleco/punchcard/auth/store"
)

// RFC 9700 4.14.2: a refresh token that is used twice ends its family, because
// nobody can tell thief from owner. An app whose answer was lost on its way
// looks like that as well, and so do two tabs that refresh at once. With a grace
// of some seconds, a token that was used that short a while ago gets the same
// successor once more, twice at most, and nothing else: there is one rotation,
// the chain of tokens has no second branch, and from the first use of the
// successor on the old token is a replay again.
//
// A thief who follows the owner within the grace, or goes before, looks the same
// once. So a successor that was given out more than once has no grace of its
// own: with two holders, the second one to use it is a replay, and the family
// ends. An app that lost one answer is alone with it and notices nothing.
//
// What remains: whoever steals a token within these seconds of its use gets the
// successor and one access token, and is found out by the next rotation, not by
// this one. An app that loses its answer in two rotations in a row, or whose
// tabs refresh at once each time, signs in again: tabs should take turns (Web
// Locks). That is why it is off by default, short, and for public clients alone:
// a confidential one can be expected to keep an answer.

// grace is what a refresh may do within it.
type grace struct {
	request string // what else the request says, see sameRequest
	until   time.Time
	token   string // the refresh token of this answer, once it is known
	retried bool   // it was given out before, and is again
}

// maxAttempts is enough: the token is unused, or was used a moment ago, or its
// successor has been used since as well, and that is a replay.
const maxAttempts = 3

// graceFor is the grace of a token request, nil where it has none: with another
// grant, or a client that can be expected to keep an answer.
func (s *Channel) graceFor(q *tokenRequest) *grace {
	if s.refreshGrace == 0 || q.Grant != "refresh_token" || !q.Client.IsPublic() {
		return nil
	}
	return &grace{request: sameRequest(q), until: s.now().Add(s.refreshGrace)}
}

// graceOf is the grace of the token request that ctx belongs to.
func graceOf(ctx context.Context) *grace {
	if q := tokenRequestOf(ctx); q != nil {
		return q.report.grace
	}
	return nil
}

// again says whether a refresh that came second may look once more: the first
// may have been its own.
func (q *tokenRequest) again() bool { return q.report.grace != nil && q.attempt+1 < maxAttempts }

// sameRequest is what a retry must repeat. A used token that asks for another
// scope or resource, or comes with another key than the one proved before, is no
// retry, but somebody else, or an app that is in the wrong: it is answered like
// any replay.
func sameRequest(q *tokenRequest) string {
	kept := url.Values{"jkt": {q.JKT}, "resource": slices.Sorted(slices.Values(q.Resource)), "audience": slices.Sorted(slices.Values(q.Audience))}
	if q.Scope != "" {
		kept.Set("scope", q.Scope)
	}
	return kept.Encode()
}

// refreshToken is the refresh token of an answer: the one that was given out
// before, or a new one.
func refreshToken(ctx context.Context) string {
	g := graceOf(ctx)
	if g != nil && g.retried {
		return g.token
	}
	token := oauth.RandomToken(oauth.RefreshPrefix)
	if g != nil {
		g.token = token
	}
	return token
}

// GetRefreshTokenSession lets a used token of the same client pass where the
// grace lets it; RotateRefreshToken decides.
func (s fositeStore) GetRefreshTokenSession(ctx context.Context, token string, session fosite.Session) (fosite.Requester, error) {
	r, err := s.Store.GetRefreshTokenSession(ctx, token, session)
	r, err = s.guarded(ctx, aRefreshToken, r, err)
	g := graceOf(ctx)
	if g == nil || !errors.Is(err, store.ErrSpent) {
		return r, err
	}
	successor, serr := s.Store.Successor(ctx, token, g.request)
	if errors.Is(serr, fosite.ErrNotFound) {
		return r, err
	}
	if serr != nil {
		return nil, serr
	}
	g.token, g.retried = successor, true
	return r, nil
}

// RotateRefreshToken rotates once; a retry only makes sure that the successor
// is still unused when its answer is written.
func (s fositeStore) RotateRefreshToken(ctx context.Context, requestID, token string) error {
	g := graceOf(ctx)
	if g != nil && g.retried {
		return s.Store.RepeatSuccessor(ctx, token, requestID)
	}
	err := s.Store.RotateRefreshToken(ctx, requestID, token)
	if g == nil || err != nil {
		return err
	}
	return s.Store.KeepSuccessor(ctx, token, g.token, requestID, g.request, g.until)
}

// CreateRefreshTokenSession stores nothing in a retry: the successor is there.
func (s fositeStore) CreateRefreshTokenSession(ctx context.Context, token, access string, r fosite.Requester) error {
	if g := graceOf(ctx); g != nil && g.retried {
		return nil
	}
	return s.Store.CreateRefreshTokenSession(ctx, token, access, r)
}
