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
	// nonceLifetime is how long an older nonce is still accepted. A client
	// learns the next nonce from each response, so it should rarely need a
	// second request.
	nonceLifetime = 5 * time.Minute
)

// nonces are stateless: a nonce is the time when it was issued, with an HMAC
// of that time. The key lives as long as the process. After a restart each
// client is told a new nonce once and continues, so storing the key would gain
// nothing. Each Checker has its own key, so a server never accepts a nonce of
// another server (RFC 9449 9).
type nonces struct{ key []byte }

func newNonces() nonces {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails since Go 1.24: it ends the program instead
	return nonces{key}
}

// at returns the nonce for a moment.
func (n nonces) at(now time.Time) string {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(now.Truncate(nonceStep).Unix()))
	return base64.RawURLEncoding.EncodeToString(append(b[:], n.mac(b[:])...))
}

// good reports whether a nonce was issued before at, and not too long ago.
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
