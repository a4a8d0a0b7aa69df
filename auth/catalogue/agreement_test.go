package catalogue

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v3"
)

// agreement derives each claim of the metadata from behaviour (case MD-03): a
// client by discovery believes every one of them. For each list there is what
// a server might offer at all, and a way to find out whether this one does;
// what does and what is advertised have to be the same. A member that nothing
// here looks at fails, so that none is added on trust.
type agreement struct {
	*agent
	doc     map[string]any
	keys    map[string]crypto.Signer // by algorithm, one a family
	clients map[string]*client       // registered once for each set of metadata
}

// offers is one list of the metadata.
type offers struct {
	member   string
	thinkage []string // all that is known of the kind, whether it is served or not
	works    func(a *agreement, value string) bool
}

func (a *agreement) lists() []offers {
	algorithms := []string{"ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "EdDSA", "Ed25519", "HS256", "none"}
	methods := []string{"none", "client_secret_basic", "client_secret_post", "private_key_jwt", "client_secret_jwt", "tls_client_auth", "self_signed_tls_client_auth"}
	return []offers{
		{"response_types_supported", []string{"code", "token", "id_token", "code token", "code id_token", "id_token token", "code id_token token", "none"}, (*agreement).responseType},
		{"response_modes_supported", []string{"query", "fragment", "form_post", "web_message", "jwt", "query.jwt", "fragment.jwt", "form_post.jwt"}, (*agreement).responseMode},
		{"grant_types_supported", []string{
			"authorization_code", "refresh_token", "client_credentials", deviceGrant, "password", "implicit", "urn:ietf:params:oauth:grant-type:jwt-bearer",
			"urn:ietf:params:oauth:grant-type:saml2-bearer", "urn:ietf:params:oauth:grant-type:token-exchange", "urn:openid:params:grant-type:ciba",
		}, (*agreement).grant},
		{"token_endpoint_auth_methods_supported", methods, (*agreement).authMethod},
		{"revocation_endpoint_auth_methods_supported", methods, (*agreement).authMethodAtRevocation},
		{"introspection_endpoint_auth_methods_supported", methods, (*agreement).authMethodAtIntrospection},
		{"token_endpoint_auth_signing_alg_values_supported", algorithms, (*agreement).assertionAlg},
		{"revocation_endpoint_auth_signing_alg_values_supported", algorithms, (*agreement).assertionAlgAtRevocation},
		{"introspection_endpoint_auth_signing_alg_values_supported", algorithms, (*agreement).assertionAlgAtIntrospection},
		{"id_token_signing_alg_values_supported", algorithms, (*agreement).idTokenAlg},
		{"dpop_signing_alg_values_supported", algorithms, (*agreement).proofAlg},
		{"code_challenge_methods_supported", []string{"S256", "plain", "s256", "S512"}, (*agreement).challengeMethod},
		{"prompt_values_supported", []string{"none", "login", "consent", "select_account", "create"}, (*agreement).prompt},
		{"scopes_supported", []string{
			"openid", "profile", "email", "address", "phone", "offline_access", "offline",
			"read:timesheets", "create:timesheets", "delete:timesheets", "approve:timesheets", "batch:upload", "admin:timesheets",
		}, (*agreement).scope},
		{"subject_types_supported", []string{"public", "pairwise"}, (*agreement).subjectType},
		{"protected_resources", []string{base + "/api", base + "/api/", base, "https://agreement.example/api"}, (*agreement).resource},
		{"claim_types_supported", []string{"normal"}, func(*agreement, string) bool { return true }}, // the default, OIDC Discovery 3
	}
}

func provesAgreement(t *testing.T) {
	a := &agreement{agent: newAgent(t), keys: map[string]crypto.Signer{}, clients: map[string]*client{}}
	a.doc = a.get(discovery).json(t)
	seen := map[string]bool{}
	for _, list := range a.lists() {
		seen[list.member] = true
		advertised := strs(a.doc[list.member])
		for _, value := range advertised {
			if !slices.Contains(list.thinkage, value) {
				t.Errorf("%s advertises %s, and nothing here can tell whether that works", list.member, value)
			}
		}
		for _, value := range list.thinkage {
			if works := list.works(a, value); works != slices.Contains(advertised, value) {
				t.Errorf("%s: %s works: %v, advertised: %v", list.member, value, works, !works)
			}
		}
	}
	a.claims(seen)
	a.switches(seen)
	a.endpoints(seen)
	for member := range a.doc {
		if !seen[member] {
			t.Errorf("nothing derives %s from behaviour", member)
		}
	}
	// RFC 8414 and Discovery describe one server: what both say has to be the same.
	for member, value := range a.get(rfc8414).json(t) {
		if fmt.Sprint(value) != fmt.Sprint(a.doc[member]) {
			t.Errorf("%s is %v in one document and %v in the other", member, value, a.doc[member])
		}
	}
}

// redirected says whether an authorization request is answered by an error.
func (a *agreement) redirected(at answer) (code string) {
	u, err := url.Parse(at.Header.Get("Location"))
	if err != nil {
		a.t.Fatal(err)
	}
	fragment, _ := url.ParseQuery(u.Fragment)
	return u.Query().Get("error") + fragment.Get("error")
}

func (a *agreement) responseType(value string) bool {
	return a.redirected(a.get(native().authorize("response_type", value))) == ""
}

// responseMode: for any kind of client, because a page cannot receive a POST
// and a server no fragment.
func (a *agreement) responseMode(value string) bool {
	return a.arrivesBy(spa(), value) || a.arrivesBy(web(), value)
}

// arrivesBy runs the flow and looks at where the code arrives.
func (a *agreement) arrivesBy(c *client, value string) bool {
	at := a.follow(a.get(c.authorize("response_mode", value, "prompt", "consent")))
	if strings.HasPrefix(at.Request.URL.Path, "/login") && at.StatusCode == http.StatusOK {
		at = a.signIn(at, ada)
	}
	if at.Request.URL.Path != "/consent" {
		return false
	}
	at = a.decide(at, "allow", all(at, a.t))
	u, err := url.Parse(at.Header.Get("Location"))
	if err != nil {
		a.t.Fatal(err)
	}
	switch value {
	case "query":
		return u.Query().Has("code")
	case "fragment":
		return strings.Contains(u.Fragment, "code=")
	case "form_post":
		f := at.form(a.t)
		return f.action == c.redirect && f.values.Has("code") && f.values.Get("state") == c.state && f.values.Get("iss") == issuer
	}
	return false
}

// grant sends a token request that has all that the grant needs.
func (a *agreement) grant(value string) bool {
	form := url.Values{"grant_type": {value}, "username": {ada}, "password": {password}, "assertion": {"e30.e30.e30"}, "auth_req_id": {"x"}, "subject_token": {"x"}, "scope": {"openid"}}
	switch value {
	case "authorization_code":
		form = native().exchangeForm(a.code(native(), ada, "prompt", "consent"))
	case "refresh_token":
		form = native().refreshForm(a.given(native()).Refresh)
	case "client_credentials":
		form = cron().with(clone(machineGrant))
	case deviceGrant:
		// The whole of it is OP-03; a code that nobody has approved tells that the grant is known.
		at := a.post(a.path("device_authorization_endpoint", "/oauth/device/code"), native().with(url.Values{"scope": {"openid read:timesheets"}}))
		if at.StatusCode != http.StatusOK {
			return false
		}
		form = native().with(url.Values{"grant_type": {value}, "device_code": {fmt.Sprint(at.json(a.t)["device_code"])}})
		return a.token(form).json(a.t)["error"] == "authorization_pending"
	default:
		form = native().with(form)
	}
	at := a.token(form)
	if at.StatusCode != http.StatusOK && at.json(a.t)["error"] != "unsupported_grant_type" {
		a.t.Errorf("%s is refused by %s, want unsupported_grant_type (RFC 6749 5.2)", value, at.body)
	}
	return at.StatusCode == http.StatusOK
}

// path is an endpoint as advertised, or where it would be.
func (a *agreement) path(member, customary string) string {
	if text, ok := a.doc[member].(string); ok {
		return strings.TrimPrefix(text, base)
	}
	return customary
}

// register makes a client with some metadata; nil where that is refused.
func (a *agreement) register(metadata map[string]any) *client {
	body := map[string]any{
		"client_name": "Agreement", "redirect_uris": []string{"https://agreement.example/cb"}, "grant_types": []string{"authorization_code", "refresh_token"},
		"scope": "openid profile email offline_access read:timesheets",
	}
	maps.Copy(body, metadata)
	raw, err := json.Marshal(body)
	if err != nil {
		a.t.Fatal(err)
	}
	if c, ok := a.clients[string(raw)]; ok {
		return c
	}
	at := a.do(http.MethodPost, a.path("registration_endpoint", "/oidc/register"), string(raw), "Content-Type", "application/json")
	if at.StatusCode != http.StatusCreated {
		a.clients[string(raw)] = nil
		if at.StatusCode != http.StatusBadRequest || at.json(a.t)["error"] != "invalid_client_metadata" {
			a.t.Errorf("registration with %v: %d %s", metadata, at.StatusCode, at.body)
		}
		return nil
	}
	got := at.json(a.t)
	for name, value := range metadata { // RFC 7591 3.2.1: what was registered is told, also where it is not what was asked for
		if fmt.Sprint(got[name]) != fmt.Sprint(value) && name != "jwks" {
			a.clients[string(raw)] = nil
			return nil
		}
	}
	c := native()
	c.id, c.redirect, c.scope = got["client_id"].(string), "https://agreement.example/cb", fmt.Sprint(body["scope"])
	c.secret, _ = got["client_secret"].(string)
	a.clients[string(raw)] = c
	return c
}

// authenticated adds the credentials of one method to a form.
func (a *agreement) authenticated(c *client, method, alg string, form url.Values) (url.Values, []string) {
	form.Set("client_id", c.id)
	switch method {
	case "client_secret_basic":
		form.Del("client_id")
		return form, []string{"Authorization", basic(c.id, c.secret)}
	case "client_secret_post":
		form.Set("client_secret", c.secret)
	case "private_key_jwt":
		form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
		form.Set("client_assertion", a.signed(alg, "JWT", nil, map[string]any{
			"iss": c.id, "sub": c.id, "aud": issuer, "jti": rand.Text(), "iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix(),
		}))
	}
	return form, nil
}

// withMethod is a registered client that authenticates by a method; nil where
// nobody can register for it.
func (a *agreement) withMethod(method, alg string) *client {
	metadata := map[string]any{"token_endpoint_auth_method": method}
	if strings.HasSuffix(method, "_jwt") {
		if a.key(alg) == nil {
			return nil // no key of a client makes that
		}
		metadata["jwks"] = jose.JSONWebKeySet{Keys: []jose.JSONWebKey{a.public(alg)}}
	}
	return a.register(metadata)
}

func (a *agreement) authMethod(method string) bool { return a.exchangesBy(method, "ES256") }

func (a *agreement) assertionAlg(alg string) bool { return a.exchangesBy("private_key_jwt", alg) }

func (a *agreement) exchangesBy(method, alg string) bool {
	c := a.withMethod(method, alg)
	if c == nil {
		return false
	}
	bare := *c
	bare.secret = ""
	form, header := a.authenticated(c, method, alg, bare.exchangeForm(a.code(c, ada, "prompt", "consent")))
	return a.token(form, header...).StatusCode == http.StatusOK
}

func (a *agreement) authMethodAtRevocation(method string) bool {
	return a.knows("/oauth/revoke", method, "ES256")
}

func (a *agreement) authMethodAtIntrospection(method string) bool {
	return a.knows("/oauth/introspect", method, "ES256")
}

func (a *agreement) assertionAlgAtRevocation(alg string) bool {
	return a.knows("/oauth/revoke", "private_key_jwt", alg)
}

func (a *agreement) assertionAlgAtIntrospection(alg string) bool {
	return a.knows("/oauth/introspect", "private_key_jwt", alg)
}

// knows says whether an endpoint takes a client for who it is: it asks about a
// token that is unknown. At introspection that is 403 for a client that is no
// resource server, and 401 for one that is nobody (RFC 7662 2.1, RFC 6749 5.2).
func (a *agreement) knows(endpoint, method, alg string) bool {
	c := a.withMethod(method, alg)
	if c == nil {
		return false
	}
	form, header := a.authenticated(c, method, alg, url.Values{"token": {"unknown"}})
	return a.post(endpoint, form, header...).StatusCode != http.StatusUnauthorized
}

func (a *agreement) idTokenAlg(alg string) bool {
	c := a.register(map[string]any{"id_token_signed_response_alg": alg, "token_endpoint_auth_method": "none"})
	if c == nil {
		return false
	}
	return part(a.t, a.given(c).ID, 0)["alg"] == alg
}

// proofAlg: RFC 9449 4.2, and the answer is a bound token (5).
func (a *agreement) proofAlg(alg string) bool {
	if a.key(alg) == nil {
		return false
	}
	nonce := ""
	for range 2 { // RFC 9449 8: once more with the nonce, where one is wanted
		claims := map[string]any{"jti": rand.Text(), "htm": "POST", "htu": base + "/oauth/token", "iat": time.Now().Unix()}
		if nonce != "" {
			claims["nonce"] = nonce
		}
		key := a.public(alg)
		at := a.token(cron().with(clone(machineGrant)), "DPoP", a.signed(alg, "dpop+jwt", &key, claims))
		if nonce = at.Header.Get("DPoP-Nonce"); at.StatusCode == http.StatusOK || nonce == "" {
			return at.StatusCode == http.StatusOK && at.json(a.t)["token_type"] == "DPoP"
		}
	}
	return false
}

func (a *agreement) challengeMethod(value string) bool {
	c := native()
	challenge := challengeOf(c.verifier)
	if value == "plain" {
		challenge = c.verifier
	}
	return a.redirected(a.get(c.authorize("code_challenge_method", value, "code_challenge", challenge))) == ""
}

// prompt: one that is served leads to a page, or for none to the error that
// only it has (OIDC Core 3.1.2.6).
func (a *agreement) prompt(value string) bool {
	code := a.redirected(a.get(native().authorize("prompt", value)))
	return code == "" || value == "none" && slices.Contains([]string{"login_required", "consent_required"}, code)
}

// scope: what an app can ask a person for. RFC 8414 2 lets a server leave the
// rest out, and clients ask for all that is listed.
func (a *agreement) scope(value string) bool {
	return a.redirected(a.get(native().authorize("scope", value))) == ""
}

// resource: RFC 8707 2, an unknown one is invalid_target.
func (a *agreement) resource(value string) bool {
	return a.redirected(a.get(native().authorize("resource", value))) == ""
}

// given is granted, asked anew whatever this person has allowed before.
func (a *agreement) given(c *client) tokens {
	return a.tokens(a.token(c.exchangeForm(a.code(c, ada, "prompt", "consent"))))
}

// subjectType: one person is the same to two clients, or is not (OIDC Core 8).
func (a *agreement) subjectType(value string) bool {
	same := part(a.t, a.given(native()).ID, 1)["sub"] == part(a.t, a.given(spa()).ID, 1)["sub"]
	return same == (value == "public")
}

// claims: what is said of a person and of the sign-in, no more and no less.
func (a *agreement) claims(seen map[string]bool) {
	got := a.given(native())
	said := part(a.t, got.ID, 1)
	maps.Copy(said, a.get("/userinfo", "Authorization", "Bearer "+got.Access).json(a.t))
	advertised := slices.Sorted(slices.Values(strs(a.doc["claims_supported"])))
	if have := slices.Sorted(maps.Keys(said)); !slices.Equal(have, advertised) {
		a.t.Errorf("claims_supported is %v, and there are %v", advertised, have)
	}
	if acr := fmt.Sprint(said["acr"]); !slices.Equal(strs(a.doc["acr_values_supported"]), []string{acr}) {
		a.t.Errorf("acr_values_supported is %v, and a sign-in has %s", a.doc["acr_values_supported"], acr)
	}
	seen["claims_supported"], seen["acr_values_supported"] = true, true
}

// switches are the members that are true or false.
func (a *agreement) switches(seen map[string]bool) {
	c := spa()
	// OIDC Core 5.5: a claim that no scope asks for, by name.
	bare := c.asking("openid")
	named := a.tokens(a.token(bare.exchangeForm(a.code(bare, ada, "prompt", "consent", "claims", `{"id_token":{"email":{"essential":true}}}`))))
	behaves := map[string]bool{
		"authorization_response_iss_parameter_supported": a.arrives(c, a.get(c.authorize("prompt", "none", "scope", "openid delete:timesheets"))).Get("iss") == issuer,
		"request_parameter_supported":                    a.redirected(a.get(c.authorize("request", "e30.e30."))) != "request_not_supported",
		"request_uri_parameter_supported":                a.redirected(a.get(c.authorize("request_uri", "https://agreement.example/request.jwt"))) != "request_uri_not_supported",
		"claims_parameter_supported":                     part(a.t, named.ID, 1)["email"] != nil,
		"require_pushed_authorization_requests":          a.redirected(a.get(c.authorize())) != "",
	}
	for member, does := range behaves {
		seen[member] = true
		if said, _ := a.doc[member].(bool); said != does {
			a.t.Errorf("%s is %v, and the server behaves as if it were %v", member, a.doc[member], does)
		}
	}
	if a.doc["request_uri_parameter_supported"] != false {
		a.t.Error("request_uri_parameter_supported is true by default, so false has to be said (OIDC Discovery 3)")
	}
}

// endpoints: each that is advertised is there, each that is there is advertised.
func (a *agreement) endpoints(seen map[string]bool) {
	seen["issuer"] = true // MD-01
	for member, customary := range map[string]string{
		"authorization_endpoint": "/authorize", "token_endpoint": "/oauth/token", "revocation_endpoint": "/oauth/revoke", "introspection_endpoint": "/oauth/introspect",
		"userinfo_endpoint": "/userinfo", "jwks_uri": keySet, "end_session_endpoint": "/oidc/logout", "registration_endpoint": "/oidc/register",
		"pushed_authorization_request_endpoint": "/oauth/par", "device_authorization_endpoint": "/oauth/device/code",
		"backchannel_authentication_endpoint": "/oauth/bc-authorize", "check_session_iframe": "/oidc/session",
	} {
		seen[member] = true
		advertised, _ := a.doc[member].(string)
		if there := a.get(customary).StatusCode != http.StatusNotFound; there != (advertised == base+customary) {
			a.t.Errorf("%s is %q, and %s is there: %v", member, advertised, customary, there)
		}
	}
}

// key is a key for an algorithm, nil where no public key goes with it.
func (a *agreement) key(alg string) crypto.Signer {
	if k, ok := a.keys[alg]; ok {
		return k
	}
	var key crypto.Signer
	var err error
	switch {
	case alg == "EdDSA", alg == "Ed25519":
		_, private, failed := ed25519.GenerateKey(nil)
		key, err = private, failed
	case strings.HasPrefix(alg, "ES"):
		key, err = ecdsa.GenerateKey(map[string]elliptic.Curve{"ES256": elliptic.P256(), "ES384": elliptic.P384(), "ES512": elliptic.P521()}[alg], rand.Reader)
	case strings.HasPrefix(alg, "RS"), strings.HasPrefix(alg, "PS"):
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	}
	if err != nil {
		a.t.Fatal(err)
	}
	a.keys[alg] = key
	return key
}

func (a *agreement) public(alg string) jose.JSONWebKey {
	return jose.JSONWebKey{Key: a.key(alg).Public(), KeyID: alg, Algorithm: alg, Use: "sig"}
}

// byHand is a JWT that the library cannot make: RFC 9864 2.2 gives EdDSA with
// Ed25519 a name of its own.
func (a *agreement) byHand(header, claims map[string]any) string {
	var parts [2]string
	for i, part := range []map[string]any{header, claims} {
		raw, err := json.Marshal(part)
		if err != nil {
			a.t.Fatal(err)
		}
		parts[i] = base64.RawURLEncoding.EncodeToString(raw)
	}
	input := parts[0] + "." + parts[1]
	signature, err := a.key("Ed25519").Sign(nil, []byte(input), crypto.Hash(0))
	if err != nil {
		a.t.Fatal(err)
	}
	return input + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// signed is a JWT; jwk is put into its header where there is one.
func (a *agreement) signed(alg, typ string, jwk *jose.JSONWebKey, claims map[string]any) string {
	if alg == "Ed25519" {
		header := map[string]any{"alg": alg, "typ": typ, "kid": alg}
		if jwk != nil {
			header["jwk"] = jose.JSONWebKey{Key: jwk.Key}
		}
		return a.byHand(header, claims)
	}
	options := (&jose.SignerOptions{}).WithType(jose.ContentType(typ))
	var key any = jose.JSONWebKey{Key: a.key(alg), KeyID: alg}
	if jwk != nil {
		key = a.key(alg)
		options = options.WithHeader("jwk", jose.JSONWebKey{Key: jwk.Key})
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(alg), Key: key}, options)
	if err != nil {
		a.t.Fatal(err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		a.t.Fatal(err)
	}
	object, err := signer.Sign(payload)
	if err != nil {
		a.t.Fatal(err)
	}
	token, err := object.CompactSerialize()
	if err != nil {
		a.t.Fatal(err)
	}
	return token
}
