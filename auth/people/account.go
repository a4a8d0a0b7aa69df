package people

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"
)

// Sessions returns the browsers in which a person is signed in, the most
// recently used first.
func (p *People) Sessions(ctx context.Context, personID string) ([]Session, error) {
	now := p.now()
	rows, err := p.read.QueryContext(ctx, `SELECT id, person_id, auth_time, created_at, last_seen_at, expires_at, user_agent, amr FROM sessions
		WHERE person_id = ? AND expires_at > ? AND last_seen_at > ? ORDER BY last_seen_at DESC, created_at DESC, id`,
		personID, now.UnixMilli(), now.Add(-SessionIdle).UnixMilli())
	if err != nil {
		return nil, readError{err}
	}
	defer rows.Close()
	var all []Session
	for rows.Next() {
		var s Session
		var auth, created, seen, expires int64
		var amr string
		if err := rows.Scan(&s.ID, &s.PersonID, &auth, &created, &seen, &expires, &s.UserAgent, &amr); err != nil {
			return nil, readError{err}
		}
		s.AuthTime, s.CreatedAt, s.LastSeenAt, s.ExpiresAt, s.AMR = moment(auth), moment(created), moment(seen), moment(expires), strings.Fields(amr)
		all = append(all, s)
	}
	if err := rows.Err(); err != nil {
		return nil, readError{err}
	}
	return all, nil
}

// EndSessionOf ends a session if it belongs to that person, and never another
// person's. Errors: ErrNoSession if there is no such session.
func (p *People) EndSessionOf(ctx context.Context, personID, sid string) error {
	return p.writer.Write(ctx, func(tx *sql.Tx) error {
		done, err := tx.Exec(`DELETE FROM sessions WHERE id = ? AND person_id = ?`, sid, personID)
		return mustChange(done, err, ErrNoSession)
	}, p.wrote(ctx, "delete", "sessions", "browser session", sid))
}

// StillSignedIn belongs in a unit that issues something because of a session
// that was read earlier. The unit fails with ErrNoSession if the session has
// ended since, so nothing is issued after the end of a session.
func (p *People) StillSignedIn(ctx context.Context, sid string) error {
	return p.writer.Write(ctx, func(tx *sql.Tx) error {
		var one int
		err := tx.QueryRow(`SELECT 1 FROM sessions WHERE id = ?`, sid).Scan(&one)
		if errors.Is(err, sql.ErrNoRows) {
			return ErrNoSession
		}
		return err
	})
}

// Consent is what a person has allowed a client, so that they need not be
// asked again.
type Consent struct {
	ClientID             string
	Scopes               []string // sorted
	GrantedAt, ExpiresAt time.Time
}

// Consents returns a person's remembered consents, newest first.
func (p *People) Consents(ctx context.Context, personID string) ([]Consent, error) {
	rows, err := p.read.QueryContext(ctx, `SELECT client_id, scopes, granted_at, expires_at FROM consents WHERE person_id = ? AND expires_at > ?
		ORDER BY granted_at DESC, client_id`, personID, p.now().UnixMilli())
	if err != nil {
		return nil, readError{err}
	}
	defer rows.Close()
	var all []Consent
	for rows.Next() {
		var c Consent
		var scopes string
		var granted, expires int64
		if err := rows.Scan(&c.ClientID, &scopes, &granted, &expires); err != nil {
			return nil, readError{err}
		}
		c.Scopes, c.GrantedAt, c.ExpiresAt = strings.Fields(scopes), moment(granted), moment(expires)
		all = append(all, c)
	}
	if err := rows.Err(); err != nil {
		return nil, readError{err}
	}
	return all, nil
}

// ForgetScope removes one scope from a remembered consent, and the consent if
// no scope is left. It is not an error if nothing was remembered.
func (p *People) ForgetScope(ctx context.Context, personID, clientID, scope string) error {
	return p.writer.Write(ctx, func(tx *sql.Tx) error {
		given, err := remembered(tx, personID, clientID, p.now())
		if err != nil {
			return err
		}
		left := slices.DeleteFunc(given, func(s string) bool { return s == scope })
		if len(left) == 0 {
			_, err = tx.Exec(`DELETE FROM consents WHERE person_id = ? AND client_id = ?`, personID, clientID)
		} else {
			_, err = tx.Exec(`UPDATE consents SET scopes = ? WHERE person_id = ? AND client_id = ?`, strings.Join(left, " "), personID, clientID)
		}
		return err
	}, p.wrote(ctx, "update", "consents", "remembered consent without "+scope, personID+" "+clientID))
}

// StillRemembered belongs in a unit that issues what a remembered consent
// covers. The unit fails with ErrForgotten if the consent no longer covers it.
func (p *People) StillRemembered(ctx context.Context, personID, clientID string, scopes []string) error {
	return p.writer.Write(ctx, func(tx *sql.Tx) error {
		given, err := remembered(tx, personID, clientID, p.now())
		if err == nil && slices.ContainsFunc(scopes, func(s string) bool { return !slices.Contains(given, s) }) {
			err = ErrForgotten
		}
		return err
	})
}

func remembered(tx *sql.Tx, personID, clientID string, now time.Time) ([]string, error) {
	var given string
	err := tx.QueryRow(`SELECT scopes FROM consents WHERE person_id = ? AND client_id = ? AND expires_at > ?`, personID, clientID, now.UnixMilli()).Scan(&given)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return strings.Fields(given), err
}
