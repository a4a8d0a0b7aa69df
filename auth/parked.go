package auth

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Requests that wait for a person cost whoever sends them nothing: anybody can
// leave as many as they like. So there are only so many of each kind, and each
// that comes takes two along that are over.
const (
	maxParked = 10_000 // of each kind, at up to 4 KB
	// parkedStep is how seldom they are counted. There can be as many more.
	parkedStep = 64
	purgeBatch = 500 // rows in one transaction: others write in between
)

// waitingRoom is one table of requests that wait.
type waitingRoom struct {
	place  int // its counter in Server.parked
	table  string
	margin time.Duration // how long a row still says something after its end
	first  string        // who leaves first where there are too many
}

var (
	// A flow that is over is not found, whether its row is there or not.
	waitingFlows = waitingRoom{place: 0, table: "flows", first: "spent_at IS NULL, expires_at"}
	// The same is true of a request_uri.
	waitingPushed = waitingRoom{place: 1, table: "pushed_requests", first: "used_at IS NULL, expires_at"}
	// RFC 8628 3.5: a device that comes late is told expired_token.
	waitingDevices = waitingRoom{place: 2, table: "device_requests", margin: 24 * time.Hour, first: "decision IS NULL, expires_at"}
)

// makeRoom belongs into the transaction of a request that has just been
// written. Where there are too many, those that are finished leave first, then
// the oldest: somebody who floods the room turns away those who have waited
// longest, and never those who come.
func (s *Server) makeRoom(tx *sql.Tx, w waitingRoom) error {
	_, err := tx.Exec(`DELETE FROM `+w.table+` WHERE id IN (SELECT id FROM `+w.table+` WHERE expires_at < ? ORDER BY expires_at LIMIT 2)`, s.now().Add(-w.margin).UnixMilli())
	if err != nil || s.parked[w.place].Add(1)%parkedStep != 0 {
		return err
	}
	var n int
	if err := tx.QueryRow(`SELECT count(*) FROM ` + w.table).Scan(&n); err != nil || n <= maxParked {
		return err
	}
	_, err = tx.Exec(`DELETE FROM `+w.table+` WHERE id IN (SELECT id FROM `+w.table+` ORDER BY `+w.first+` LIMIT ?)`, n-maxParked)
	return err
}

// purgeWaiting removes the requests that are over, a batch at a time.
func (s *Server) purgeWaiting(ctx context.Context, w waitingRoom) error {
	for n := int64(purgeBatch); n == purgeBatch; {
		err := s.writer.Write(ctx, func(tx *sql.Tx) error {
			done, err := tx.Exec(`DELETE FROM `+w.table+` WHERE id IN (SELECT id FROM `+w.table+` WHERE expires_at < ? LIMIT ?)`, s.now().Add(-w.margin).UnixMilli(), purgeBatch)
			if err != nil {
				return fmt.Errorf("purge %s: %w", w.table, err)
			}
			n, err = done.RowsAffected()
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
