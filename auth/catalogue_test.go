package auth

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/exampleco/punchcard/auth/oauth"
)

// What this room proves of the catalogue, auth/catalogue/cases.tsv, each case by
// its id. The other tests of the room are its own affair.

func TestDiskFull(t *testing.T) {
	t.Run("RV-06", provesRevocationOnAFullDisk)
	t.Run("RF-14", provesRotationOnAFullDisk)
}

// Who guesses is who the connection comes from, whatever a header says.
func TestSourceIsTheConnection(t *testing.T) {
	t.Run("LG-07", func(t *testing.T) {
		r := httptest.NewRequest(http.MethodPost, issuer+pathLogin, nil)
		r.RemoteAddr = "192.0.2.7:4711"
		for _, header := range []string{"X-Forwarded-For", "Forwarded", "X-Real-IP", "True-Client-IP", "CF-Connecting-IP"} {
			r.Header.Set(header, "198.51.100.1")
		}
		if got := oauth.SourceOf(r); got != "192.0.2.7" {
			t.Errorf("source %q, want the connection's 192.0.2.7", got)
		}
	})
}
