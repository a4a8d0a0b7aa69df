package auth_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/exampleco/punchcard/auth/punchcardtest"
	"github.com/exampleco/punchcard/auth/punchcardtest/agent"
)

func TestClientsAtTheTokenEndpoint(t *testing.T) {
	p := punchcardtest.New(t)
	b := p.Browser(t)
	basic := func(id, secret string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(id)+":"+url.QueryEscape(secret)))
	}
	cc := url.Values{"grant_type": {"client_credentials"}}
	post := func(v url.Values, extra ...string) url.Values {
		out := url.Values{}
		for k := range v {
			out[k] = v[k]
		}
		for i := 0; i+1 < len(extra); i += 2 {
			out.Set(extra[i], extra[i+1])
		}
		return out
	}
	good := basic("timesheets-cron", "timesheets-cron-secret")
	got := b.Tokens(b.Do("POST", "/oauth/token", cc, "Authorization", good))
	if got.Scope != "batch:upload" || got.Refresh != "" || got.ID != "" || agent.Claims(t, got.Access, 1)["sub"] != "timesheets-cron" {
		t.Errorf("client credentials: %+v", got)
	}
	b.Tokens(b.Do("POST", "/oauth/token", post(cc, "client_id", "timesheets-cron"), "Authorization", good))
	b.Tokens(b.Do("POST", "/oauth/token", post(cc, "client_id", "timesheets-cron", "client_secret", "timesheets-cron-secret")))

	wrong := b.Do("POST", "/oauth/token", cc, "Authorization", basic("timesheets-cron", "wrong"))
	agent.Refused(t, wrong, 401, "invalid_client")
	if !strings.HasPrefix(wrong.Header.Get("WWW-Authenticate"), "Basic") {
		t.Error("no Basic challenge (RFC 6749 5.2)")
	}
	agent.Refused(t, b.Do("POST", "/oauth/token", post(cc, "client_id", "timesheets-cron", "client_secret", "timesheets-cron-secret"), "Authorization", good), 400, "invalid_request")
	agent.Refused(t, b.Do("POST", "/oauth/token", post(cc, "client_id", "timesheets-web"), "Authorization", good), 400, "invalid_request")
	agent.Refused(t, b.Do("POST", "/oauth/token", post(cc, "scope", "read:timesheets"), "Authorization", good), 400, "invalid_scope")
	agent.Refused(t, b.Do("POST", "/oauth/token", post(cc, "scope", "openid"), "Authorization", good), 400, "invalid_scope")
	agent.Refused(t, b.Do("POST", "/oauth/token", url.Values{"grant_type": {"password"}}, "Authorization", good), 400, "unsupported_grant_type")
	agent.Refused(t, b.Do("POST", "/oauth/token", url.Values{"client_id": {"x"}}), 400, "invalid_request")
	agent.Refused(t, b.Do("POST", "/oauth/token", post(cc, "client_id", "timesheets-mobile")), 400, "unauthorized_client")
	twice := post(cc)
	twice["grant_type"] = []string{"client_credentials", "client_credentials"}
	agent.Refused(t, b.Do("POST", "/oauth/token", twice, "Authorization", good), 400, "invalid_request")
	agent.Refused(t, b.Do("POST", "/oauth/token", cc, "Authorization", good, "Content-Type", "application/json"), 415, "invalid_request")
	agent.Refused(t, b.Do("POST", "/oauth/token", cc, "Authorization", good, "Content-Type", "multipart/form-data; boundary=x"), 415, "invalid_request")
	if a := b.Get("/oauth/token"); a.StatusCode != 405 || a.Header.Get("Allow") != "POST" {
		t.Errorf("GET: %d Allow %q", a.StatusCode, a.Header.Get("Allow"))
	}

	// RFC 6749 2.3.1: some libraries send Basic with an empty secret for a public
	// client, which has none. It says who asks, at every endpoint for clients; for
	// a client with a secret it is a wrong one, and introspection wants to know who asks.
	c := agent.Mobile()
	code := b.Code(c, "ada@example.com")
	body := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {c.Redirect}, "code_verifier": {c.Verifier}}
	agent.Refused(t, b.Do("POST", "/oauth/token", body, "Authorization", basic(c.ID, "guess")), 401, "invalid_client")
	agent.Refused(t, b.Do("POST", "/oauth/token", cc, "Authorization", basic("timesheets-cron", "")), 401, "invalid_client")
	mine := b.Tokens(b.Do("POST", "/oauth/token", body, "Authorization", basic(c.ID, "")))
	agent.Refused(t, b.Do("POST", "/oauth/introspect", url.Values{"token": {mine.Access}}, "Authorization", basic(c.ID, "")), 401, "invalid_client")
	pushed, err := url.Parse(c.AuthorizeURL("client_id", ""))
	if err != nil {
		t.Fatal(err)
	}
	for path, form := range map[string]url.Values{
		"/oauth/device/code": {"scope": {"openid"}}, "/oauth/par": pushed.Query(), "/oauth/revoke": {"token": {mine.Refresh}},
	} {
		if a := b.Do("POST", path, form, "Authorization", basic(c.ID, "")); a.StatusCode != 200 && a.StatusCode != 201 {
			t.Errorf("%s: %d %s", path, a.StatusCode, a.Text)
		}
	}
}

// keyedClient signs what it says of itself, by hand: header, claims, and r and s
// of ECDSA, 32 bytes each (RFC 7518 3.4).
type keyedClient struct {
	id, kid string
	key     *ecdsa.PrivateKey
}

func (c *keyedClient) assertion(t *testing.T, claims map[string]any) string {
	t.Helper()
	head, err := json.Marshal(map[string]string{"alg": "ES256", "kid": c.kid})
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	signed := base64.RawURLEncoding.EncodeToString(head) + "." + base64.RawURLEncoding.EncodeToString(body)
	digest := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, c.key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	signature := append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// fresh is an assertion that is good now, once.
func (c *keyedClient) fresh(t *testing.T, aud string) url.Values {
	t.Helper()
	now := time.Now()
	return url.Values{"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "client_assertion": {c.assertion(t, map[string]any{
		"iss": c.id, "sub": c.id, "aud": aud, "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(), "jti": rand.Text(),
	})}}
}

// declared is the client's part of a configuration.
func (c *keyedClient) declared(t *testing.T) string {
	t.Helper()
	point, err := c.key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("    token_endpoint_auth_methods: [private_key_jwt]\n    jwks: {\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":%q,\"x\":%q,\"y\":%q}]}\n",
		c.kid, base64.RawURLEncoding.EncodeToString(point[1:33]), base64.RawURLEncoding.EncodeToString(point[33:]))
}

// The nightly import and the gateway sign what they say of themselves, RFC 7523
// 2.2: nothing that opens anything is in the configuration, the file or on the
// way, where what was used once is worth nothing.
func TestClientsThatSign(t *testing.T) {
	clients := map[string]*keyedClient{}
	text := func(text string) string {
		for _, id := range []string{"timesheets-cron", "timesheets-gateway"} {
			key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			clients[id] = &keyedClient{id: id, kid: "of " + id, key: key}
			text = strings.Replace(text, "    secret: "+id+"-"+strings.Repeat("secret", 6)+"\n", clients[id].declared(t), 1)
		}
		return text
	}
	p := punchcardtest.New(t, punchcardtest.Flags("--config", punchcardtest.Config(t, text)))
	b, cron, gateway := p.Browser(t), clients["timesheets-cron"], clients["timesheets-gateway"]
	doc := b.Get("/.well-known/oauth-authorization-server").JSON(t)
	if fmt.Sprint(doc["token_endpoint_auth_signing_alg_values_supported"]) != "[ES256 PS256 RS256]" {
		t.Errorf("algorithms: %v", doc["token_endpoint_auth_signing_alg_values_supported"])
	}

	form := cron.fresh(t, p.Issuer)
	form.Set("grant_type", "client_credentials")
	got := b.Tokens(b.Do("POST", "/oauth/token", form))
	if c := agent.Claims(t, got.Access, 1); c["sub"] != cron.id || c["client_id"] != cron.id || got.Scope != "batch:upload" {
		t.Errorf("scope %q, claims %v", got.Scope, c)
	}
	replay := b.Do("POST", "/oauth/token", form)
	agent.Refused(t, replay, 401, "invalid_client")
	if h := replay.Header.Get("WWW-Authenticate"); h != "" {
		t.Errorf("challenged by %q", h)
	}

	// The token endpoint's own address is what OIDC Core 9 has older clients say.
	ask := gateway.fresh(t, p.Base()+"/oauth/token")
	ask.Set("token", got.Access)
	if m := b.Do("POST", "/oauth/introspect", ask).JSON(t); m["active"] != true || m["client_id"] != cron.id {
		t.Errorf("introspection by a client that signs: %v", m)
	}
	stolen := *gateway
	stolen.id = cron.id
	as := stolen.fresh(t, p.Issuer)
	as.Set("grant_type", "client_credentials")
	agent.Refused(t, b.Do("POST", "/oauth/token", as), 401, "invalid_client")

	end := cron.fresh(t, p.Base()+"/oauth/revoke")
	end.Set("token", got.Access)
	if a := b.Do("POST", "/oauth/revoke", end); a.StatusCode != 200 || strings.TrimSpace(a.Text) != "{}" {
		t.Errorf("revocation: %d %s", a.StatusCode, a.Text)
	}
	p.Stop()
	for _, file := range []string{p.File, p.File + "-wal"} {
		if raw, _ := os.ReadFile(file); bytes.Contains(raw, []byte(form.Get("client_assertion"))) {
			t.Errorf("%s holds an assertion", filepath.Base(file))
		}
	}
	if strings.Contains(p.Log.String(), form.Get("client_assertion")) {
		t.Error("the log holds an assertion")
	}
}
