package store

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/ory/fosite"

	"github.com/exampleco/punchcard/auth/ledger"
)

// A successor is the refresh token that replaced a used one. For a few seconds
// it can be issued again to a client that presents the used one, because the
// response may have been lost.
//
// The file must contain nothing that gives access by itself, and the second
// response needs the same token as the first. The successor could be derived
// from the used token, with nothing stored at all. But then an attacker who
// finds a used token years later, in a log or a backup, could compute every
// token that came after it, and rotation would protect nobody. So it is random
// like any other token, and is stored encrypted with AES-256-GCM under a key
// that HKDF-SHA256 derives from the used token, which has 256 bits and is not
// stored. The row alone reveals nothing. Nor does the used token once the row
// is deleted, with the first use of the successor or when the grace period
// ends.

// maxRepeats is how often a token is issued again: for a response that was
// lost twice, or two tabs beside the first. A client that asks more often is
// not one with lost responses, and each repeat issues an access token.
const maxRepeats = 2

// successorMargin keeps a row a little longer than it counts: a retry that was
// accepted just in time may still be on its way to the writer.
const successorMargin = 10 * time.Second

// KeepSuccessor remembers, until a moment, that successor replaced the refresh
// token used, in the unit that rotates it. request is everything else that the
// refresh asked for: a different request does not get the successor. If used
// was issued more than once itself, nothing is remembered.
func (s *Store) KeepSuccessor(ctx context.Context, used, successor, requestID, request string, until time.Time) error {
	sealed, err := seal(used, successor, request)
	if err != nil {
		return err
	}
	key, next := ledger.Hash(used), ledger.Hash(successor)
	return s.write(ctx, func(tx *sql.Tx) error {
		// The token that is being used was a successor itself: it is not
		// issued again.
		if _, err := tx.Exec(`DELETE FROM successors WHERE successor = ? OR expires_at < ?`, key, s.now().Add(-successorMargin).UnixMilli()); err != nil {
			return fmt.Errorf("forget successors: %w", err)
		}
		// RFC 9700 4.14.2: a token that was issued more than once may have two
		// holders, and both would be served at every rotation for ever. So
		// after a repeated rotation the next one is not repeated: the second
		// holder's request is then a replay.
		_, err := tx.Exec(`INSERT INTO successors (hash, request_id, successor, sealed, expires_at)
			SELECT ?1, ?2, ?3, ?4, ?5 FROM refresh_tokens WHERE hash = ?1 AND repeated = 0`,
			key, requestID, next, sealed, until.UnixMilli())
		if err != nil {
			return fmt.Errorf("keep successor: %w", err)
		}
		return nil
	}, s.wrote(ctx, "insert", "successors", "successor of a refresh token", ledger.Short(key), slog.String("family", requestID)))
}

// Successor returns the refresh token that replaced used: within the grace
// period, for the same request, at most maxRepeats times, until it is used
// itself. Otherwise it returns fosite.ErrNotFound.
func (s *Store) Successor(ctx context.Context, used, request string) (string, error) {
	key := ledger.Hash(used)
	var sealed []byte
	err := s.one(ctx, `SELECT v.sealed FROM successors v JOIN families f USING (request_id) JOIN refresh_tokens t ON t.hash = v.successor
		WHERE v.hash = ? AND v.expires_at >= ? AND f.revoked_at IS NULL AND t.used_at IS NULL AND t.repeated < ?`, []any{key, s.now().UnixMilli(), maxRepeats}, &sealed)
	if err != nil && !errors.Is(err, fosite.ErrNotFound) {
		return "", err
	}
	v := verdict{rule: rules.RefreshAgain, expected: "the same request within the grace, not too often, its successor unused",
		got: "the same request", kind: refresh.name, id: ledger.Short(key)}
	var successor string
	if err != nil {
		v.got = "no grace, repeated too often, or the successor is used"
	} else if successor, err = unseal(used, request, sealed); err != nil {
		v.got, err = "another request", fosite.ErrNotFound
	}
	s.check(ctx, err == nil, v)
	return successor, err
}

// RepeatSuccessor belongs in the unit that writes the second response. It
// fails with ErrSpent if the successor has been used since Successor returned
// it, or was already issued maxRepeats times.
func (s *Store) RepeatSuccessor(ctx context.Context, used, requestID string) error {
	key := ledger.Hash(used)
	return s.write(ctx, func(tx *sql.Tx) error {
		// RFC 9700 4.14.2: one statement decides between this retry and the successor's use, after which the old token is a replay.
		done, err := tx.Exec(`UPDATE refresh_tokens SET repeated = repeated + 1 WHERE used_at IS NULL AND repeated < ?3
			AND hash = (SELECT v.successor FROM successors v JOIN families f USING (request_id) WHERE v.hash = ?1 AND v.request_id = ?2 AND f.revoked_at IS NULL)`,
			key, requestID, maxRepeats)
		if err != nil {
			return fmt.Errorf("repeat successor: %w", err)
		}
		if n, err := done.RowsAffected(); n == 1 || err != nil {
			return err
		}
		return &refusal{verdict: onceOnly(refresh, key, true, false), fosite: fosite.ErrInactiveToken}
	}, s.wrote(ctx, "repeat", "successors", "successor of a refresh token", ledger.Short(key), slog.String("family", requestID)))
}

// sealing returns the cipher for the successor of one token. Each key encrypts
// only once.
func sealing(used string) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, []byte(used), nil, "punchcard: successor of a refresh token", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func seal(used, successor, request string) ([]byte, error) {
	box, err := sealing(used)
	if err != nil {
		return nil, fmt.Errorf("seal successor: %w", err)
	}
	nonce := make([]byte, box.NonceSize())
	_, _ = rand.Read(nonce) // never fails since Go 1.24: it ends the program instead
	return box.Seal(nonce, nonce, []byte(successor), []byte(request)), nil
}

func unseal(used, request string, sealed []byte) (string, error) {
	box, err := sealing(used)
	if err != nil || len(sealed) < box.NonceSize() {
		return "", errors.Join(err, errors.New("not sealed by this server"))
	}
	opened, err := box.Open(nil, sealed[:box.NonceSize()], sealed[box.NonceSize():], []byte(request))
	return string(opened), err
}
