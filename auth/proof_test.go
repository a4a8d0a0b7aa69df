package auth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v3"
	"github.com/go-jose/go-jose/v3/jwt"

	"github.com/exampleco/punchcard/auth/back"
	"github.com/exampleco/punchcard/auth/oauth"
	"github.com/exampleco/punchcard/auth/seed"
)

// device is an app with a key of its own. It makes its proofs with a library
// that this server does not check them with.
type device struct {
	w     *world
	key   *ecdsa.PrivateKey
	nonce string
}

func (w *world) device() *device {
	w.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		w.t.Fatal(err)
	}
	return &device{w: w, key: key}
}

func (d *device) jkt() string {
	d.w.t.Helper()
	public := jose.JSONWebKey{Key: d.key.Public()}
	sum, err := public.Thumbprint(crypto.SHA256)
	if err != nil {
		d.w.t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(sum)
}

// proof is made for one request, beside a token or "".
func (d *device) proof(method, path, token string) string {
	d.w.t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: d.key},
		(&jose.SignerOptions{}).WithType("dpop+jwt").WithHeader("jwk", jose.JSONWebKey{Key: d.key.Public()}))
	if err != nil {
		d.w.t.Fatal(err)
	}
	claims := map[string]any{"jti": oauth.RandomToken(""), "htm": method, "htu": issuer + path, "iat": d.w.now().Unix()}
	if token != "" {
		sum := sha256.Sum256([]byte(token))
		claims["ath"] = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	if d.nonce != "" {
		claims["nonce"] = d.nonce
	}
	out, err := jwt.Signed(signer).Claims(claims).CompactSerialize()
	if err != nil {
		d.w.t.Fatal(err)
	}
	return out
}

// send is a request with headers; form is nil for a GET.
func (w *world) send(path string, form url.Values, header ...string) *httptest.ResponseRecorder {
	method := http.MethodGet
	if form != nil {
		method = http.MethodPost
	}
	r := httptest.NewRequest(method, issuer+path, strings.NewReader(form.Encode()))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	w.mux.ServeHTTP(rec, r)
	return rec
}

func (d *device) token(form url.Values) *httptest.ResponseRecorder {
	return d.w.send(pathToken, form, "DPoP", d.proof("POST", pathToken, ""))
}

func exchangeForm(code string) url.Values {
	return url.Values{"grant_type": {"authorization_code"}, "client_id": {"timesheets-mobile"}, "code": {code}, "redirect_uri": {redirect}, "code_verifier": {verifier}}
}

func refreshForm(token string) url.Values {
	return url.Values{"grant_type": {"refresh_token"}, "client_id": {"timesheets-mobile"}, "refresh_token": {token}}
}

// RFC 9449 5 and 6: the token is bound, says so, and is asked about as that.
func TestBoundTokens(t *testing.T) {
	w := newWorld(t)
	d := w.device()
	got := w.tokens(d.token(exchangeForm(w.grant("ada@example.com", allScope))))
	if got.TokenType != "DPoP" {
		t.Errorf("token_type %q", got.TokenType)
	}
	for range 2 { // the second time from memory
		token, err := w.Verify(t.Context(), got.AccessToken, issuer+"/api")
		if err != nil || token.JKT != d.jkt() {
			t.Errorf("bound to %q, want %q (%v)", token.JKT, d.jkt(), err)
		}
	}
	rec := w.post(pathIntrospect, url.Values{"client_id": {"timesheets-gateway"}, "client_secret": {"timesheets-gateway-secret"}, "token": {got.AccessToken}})
	var said struct {
		Type string `json:"token_type"`
		Cnf  map[string]string
	}
	if err := json.Unmarshal(rec.Body.Bytes(), &said); err != nil || said.Type != "DPoP" || said.Cnf["jkt"] != d.jkt() || len(said.Cnf) != 1 {
		t.Errorf("introspection: %s", rec.Body)
	}
	plain := w.tokens(w.exchange(w.grant("ada@example.com", allScope)))
	if token, err := w.Verify(t.Context(), plain.AccessToken, issuer+"/api"); err != nil || token.JKT != "" || plain.TokenType != "Bearer" {
		t.Errorf("without a proof: %q %s %v", token.JKT, plain.TokenType, err)
	}
}

// RFC 9449 5: a public client's refresh token needs the key that it was issued
// for. Whoever tries without it neither spends it nor ends its family.
func TestBoundRefreshTokens(t *testing.T) {
	w := newWorld(t)
	d, thief := w.device(), w.device()
	got := w.tokens(d.token(exchangeForm(w.grant("ada@example.com", allScope))))
	for range 2 {
		w.refused(thief.token(refreshForm(got.RefreshToken)), 400, "invalid_grant")
		w.refused(w.refresh(got.RefreshToken), 400, "invalid_dpop_proof")
	}
	if !w.alive(got.AccessToken) {
		t.Fatal("the thief's attempt ended the family")
	}
	for range 3 {
		got = w.tokens(d.token(refreshForm(got.RefreshToken)))
		if token, err := w.Verify(t.Context(), got.AccessToken, ""); err != nil || token.JKT != d.jkt() || got.TokenType != "DPoP" {
			t.Fatalf("refreshed: %s bound to %q, %v", got.TokenType, token.JKT, err)
		}
	}
	// One that was not bound becomes so with the first proof.
	plain := w.tokens(w.exchange(w.grant("ada@example.com", allScope)))
	bound := w.tokens(d.token(refreshForm(plain.RefreshToken)))
	w.refused(thief.token(refreshForm(bound.RefreshToken)), 400, "invalid_grant")
	w.tokens(d.token(refreshForm(bound.RefreshToken)))
	w.endedByItsKeyAlone(d, thief, got.RefreshToken, w.tokens(d.token(refreshForm(got.RefreshToken))), refreshForm)
}

// endedByItsKeyAlone replays what was used and is bound to the key of d. Whoever
// has found it and not the key must not be able to sign its owner out; with the
// key it is a replay (RFC 9700 4.14.2).
func (w *world) endedByItsKeyAlone(d, thief *device, used string, next tokenResponse, form func(string) url.Values) {
	w.t.Helper()
	elsewhere := form(used)
	elsewhere.Set("client_id", "timesheets-app")
	for range 2 {
		w.refused(w.post(pathToken, form(used)), 400, "invalid_dpop_proof")
		w.refused(thief.token(form(used)), 400, "invalid_grant")
		w.refused(d.token(elsewhere), 400, "invalid_grant")
	}
	if !w.alive(next.AccessToken) {
		w.t.Fatal("somebody without the key ended the family")
	}
	next = w.tokens(d.token(refreshForm(next.RefreshToken)))
	w.refused(d.token(form(used)), 400, "invalid_grant")
	if w.alive(next.AccessToken) {
		w.t.Error("a replay with the key left the family alive")
	}
}

// RFC 6749 3.2.1: a client with a secret is known by it, so only its own replay
// ends what was issued to it.
func TestOnlyItsClientReplays(t *testing.T) {
	w := newWorld(t)
	const back = "http://localhost:3000/callback"
	code := w.grantFor("ada@example.com", url.Values{
		"client_id": {"timesheets-web"}, "redirect_uri": {back}, "response_type": {"code"}, "scope": {allScope},
		"code_challenge": {challengeOf(verifier)}, "code_challenge_method": {"S256"},
	})
	by := func(client, secret string, form url.Values) url.Values {
		form.Set("client_id", client)
		if secret != "" {
			form.Set("client_secret", secret)
		}
		if form.Has("redirect_uri") {
			form.Set("redirect_uri", back)
		}
		return form
	}
	first := w.tokens(w.post(pathToken, by("timesheets-web", "timesheets-web-secret", exchangeForm(code))))
	second := w.tokens(w.post(pathToken, by("timesheets-web", "timesheets-web-secret", refreshForm(first.RefreshToken))))
	for _, form := range []func() url.Values{func() url.Values { return exchangeForm(code) }, func() url.Values { return refreshForm(first.RefreshToken) }} {
		w.refused(w.post(pathToken, by("timesheets-mobile", "", form())), 400, "invalid_grant")
		w.refused(w.post(pathToken, by("timesheets-web", "", form())), 401, "invalid_client")
		w.refused(w.post(pathToken, by("timesheets-web", "wrong", form())), 401, "invalid_client")
	}
	if !w.alive(second.AccessToken) {
		t.Fatal("somebody else ended the family")
	}
	w.refused(w.post(pathToken, by("timesheets-web", "timesheets-web-secret", exchangeForm(code))), 400, "invalid_grant")
	if w.alive(second.AccessToken) {
		t.Error("its own replay left the family alive")
	}
}

// RFC 9449 5: a client with a secret proves itself by that, so it may come with
// another key, or none; the access token is bound to what it came with.
func TestClientsWithASecretMayChangeTheirKey(t *testing.T) {
	w := newWorld(t)
	web := func(form url.Values) url.Values {
		form.Set("client_id", "timesheets-web")
		form.Set("client_secret", "timesheets-web-secret")
		return form
	}
	const back = "http://localhost:3000/callback"
	form := exchangeForm(w.grantFor("ada@example.com", url.Values{
		"client_id": {"timesheets-web"}, "redirect_uri": {back}, "response_type": {"code"}, "scope": {allScope},
		"code_challenge": {challengeOf(verifier)}, "code_challenge_method": {"S256"},
	}))
	form.Set("redirect_uri", back)
	got := w.tokens(w.device().token(web(form)))
	other := w.device()
	got = w.tokens(other.token(web(refreshForm(got.RefreshToken))))
	if token, err := w.Verify(t.Context(), got.AccessToken, ""); err != nil || token.JKT != other.jkt() {
		t.Errorf("bound to %q, %v", token.JKT, err)
	}
	got = w.tokens(w.post(pathToken, web(refreshForm(got.RefreshToken))))
	if token, err := w.Verify(t.Context(), got.AccessToken, ""); err != nil || token.JKT != "" || got.TokenType != "Bearer" {
		t.Errorf("without a proof: %s bound to %q, %v", got.TokenType, token.JKT, err)
	}
}

// RFC 9449 10: dpop_jkt binds the code.
func TestBoundCodes(t *testing.T) {
	w := newWorld(t)
	d, thief := w.device(), w.device()
	code := w.grantFor("ada@example.com", url.Values{
		"client_id": {"timesheets-mobile"}, "redirect_uri": {redirect}, "response_type": {"code"}, "scope": {allScope},
		"code_challenge": {challengeOf(verifier)}, "code_challenge_method": {"S256"}, "dpop_jkt": {d.jkt()},
	})
	w.refused(w.exchange(code), 400, "invalid_dpop_proof")
	w.refused(thief.token(exchangeForm(code)), 400, "invalid_grant")
	got := w.tokens(d.token(exchangeForm(code)))
	if got.TokenType != "DPoP" {
		t.Errorf("token_type %q", got.TokenType)
	}
	w.endedByItsKeyAlone(d, thief, code, got, exchangeForm)
	for _, bad := range []string{"x", d.jkt() + "A", strings.Repeat("=", 43)} {
		_, err := w.parseAuthorization(t.Context(), url.Values{
			"client_id": {"timesheets-mobile"}, "redirect_uri": {redirect}, "response_type": {"code"}, "scope": {"openid"},
			"code_challenge": {strings.Repeat("a", 43)}, "code_challenge_method": {"S256"}, "dpop_jkt": {bad},
		})
		if e := oauth.AsError(err); err == nil || e.Code != "invalid_request" || !strings.Contains(e.Description, "dpop_jkt") {
			t.Errorf("dpop_jkt %q: %v", bad, err)
		}
	}
}

// RFC 9449 10.1: a proof beside a pushed request binds its code like dpop_jkt.
func TestPushedWithAProof(t *testing.T) {
	w := newWorld(t)
	d, thief := w.device(), w.device()
	push := func(form url.Values) *httptest.ResponseRecorder {
		return w.send(pathPush, form, "DPoP", d.proof("POST", pathPush, ""))
	}
	recalled := func(rec *httptest.ResponseRecorder) *authorizationRequest {
		t.Helper()
		var got pushed
		if err := json.Unmarshal(rec.Body.Bytes(), &got); err != nil || rec.Code != http.StatusCreated {
			t.Fatalf("push: %d %s", rec.Code, rec.Body)
		}
		q, err := w.recallPushed(t.Context(), url.Values{"client_id": {"timesheets-mobile"}, "request_uri": {got.RequestURI}}, got.RequestURI)
		if err != nil {
			t.Fatal(err)
		}
		return q
	}
	if q := recalled(push(authorization())); q.JKT != d.jkt() {
		t.Errorf("its code is bound to %q, want %q", q.JKT, d.jkt())
	}
	form := authorization()
	form.Set("dpop_jkt", d.jkt())
	if q := recalled(push(form)); q.JKT != d.jkt() {
		t.Errorf("said twice: %q", q.JKT)
	}
	form.Set("dpop_jkt", thief.jkt())
	w.refused(push(form), 400, "invalid_dpop_proof")
	w.refused(w.send(pathPush, authorization(), "DPoP", d.proof("POST", pathToken, "")), 400, "invalid_dpop_proof")
}

// demanding starts the server with clients that are registered to bind.
func (w *world) demanding(ids ...string) {
	w.t.Helper()
	d := document(w.t, seed.Builtin())
	for i := range d.Clients {
		for _, id := range ids {
			d.Clients[i].DPoPBound = d.Clients[i].DPoPBound || d.Clients[i].ID == id
		}
	}
	w.open(d, true)
}

// RFC 9449 5.2 and 8: a client that is registered to bind its tokens gets none
// without a proof, and puts the server's nonce into it.
func TestClientThatBinds(t *testing.T) {
	w := newWorld(t)
	w.demanding("timesheets-mobile", "timesheets-cron")
	d := w.device()
	code := w.grant("ada@example.com", allScope)
	for _, rec := range []*httptest.ResponseRecorder{w.exchange(code), w.post(pathToken, machine)} {
		if w.refused(rec, 400, "invalid_dpop_proof"); rec.Header().Get("DPoP-Nonce") == "" {
			t.Error("refused without the nonce that it will need")
		}
	}
	rec := d.token(exchangeForm(code))
	w.refused(rec, 400, "use_dpop_nonce")
	d.nonce = rec.Header().Get("DPoP-Nonce")
	rec = d.token(exchangeForm(code))
	if got := w.tokens(rec); got.TokenType != "DPoP" || rec.Header().Get("DPoP-Nonce") != d.nonce {
		t.Errorf("%s, and the next nonce is %q", got.TokenType, rec.Header().Get("DPoP-Nonce"))
	}
	if got := w.tokens(d.token(machine)); got.TokenType != "DPoP" {
		t.Errorf("a machine: %s", got.TokenType)
	}
	w.clock.pass(10 * time.Minute)
	w.refused(d.token(machine), 400, "use_dpop_nonce")

	w.demanding() // of the others none is demanded, but an old one is told, and the new one with it
	bound := w.tokens((&device{w: w, key: d.key}).token(exchangeForm(w.grant("ada@example.com", allScope)))).AccessToken
	for status, recs := range map[int][]*httptest.ResponseRecorder{
		400: {d.token(machine), w.send(pathPush, authorization(), "DPoP", d.proof("POST", pathPush, ""))},
		401: {w.send(pathUserinfo, nil, "Authorization", "DPoP "+bound, "DPoP", d.proof("GET", pathUserinfo, bound))},
	} {
		for _, rec := range recs {
			next := rec.Header().Get("DPoP-Nonce")
			if w.refused(rec, status, "use_dpop_nonce"); next == "" || next == d.nonce {
				t.Errorf("told to use a nonce, given %q", next)
			}
		}
	}
	d.nonce = ""
	if rec := d.token(machine); rec.Code != 200 || rec.Header().Get("DPoP-Nonce") != "" {
		t.Errorf("%d %v", rec.Code, rec.Header())
	}
}

// A proof that is refused leaves the code as it was, and one that was used
// opens nothing more.
func TestProofsAtTheTokenEndpoint(t *testing.T) {
	w := newWorld(t)
	d := w.device()
	code := w.grant("ada@example.com", allScope)
	proof := d.proof("POST", pathToken, "")
	w.refused(w.send(pathToken, exchangeForm(code), "DPoP", "e30.e30.e30"), 400, "invalid_dpop_proof")
	w.refused(w.send(pathToken, exchangeForm(code), "DPoP", proof, "DPoP", d.proof("POST", pathToken, "")), 400, "invalid_dpop_proof")
	w.refused(w.send(pathToken, exchangeForm(code), "DPoP", d.proof("POST", pathUserinfo, "")), 400, "invalid_dpop_proof")
	w.tokens(w.send(pathToken, exchangeForm(code), "DPoP", proof))
	w.refused(w.send(pathToken, machine, "DPoP", proof), 400, "invalid_dpop_proof")
	w.fullDisk(map[string]func() *httptest.ResponseRecorder{"proof": func() *httptest.ResponseRecorder { return d.token(machine) }})
	if w.count("dpop_proofs") == 0 {
		t.Fatal("nothing is remembered")
	}
	w.clock.pass(time.Hour)
	if err := w.Purge(t.Context()); err != nil || w.count("dpop_proofs") != 0 {
		t.Errorf("%d proofs after an hour, %v", w.count("dpop_proofs"), err)
	}
}

// RFC 9449 7: UserInfo takes a bound token with its proof, and only so.
func TestUserinfoWithDPoP(t *testing.T) {
	w := newWorld(t)
	d, thief := w.device(), w.device()
	bound := w.tokens(d.token(exchangeForm(w.grant("ada@example.com", allScope)))).AccessToken
	plain := w.tokens(w.exchange(w.grant("ada@example.com", allScope))).AccessToken
	const offer = `DPoP realm="punchcard", algs="ES256 PS256 RS256 Ed25519 EdDSA"`
	for what, c := range map[string]struct {
		rec    *httptest.ResponseRecorder
		status int
		want   string
	}{
		"bound":           {w.send(pathUserinfo, nil, "Authorization", "DPoP "+bound, "DPoP", d.proof("GET", pathUserinfo, bound)), 200, ""},
		"nothing":         {w.send(pathUserinfo, nil), 401, `Bearer realm="punchcard"` + "\n" + offer},
		"as bearer":       {w.send(pathUserinfo, nil, "Authorization", "Bearer "+bound), 401, `Bearer realm="punchcard", error="invalid_token"`},
		"without a proof": {w.send(pathUserinfo, nil, "Authorization", "DPoP "+bound), 401, offer + `, error="invalid_dpop_proof"`},
		"without ath":     {w.send(pathUserinfo, nil, "Authorization", "DPoP "+bound, "DPoP", d.proof("GET", pathUserinfo, "")), 401, offer + `, error="invalid_dpop_proof"`},
		"another key":     {w.send(pathUserinfo, nil, "Authorization", "DPoP "+bound, "DPoP", thief.proof("GET", pathUserinfo, bound)), 401, offer + `, error="invalid_token"`},
		"not bound":       {w.send(pathUserinfo, nil, "Authorization", "DPoP "+plain, "DPoP", d.proof("GET", pathUserinfo, plain)), 401, offer + `, error="invalid_token"`},
		"plain":           {w.send(pathUserinfo, nil, "Authorization", "Bearer "+plain), 200, ""},
	} {
		got := strings.Join(c.rec.Header().Values("WWW-Authenticate"), "\n")
		if c.rec.Code != c.status || !strings.HasPrefix(got, c.want) || c.want == "" && got != "" {
			t.Errorf("%s: %d %s %s", what, c.rec.Code, got, c.rec.Body)
		}
	}
}

// RFC 8628 3.4 beside RFC 9449 5: a television binds its tokens as anybody does,
// with a proof for each poll.
func TestDeviceGrantBinds(t *testing.T) {
	w := newWorld(t)
	tv, asked := w.device(), w.television(allScope)
	form := url.Values{"grant_type": {back.GrantDevice}, "client_id": {"timesheets-mobile"}, "device_code": {asked.DeviceCode}}
	proof := tv.proof("POST", pathToken, "")
	w.refused(w.send(pathToken, form, "DPoP", proof), 400, "authorization_pending")
	w.visit("ada@example.com").approves(asked)
	w.refused(w.send(pathToken, form, "DPoP", proof), 400, "invalid_dpop_proof") // the one of the last poll
	got := w.tokens(tv.token(form))
	if token, err := w.Verify(t.Context(), got.AccessToken, ""); err != nil || token.JKT != tv.jkt() || got.TokenType != "DPoP" {
		t.Errorf("%s bound to %q, %v", got.TokenType, token.JKT, err)
	}
	w.refused(w.refresh(got.RefreshToken), 400, "invalid_dpop_proof")
	w.endedByItsKeyAlone(tv, w.device(), asked.DeviceCode, got, func(code string) url.Values {
		return url.Values{"grant_type": {back.GrantDevice}, "client_id": {"timesheets-mobile"}, "device_code": {code}}
	})
}

// RFC 9449 5.2: whoever registers can hold itself to it.
func TestRegisteredToBind(t *testing.T) {
	w := newWorld(t)
	id, m := w.registered(`{"redirect_uris":["http://127.0.0.1/cb"],"token_endpoint_auth_method":"none","dpop_bound_access_tokens":true}`)
	if c, err := w.store.Client(t.Context(), id); err != nil || !c.DPoPBound || m["dpop_bound_access_tokens"] != true {
		t.Errorf("%v, told %v", err, m["dpop_bound_access_tokens"])
	}
}
