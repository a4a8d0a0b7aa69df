package agent

import (
	"net/http"
	"net/url"
	"strings"
)

// Press sends one of the forms of /account.
func (b *Browser) Press(do string, pairs ...string) Answer {
	b.T.Helper()
	page := b.Get("/account")
	_, rest, found := strings.Cut(page.Text, `name="for" value="`)
	if !found {
		b.T.Fatalf("/account shows no form: %d to %q", page.StatusCode, page.Header.Get("Location"))
	}
	drawnFor, _, _ := strings.Cut(rest, `"`)
	body := url.Values{"for": {drawnFor}, "do": {do}}
	for i := 0; i+1 < len(pairs); i += 2 {
		body.Set(pairs[i], pairs[i+1])
	}
	return b.Do(http.MethodPost, "/account", body, "Sec-Fetch-Site", "same-origin")
}

// Fault asks the inspector for a fault, as a test in any language would.
func (b *Browser) Fault(body string) {
	b.T.Helper()
	r, err := http.NewRequest(http.MethodPost, b.Base()+"/inspector/faults", strings.NewReader(body))
	if err != nil {
		b.T.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if a := b.Send(r); a.StatusCode != http.StatusCreated {
		b.T.Fatalf("%s: %d %s", body, a.StatusCode, a.Text)
	}
}
