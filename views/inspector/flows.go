package inspector

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/exampleco/punchcard/views/inspector/page"
	"github.com/exampleco/punchcard/views/inspector/record"
)

// Steps of the flows beside the code flow: a pushed request, a device and its
// person, a registration.

const grantDevice = "urn:ietf:params:oauth:grant-type:device_code"

// pushed is an authorization request by the back door, RFC 9126: what the
// browser will carry is only its name.
func (d *drawn) pushed(x *record.Exchange) (out []step) {
	challenge := d.carry(record.Challenge, x.Sent(), " + ")
	if challenge != nil {
		out = append(out, noted(x, "m", byApp, true, both("Make a secret ", "Generate a "), d.verifierOf(x)))
	}
	ask := append([]page.Words{both("Hand over the request", "POST /oauth/par")}, challenge...)
	return append(out, arrow(x, "", appToServer, ask...),
		d.answered(x, serverToApp, d.named(x, record.Pushed, both("A name for it: ", ""), "Pushed authorization response")))
}

// named is what an answer gives, or the specification's word for the answer
// where it is not found in it.
func (d *drawn) named(x *record.Exchange, kind record.ValueKind, before page.Words, spec string) []page.Words {
	if v := d.carry(kind, x.Given(), ""); v != nil {
		return append([]page.Words{before}, v[1:]...)
	}
	return []page.Words{both(strings.TrimRight(before.Plain, ": "), spec)}
}

// deviceAsks is RFC 8628 3.1: two codes, one to keep and one to show.
func (d *drawn) deviceAsks(x *record.Exchange) []step {
	given := d.named(x, record.Device, both("Keep this: ", ""), "Device authorization response")
	if shown := d.carry(record.UserCode, x.Given(), ", show that: "); shown != nil {
		given = append(given, shown...)
	}
	return []step{
		arrow(x, "", appToServer, both("I have no keyboard: a code to show, please", "Device authorization request")),
		d.answered(x, serverToApp, given),
	}
}

// deviceForm is what a person does on the page where the code is typed.
func (d *drawn) deviceForm(x *record.Exchange) []step {
	label := both("Types the code on the screen ", "POST /device ")
	switch x.Form().Get("decision") {
	case "same":
		label = both("My device shows the same code", "POST /device: same")
	case "stop":
		label = both("That is not my device: stop", "POST /device: stop")
	}
	words := []page.Words{label}
	if code := d.carry(record.UserCode, x.Sent(), ""); code != nil {
		words = append(words, code[1:]...)
	}
	out := []step{arrow(x, "", personToServer, words...)}
	if x.Status >= 400 {
		out = append(out, refusal(arrow(x, "a", serverToPerson, say("Not taken: "), say(x.Page))))
	}
	return out
}

// devicePage asks for the code, asks whether the device shows it, or says that
// all is done: each page by its own title.
func (d *drawn) devicePage(x *record.Exchange) []step {
	title := strings.TrimSuffix(x.Page, " · Punchcard")
	if title == "" {
		title = "Asks for the code on the screen"
	}
	return []step{d.pageShown(x, both(title, "GET /device"))}
}

// register is an app that says what it is, RFC 7591, or looks after that, RFC
// 7592.
func (d *drawn) register(x *record.Exchange) []step {
	ask, answer := both("This is who I am", "Client registration request"), both("Then you are ", "client_id ")
	switch x.Method {
	case http.MethodGet:
		ask, answer = both("What do you know of me?", "Client read request"), both("This", "Client information response")
	case http.MethodPut:
		ask, answer = both("I have changed", "Client update request"), both("Noted", "Client information response")
	case http.MethodDelete:
		ask, answer = both("Forget me", "Client delete request"), both("Gone", strconv.Itoa(x.Status))
	}
	back := []page.Words{answer}
	if x.Method == http.MethodPost && d.run.Client != "" {
		back = append(back, say(d.run.Client))
	}
	asked := append([]page.Words{ask}, d.anyToken(x.Sent(), " + ")...)
	return []step{arrow(x, "", appToServer, asked...), d.answered(x, serverToApp, back)}
}

// takenBack is what a person does on the account page.
func (d *drawn) takenBack(x *record.Exchange) page.Words {
	form := x.Form()
	app := d.clientName(form.Get("client"))
	label := map[string]string{
		"take-back": "Takes " + form.Get("scope") + " back from " + app, "disconnect": "Disconnects " + app, "end-browser": "Signs a browser out",
		"sign-out-everywhere": "Signs out everywhere", "change-password": "Changes the password",
	}[form.Get("do")]
	if label == "" {
		label = "Changes something"
	}
	return both(label, "POST /account")
}

// onceMore is an answer that only says to come again.
func onceMore(x *record.Exchange) page.Words {
	switch code := x.ErrorCode(); code {
	case "authorization_pending":
		return both("not yet", code)
	case "slow_down":
		return both("not yet, and ask less often", code)
	default:
		return both("once more, with this nonce", code)
	}
}
