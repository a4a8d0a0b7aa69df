package attack

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// answer is what came back.
type answer struct {
	method string
	url    *url.URL
	status int
	header http.Header
	body   []byte
}

// decides makes this answer the one that the attack is judged by.
func (a *answer) decides(aftermath string) Outcome {
	return Outcome{Answer: a.String(), RequestID: a.header.Get("X-Request-Id"), Aftermath: aftermath}
}

// String is the answer in words: "400 invalid_grant" with the error code of
// the specification where there is one, "404 Not Found" where there is none.
func (a *answer) String() string {
	if code := a.errorCode(); code != "" {
		return fmt.Sprintf("%d %s", a.status, code)
	}
	if a.ok() {
		return fmt.Sprintf("%d, it works", a.status)
	}
	return strings.TrimSpace(fmt.Sprintf("%d %s", a.status, http.StatusText(a.status)))
}

// ok includes redirects: the server goes on.
func (a *answer) ok() bool { return a.status < 400 && a.errorCode() == "" }

var (
	challengeError = regexp.MustCompile(`\berror="([^"]*)"`)
	wellFormedCode = regexp.MustCompile(`^[a-z_]{1,60}$`)
)

// errorCode is the code of RFC 6750 3.1, in the challenge; of RFC 6749
// 4.1.2.1, in a redirect; or of RFC 6749 5.2, in JSON. "" if there is none.
func (a *answer) errorCode() string {
	var body struct {
		Error string `json:"error"`
	}
	if m := challengeError.FindStringSubmatch(a.header.Get("WWW-Authenticate")); m != nil {
		body.Error = m[1]
	} else if to, err := url.Parse(a.header.Get("Location")); err == nil && to.Query().Has("error") {
		body.Error = to.Query().Get("error")
	} else if !a.read(&body) {
		return ""
	}
	return wellFormedCode.FindString(body.Error)
}

// read decodes a JSON answer, and says whether it was one.
func (a *answer) read(into any) bool {
	kind, _, _ := mime.ParseMediaType(a.header.Get("Content-Type"))
	return (kind == "application/json" || strings.HasSuffix(kind, "+json")) && json.Unmarshal(a.body, into) == nil
}

// unexpected is the error of an honest step that did not go as it should.
func (a *answer) unexpected(wanted string) error {
	return fmt.Errorf("expected %s, but %s %s answered %s", wanted, a.method, a.url.Path, a)
}

// fate says in words whether something still works.
func fate(what string, a *answer) string {
	if a.ok() {
		return fmt.Sprintf("%s still works: %d.", what, a.status)
	}
	return fmt.Sprintf("%s is dead as well: %s.", what, a)
}
