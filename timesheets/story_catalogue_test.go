package timesheets_test

import (
	"testing"
	"time"
)

// TestCatalogue proves the cases of auth/catalogue/cases.tsv on tokens that only
// who has the keys can make.
func TestCatalogue(t *testing.T) {
	soon := float64(time.Now().Add(time.Hour).Unix())
	for id, prove := range map[string]func(*testing.T){
		"JW-03": forged("aud", "https://other.example/api", nil, []any{"{base}/api", "https://other.example"}, "{base}/api/", 7),
		"JW-04": forged("iss", "https://other.example", "{base}/", nil, "{base}:1", "HTTP://LOCALHOST"),
		"JW-06": forged("exp", nil, "4102444800", 4102444800.5, 1e308, -1, true, map[string]any{}),
		"JW-07": func(t *testing.T) { forged("nbf", soon, "soon")(t); forged("iat", soon)(t) },
		"RS-08": forgedScope,
	} {
		t.Run(id, prove)
	}
}
