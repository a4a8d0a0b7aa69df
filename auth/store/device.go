package store

import (
	"context"
	"database/sql"

	"github.com/ory/fosite"
)

// DeviceCode is the kind of expiry of a device code in a fosite.Session.
const DeviceCode fosite.TokenType = "device_code"

// What stands for the device code here is its SHA-256 in hex: the code itself
// is with the device alone when a person approves it.

// CreateDeviceCode keeps what a person allowed the device that has this code.
// A code is approved once: a second time is an error.
func (s *Store) CreateDeviceCode(ctx context.Context, key string, r fosite.Requester) error {
	return s.createAt(ctx, device, key, r)
}

// DeviceCodeRequest returns what was allowed. For a code that was used, or
// whose family is revoked, it returns the request together with
// fosite.ErrInactiveToken and ErrSpent. fosite.ErrNotFound for a code that
// nobody has approved.
func (s *Store) DeviceCodeRequest(ctx context.Context, key string, session fosite.Session) (fosite.Requester, error) {
	return s.loadAt(ctx, device, key, session)
}

// UseDeviceCode uses the code. Of several at once, one succeeds; the others
// get ErrSpent and fosite.ErrInactiveToken, in a unit from Commit.
func (s *Store) UseDeviceCode(ctx context.Context, key string) error {
	return s.write(ctx, func(tx *sql.Tx) error { return s.spend(tx, device, key, "") },
		s.wrote(ctx, "use", device.table, device.name, short(key)))
}
