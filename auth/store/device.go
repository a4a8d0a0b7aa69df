package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/ory/fosite"

	"github.com/exampleco/punchcard/auth/ledger"
)

// DeviceCode is the kind of expiry of a device code in a fosite.Session.
const DeviceCode fosite.TokenType = "device_code"

// The methods below take the SHA-256 of the device code in hex: only the
// device has the code itself when the person approves it.

// CreateDeviceCode stores what a person allowed the device with this code. A
// code can be approved only once; a second approval is an error.
func (s *Store) CreateDeviceCode(ctx context.Context, key string, r fosite.Requester) error {
	return s.createAt(ctx, device, key, r)
}

// DeviceCodeRequest returns what was allowed. If the code was used, or its
// family is revoked, it returns the request together with
// fosite.ErrInactiveToken and ErrSpent. It returns fosite.ErrNotFound for a
// code that nobody has approved.
func (s *Store) DeviceCodeRequest(ctx context.Context, key string, session fosite.Session) (fosite.Requester, error) {
	return s.loadAt(ctx, device, key, session)
}

// UseDeviceCode uses the code, and stores the session that it was used with.
// Of several at once, one succeeds; the others get ErrSpent and
// fosite.ErrInactiveToken, in a unit from Commit.
func (s *Store) UseDeviceCode(ctx context.Context, key string, used fosite.Session) error {
	session, err := json.Marshal(used) // now, because fosite changes it later
	if err != nil {
		return fmt.Errorf("encode the session of a device code: %w", err)
	}
	return s.write(ctx, func(tx *sql.Tx) error {
		if err := s.spend(tx, device, key, ""); err != nil {
			return err
		}
		_, err := tx.Exec(`UPDATE device_codes SET session = ? WHERE hash = ?`, string(session), key)
		return err
	}, s.wrote(ctx, "use", device.table, device.name, ledger.Short(key)))
}
