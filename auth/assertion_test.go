package auth

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v3"

	"github.com/exampleco/punchcard/auth/back"
	"github.com/exampleco/punchcard/auth/oauth"
	"github.com/exampleco/punchcard/auth/seed"
)

// signer is a client that signs what it says of itself.
type signer struct {
	t   testing.TB
	w   *world
	id  string
	key *ecdsa.PrivateKey

	keys map[string]*ecdsa.PrivateKey // of all such clients
}

// as is another of the clients.
func (c *signer) as(id string) *signer {
	out := *c
	out.id, out.key = id, c.keys[id]
	return &out
}

// newSigner gives the machine, the web client and the gateway of the seed one
// key each in the place of their secrets.
func newSigner(t testing.TB) *signer {
	t.Helper()
	w, d := newWorld(t), document(t, seed.Builtin())
	c := &signer{t: t, w: w, keys: map[string]*ecdsa.PrivateKey{}}
	for i := range d.Clients {
		client := &d.Clients[i]
		if client.Secret == "" {
			continue
		}
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		c.keys[client.ID] = key
		raw, err := json.Marshal(jose.JSONWebKey{Key: key.Public(), KeyID: "k"})
		if err != nil {
			t.Fatal(err)
		}
		client.Keys = seed.JWKSet{Keys: make([]seed.JWK, 1)}
		if err := json.Unmarshal(raw, &client.Keys.Keys[0]); err != nil {
			t.Fatal(err)
		}
		client.Secret, client.AuthMethods = "", []string{back.MethodKey}
		if client.ID == "timesheets-web" {
			client.Secret, client.AuthMethods = "timesheets-web-secret", []string{"client_secret_basic", back.MethodKey} // and this one has both
		}
	}
	w.open(d, true)
	return c.as("timesheets-cron")
}

// assertion is a fresh one; changes replace claims, nil takes one away.
func (c *signer) assertion(changes ...map[string]any) string {
	c.t.Helper()
	now := c.w.clock.now()
	claims := map[string]any{"iss": c.id, "sub": c.id, "aud": issuer, "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(), "jti": oauth.RandomToken("")}
	for _, change := range changes {
		maps.Copy(claims, change)
	}
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	payload, err := json.Marshal(claims)
	if err != nil {
		c.t.Fatal(err)
	}
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: c.key, KeyID: "k"}}, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	jws, err := s.Sign(payload)
	if err != nil {
		c.t.Fatal(err)
	}
	token, err := jws.CompactSerialize()
	if err != nil {
		c.t.Fatal(err)
	}
	return token
}

// form is a token request with an assertion; pairs add parameters, "" takes away.
func (c *signer) form(assertion string, pairs ...string) url.Values {
	v := url.Values{"grant_type": {"client_credentials"}, "client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "client_assertion": {assertion}}
	for i := 0; i < len(pairs); i += 2 {
		if v.Set(pairs[i], pairs[i+1]); pairs[i+1] == "" {
			v.Del(pairs[i])
		}
	}
	return v
}

func (c *signer) ask(assertion string, pairs ...string) *httptest.ResponseRecorder {
	return c.w.post(pathToken, c.form(assertion, pairs...))
}

// RFC 7523 3 and OIDC Core 9, claim by claim.
func TestClientAssertion(t *testing.T) {
	c := newSigner(t)
	in := func(d time.Duration) int64 { return c.w.clock.now().Add(d).Unix() }
	one := func(name string, value any) map[string]any { return map[string]any{name: value} }
	for _, x := range []struct {
		name   string
		change map[string]any
		good   bool
	}{
		{"as the drafts want it", nil, true},
		{"aud as a list of one", one("aud", []string{issuer}), true},
		{"aud as older clients send it", one("aud", issuer+pathToken), true},
		{"aud by both names", one("aud", []string{issuer, issuer + pathToken}), true},
		{"no iat, which is optional", one("iat", nil), true},
		{"exp with a fraction", one("exp", float64(in(time.Minute))+0.5), true},
		{"exp in five minutes", one("exp", in(5*time.Minute)), true},
		{"exp half a minute ago, by a slow clock", one("exp", in(-30*time.Second)), true},
		{"nbf half a minute ahead, by a fast clock", one("nbf", in(30*time.Second)), true},

		{"no iss", one("iss", nil), false},
		{"iss of another", one("iss", "timesheets-web"), false},
		{"no sub", one("sub", nil), false},
		{"sub of another", one("sub", "timesheets-web"), false},
		{"another client in both", map[string]any{"iss": "timesheets-web", "sub": "timesheets-web"}, false},
		{"an unknown client", map[string]any{"iss": "nobody", "sub": "nobody"}, false},
		{"a public client", map[string]any{"iss": "timesheets-mobile", "sub": "timesheets-mobile"}, false},
		{"no aud", one("aud", nil), false},
		{"an empty list of audiences", one("aud", []string{}), false},
		{"aud of another server", one("aud", "https://other.example"), false},
		{"ours and another server's", one("aud", []string{issuer, "https://other.example/token"}), false},
		{"issuer with a slash more", one("aud", issuer+"/"), false},
		{"the API", one("aud", issuer+"/api"), false},
		{"no exp", one("exp", nil), false},
		{"expired", one("exp", in(-time.Minute)), false},
		{"exp in an hour", one("exp", in(time.Hour)), false},
		{"exp in ten thousand years", one("exp", in(0)*100), false},
		{"nbf in two minutes", one("nbf", in(2*time.Minute)), false},
		{"iat in two minutes", one("iat", in(2*time.Minute)), false},
		{"no jti", one("jti", nil), false},
		{"an empty jti", one("jti", ""), false},
	} {
		rec := c.ask(c.assertion(x.change))
		if x.good {
			if got := c.w.tokens(rec); got.Scope != "batch:upload" {
				t.Errorf("%s: %+v", x.name, got)
			}
			continue
		}
		t.Log(x.name)
		c.w.refused(rec, http.StatusUnauthorized, "invalid_client")
		if h := rec.Header().Get("WWW-Authenticate"); h != "" {
			t.Errorf("%s: challenged by %q, and no browser shall ask for a password (RFC 6749 5.2)", x.name, h)
		}
	}
}

// The parameters around it: RFC 7521 4.2, and RFC 6749 2.3 for one method.
func TestClientAssertionParameters(t *testing.T) {
	c := newSigner(t)
	c.w.tokens(c.ask(c.assertion(), "client_id", c.id))
	c.w.refused(c.ask(c.assertion(), "client_id", "timesheets-web"), 401, "invalid_client")
	c.w.refused(c.ask(c.assertion(), "client_secret", "x"), 400, "invalid_request")
	c.w.refused(c.ask(c.assertion(), "client_assertion_type", ""), 400, "invalid_request")
	c.w.refused(c.ask("", "client_id", c.id), 400, "invalid_request")
	c.w.refused(c.ask(c.assertion(), "client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"), 401, "invalid_client")
	twice := c.form(c.assertion())
	twice.Add("client_assertion", c.assertion())
	c.w.refused(c.w.post(pathToken, twice), 400, "invalid_request")
	basic := httptest.NewRequest(http.MethodPost, issuer+pathToken, strings.NewReader(c.form(c.assertion()).Encode()))
	basic.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	basic.SetBasicAuth(c.id, "x")
	rec := httptest.NewRecorder()
	c.w.mux.ServeHTTP(rec, basic)
	c.w.refused(rec, 400, "invalid_request")

	// A client that has a key instead of a secret cannot do without either.
	for _, form := range []url.Values{
		{"grant_type": {"client_credentials"}, "client_id": {c.id}},
		{"grant_type": {"client_credentials"}, "client_id": {c.id}, "client_secret": {"timesheets-cron-secret"}},
		{"grant_type": {"client_credentials"}, "client_id": {c.id}, "client_secret": {""}},
	} {
		c.w.refused(c.w.post(pathToken, form), 401, "invalid_client")
	}
}

// Every endpoint for clients takes it, and takes each assertion once: what
// opened one does not open another.
func TestClientAssertionAtEveryEndpoint(t *testing.T) {
	c := newSigner(t)
	got := c.w.tokens(c.ask(c.assertion()))
	revoke := c.form(c.assertion(map[string]any{"aud": issuer + pathRevoke}), "token", got.AccessToken)
	if rec := c.w.post(pathRevoke, revoke); rec.Code != http.StatusOK {
		t.Errorf("revocation: %d %s", rec.Code, rec.Body)
	}
	if c.w.alive(got.AccessToken) {
		t.Error("and the token lives")
	}
	c.w.refused(c.w.post(pathRevoke, revoke), 401, "invalid_client")
	c.w.refused(c.w.post(pathToken, revoke), 401, "invalid_client")
	// This client is no resource server, and was believed: it may ask about its own
	// tokens, one of which is revoked; the gateway may ask about any.
	if rec := c.w.post(pathIntrospect, c.form(c.assertion(), "token", got.AccessToken)); rec.Code != http.StatusOK || strings.TrimSpace(rec.Body.String()) != `{"active":false}` {
		t.Errorf("introspection of a revoked one: %d %s", rec.Code, rec.Body)
	}
	gateway := c.as("timesheets-gateway")
	if rec := c.w.post(pathIntrospect, gateway.form(gateway.assertion(), "token", c.w.tokens(c.ask(c.assertion())).AccessToken)); !strings.Contains(rec.Body.String(), `"active":true`) {
		t.Errorf("introspection: %d %s", rec.Code, rec.Body)
	}
	// RFC 9126 2: the address of this endpoint, too, MUST be taken for its aud.
	web := c.as("timesheets-web")
	request := challenged("client_id", "")
	for name, values := range web.form(web.assertion(map[string]any{"aud": issuer + pathPush}), "grant_type", "") {
		request[name] = values
	}
	if rec := c.w.post(pathPush, request); rec.Code != http.StatusCreated {
		t.Errorf("pushed request: %d %s", rec.Code, rec.Body)
	}
	c.w.refused(c.w.post(pathPush, request), 401, "invalid_client")
	wrong := c.w.post(pathIntrospect, c.form(c.assertion(map[string]any{"aud": "x"}), "token", got.AccessToken))
	c.w.refused(wrong, 401, "invalid_client")
	if h := wrong.Header().Get("WWW-Authenticate"); h != "" {
		t.Errorf("challenged by %q", h)
	}
}

// OIDC Core 9: used once. Of fifty at once one is believed; and a jti is the
// client's own, so that another client's does not use it up.
func TestClientAssertionOnce(t *testing.T) {
	c := newSigner(t)
	for range *rounds {
		assertion := c.assertion()
		var mu sync.Mutex
		var wg sync.WaitGroup
		won := 0
		gun := make(chan struct{})
		for range 50 {
			wg.Go(func() {
				<-gun
				if rec := c.ask(assertion); rec.Code == http.StatusOK {
					mu.Lock()
					won++
					mu.Unlock()
				}
			})
		}
		close(gun)
		wg.Wait()
		if won != 1 {
			t.Errorf("believed %d times", won)
		}
	}
	same := map[string]any{"jti": "same"}
	if err := c.w.store.SetClientAssertionJWT(t.Context(), "timesheets-web same", c.w.clock.now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	first := c.assertion(same)
	c.w.tokens(c.ask(first))
	c.w.refused(c.ask(first), 401, "invalid_client")
	c.w.refused(c.ask(c.assertion(same)), 401, "invalid_client")
	// It is remembered for as long as it might be believed.
	c.w.clock.pass(2*time.Minute - time.Second)
	c.w.refused(c.ask(first), 401, "invalid_client")
	c.w.tokens(c.ask(c.assertion()))
}

// What is refused uses no jti up: or whoever saw one could keep the client out.
func TestRefusedAssertionsBurnNothing(t *testing.T) {
	c := newSigner(t)
	claim := map[string]any{"jti": "mine"}
	thief := *c
	var err error
	if thief.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	for range secretBurst + 10 {
		c.w.refused(thief.ask(thief.assertion(claim)), 401, "invalid_client")
	}
	// And however many there were, nobody is throttled: signatures are not guessed.
	c.w.tokens(c.ask(c.assertion(claim)))
}

// Somebody who guesses a client's secret is throttled; its assertions, which
// nobody guesses, come through.
func TestGuessesDoNotStopAssertions(t *testing.T) {
	c := newSigner(t)
	for range secretBurst {
		c.w.refused(c.w.post(pathToken, url.Values{"grant_type": {"client_credentials"}, "client_id": {c.id}, "client_secret": {"guess"}}), 401, "invalid_client")
	}
	if rec := c.w.post(pathToken, url.Values{"grant_type": {"client_credentials"}, "client_id": {c.id}, "client_secret": {"guess"}}); rec.Code != http.StatusTooManyRequests {
		t.Errorf("the guesser is not throttled: %d", rec.Code)
	}
	c.w.tokens(c.ask(c.assertion()))
}

// What cannot be remembered is not believed.
func TestClientAssertionOnAFullDisk(t *testing.T) {
	c := newSigner(t)
	assertion := c.assertion()
	c.w.disk.full.Store(true)
	c.w.refused(c.ask(assertion), 503, "temporarily_unavailable")
	c.w.disk.full.Store(false)
	c.w.tokens(c.ask(assertion))
}

// RFC 8414 2: what is advertised is what is accepted.
func TestClientAssertionMetadata(t *testing.T) {
	doc := newWorld(t).describe()
	for _, endpoint := range []string{"token", "revocation", "introspection"} {
		methods, _ := doc[endpoint+"_endpoint_auth_methods_supported"].([]string)
		algs, _ := doc[endpoint+"_endpoint_auth_signing_alg_values_supported"].([]string)
		if !slices.Contains(methods, back.MethodKey) || !slices.Equal(algs, []string{"ES256", "PS256", "RS256"}) {
			t.Errorf("%s: %v by %v", endpoint, methods, algs)
		}
	}
}

func BenchmarkClientCredentialsByKey(b *testing.B) {
	c := newSigner(b)
	for b.Loop() {
		c.w.tokens(c.ask(c.assertion()))
	}
}
