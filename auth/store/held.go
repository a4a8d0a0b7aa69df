package store

import "context"

// livingScopes reads the tokens of one client in one browser session. A
// refresh token has the scopes of the whole grant; an access token of a client
// without refresh tokens has its own.
const livingScopes = `
	SELECT s.value FROM families f JOIN refresh_tokens t USING (request_id), json_each(t.granted_scopes) s
	WHERE f.sid = ?1 AND f.client_id = ?2 AND f.subject = ?3 AND f.revoked_at IS NULL AND t.used_at IS NULL AND t.expires_at > ?4
		AND s.value NOT IN (SELECT value FROM json_each(f.withdrawn))
	UNION
	SELECT s.value FROM families f JOIN access_tokens t USING (request_id), json_each(t.granted_scopes) s
	WHERE f.sid = ?1 AND f.client_id = ?2 AND f.subject = ?3 AND f.revoked_at IS NULL AND t.expires_at > ?4
	ORDER BY 1`

// Held returns the scopes, sorted, of the active grants that the subject gave
// a client in the browser session sid. Errors: the context's, or one that is
// Unavailable.
func (s *Store) Held(ctx context.Context, clientID, subject, sid string) (scopes []string, err error) {
	rows, err := s.read.QueryContext(ctx, livingScopes, sid, clientID, subject, s.now().UnixMilli())
	if err != nil {
		return nil, readError(ctx, err)
	}
	defer rows.Close()
	for rows.Next() {
		var scope string
		if err := rows.Scan(&scope); err != nil {
			return nil, readError(ctx, err)
		}
		scopes = append(scopes, scope)
	}
	return scopes, readError(ctx, rows.Err())
}
