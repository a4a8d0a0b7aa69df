package people

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"
)

// Remember keeps what a person has allowed a client until a moment. It
// replaces what was remembered before, so never more is remembered than was
// ticked last. Without scopes nothing is remembered.
func (p *People) Remember(ctx context.Context, personID, clientID string, scopes []string, until time.Time) error {
	if len(scopes) == 0 {
		return p.Forget(ctx, personID, clientID)
	}
	now, given := p.now().UnixMilli(), strings.Join(slices.Compact(slices.Sorted(slices.Values(scopes))), " ")
	return p.writer.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec(`INSERT INTO consents (person_id, client_id, scopes, granted_at, expires_at) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (person_id, client_id) DO UPDATE SET scopes = excluded.scopes, granted_at = excluded.granted_at, expires_at = excluded.expires_at`,
			personID, clientID, given, now, until.UnixMilli())
		return err
	}, p.wrote(ctx, "upsert", "consents", "remembered consent", personID+" "+clientID))
}

// Remembered returns the scopes that this client need not ask the person for
// again, sorted. ok is false if nothing is remembered.
func (p *People) Remembered(ctx context.Context, personID, clientID string) (scopes []string, ok bool, err error) {
	var given string
	err = p.read.QueryRowContext(ctx, `SELECT scopes FROM consents WHERE person_id = ? AND client_id = ? AND expires_at > ?`, personID, clientID, p.now().UnixMilli()).Scan(&given)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, readError{err}
	}
	return strings.Fields(given), true, nil
}

// Forget makes the client ask again. It is not an error if nothing was
// remembered.
func (p *People) Forget(ctx context.Context, personID, clientID string) error {
	return p.writer.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec(`DELETE FROM consents WHERE person_id = ? AND client_id = ?`, personID, clientID)
		return err
	}, p.wrote(ctx, "delete", "consents", "remembered consent", personID+" "+clientID))
}

// ForgetClient makes a client ask everybody again.
func (p *People) ForgetClient(ctx context.Context, clientID string) error {
	return p.writer.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec(`DELETE FROM consents WHERE client_id = ?`, clientID)
		return err
	}, p.wrote(ctx, "delete", "consents", "remembered consents of a client", clientID))
}

// purgeBatch bounds one transaction, in rows: others write in between.
const purgeBatch = 500

// Purge removes what can no longer matter: sessions that have ended, consents
// that have expired, failures that no longer count.
func (p *People) Purge(ctx context.Context) error {
	now := p.now()
	for _, over := range []struct {
		table, where string
		at           time.Time
	}{
		{"sessions", "expires_at <= ?1", now},
		{"sessions", "last_seen_at <= ?1", now.Add(-SessionIdle)},
		{"consents", "expires_at <= ?1", now},
		{"login_attempts", "last_at <= ?1", now.Add(-pairWindow)}, // the longest window of the throttle
	} {
		statement := `DELETE FROM ` + over.table + ` WHERE rowid IN (SELECT rowid FROM ` + over.table + ` WHERE ` + over.where + ` LIMIT ?2)`
		for n := int64(purgeBatch); n == purgeBatch; {
			err := p.writer.Write(ctx, func(tx *sql.Tx) error {
				done, err := tx.Exec(statement, over.at.UnixMilli(), purgeBatch)
				if err != nil {
					return err
				}
				n, err = done.RowsAffected()
				return err
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}
