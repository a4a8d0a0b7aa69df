package fault

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// An error on purpose reads as the endpoint's own would: its code fits the
// status, and the header fields that belong to the status are there.
func TestErrorsFitTheirStatus(t *testing.T) {
	for _, c := range []struct {
		endpoint, path string
		status         int
		code, header   string // the field that has to be there, "" for none
	}{
		{"token", "/oauth/token", 400, "invalid_request", ""},                             // RFC 6749 5.2
		{"token", "/oauth/token", 401, "invalid_client", "WWW-Authenticate: Basic "},      // RFC 6749 5.2
		{"token", "/oauth/token", 403, "access_denied", ""},                               // RFC 6749 4.1.2.1
		{"token", "/oauth/token", 405, "invalid_request", "Allow: "},                      // RFC 9110 15.5.6
		{"token", "/oauth/token", 429, "temporarily_unavailable", "Retry-After: 5"},       // RFC 6585 4
		{"token", "/oauth/token", 500, "server_error", ""},                                // RFC 6749 4.1.2.1
		{"token", "/oauth/token", 502, "server_error", ""},                                //
		{"token", "/oauth/token", 503, "temporarily_unavailable", "Retry-After: 5"},       // RFC 6749 4.1.2.1
		{"par", "/oauth/par", 401, "invalid_client", "WWW-Authenticate: Basic "},          // RFC 9126 2.3
		{"introspect", "/oauth/introspect", 401, "invalid_client", "WWW-Authenticate: B"}, // RFC 7662 2.3
		{"revoke", "/oauth/revoke", 503, "temporarily_unavailable", "Retry-After: 5"},     // RFC 7009 2.2.1
		{"device", "/oauth/device/code", 400, "invalid_request", ""},                      // RFC 8628 3.2
		{"userinfo", "/userinfo", 401, "invalid_token", `WWW-Authenticate: Bearer error="invalid_token"`},
		{"userinfo", "/userinfo", 403, "insufficient_scope", `WWW-Authenticate: Bearer error="insufficient_scope"`}, // RFC 6750 3.1
		{"register", "/oidc/register", 400, "invalid_client_metadata", ""},                                          // RFC 7591 3.2.2
		{"register", "/oidc/register/x", 401, "invalid_token", `WWW-Authenticate: Bearer error="invalid_token"`},    // RFC 7592 2.1
		{"api", "/api/me", 401, "", `WWW-Authenticate: Bearer error="invalid_token"`},
		{"api", "/api/me", 401, "", `WWW-Authenticate: resource_metadata="http://h/meta"`}, // RFC 9728 5.1
		{"api", "/api/me", 403, "", `WWW-Authenticate: Bearer error="insufficient_scope"`},
		{"api", "/api/me", 429, "", "Retry-After: 5"},
		{"api", "/api/me", 500, "", ""},
		{"login", "/login", 503, "", "Retry-After: 5"},
	} {
		l := &List{ResourceMetadata: "http://h/meta"}
		ask(t, l, fmt.Sprintf(`{"endpoint":%q,"fault":"error","status":%d}`, c.endpoint, c.status))
		w := httptest.NewRecorder()
		l.Handler(http.NotFoundHandler()).ServeHTTP(w, httptest.NewRequest("GET", c.path, nil))
		var said struct {
			Error  string `json:"error"`
			Status int    `json:"status"`
		}
		_ = json.Unmarshal(w.Body.Bytes(), &said)
		if w.Code != c.status || said.Error != c.code {
			t.Errorf("%s %d: %d %q, want %q", c.endpoint, c.status, w.Code, said.Error, c.code)
		}
		if c.endpoint == "api" && (said.Status != c.status || w.Header().Get("Content-Type") != "application/problem+json") {
			t.Errorf("%s %d: %s, which is no problem of RFC 9457", c.endpoint, c.status, w.Body)
		}
		name, part, _ := strings.Cut(c.header, ": ")
		if got, there := w.Header()[http.CanonicalHeaderKey(name)]; name != "" && (!there || !strings.Contains(got[0], part)) {
			t.Errorf("%s %d: %s is %q, want %q in it", c.endpoint, c.status, name, got, part)
		}
		if (c.status == 500 || c.status == 400) && w.Header().Get("WWW-Authenticate") != "" {
			t.Errorf("%s %d asks for credentials", c.endpoint, c.status)
		}
	}
}
