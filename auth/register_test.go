package auth

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v3"
	"github.com/ory/fosite"

	"github.com/exampleco/punchcard/auth/back"
)

// registers sends client metadata to a server where that is open.
func (w *world) registers(metadata string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, issuer+pathRegister, strings.NewReader(metadata))
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	w.mux.ServeHTTP(rec, r)
	return rec
}

func (w *world) registered(metadata string) (id string, m map[string]any) {
	w.t.Helper()
	rec := w.registers(metadata)
	if err := json.Unmarshal(rec.Body.Bytes(), &m); rec.Code != http.StatusCreated || err != nil {
		w.t.Fatalf("%s: %d %s", metadata, rec.Code, rec.Body)
	}
	return m["client_id"].(string), m
}

// A registered app whose registration is gone is told that, and what to do.
func TestRegistrationThatIsGone(t *testing.T) {
	w := newWorld(t)
	id, _ := w.registered(`{"redirect_uris":["cursor://anysphere.cursor-mcp/oauth/callback"],"token_endpoint_auth_method":"none","client_name":"Cursor"}`)
	if c, err := w.store.Client(t.Context(), id); err != nil || c.Kind != "native" {
		t.Fatalf("a known agent's own scheme: %v", err)
	}
	w.clock.pass(25 * time.Hour) // nobody has used it
	page := w.send(pathAuthorize+"?client_id="+id+"&response_type=code", nil)
	if page.Code != http.StatusBadRequest || !strings.Contains(page.Body.String(), "register again") {
		t.Errorf("the page: %d %s", page.Code, page.Body)
	}
	for _, path := range []string{pathToken, pathPush, pathDeviceCode, pathRevoke} {
		rec := w.post(path, url.Values{"client_id": {id}, "grant_type": {"refresh_token"}, "refresh_token": {"x"}, "token": {"x"}})
		w.refused(rec, 401, "invalid_client")
		if !strings.Contains(rec.Body.String(), "Register again at "+issuer+pathRegister) {
			t.Errorf("%s: %s", path, rec.Body)
		}
	}
	if rec := w.send(pathAuthorize+"?client_id=nobody&response_type=code", nil); strings.Contains(rec.Body.String(), "register again") {
		t.Error("an app that never registered is told to do it again")
	}
}

// What is issued to a client keeps its registration, a code as well as a token.
func TestIssuingKeepsARegistration(t *testing.T) {
	w := newWorld(t)
	id, _ := w.registered(`{"redirect_uris":["` + redirect + `"],"token_endpoint_auth_method":"none"}`)
	code := w.grantTo(id, "ada@example.com", "read:timesheets")
	after, err := w.store.Client(t.Context(), id)
	if err != nil || after.ExpiresAt.Sub(w.clock.now()) != back.RefreshCap {
		t.Fatalf("after the code it lasts for %s: %v", after.ExpiresAt.Sub(w.clock.now()), err)
	}
	w.clock.pass(30 * time.Second)
	w.tokens(w.post(pathToken, form("grant_type", "authorization_code", "client_id", id, "code", code, "redirect_uri", redirect, "code_verifier", verifier)))
	if again, err := w.store.Client(t.Context(), id); err != nil || !again.ExpiresAt.Equal(after.ExpiresAt) {
		t.Error("written twice within the hour")
	}
}

// A page whose app has registered itself reads the answers it needs, on the
// origin it has registered and on no other.
func TestOriginsOfWhatRegisters(t *testing.T) {
	w := newWorld(t)
	allowed := func(method, path, origin string) string {
		r := httptest.NewRequest(method, issuer+path, nil)
		r.Header.Set("Origin", origin)
		r.Header.Set("Access-Control-Request-Method", "POST")
		rec := httptest.NewRecorder()
		w.mux.ServeHTTP(rec, r)
		return rec.Header().Get("Access-Control-Allow-Origin")
	}
	const spa, local = "https://spa.example", "http://localhost:6274"
	if allowed("OPTIONS", pathToken, spa) != "" || allowed("OPTIONS", pathToken, local) != "" {
		t.Fatal("allowed before it registers")
	}
	if allowed("GET", pathDiscovery, local) != local || allowed("OPTIONS", pathRegister, local) != local {
		t.Error("a page of this machine can't find out how to register")
	}
	if allowed("GET", pathDiscovery, spa) != "" || allowed("OPTIONS", pathRegister, spa) != "" {
		t.Error("a page from elsewhere can register where that is open for this machine")
	}
	w.registered(`{"redirect_uris":["` + spa + `/cb"],"token_endpoint_auth_method":"none"}`)
	w.registered(`{"redirect_uris":["` + local + `/cb"],"token_endpoint_auth_method":"none"}`)
	w.registered(`{"redirect_uris":["https://server.example/cb"]}`) // calls from its server
	for _, origin := range []string{spa, local} {
		if allowed("OPTIONS", pathToken, origin) != origin || allowed("GET", pathDiscovery, origin) != origin {
			t.Errorf("%s is refused", origin)
		}
	}
	for _, origin := range []string{"https://server.example", "https://spa.example.evil.example", "https://spa.exampl", "http://spa.example", "http://localhost:627", "http://localhost"} {
		if got := allowed("OPTIONS", pathToken, origin); got != "" {
			t.Errorf("%s: %q", origin, got)
		}
	}
}

// What cannot be written is no success, and costs nothing.
func TestRegistrationOnAFullDisk(t *testing.T) {
	w := newWorld(t)
	w.disk.full.Store(true)
	w.refused(w.registers(`{"redirect_uris":["https://a.example/cb"]}`), 503, "temporarily_unavailable")
	w.disk.full.Store(false)
	if _, err := w.store.Client(t.Context(), "reg_"); err != fosite.ErrNotFound {
		t.Error(err)
	}
}

// A client that registers public keys proves itself by them, and has no secret.
func TestRegisteredKeys(t *testing.T) {
	w := newWorld(t)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	set := func(k jose.JSONWebKey) string {
		raw, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{k}})
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	public := set(jose.JSONWebKey{Key: key.Public(), KeyID: "k"})
	const by = `{"redirect_uris":["https://a.example/cb"],"grant_types":["authorization_code","refresh_token"],"token_endpoint_auth_method":"private_key_jwt"`
	id, m := w.registered(by + `,"jwks":` + public + `,"token_endpoint_auth_signing_alg":"ES256"}`)
	if m["client_secret"] != nil || m["jwks"] == nil || m["token_endpoint_auth_signing_alg"] != "ES256" {
		t.Errorf("%v", m)
	}
	c := &signer{t: t, w: w, id: id, key: key}
	w.refused(c.ask(c.assertion(), "grant_type", "refresh_token", "refresh_token", "x"), 400, "invalid_grant") // it is who it says
	w.refused(w.post(pathToken, form("grant_type", "refresh_token", "refresh_token", "x", "client_id", id)), 401, "invalid_client")
}

// form writes pairs as a form.
func form(pairs ...string) url.Values {
	f := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		f.Set(pairs[i], pairs[i+1])
	}
	return f
}
