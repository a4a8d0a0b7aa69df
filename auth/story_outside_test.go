package auth_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/exampleco/punchcard/auth/punchcardtest"
)

// Outside clients, by discovery alone: golang.org/x/oauth2 and go-oidc.
func TestOutsideClients(t *testing.T) {
	p := punchcardtest.New(t)
	b := p.Browser(t)
	provider, err := oidc.NewProvider(t.Context(), p.Issuer)
	if err != nil {
		t.Fatal(err)
	}
	config := oauth2.Config{
		ClientID: "timesheets-web", ClientSecret: "timesheets-web-secret", Endpoint: provider.Endpoint(),
		RedirectURL: "http://localhost:8080/callback", Scopes: []string{"openid", "profile", "email", "offline_access", "read:timesheets"},
	}
	verifier := oauth2.GenerateVerifier()
	page := b.Follow(b.Get(config.AuthCodeURL("some-state", oauth2.S256ChallengeOption(verifier), oidc.Nonce("some-nonce"))))
	back := b.Decide(b.SignIn(page, "grace@example.com", "timesheets"), "allow", nil)
	at, err := url.Parse(back.Header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	token, err := config.Exchange(t.Context(), at.Query().Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := provider.Verifier(&oidc.Config{ClientID: config.ClientID}).Verify(t.Context(), raw)
	if err != nil {
		t.Fatal(err)
	}
	if err := id.VerifyAccessToken(token.AccessToken); err != nil || id.Subject != "usr_grace" || id.Nonce != "some-nonce" {
		t.Errorf("ID token: %v, sub %s, nonce %s", err, id.Subject, id.Nonce)
	}
	info, err := provider.UserInfo(t.Context(), oauth2.StaticTokenSource(token))
	if err != nil || info.Email != "grace@example.com" || info.Subject != id.Subject {
		t.Errorf("userinfo: %v %+v", err, info)
	}
	token.Expiry = time.Now().Add(-time.Minute)
	fresh, err := config.TokenSource(t.Context(), token).Token()
	if err != nil || fresh.RefreshToken == token.RefreshToken {
		t.Fatalf("refresh: %v", err)
	}
	resp, err := oauth2.NewClient(t.Context(), oauth2.StaticTokenSource(fresh)).Get(p.Base() + "/api/timesheets")
	if err != nil || resp.StatusCode != 200 {
		t.Errorf("api: %v %v", err, resp)
	}
	machine := clientcredentials.Config{ClientID: "timesheets-cron", ClientSecret: "timesheets-cron-secret", TokenURL: provider.Endpoint().TokenURL}
	if got, err := machine.Token(t.Context()); err != nil || got.AccessToken == "" {
		t.Errorf("client credentials: %v", err)
	}
}

// The device grant by golang.org/x/oauth2, which polls by itself (RFC 8628).
func TestAnOutsideDevice(t *testing.T) {
	p := punchcardtest.New(t)
	provider, err := oidc.NewProvider(t.Context(), p.Issuer)
	if err != nil {
		t.Fatal(err)
	}
	device := oauth2.Config{ClientID: "timesheets-mobile", Endpoint: provider.Endpoint(), Scopes: []string{"openid", "offline_access", "read:timesheets"}}
	asked, err := device.DeviceAuth(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b := p.Browser(t)
	done := b.Decide(b.Decide(b.Compares(asked.UserCode, "ada@example.com"), "same", nil), "allow", nil)
	if done.StatusCode != 200 || !strings.Contains(done.Text, "go back to your device") {
		t.Fatalf("%d %.400s", done.StatusCode, done.Text)
	}
	token, err := device.DeviceAccessToken(t.Context(), asked)
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := token.Extra("id_token").(string)
	if id, err := provider.Verifier(&oidc.Config{ClientID: device.ClientID}).Verify(t.Context(), raw); err != nil || id.Subject != "usr_ada" {
		t.Errorf("ID token: %v %+v", err, id)
	}
	if resp, err := device.Client(t.Context(), token).Get(p.Base() + "/api/timesheets"); err != nil || resp.StatusCode != 200 {
		t.Errorf("api: %v %v", err, resp)
	}
}
