package views

import (
	"context"
	"errors"
	"io"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/a-h/templ"
)

func TestWriteSendsThePageSafely(t *testing.T) {
	w := httptest.NewRecorder()
	Write(w, httptest.NewRequest("GET", "/", nil), 422, SignedOutPage(SignedOut{Home: "/"}), "http://localhost:*", "", "com.example:")
	a := w.Result()
	for header, want := range map[string]string{
		"Content-Type":               "text/html; charset=utf-8",
		"Cache-Control":              "no-store",
		"X-Content-Type-Options":     "nosniff",
		"X-Frame-Options":            "DENY",
		"Referrer-Policy":            "same-origin", // no-referrer makes browsers send "Origin: null"
		"Cross-Origin-Opener-Policy": "",            // a client may have opened it as a popup, and waits for the answer
		"Content-Length":             strconv.Itoa(w.Body.Len()),
	} {
		if got := a.Header.Get(header); got != want {
			t.Errorf("%s: %q, want %q", header, got, want)
		}
	}
	csp := a.Header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"} {
		if !strings.Contains(csp+";", want+";") {
			t.Errorf("%q is not in %s", want, csp)
		}
	}
	if !strings.HasSuffix(csp, "; form-action 'self' http://localhost:* com.example:") {
		t.Errorf("forms may go %s", csp)
	}
	if strings.Contains(csp, "unsafe") || strings.Contains(csp, "script-src") {
		t.Errorf("scripts may run: %s", csp)
	}
	if a.StatusCode != 422 {
		t.Errorf("status %d", a.StatusCode)
	}
	own := httptest.NewRecorder()
	Write(own, httptest.NewRequest("GET", "/", nil), 200, SignedOutPage(SignedOut{Home: "/"}), "")
	if got := own.Header().Get("Cross-Origin-Opener-Policy"); got != "same-origin" {
		t.Errorf("a page that ends here: Cross-Origin-Opener-Policy %q", got)
	}
}

// Form Post Response Mode: what the page carries goes to the app and nowhere
// else, and an address that is no web address is no address at all.
func TestHandoverGoesToTheAppAlone(t *testing.T) {
	w := httptest.NewRecorder()
	WriteHandover(w, httptest.NewRequest("GET", "/authorize?flow=x", nil), Handover{Action: "https://app.example/cb", ClientName: "A"})
	a := w.Result()
	if got := a.Header.Get("Referrer-Policy"); got != "no-referrer" || a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("Referrer-Policy %q, Cache-Control %q", got, a.Header.Get("Cache-Control"))
	}
	csp := a.Header.Get("Content-Security-Policy")
	if !strings.HasPrefix(csp, "default-src 'none'; ") || !strings.HasSuffix(csp, "; frame-ancestors 'none'; script-src 'self'") || strings.Contains(csp, "unsafe") || strings.Contains(csp, "connect-src") {
		t.Errorf("policy %s", csp)
	}
	if got := attr(one(t, draw(t, HandoverPage(Handover{Action: "javascript:alert(1)"})), "form"), "action"); strings.HasPrefix(got, "javascript:") {
		t.Errorf("the form goes to %q", got)
	}
}

// The page that ends a form's chain leads on by itself, keeps what it leads with
// to one header, and has neither script nor form.
func TestOnwardCarriesNothing(t *testing.T) {
	w := httptest.NewRecorder()
	WriteOnward(w, httptest.NewRequest("GET", "/authorize?flow=x", nil), Onward{ClientName: "A", Again: "/authorize?flow=x", RedirectDisplay: "app.example/cb"}, "https://app.example/cb?code=secret&state=s")
	a := w.Result()
	if got := a.Header.Get("Refresh"); a.StatusCode != 200 || got != "0;url=https://app.example/cb?code=secret&state=s" {
		t.Errorf("%d, Refresh %q", a.StatusCode, got)
	}
	if a.Header.Get("Cache-Control") != "no-store" || a.Header.Get("Referrer-Policy") != "no-referrer" || a.Header.Get("Cross-Origin-Opener-Policy") != "" {
		t.Errorf("%v", a.Header)
	}
	if csp := a.Header.Get("Content-Security-Policy"); strings.Contains(csp, "script-src") || !strings.HasSuffix(csp, "form-action 'self'") {
		t.Errorf("policy %s", csp)
	}
	if body := w.Body.String(); strings.Contains(body, "secret") || strings.Contains(body, "<form") || !strings.Contains(body, `href="/authorize?flow=x"`) {
		t.Errorf("the page: %s", body)
	}
}

func TestWriteShowsNoHalfPage(t *testing.T) {
	w := httptest.NewRecorder()
	broken := templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, _ = io.WriteString(w, "<p>half")
		return errors.New("the secret cause")
	})
	Write(w, httptest.NewRequest("GET", "/", nil), 200, broken)
	if s := w.Body.String(); w.Code != 500 || strings.Contains(s, "half") || strings.Contains(s, "secret") {
		t.Errorf("%d %q", w.Code, s)
	}
}
