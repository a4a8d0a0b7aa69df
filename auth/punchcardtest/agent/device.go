package agent

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
)

// DeviceCode is the device authorization response, RFC 8628 3.2.
type DeviceCode struct {
	Code     string `json:"device_code"`
	User     string `json:"user_code"`
	URI      string `json:"verification_uri"`
	Complete string `json:"verification_uri_complete"`
	Expires  int    `json:"expires_in"`
	Interval int    `json:"interval"`
}

// DeviceGrant is the grant type of RFC 8628 3.4.
const DeviceGrant = "urn:ietf:params:oauth:grant-type:device_code"

// Television sends the device authorization request of the seed's television
// app.
func (b *Browser) Television(c *App) DeviceCode {
	b.T.Helper()
	a := b.Do(http.MethodPost, "/oauth/device/code", url.Values{"client_id": {c.ID}, "scope": {c.Scope}}, "User-Agent", "Living room TV/1.0")
	var d DeviceCode
	if err := json.Unmarshal([]byte(a.Text), &d); err != nil || a.StatusCode != http.StatusOK {
		b.T.Fatalf("no device code: %d %s", a.StatusCode, a.Text)
	}
	return d
}

// Poll requests the tokens, as the device does.
func (b *Browser) Poll(c *App, d DeviceCode) Answer {
	b.T.Helper()
	return b.Do(http.MethodPost, "/oauth/token", url.Values{"grant_type": {DeviceGrant}, "client_id": {c.ID}, "device_code": {d.Code}})
}

// Compares types the code and signs in if asked to. It returns the page that
// asks whether the device shows the same code.
func (b *Browser) Compares(typed, email string) Answer {
	b.T.Helper()
	f := b.Get("/device").Form(b.T)
	f.Values.Set("user_code", typed)
	page := b.Follow(b.Do(http.MethodPost, f.Action, f.Values))
	if page.Request.URL.Path == "/login" {
		page = b.SignIn(page, email, "timesheets")
	}
	if page.Request.URL.Path != "/device" || !strings.Contains(page.Text, "Does your device show this code?") {
		b.T.Fatalf("expected to be asked for the code on the device, came to %s %d", page.Request.URL.Path, page.StatusCode)
	}
	return page
}
