package timesheets

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/binary"
	"strconv"
	"strings"
)

// position is the last entry of a page, in the order of lists.
type position struct {
	date      string
	createdAt int64 // unix milliseconds
	id        string
}

// cursorKey authenticates cursors. An unauthenticated one is a piece of a query
// that the client writes.
type cursorKey []byte

const macSize = 16 // bytes of HMAC-SHA-256 that a cursor carries

// cursorText wants the unused bits to be zero.
var cursorText = base64.RawURLEncoding.Strict()

// seal makes the cursor of a position. It is good for the same list alone: the
// same kind, caller and filters.
func (k cursorKey) seal(p position, list []string) string {
	payload := p.date + "|" + strconv.FormatInt(p.createdAt, 10) + "|" + p.id
	return cursorText.EncodeToString(append(k.mac(payload, list), payload...))
}

// open tells whether this room has sealed the cursor for this list.
func (k cursorKey) open(cursor string, list []string) (position, bool) {
	raw, err := cursorText.DecodeString(cursor)
	if err != nil || len(raw) < macSize || cursorText.EncodeToString(raw) != cursor { // the decoder skips line feeds
		return position{}, false
	}
	payload := string(raw[macSize:])
	if !hmac.Equal(raw[:macSize], k.mac(payload, list)) {
		return position{}, false
	}
	date, rest, _ := strings.Cut(payload, "|")
	created, id, _ := strings.Cut(rest, "|")
	at, err := strconv.ParseInt(created, 10, 64)
	return position{date, at, id}, err == nil
}

// mac covers each part with its length, so that no two lists read the same.
func (k cursorKey) mac(payload string, list []string) []byte {
	h := hmac.New(sha256.New, k)
	for _, part := range append([]string{payload}, list...) {
		var size [8]byte
		binary.BigEndian.PutUint64(size[:], uint64(len(part)))
		h.Write(size[:])
		h.Write([]byte(part))
	}
	return h.Sum(nil)[:macSize]
}

// loadCursorKey reads the file's key, and makes it where there is none.
func loadCursorKey(ctx context.Context, w Writer) (cursorKey, error) {
	fresh := make([]byte, 32)
	_, _ = rand.Read(fresh) // never fails: crypto/rand ends the process instead
	var key []byte
	err := w.Write(ctx, func(tx *sql.Tx) error {
		if _, err := tx.Exec(`INSERT INTO cursor_key (only, key) VALUES (1, ?) ON CONFLICT DO NOTHING`, fresh); err != nil {
			return err
		}
		return tx.QueryRow(`SELECT key FROM cursor_key`).Scan(&key)
	})
	return key, err
}
