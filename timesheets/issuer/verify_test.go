package issuer

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v3"

	"github.com/exampleco/punchcard/timesheets"
)

const audience = "https://hours.example/api"

// authority is an issuer of the test's own: its keys, its moods, and how often
// it was asked.
type authority struct {
	*httptest.Server
	mu    sync.Mutex
	keys  map[string]crypto.Signer // by kid
	down  atomic.Bool
	asked atomic.Int64 // for its keys

	introspect func(w http.ResponseWriter, r *http.Request)
}

func newAuthority(t *testing.T) *authority {
	a := &authority{keys: map[string]crypto.Signer{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]string{"issuer": a.URL, "jwks_uri": a.URL + "/keys", "introspection_endpoint": a.URL + "/introspect"})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		a.asked.Add(1)
		a.mu.Lock()
		defer a.mu.Unlock()
		set := map[string]any{"keys": []any{map[string]string{"kty": "lattice", "kid": "of the future"}}}
		for kid, key := range a.keys {
			set["keys"] = append(set["keys"].([]any), jose.JSONWebKey{Key: key.Public(), KeyID: kid, Use: "sig"})
		}
		_ = json.NewEncoder(w).Encode(set)
	})
	mux.HandleFunc("POST /introspect", func(w http.ResponseWriter, r *http.Request) { a.introspect(w, r) })
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a.down.Load() {
			http.Error(w, "down", http.StatusServiceUnavailable)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(a.Close)
	a.newKey(t, "one")
	return a
}

func (a *authority) newKey(t *testing.T, kid string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.keys[kid] = key
}

func (a *authority) config() Config { return Config{Issuer: a.URL, Audience: audience} }

func (a *authority) claims() map[string]any {
	return map[string]any{
		"iss": a.URL, "sub": "usr_ada", "aud": audience, "client_id": "app", "scope": "read:timesheets create:timesheets",
		"iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix(), "jti": "1", "auth_time": time.Now().Unix(), "email": "ada@example.com",
		"cnf": map[string]string{"jkt": "thumb"},
	}
}

// token signs claims; edit may change the header.
func (a *authority) token(t *testing.T, kid string, claims map[string]any, header map[jose.HeaderKey]any) string {
	t.Helper()
	a.mu.Lock()
	key := a.keys[kid]
	a.mu.Unlock()
	return signed(t, jose.ES256, jose.JSONWebKey{Key: key, KeyID: kid}, claims, header)
}

func signed(t *testing.T, alg jose.SignatureAlgorithm, key any, claims any, header map[jose.HeaderKey]any) string {
	t.Helper()
	options := &jose.SignerOptions{ExtraHeaders: map[jose.HeaderKey]any{jose.HeaderType: "at+jwt"}}
	maps.Copy(options.ExtraHeaders, header)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, options)
	if err != nil {
		t.Fatal(err)
	}
	payload, ok := claims.([]byte)
	if !ok {
		if payload, err = json.Marshal(claims); err != nil {
			t.Fatal(err)
		}
	}
	object, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	token, err := object.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// age has been read that long ago.
func (k *kept[T]) age(by time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.last.at = time.Now().Add(-by)
}

func isUnavailable(err error) bool {
	var u interface{ Unavailable() bool }
	return errors.As(err, &u) && u.Unavailable()
}

func TestAGoodToken(t *testing.T) {
	a := newAuthority(t)
	caller, err := NewJWKS(a.config()).Verify(t.Context(), a.token(t, "one", a.claims(), nil))
	if err != nil {
		t.Fatal(err)
	}
	if caller.Subject != "usr_ada" || caller.ClientID != "app" || len(caller.Scopes) != 2 || caller.Machine || caller.Email != "ada@example.com" || caller.JKT != "thumb" || time.Since(caller.AuthTime) > time.Minute {
		t.Errorf("%+v", caller)
	}
	// RFC 7519 4.1.3: aud may be a list. RFC 9068 2.2: a client's own token has its id as sub.
	machine := a.claims()
	delete(machine, "auth_time")
	maps.Copy(machine, map[string]any{"aud": []string{"https://other.example", audience}, "sub": "app"})
	if caller, err := NewJWKS(a.config()).Verify(t.Context(), a.token(t, "one", machine, nil)); err != nil || !caller.Machine {
		t.Errorf("a machine's token: %v %+v", err, caller)
	}
}

// Each differs from a good token in one thing; none opens the API.
func TestForgeriesAreRefused(t *testing.T) {
	a := newAuthority(t)
	j := NewJWKS(a.config())
	good := a.token(t, "one", a.claims(), nil)
	with := func(name string, value any) string {
		c := a.claims()
		if c[name] = value; value == nil {
			delete(c, name)
		}
		return a.token(t, "one", c, nil)
	}
	stranger, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	short, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	a.mu.Lock()
	published, err := json.Marshal(a.keys["one"].Public())
	a.mu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(good, ".")
	for name, token := range map[string]string{
		"an ID token":             a.token(t, "one", a.claims(), map[jose.HeaderKey]any{jose.HeaderType: "JWT"}),
		"no typ":                  a.token(t, "one", a.claims(), map[jose.HeaderKey]any{jose.HeaderType: ""}),
		"another issuer":          with("iss", a.URL+"/"),
		"no issuer":               with("iss", nil),
		"another API":             with("aud", audience+"/"),
		"no audience":             with("aud", nil),
		"expired":                 with("exp", time.Now().Add(-time.Second).Unix()),
		"no exp":                  with("exp", nil),
		"exp as text":             with("exp", "4102444800"),
		"not yet":                 with("nbf", time.Now().Add(time.Hour).Unix()),
		"from the future":         with("iat", time.Now().Add(time.Hour).Unix()),
		"nobody's":                with("sub", nil),
		"no client":               with("client_id", nil),
		"a claim twice":           signed(t, jose.ES256, jose.JSONWebKey{Key: a.keys["one"], KeyID: "one"}, []byte(`{"iss":"`+a.URL+`","iss":"x"}`), nil),
		"a stranger's key":        signed(t, jose.ES256, jose.JSONWebKey{Key: stranger, KeyID: "one"}, a.claims(), nil),
		"a key it brings along":   signed(t, jose.ES256, jose.JSONWebKey{Key: stranger, KeyID: "one"}, a.claims(), map[jose.HeaderKey]any{"jwk": jose.JSONWebKey{Key: stranger.Public()}, "jku": a.URL + "/stranger"}),
		"an unknown kid":          signed(t, jose.ES256, jose.JSONWebKey{Key: stranger, KeyID: "two"}, a.claims(), nil),
		"another kind of key":     signed(t, jose.RS256, jose.JSONWebKey{Key: short, KeyID: "one"}, a.claims(), nil),
		"the public key as HMAC":  signed(t, jose.HS256, published, a.claims(), map[jose.HeaderKey]any{"kid": "one"}),
		"alg none":                "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0." + parts[1] + ".",
		"its signature cut":       good[:len(good)-2],
		"the claims of another":   parts[0] + "." + strings.Split(with("sub", "usr_grace"), ".")[1] + "." + parts[2],
		"four parts":              good + ".x",
		"white space":             good + " ",
		"nothing":                 "",
		"a line break":            good[:9] + "\n" + good[9:],
		"padding":                 good + "=",
		"spare bits":              respelled(good),
		"a critical extension":    critical(t, a),
		"20 kB":                   strings.Repeat("a", 20<<10) + "." + parts[1] + "." + parts[2],
		"the other serialization": `{"payload":"` + parts[1] + `","protected":"` + parts[0] + `","signature":"` + parts[2] + `"}`,
	} {
		if caller, err := j.Verify(t.Context(), token); !errors.Is(err, timesheets.ErrInvalidToken) {
			t.Errorf("%s: %v %+v", name, err, caller)
		}
	}
	if _, err := j.Verify(t.Context(), good); err != nil {
		t.Errorf("and the good one: %v", err)
	}
}

// respelled is a token with other bits behind its signature's last byte: the
// same bytes to a lenient reader, under another hash.
func respelled(token string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, token[len(token)-1])
	return token[:len(token)-1] + alphabet[last+1:last+2]
}

func critical(t *testing.T, a *authority) string {
	return a.token(t, "one", a.claims(), map[jose.HeaderKey]any{"crit": []string{"b64"}, "b64": true})
}

// A rotation is followed at the first token by the new key, and made-up kids do
// not make us ask the issuer for each of them.
func TestRotationIsFollowedAndTheIssuerSpared(t *testing.T) {
	a := newAuthority(t)
	j := NewJWKS(a.config())
	old := a.token(t, "one", a.claims(), nil)
	if _, err := j.Verify(t.Context(), old); err != nil {
		t.Fatal(err)
	}
	a.newKey(t, "two")
	if _, err := j.Verify(t.Context(), a.token(t, "two", a.claims(), nil)); err != nil {
		t.Errorf("a token by the new key: %v", err)
	}
	if _, err := j.Verify(t.Context(), old); err != nil {
		t.Errorf("a token by the old one, still published: %v", err)
	}
	before := a.asked.Load()
	stranger, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	var crowd sync.WaitGroup
	for range 50 {
		token := signed(t, jose.ES256, jose.JSONWebKey{Key: stranger, KeyID: rand.Text()}, a.claims(), nil)
		crowd.Go(func() {
			if _, err := j.Verify(t.Context(), token); !errors.Is(err, timesheets.ErrInvalidToken) && !isUnavailable(err) {
				t.Errorf("a made-up kid: %v", err)
			}
		})
	}
	crowd.Wait()
	if asked := a.asked.Load() - before; asked > 5 {
		t.Errorf("50 made-up kids asked the issuer %d times", asked)
	}
	// A key that the issuer has taken away is no longer good once the set is read again.
	a.mu.Lock()
	delete(a.keys, "one")
	a.mu.Unlock()
	if _, _, err := j.keys.await(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := j.Verify(t.Context(), old); !errors.Is(err, timesheets.ErrInvalidToken) {
		t.Errorf("a token by a key that was taken away: %v", err)
	}
}

// Down at the start is 503 and no refusal; down later, known keys go on.
func TestIssuerDown(t *testing.T) {
	a := newAuthority(t)
	j := NewJWKS(a.config())
	token := a.token(t, "one", a.claims(), nil)
	a.down.Store(true)
	if _, err := j.Verify(t.Context(), token); !isUnavailable(err) {
		t.Fatalf("while it is down: %v", err)
	}
	a.down.Store(false)
	if _, err := j.Verify(t.Context(), token); err != nil {
		t.Fatalf("after it has recovered: %v", err)
	}
	a.down.Store(true)
	j.keys.age(keysAge)
	if _, err := j.Verify(t.Context(), token); err != nil {
		t.Errorf("a known key while it is down: %v", err)
	}
	a.newKey(t, "two")
	if _, err := j.Verify(t.Context(), a.token(t, "two", a.claims(), nil)); !isUnavailable(err) {
		t.Errorf("an unknown key while it is down: %v", err)
	}
	j.keys.age(keysStale)
	if _, err := j.Verify(t.Context(), token); !isUnavailable(err) {
		t.Errorf("keys that are too old: %v", err)
	}
}

// RFC 8414 3.3: metadata that names another issuer is not used.
func TestAnotherIssuersMetadata(t *testing.T) {
	a := newAuthority(t)
	c := a.config()
	c.Issuer += "/" // the same place, and another identifier
	if _, err := NewJWKS(c).Verify(t.Context(), a.token(t, "one", a.claims(), nil)); !isUnavailable(err) || a.asked.Load() > 0 {
		t.Errorf("%v, keys asked for %d times", err, a.asked.Load())
	}
}

func TestIntrospection(t *testing.T) {
	a := newAuthority(t)
	i := NewIntrospection(a.config(), "gate:way", "se%cret")
	answer := func(status int, change map[string]any) {
		said := a.claims()
		said["active"] = true
		maps.Copy(said, change)
		a.introspect = func(w http.ResponseWriter, r *http.Request) {
			// RFC 7662 2.1: a form, and who asks. RFC 6749 2.3.1: form-encoded in Basic.
			if id, secret, _ := r.BasicAuth(); r.PostFormValue("token") != "opaque" || id != "gate%3Away" || secret != "se%25cret" {
				t.Errorf("asked as %s %s about %s", id, secret, r.PostFormValue("token"))
			}
			w.WriteHeader(status)
			_ = json.NewEncoder(w).Encode(said)
		}
	}
	verify := func() (timesheets.Caller, error) { return i.Verify(context.WithoutCancel(t.Context()), "opaque") }
	answer(200, nil)
	if caller, err := verify(); err != nil || caller.Subject != "usr_ada" || caller.JKT != "thumb" {
		t.Errorf("active: %v %+v", err, caller)
	}
	answer(200, map[string]any{"iss": nil})
	if _, err := verify(); err != nil {
		t.Errorf("without iss, which is optional: %v", err)
	}
	for name, change := range map[string]map[string]any{
		"inactive": {"active": false}, "another API": {"aud": "x"}, "another issuer": {"iss": "https://x"}, "expired": {"exp": 1}, "no audience": {"aud": nil},
	} {
		answer(200, change)
		if _, err := verify(); !errors.Is(err, timesheets.ErrInvalidToken) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, status := range []int{500, 503, 429} {
		answer(status, nil)
		if _, err := verify(); !isUnavailable(err) {
			t.Errorf("%d: %v", status, err)
		}
	}
	answer(401, nil)
	if _, err := verify(); err == nil || isUnavailable(err) || errors.Is(err, timesheets.ErrInvalidToken) || strings.Contains(err.Error(), "se%cret") {
		t.Errorf("401 is our own mistake: %v", err)
	}
	a.Close()
	if _, err := verify(); !isUnavailable(err) {
		t.Errorf("gone: %v", err)
	}
}
