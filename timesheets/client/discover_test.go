package client

import (
	"bytes"
	"strings"
	"testing"
)

// RFC 6749 3.1 and 3.2, RFC 8414 2: what goes over plain http beyond this
// computer is said, at every command.
func TestPlainHTTPIsSaid(t *testing.T) {
	for _, name := range []string{"HOME", "XDG_CONFIG_HOME", "AppData"} {
		t.Setenv(name, t.TempDir())
	}
	for server, said := range map[string]bool{
		"http://punchcard.example": true, "http://192.0.2.1:8484": true, "http://localhost.evil.example": true,
		"http://localhost:8484": false, "http://127.0.0.1:8484": false, "http://[::1]:8484": false, "https://punchcard.example": false,
	} {
		var out, errs bytes.Buffer
		if _, err := (Target{Server: server}).app(Terminal{&out, &errs}); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(errs.String(), "Warning: "+server+" is not encrypted."); got != said || out.Len() > 0 {
			t.Errorf("%s: %q", server, errs.String())
		}
	}
}

// Whoever asks in private is not led into the clear by the metadata.
func TestMetadataLeadsNowhereInTheClear(t *testing.T) {
	good := metadata{Issuer: "https://a.example", Authorization: "https://a.example/authorize", Token: "https://a.example/token", CodeChallengeMethods: []string{"S256"}}
	if err := good.usable(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(m *metadata, to string){
		"authorization_endpoint": func(m *metadata, to string) { m.Authorization = to }, "token_endpoint": func(m *metadata, to string) { m.Token = to },
		"revocation_endpoint": func(m *metadata, to string) { m.Revocation = to }, "userinfo_endpoint": func(m *metadata, to string) { m.Userinfo = to },
		"jwks_uri": func(m *metadata, to string) { m.JWKS = to }, "device_authorization_endpoint": func(m *metadata, to string) { m.Device = to },
	} {
		m := good
		change(&m, "http://a.example/x")
		if err := m.usable(); err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "not encrypted") {
			t.Errorf("%s: %v", name, err)
		}
		m.Issuer = "http://a.example" // was said already
		if err := m.usable(); err != nil {
			t.Errorf("%s of an issuer that is asked over http: %v", name, err)
		}
	}
}
