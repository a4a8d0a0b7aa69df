package back

import (
	"crypto/sha256"
	"encoding/json"
	"sync"
)

// genuine remembers which tokens had a good signature. A signature never goes
// bad, and checking it costs more than all else that an API call asks; what
// can change, expiry and revocation, is looked up each time. Only tokens that
// were accepted once get in, so nobody can fill it with forgeries.
type genuine struct {
	mu         sync.Mutex
	young, old map[[sha256.Size]byte]accessClaims // two generations: the older is dropped whole
}

// genuineLimit is how many tokens a generation holds, at about 600 bytes each.
const genuineLimit = 4096

func (g *genuine) get(token string) (accessClaims, bool) {
	key := sha256.Sum256([]byte(token))
	g.mu.Lock()
	defer g.mu.Unlock()
	c, ok := g.young[key]
	if !ok {
		if c, ok = g.old[key]; ok {
			g.put(key, c)
		}
	}
	return c, ok
}

func (g *genuine) add(token string, c accessClaims) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.put(sha256.Sum256([]byte(token)), c)
}

func (g *genuine) forget() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.young, g.old = nil, nil
}

func (g *genuine) put(key [sha256.Size]byte, c accessClaims) {
	if g.young == nil || len(g.young) >= genuineLimit {
		g.young, g.old = make(map[[sha256.Size]byte]accessClaims), g.young
	}
	g.young[key] = c
}

// claimsOf checks a token's signature, kid and typ, and reads its claims.
func (s *Channel) claimsOf(token string) (accessClaims, error) {
	if c, ok := s.genuine.get(token); ok {
		return c, nil
	}
	var c accessClaims
	payload, err := s.keys.Verify(token, "at+jwt")
	if err != nil {
		return c, err
	}
	return c, json.Unmarshal(payload, &c)
}
