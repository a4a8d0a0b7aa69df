package dpop

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"

	"github.com/exampleco/punchcard/auth/jws"
)

const (
	// nonceStep is how often the nonce changes.
	nonceStep = 30 * time.Second
	// nonceLifetime is how long an older one is still good: a client learns of
	// the next with its next answer, and should not have to ask twice for each.
	nonceLifetime = 5 * time.Minute
)

// nonces are stateless: a nonce is the time at which it was given out, and an
// HMAC of that. The key lives as long as the process. After a restart each
// client is told the new nonce once and goes on; a file would gain nothing.
// Another Checker has another key, so no server takes the nonces of one
// elsewhere (RFC 9449 9).
type nonces struct{ key []byte }

func newNonces() nonces {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails since Go 1.24: it ends the program instead
	return nonces{key}
}

// at is the nonce of a moment.
func (n nonces) at(now time.Time) string {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(now.Truncate(nonceStep).Unix()))
	return base64.RawURLEncoding.EncodeToString(append(b[:], n.mac(b[:])...))
}

// good says whether a nonce was given out by at, not too long ago.
func (n nonces) good(nonce string, now time.Time) bool {
	raw, err := jws.Decode(nonce)
	if err != nil || len(raw) != 8+16 || !hmac.Equal(raw[8:], n.mac(raw[:8])) {
		return false
	}
	age := now.Sub(time.Unix(int64(binary.BigEndian.Uint64(raw)), 0))
	return age >= 0 && age <= nonceLifetime
}

func (n nonces) mac(at []byte) []byte {
	h := hmac.New(sha256.New, n.key)
	h.Write(at)
	return h.Sum(nil)[:16]
}
