package inspector

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/exampleco/punchcard/views/inspector/page"
	"github.com/exampleco/punchcard/views/inspector/record"
)

var formKind = http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}

// exchange is one as the recorder keeps it.
func exchange(kind record.Kind, target string, form url.Values, status int, answer string, location ...string) *record.Exchange {
	x := &record.Exchange{Kind: kind, Method: "GET", Target: target, Status: status, AnswerBody: answer, Header: http.Header{}, Answer: http.Header{}}
	if form != nil {
		x.Method, x.Header, x.Body = "POST", formKind, form.Encode()
	}
	for _, to := range location {
		x.Answer.Set("Location", to)
	}
	return x
}

// drawnOf draws a run of these, and returns its steps as they are read.
func drawnOf(t *testing.T, run record.Run) (page.Run, []string) {
	for i, x := range run.Exchanges {
		x.ID = i + 1
	}
	run.Number, run.Client = 1, "tv"
	p := &pages{Config: Config{Private: true, Now: time.Now, ClientName: func(string) string { return "" }, PersonName: func(id string) string { return strings.TrimPrefix(id, "usr_") }}}
	out := p.drawing(t.Context(), run, "", "")
	var steps []string
	for _, s := range out.Steps {
		text := s.Number + " " + s.Route + ":"
		for _, w := range s.Label {
			text += " " + w.Plain
		}
		if s.Outcome == page.OutcomeRefused {
			text += " REFUSED"
		}
		steps = append(steps, strings.Join(strings.Fields(text), " "))
	}
	return out, steps
}

func expectSteps(t *testing.T, got, want []string) {
	t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("steps:\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// RFC 8628: the device asks until the person has decided, and none of that is a
// refusal.
func TestADeviceIsDrawn(t *testing.T) {
	poll := url.Values{"grant_type": {grantDevice}, "client_id": {"tv"}, "device_code": {"the-code-of-the-device"}}
	out, steps := drawnOf(t, record.Run{Person: "usr_ada", Exchanges: []*record.Exchange{
		exchange(record.KindDevice, "/oauth/device/code", url.Values{"client_id": {"tv"}}, 200, `{"device_code":"the-code-of-the-device","user_code":"WDJB-MJHT"}`),
		exchange(record.KindToken, "/oauth/token", poll, 400, `{"error":"authorization_pending"}`),
		exchange(record.KindDevicePage, "/device?user_code=WDJB-MJHT", nil, 200, ""),
		exchange(record.KindDeviceForm, "/device", url.Values{"user_code": {"WDJB-MJHT"}}, 303, "", "/login?flow=the-handle"),
		exchange(record.KindResume, "/authorize?flow=the-handle", nil, 303, "", "/device?flow=the-handle"),
		exchange(record.KindDeviceForm, "/device", url.Values{"decision": {"same"}, "flow": {"the-handle"}}, 303, "", "/authorize?flow=the-handle"),
		exchange(record.KindToken, "/oauth/token", poll, 400, `{"error":"slow_down"}`),
		exchange(record.KindToken, "/oauth/token", poll, 200, `{"access_token":"the-access-token"}`),
		exchange(record.KindToken, "/oauth/token", poll, 400, `{"error":"invalid_grant"}`),
	}})
	expectSteps(t, steps, []string{
		"1 app → server: I have no keyboard: a code to show, please",
		"2 server → app: Keep this: device code , show that: user code",
		"app → server: Is it allowed? device code · not yet",
		"server → person: Asks for the code on the screen",
		"3 person → server: Types the code on the screen user code",
		"server: Next: back to the device",
		"4 person → server: My device shows the same code",
		"app → server: Is it allowed? device code · not yet, and ask less often",
		"5 app → server: Is it allowed? device code",
		"6 server → app: access token",
		"7 app → server: Is it allowed? device code",
		"8 server → app: Refused: invalid_grant REFUSED",
	})
	if out.Title != "ada lets tv in on a device" || out.Kind != "Device grant" {
		t.Errorf("%q, %q", out.Title, out.Kind)
	}
	root := out.Family.Roots[0]
	if root.Name != "device code" || root.State != "used" || len(root.Children) != 1 || root.Children[0].Name != "access token" || root.ExpireHref != "" {
		t.Errorf("the family is %+v", root)
	}
}

func TestAPushedRequestIsDrawn(t *testing.T) {
	challenge := record.ChallengeOf("verifier")
	out, steps := drawnOf(t, record.Run{Exchanges: []*record.Exchange{
		exchange(record.KindPushed, "/oauth/par", url.Values{"client_id": {"tv"}, "code_challenge": {challenge}}, 201, `{"request_uri":"urn:ietf:params:oauth:request_uri:abcdefghijkl"}`),
		exchange(record.KindAuthorize, "/authorize?client_id=tv&request_uri=urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3Aabcdefghijkl", nil, 303, "", "/login?flow=the-handle"),
		exchange(record.KindAuthorize, "/authorize?client_id=tv&request_uri=urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3Aabcdefghijkl", nil, 400, ""),
	}})
	expectSteps(t, steps, []string{
		"app: Make a secret verifier",
		"1 app → server: Hand over the request + challenge",
		"2 server → app: A name for it: request_uri",
		"3 app → server: Ask to sign in + request_uri",
		"4 app → server: Ask to sign in + request_uri",
		"5 server → person: Refused: Bad Request REFUSED",
	})
	if out.Kind != "Authorization code with PKCE, pushed" {
		t.Errorf("%q", out.Kind)
	}
}

// prompt=select_account: a page of this server, not the way back to the app.
func TestAChoiceOfAccountIsDrawn(t *testing.T) {
	_, steps := drawnOf(t, record.Run{Exchanges: []*record.Exchange{
		exchange(record.KindResume, "/authorize?flow=the-handle", nil, 303, "", "/select-account?flow=the-handle"),
	}})
	expectSteps(t, steps, []string{"server: Next: which account?"})
}

func TestARegistrationIsDrawn(t *testing.T) {
	managed := exchange(record.KindRegister, "/oidc/register/tv", nil, 200, `{"client_id":"tv"}`)
	managed.Header = http.Header{"Authorization": {"Bearer the-registration-token"}}
	made := exchange(record.KindRegister, "/oidc/register", nil, 201, `{"client_id":"tv","registration_access_token":"the-registration-token"}`)
	made.Method = "POST"
	out, steps := drawnOf(t, record.Run{Exchanges: []*record.Exchange{made, managed}})
	expectSteps(t, steps, []string{
		"1 app → server: This is who I am",
		"2 server → app: Then you are tv",
		"3 app → server: What do you know of me? + registration token",
		"4 server → app: This",
	})
	if out.Title != "tv registers itself" || out.Kind != "Client registration" {
		t.Errorf("%q, %q", out.Title, out.Kind)
	}
}

// RFC 9449 8: the nonce that a server asks for is a step in between.
func TestANonceIsDrawn(t *testing.T) {
	x := exchange(record.KindAPI, "/api/me", nil, 401, "")
	x.Header = http.Header{"Authorization": {"DPoP the-access-token"}}
	x.Answer.Set("WWW-Authenticate", `DPoP error="use_dpop_nonce"`)
	_, steps := drawnOf(t, record.Run{Exchanges: []*record.Exchange{
		x, exchange(record.KindToken, "/oauth/token", url.Values{"grant_type": {"client_credentials"}}, 400, `{"error":"use_dpop_nonce"}`),
	}})
	expectSteps(t, steps, []string{
		"1 app → API: GET /api/me + access token",
		"API → app: once more, with this nonce",
		"app → server: Here is my own secret · once more, with this nonce",
	})
}
