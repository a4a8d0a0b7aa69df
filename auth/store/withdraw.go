package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"

	"github.com/ory/fosite"
)

// ErrWithdrawn says that the person took back one of the scopes a moment ago.
// Nothing was written or used up: a caller that reads the grant again finds it
// without that scope.
var ErrWithdrawn = errors.New("a scope of the grant has been taken back")

// Withdrawal is what a person takes back of what they have granted a client.
type Withdrawal struct {
	Subject, ClientID string
	Scope             string
	// Vital ends the grants that have the scope, because they are useless
	// without it.
	Vital bool
	// Hollow lists scopes that allow nothing by themselves: a grant with only
	// these ends.
	Hollow []string
}

// Withdraw removes a scope from every active grant of a person to a client,
// for good. Access tokens that carry it are revoked; codes and refresh tokens
// give tokens without it. A token that is issued at that moment either comes
// before, and loses the scope, or after, and is refused with ErrWithdrawn.
func (s *Store) Withdraw(ctx context.Context, w Withdrawal) error {
	var ended, narrowed int64
	return s.write(ctx, func(tx *sql.Tx) (err error) {
		narrowed, ended = 0, 0
		if w.Vital {
			ended, err = s.endGrants(tx, `EXISTS (`+grantedScopes+` WHERE s.value = ?4)`, w.Subject, w.ClientID, w.Scope)
			return err
		}
		// Every token of these families must pass this one statement, see
		// family.join.
		done, err := tx.Exec(`UPDATE families SET withdrawn = json_insert(withdrawn, '$[#]', ?3)
			WHERE subject = ?1 AND client_id = ?2 AND revoked_at IS NULL AND NOT EXISTS (SELECT 1 FROM json_each(withdrawn) WHERE value = ?3)`,
			w.Subject, w.ClientID, w.Scope)
		if err != nil {
			return fmt.Errorf("withdraw a scope: %w", err)
		}
		if narrowed, err = done.RowsAffected(); err != nil {
			return err
		}
		_, err = replaceAccessTokens(tx, `request_id IN (SELECT request_id FROM families WHERE subject = ?1 AND client_id = ?2 AND revoked_at IS NULL)
			AND EXISTS (SELECT 1 FROM json_each(granted_scopes) WHERE value = ?3)`, w.Subject, w.ClientID, w.Scope)
		if err != nil {
			return err
		}
		ended, err = s.endGrants(tx, `NOT EXISTS (`+grantedScopes+` WHERE s.value NOT IN (SELECT value FROM json_each(families.withdrawn))
			AND s.value NOT IN (SELECT value FROM json_each(?4)))`, w.Subject, w.ClientID, list(w.Hollow))
		return err
	}, func() {
		s.wrote(ctx, "withdraw", "families", "scope "+w.Scope, w.Subject+" "+w.ClientID, slog.Int64("rows", narrowed), slog.Int64("ended", ended))()
	})
}

// grantedScopes are all scopes of a family's codes and tokens, valid or not.
const grantedScopes = `SELECT 1 FROM (
		SELECT granted_scopes FROM codes WHERE request_id = families.request_id
		UNION ALL SELECT granted_scopes FROM device_codes WHERE request_id = families.request_id
		UNION ALL SELECT granted_scopes FROM refresh_tokens WHERE request_id = families.request_id
		UNION ALL SELECT granted_scopes FROM access_tokens WHERE request_id = families.request_id) g, json_each(g.granted_scopes) s`

func (s *Store) endGrants(tx *sql.Tx, where, subject, clientID, more string) (int64, error) {
	done, err := tx.Exec(`UPDATE families SET revoked_at = ?3 WHERE subject = ?1 AND client_id = ?2 AND revoked_at IS NULL AND `+where,
		subject, clientID, s.now().UnixMilli(), more)
	if err != nil {
		return 0, fmt.Errorf("end grants: %w", err)
	}
	return done.RowsAffected()
}

// RevokeApp ends every grant of a person to one client.
func (s *Store) RevokeApp(ctx context.Context, subject, clientID string) error {
	return s.revokeWhere(ctx, "grants to an app", `subject = ?2 AND client_id = ?3`, subject, clientID)
}

// RevokeOthers ends every grant of a person that was not given in the browser
// session sid, and those that were given without a session.
func (s *Store) RevokeOthers(ctx context.Context, subject, sid string) error {
	return s.revokeWhere(ctx, "grants of other sessions", `subject = ?2 AND sid IS NOT ?3`, subject, sid)
}

func (s *Store) revokeWhere(ctx context.Context, what, where, subject, other string) error {
	var n int64
	return s.write(ctx, func(tx *sql.Tx) error {
		done, err := tx.Exec(`UPDATE families SET revoked_at = ?1 WHERE revoked_at IS NULL AND `+where, s.now().UnixMilli(), subject, other)
		if err != nil {
			return fmt.Errorf("revoke %s: %w", what, err)
		}
		n, err = done.RowsAffected()
		return err
	}, func() { s.wrote(ctx, "revoke", "families", what, subject+" "+other, slog.Int64("rows", n))() })
}

// whyNotJoined returns why a family accepts no new member.
func (f family) whyNotJoined(tx *sql.Tx) error {
	var open bool
	err := tx.QueryRow(`SELECT revoked_at IS NULL AND client_id = ? FROM families WHERE request_id = ?`, f.clientID, f.requestID).Scan(&open)
	if err != nil {
		return fmt.Errorf("store grant: %w", err)
	}
	if open {
		// RFC 9700 2.3: a scope that the person takes back must not return
		// with a refresh that had read the grant before.
		return &refusal{reason: ErrWithdrawn, fosite: fosite.ErrInactiveToken, verdict: f.complete(false)}
	}
	// RFC 9700 4.14.2: after a replay the whole grant is revoked; a token
	// issued a moment later would survive it.
	return &refusal{fosite: fosite.ErrInactiveToken, verdict: f.stands(false)}
}

func (f family) complete(ok bool) verdict {
	got := map[bool]string{true: "none", false: "one"}[ok] + " taken back"
	return verdict{rule: rules.GrantComplete, expected: "none taken back", got: got, kind: "grant", id: f.requestID}
}

func (f family) stands(ok bool) verdict {
	got := map[bool]string{true: "not revoked", false: "revoked"}[ok]
	return verdict{rule: rules.GrantStands, expected: "not revoked", got: got, kind: "grant", id: f.requestID}
}
