package auth

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/exampleco/punchcard/auth/people"
	"github.com/exampleco/punchcard/views"
)

// RFC 9110 15.6.4: whoever is turned away for load is told when to come again,
// on the page that they were on, with what they typed but for the password.
func TestTooBusyForPasswords(t *testing.T) {
	w := newWorld(t)
	busy := &people.BusyError{RetryAfter: 7 * time.Second}
	r := w.signedInAs("ada@example.com")
	who, err := w.signedIn(r)
	if err != nil {
		t.Fatal(err)
	}
	for name, page := range map[string]struct {
		show func(http.ResponseWriter) error
		want []string
	}{
		"login": {func(rec http.ResponseWriter) error {
			return w.loginFailed(rec, r, nil, views.Login{Action: pathLogin, Email: "ada@example.com"}, busy)
		}, []string{`action="/login"`, `value="ada@example.com"`, "Try again in 7 seconds", "not checked"}},
		"password": {func(rec http.ResponseWriter) error { return w.passwordRefused(rec, r, who, busy) },
			[]string{`name="new_password"`, "Try again in 7 seconds", "not changed"}},
	} {
		rec := httptest.NewRecorder()
		if err := page.show(rec); err != nil {
			t.Fatal(err)
		}
		if rec.Code != http.StatusServiceUnavailable || rec.Header().Get("Retry-After") != "7" || !strings.HasPrefix(rec.Header().Get("Content-Type"), "text/html") {
			t.Errorf("%s: %d %v", name, rec.Code, rec.Header())
		}
		for _, want := range page.want {
			if !strings.Contains(rec.Body.String(), want) {
				t.Errorf("%s: the page does not say %q", name, want)
			}
		}
	}
}
