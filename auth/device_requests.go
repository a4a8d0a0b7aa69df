package auth

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/exampleco/punchcard/auth/ledger"
	"github.com/exampleco/punchcard/auth/oauth"
)

// deviceRequest is what a device asked for, and whether somebody has decided.
type deviceRequest struct {
	ID        string // SHA-256 of the device code
	ClientID  string
	Scopes    []string // as asked for
	Audience  string
	Source    string // network address
	UserAgent string
	CreatedAt time.Time
	ExpiresAt time.Time
	Decision  decision
}

var (
	errNoDevice   = errors.New("no such device request")
	errDecided    = errors.New("decided before, or too late")
	errCodesTaken = errors.New("no free user code was found")
)

// createDevice stores a request under two new codes, of which only hashes are
// kept. Two devices that show the same code at once would each get what was
// meant for the other, so the table decides that a code is free.
func (s *Server) createDevice(ctx context.Context, d *deviceRequest) (deviceCode, userCode string, err error) {
	deviceCode = oauth.RandomToken(oauth.DeviceCodePrefix)
	d.ID = ledger.Hash(deviceCode)
	d.CreatedAt = s.now().Truncate(time.Millisecond)
	d.ExpiresAt = d.CreatedAt.Add(deviceLifetime)
	for range 8 { // of 20^8 codes a few are taken: once is enough, unless somebody is very busy
		userCode = newUserCode()
		err = s.writer.Write(ctx, func(tx *sql.Tx) error {
			done, err := tx.Exec(`INSERT INTO device_requests (id, user_code, client_id, scopes, audience, source, user_agent, created_at, expires_at, interval)
				VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (user_code) DO NOTHING`,
				d.ID, ledger.Hash(userCode), d.ClientID, strings.Join(d.Scopes, " "), d.Audience, d.Source, d.UserAgent,
				d.CreatedAt.UnixMilli(), d.ExpiresAt.UnixMilli(), int(pollEvery/time.Second))
			if err := exactlyOne(done, err, errCodesTaken); err != nil {
				return err
			}
			return s.makeRoom(tx, waitingDevices)
		}, func() { s.storedDevice(ctx, "insert", d.ID) })
		if !errors.Is(err, errCodesTaken) {
			return deviceCode, shownUserCode(userCode), err
		}
	}
	return "", "", err
}

// exactlyOne: the row count decides, and otherwise says what it means.
func exactlyOne(done sql.Result, err, otherwise error) error {
	if err != nil {
		return err
	}
	if n, err := done.RowsAffected(); err != nil || n != 1 {
		return errors.Join(otherwise, err)
	}
	return nil
}

// storedDevice reports a write. The id is what fingerprint makes of the code.
func (s *Server) storedDevice(ctx context.Context, op, id string) {
	s.ledger.Wrote(ctx, op, "device_requests", "device code", ledger.Short(id))
}

const selectDevice = `SELECT id, client_id, scopes, audience, source, user_agent, created_at, expires_at, decision FROM device_requests WHERE `

// device finds a request by the hash of its device code, deviceOf by that of
// its user code, both also when it is over. Errors: errNoDevice.
func (s *Server) device(ctx context.Context, id string) (*deviceRequest, error) {
	return s.scanDevice(s.read.QueryRowContext(ctx, selectDevice+`id = ?`, id))
}

func (s *Server) deviceOf(ctx context.Context, userCode string) (*deviceRequest, error) {
	return s.scanDevice(s.read.QueryRowContext(ctx, selectDevice+`user_code = ?`, ledger.Hash(userCode)))
}

func (s *Server) scanDevice(row *sql.Row) (*deviceRequest, error) {
	var (
		d                deviceRequest
		scopes           string
		created, expires int64
		decided          sql.NullString
	)
	err := row.Scan(&d.ID, &d.ClientID, &scopes, &d.Audience, &d.Source, &d.UserAgent, &created, &expires, &decided)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, errNoDevice
	}
	if err != nil {
		return nil, fmt.Errorf("load device request: %w", err)
	}
	d.Scopes, d.Decision = strings.Fields(scopes), decision(decided.String)
	d.CreatedAt, d.ExpiresAt = time.UnixMilli(created), time.UnixMilli(expires)
	return &d, nil
}

// decideDevice keeps the answer. RFC 8628 3.3: one request, one decision,
// whoever else types the same code; the second one gets errDecided, and so
// does one that comes when the code has expired.
func (s *Server) decideDevice(ctx context.Context, id string, d decision) error {
	now := s.now().UnixMilli()
	return s.writer.Write(ctx, func(tx *sql.Tx) error {
		done, err := tx.Exec(`UPDATE device_requests SET decision = ?1, decided_at = ?2 WHERE id = ?3 AND decision IS NULL AND expires_at > ?2`, string(d), now, id)
		return exactlyOne(done, err, errDecided)
	}, func() { s.storedDevice(ctx, "decide", id) })
}

// pollSlack forgives a timer that ticks a little early.
const pollSlack = time.Second / 2

// pace counts a poll of an undecided request, and says whether it came too
// early. RFC 8628 3.5, slow_down: the interval grows by 5 seconds for this and
// all later polls. It is kept in the file, so that a restart forgives nothing.
// Errors: errDecided, where somebody has decided in between.
func (s *Server) pace(ctx context.Context, id string) (early bool, err error) {
	now := s.now().UnixMilli()
	err = s.writer.Write(ctx, func(tx *sql.Tx) error {
		done, err := tx.Exec(`UPDATE device_requests SET polled_at = ?1 WHERE id = ?2 AND decision IS NULL AND (polled_at IS NULL OR polled_at + interval * 1000 <= ?1 + ?3)`,
			now, id, pollSlack.Milliseconds())
		if err = exactlyOne(done, err, errDecided); !errors.Is(err, errDecided) {
			return err
		}
		early = true
		done, err = tx.Exec(`UPDATE device_requests SET polled_at = ?1, interval = interval + ?3 WHERE id = ?2 AND decision IS NULL`, now, id, int(pollEvery/time.Second))
		return exactlyOne(done, err, errDecided)
	}, func() { s.storedDevice(ctx, "poll", id) })
	return early, err
}
