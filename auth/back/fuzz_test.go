package back

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"testing"
)

// RFC 6749 2.3.1: what is read from a Basic header is what was form-encoded
// into it.
func FuzzBasic(f *testing.F) {
	f.Add("timesheets-web", "timesheets-web-secret", "")
	f.Add("a:b", "%+ c", "Basic !!!")
	f.Fuzz(func(t *testing.T, id, secret, raw string) {
		r := &http.Request{Header: http.Header{"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(id)+":"+url.QueryEscape(secret)))}}}
		gotID, gotSecret, method, err := credentials(r, url.Values{})
		if err != nil || gotID != id || gotSecret != secret || method != "client_secret_basic" {
			t.Fatalf("%q %q came back as %q %q %s %v", id, secret, gotID, gotSecret, method, err)
		}
		r.Header.Set("Authorization", raw)
		_, _, _, _ = credentials(r, url.Values{}) // anything but a panic
	})
}
