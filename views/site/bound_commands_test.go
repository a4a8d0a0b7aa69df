package site

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v3"
)

// What openssl has signed is a proof as RFC 9449 4.2 wants it.
func TestPastedProofs(t *testing.T) {
	_, out := shell(t, "", makeProof+"\nproof POST https://as.example/oauth/token\necho\nproof GET 'https://as.example/api/me' to.ken\necho")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) != 2 {
		t.Fatalf("%d proofs:\n%s", len(lines), out)
	}
	sum := sha256.Sum256([]byte("to.ken"))
	for i, want := range []map[string]string{
		{"htm": "POST", "htu": "https://as.example/oauth/token"},
		{"htm": "GET", "htu": "https://as.example/api/me", "ath": base64.RawURLEncoding.EncodeToString(sum[:])},
	} {
		jws, err := jose.ParseSigned(lines[i])
		if err != nil {
			t.Fatal(err)
		}
		header := jws.Signatures[0].Header
		if header.JSONWebKey == nil || !header.JSONWebKey.IsPublic() || header.ExtraHeaders["typ"] != "dpop+jwt" {
			t.Fatalf("header %+v", header)
		}
		payload, err := jws.Verify(header.JSONWebKey)
		if err != nil {
			t.Fatal(err)
		}
		var got map[string]any
		if err := json.Unmarshal(payload, &got); err != nil {
			t.Fatal(err)
		}
		for name, value := range want {
			if got[name] != value {
				t.Errorf("%s: %v, want %s", name, got[name], value)
			}
		}
		made, _ := got["iat"].(float64)
		if jti, _ := got["jti"].(string); len(jti) != 32 || time.Since(time.Unix(int64(made), 0)).Abs() > time.Hour || i == 0 && got["ath"] != nil {
			t.Errorf("claims %v", got)
		}
	}
}
