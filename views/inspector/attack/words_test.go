package attack

import (
	"net/http"
	"testing"
)

// An answer is put into the words of the specification where it has them.
func TestAnswerInWords(t *testing.T) {
	for _, c := range []struct {
		status       int
		header, body string // the header is a name, and a value
		value        string
		want         string
		ok           bool
	}{
		{200, "Content-Type", `{"access_token":"a"}`, "application/json", "200, it works", true},
		{204, "", "", "", "204, it works", true},
		{303, "Location", "", "http://localhost/callback?code=a&state=b", "303, it works", true},
		{303, "Location", "", "http://localhost/callback?error=access_denied", "303 access_denied", false},
		{400, "Content-Type", `{"error":"invalid_grant"}`, "application/json;charset=UTF-8", "400 invalid_grant", false},
		{400, "Content-Type", `<p>"error":"invalid_grant"`, "text/html", "400 Bad Request", false},
		{400, "Content-Type", `{"error":"<b>no code</b>"}`, "application/json", "400 Bad Request", false},
		{400, "Content-Type", `{"error":7}`, "application/json", "400 Bad Request", false},
		{401, "WWW-Authenticate", "", `Bearer realm="a", error="invalid_token", error_description="its error=\"x\""`, "401 invalid_token", false},
		{401, "WWW-Authenticate", "", `Bearer realm="a", error_description="none"`, "401 Unauthorized", false},
		{404, "Content-Type", `{"title":"Not Found"}`, "application/problem+json", "404 Not Found", false},
		{599, "", "", "", "599", false},
	} {
		a := &answer{status: c.status, header: http.Header{}, body: []byte(c.body)}
		if c.header != "" {
			a.header.Set(c.header, c.value)
		}
		if got := a.String(); got != c.want || a.ok() != c.ok {
			t.Errorf("%d %s: %s %s: %q, ok %v; want %q, %v", c.status, c.header, c.value, c.body, got, a.ok(), c.want, c.ok)
		}
	}
}

// A form is filled in as a browser would: what is disabled is never sent.
func TestFormAsDrawn(t *testing.T) {
	request, err := http.NewRequest(http.MethodGet, "http://localhost:1/consent?flow=a", nil)
	if err != nil {
		t.Fatal(err)
	}
	page := &answer{url: request.URL, body: []byte(`<form method=get action=/search><input name=q></form>
		<form method="POST" action="decide"><input type="hidden" name="flow" value="a&amp;b">
		<input type="checkbox" name="scope" value="one" checked><input type="checkbox" name="scope" value="two">
		<input type="checkbox" name="scope" value="three" checked disabled><button name="decision" value="allow">Allow</button></form>
		<form method=post action=/other><input name=elsewhere></form>`)}
	f := page.form()
	if f == nil || f.action != "http://localhost:1/decide" || f.values.Encode() != "flow=a%26b&scope=one" || len(f.offered) != 2 {
		t.Fatalf("got %+v", f)
	}
	if !f.has("decision") || f.has("elsewhere") || f.has("q") {
		t.Errorf("fields %q", f.names)
	}
	if (&answer{url: request.URL, body: []byte("no form")}).form() != nil {
		t.Error("a page without a form has one")
	}
}
