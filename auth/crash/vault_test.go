package crash

import (
	"encoding/base64"
	"os"
	"strings"
	"sync"
	"testing"
)

// vault remembers every secret that a test has seen, and finds them in what
// the server has written. CONTRACT: nothing usable is stored in clear.
type vault struct {
	mu     sync.Mutex
	known  map[string]bool
	starts map[[probe]byte][]secret
}

type secret struct{ kind, value string }

// probe is how many bytes of a secret the search looks up at each position:
// with that, a scan costs the same for one secret as for ten thousand.
const probe = 16

func newVault() *vault { return &vault{known: map[string]bool{}, starts: map[[probe]byte][]secret{}} }

// add remembers a secret, and the parts of a token that are as good as the
// whole: the signature of a JWT can be put back behind its public parts.
func (v *vault) add(kind, value string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.one(kind, value)
	if parts := strings.Split(value, "."); len(parts) == 3 {
		v.one("signature of the "+kind, parts[2])
	} else if len(parts) == 2 {
		v.one("random part of the "+kind, parts[0])
		v.one("signature of the "+kind, parts[1])
	}
	if kind == "client secret" || kind == "password" {
		v.one(kind+" in base64", base64.StdEncoding.EncodeToString([]byte(value)))
	}
}

func (v *vault) one(kind, value string) {
	if len(value) < probe || v.known[value] {
		return
	}
	v.known[value] = true
	key := [probe]byte([]byte(value[:probe]))
	v.starts[key] = append(v.starts[key], secret{kind, value})
}

func (v *vault) size() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.known)
}

// leaks names the kinds of secrets that stand in data, each once.
func (v *vault) leaks(data []byte) []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	seen := map[string]bool{}
	var kinds []string
	for i := 0; i+probe <= len(data); i++ {
		for _, s := range v.starts[[probe]byte(data[i:i+probe])] {
			if !seen[s.kind] && len(data) >= i+len(s.value) && string(data[i:i+len(s.value)]) == s.value {
				seen[s.kind] = true
				kinds = append(kinds, s.kind)
			}
		}
	}
	return kinds
}

// clean fails the test where a process has printed a secret.
func (v *vault) clean(t *testing.T, p *process) {
	t.Helper()
	for name, o := range map[string]*output{"stdout": p.out, "stderr": p.err} {
		for _, kind := range v.leaks(o.bytes()) {
			t.Errorf("%s holds a %s", name, kind)
		}
	}
}

// cleanFiles fails the test where the file or its log holds a secret.
func (v *vault) cleanFiles(t *testing.T, db string) {
	t.Helper()
	for _, suffix := range []string{"", "-wal"} {
		data, err := os.ReadFile(db + suffix)
		if err != nil && (suffix == "" || !os.IsNotExist(err)) {
			t.Error(err)
		}
		for _, kind := range v.leaks(data) {
			t.Errorf("the database%s holds a %s", suffix, kind)
		}
	}
}

// The search itself: a scan that finds nothing must not be a blind one.
func TestVaultFinds(t *testing.T) {
	v := newVault()
	v.add("refresh token", "ory_rt_aaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbbbb")
	v.add("access token", "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ1c3JfYWRhIn0.cccccccccccccccccccccccc")
	v.add("client secret", cronSecret)
	for data, want := range map[string]string{
		"x ory_rt_aaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbbbb y": "refresh token,random part of the refresh token,signature of the refresh token",
		"\x00bbbbbbbbbbbbbbbbbbbbbbbb":                             "signature of the refresh token",
		"cccccccccccccccccccccccc":                                 "signature of the access token",
		"Y3Jvbi03YjFmMGM5ZTU1ZDI0YTBmOGQzYmU2YTE5YzcyZjRkMGFhMzE=": "client secret in base64",
		"eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ1c3JfYWRhIn0":             "", // anybody may know the claims
		"bbbbbbbbbbbbbbbbbbbbbbb":                                  "", // cut short
	} {
		if got := strings.Join(v.leaks([]byte(data)), ","); got != want {
			t.Errorf("in %q found %q, want %q", data, got, want)
		}
	}
}
