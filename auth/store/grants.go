package store

import (
	"context"
	"database/sql"
	"slices"
	"time"
)

// AppGrant is what one client may do for a person at this moment.
type AppGrant struct {
	ClientID string
	Scopes   []string // of all its active grants together, sorted
	Since    time.Time
	UsedAt   time.Time // when a token of it was last issued or used; up to a minute late
}

// livingGrants has a row for each scope of each valid token. A refresh token
// has the scopes of the whole grant; an access token of a client without
// refresh tokens has its own.
const livingGrants = `
	SELECT f.client_id, f.request_id, f.created_at, max(t.created_at, coalesce(f.used_at, 0)), s.value
	FROM families f JOIN refresh_tokens t USING (request_id), json_each(t.granted_scopes) s
	WHERE f.subject = ?1 AND f.revoked_at IS NULL AND t.used_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > ?2)
		AND s.value NOT IN (SELECT value FROM json_each(f.withdrawn))
	UNION ALL
	SELECT f.client_id, f.request_id, f.created_at, max(t.created_at, coalesce(f.used_at, 0)), s.value
	FROM families f JOIN access_tokens t USING (request_id), json_each(t.granted_scopes) s
	WHERE f.subject = ?1 AND f.revoked_at IS NULL AND t.expires_at > ?2
		AND s.value NOT IN (SELECT value FROM json_each(f.withdrawn))`

// Grants returns what clients may do for a person, the most recently used
// first. Errors: the context's, or one that is Unavailable.
func (s *Store) Grants(ctx context.Context, subject string) ([]AppGrant, error) {
	rows, err := s.read.QueryContext(ctx, livingGrants, subject, s.now().UnixMilli())
	if err != nil {
		return nil, readError(ctx, err)
	}
	defer rows.Close()
	var all []AppGrant
	for rows.Next() {
		var clientID, family, scope string
		var created, used sql.NullInt64
		if err := rows.Scan(&clientID, &family, &created, &used, &scope); err != nil {
			return nil, readError(ctx, err)
		}
		i := slices.IndexFunc(all, func(g AppGrant) bool { return g.ClientID == clientID })
		if i < 0 {
			i = len(all)
			all = append(all, AppGrant{ClientID: clientID, Since: moment(created)})
		}
		g := &all[i]
		if !slices.Contains(g.Scopes, scope) {
			g.Scopes = append(g.Scopes, scope)
		}
		if at := moment(created); at.Before(g.Since) {
			g.Since = at
		}
		for _, at := range []time.Time{moment(used), s.uses.last(family)} {
			if at.After(g.UsedAt) {
				g.UsedAt = at
			}
		}
	}
	for _, g := range all {
		slices.Sort(g.Scopes)
	}
	slices.SortFunc(all, func(a, b AppGrant) int { return b.UsedAt.Compare(a.UsedAt) })
	return all, readError(ctx, rows.Err())
}
