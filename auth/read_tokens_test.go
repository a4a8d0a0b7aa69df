package auth

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/exampleco/punchcard/auth/back"
)

// tokenResponse is what a client reads of RFC 6749 5.1 and OIDC Core 3.1.3.3.
type tokenResponse struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int64  `json:"expires_in"`
	Scope        string `json:"scope"`
	RefreshToken string `json:"refresh_token"`
	IDToken      string `json:"id_token"`
}

// claims are what these tests read of a token, RFC 9068 2.2 and OIDC Core 2.
type claims struct {
	Expiry   int64    `json:"exp"`
	IssuedAt int64    `json:"iat"`
	AuthTime int64    `json:"auth_time"`
	ACR      string   `json:"acr"`
	AMR      []string `json:"amr"`
}

// payload reads the claims of a token.
func payload(t testing.TB, jwt string) (c claims) {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(jwt, ".")[1])
	if err == nil {
		err = json.Unmarshal(raw, &c)
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// invalid tells a bad token from a server that cannot say.
func invalid(err error) bool {
	var e *back.InvalidTokenError
	return errors.As(err, &e)
}

// Wrong secrets of one client that one network may send at once, and how long it
// takes until one more may come.
const (
	secretBurst = 30
	secretEvery = 2 * time.Second
)
