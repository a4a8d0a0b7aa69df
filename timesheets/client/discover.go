package client

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// metadata is what the authorization server says of itself: OpenID Connect
// Discovery 3, RFC 8414 2. Every address that this client uses comes from it.
type metadata struct {
	Issuer                string   `json:"issuer"`
	Authorization         string   `json:"authorization_endpoint"`
	Token                 string   `json:"token_endpoint"`
	Revocation            string   `json:"revocation_endpoint"`
	Userinfo              string   `json:"userinfo_endpoint"`
	JWKS                  string   `json:"jwks_uri"`
	Device                string   `json:"device_authorization_endpoint"`
	CodeChallengeMethods  []string `json:"code_challenge_methods_supported"`
	NamesItselfInResponse bool     `json:"authorization_response_iss_parameter_supported"`
}

// discover reads the metadata of the server that the person named. They say
// where it is; whether its issuer ends in a slash, it says itself.
func (w *wire) discover(ctx context.Context) (*metadata, error) {
	got, err := w.get(ctx, strings.TrimSuffix(w.server, "/")+"/.well-known/openid-configuration")
	if err != nil {
		return nil, err
	}
	m := &metadata{}
	if got.status != http.StatusOK || got.json(m) != nil {
		return nil, fail(fmt.Sprintf("%s does not describe itself as an OpenID Connect server (it answered %d).", w.server, got.status),
			"Name the address of a Punchcard with --server.")
	}
	// OIDC Discovery 4.3: the issuer must be the one that was asked for, byte
	// for byte, or another server's metadata would lead codes and tokens to its
	// own endpoints.
	if !slices.Contains(spellings(w.server), m.Issuer) {
		return nil, fail(fmt.Sprintf("The server at %s calls itself %s, so this could be another one in its place.", w.server, plain(m.Issuer)),
			"If that is its name, use it: --server "+quoted(plain(m.Issuer)))
	}
	return m, m.usable()
}

// spellings are the issuers that an address can stand for.
func spellings(server string) []string {
	bare := strings.TrimSuffix(server, "/")
	return []string{bare, bare + "/"}
}

func (m *metadata) usable() error {
	for name, endpoint := range map[string]string{"authorization_endpoint": m.Authorization, "token_endpoint": m.Token} {
		if u, err := url.Parse(endpoint); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			return fail("The metadata of "+m.Issuer+" has no usable "+name+".", "")
		}
	}
	// RFC 8414 2: https, so that what begins in private is not led into the clear.
	for name, endpoint := range map[string]string{"authorization_endpoint": m.Authorization, "token_endpoint": m.Token, "revocation_endpoint": m.Revocation,
		"userinfo_endpoint": m.Userinfo, "jwks_uri": m.JWKS, "device_authorization_endpoint": m.Device} {
		if inTheClear(endpoint) && !inTheClear(m.Issuer) {
			return fail("The "+name+" of "+m.Issuer+" is not encrypted: "+plain(endpoint)+".", "Tell whoever runs that server: its metadata has to lead to https.")
		}
	}
	// RFC 8252 8.1: a native app must use PKCE; RFC 7636 7.2: and never fall
	// back to "plain", which shows the verifier to whoever sees the request.
	if !slices.Contains(m.CodeChallengeMethods, "S256") {
		return fail("The server does not offer PKCE with S256, and this command signs in with nothing less.", "")
	}
	return nil
}

// api asks the API that is to be used what it is: RFC 9728. Its identifier is
// what tokens are asked for, and where it answers. Where none is named, it is
// the one that stands beside the server.
func (w *wire) api(ctx context.Context, m *metadata, named string) (string, error) {
	identifier := named
	if named == "" {
		identifier = strings.TrimSuffix(m.Issuer, "/") + "/api"
	}
	u, err := url.Parse(identifier)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery+u.Fragment != "" {
		return "", usage("--api %s must be an address such as %s/api", quoted(plain(named)), defaultServer)
	}
	u.Path = "/.well-known/oauth-protected-resource" + strings.TrimSuffix(u.Path, "/") // RFC 9728 3.1
	got, err := w.get(ctx, u.String())
	if err != nil {
		return "", err
	}
	if got.status == http.StatusNotFound && named == "" {
		return identifier, nil // older than RFC 9728
	}
	var resource struct {
		Resource string   `json:"resource"`
		Servers  []string `json:"authorization_servers"`
	}
	// RFC 9728 3.3: another identifier than the one that was asked for, and the
	// document MUST NOT be used, or an API could collect tokens for another one.
	if got.status != http.StatusOK || got.json(&resource) != nil || resource.Resource != identifier {
		return "", fail("What is at "+identifier+" does not describe itself as an API of that name.", "")
	}
	if !slices.Contains(resource.Servers, m.Issuer) {
		return "", fail("The API at "+identifier+" takes no tokens of "+m.Issuer+".", "")
	}
	return identifier, nil
}

// address checks what the person gave with --server.
func address(server string) error {
	u, err := url.Parse(server)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || strings.ContainsAny(server, "?#") {
		return usage("--server %s must be an address such as %s", quoted(plain(server)), defaultServer)
	}
	return nil
}
