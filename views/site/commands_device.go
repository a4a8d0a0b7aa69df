package site

import "github.com/exampleco/punchcard/views"

const grantDevice = "urn:ietf:params:oauth:grant-type:device_code"

// deviceCommands let the terminal be the device: what it shows is typed in any
// browser, and it polls until somebody has decided there.
func (p *pages) deviceCommands() []views.StartCommand {
	if p.Device == "" {
		return nil
	}
	client := "-d client_id=" + quoted(p.Device)
	return []views.StartCommand{{
		Title: "Be a device without a keyboard", Text: "The device grant: ask for a code, and show it. Open the verification_uri_complete of the answer in any browser, on another machine if you like.",
		Shell: "ANSWER=$(curl -s " + client + " --data-urlencode scope=" + quoted(p.DeviceScope) + " " + quoted(p.base+"/oauth/device/code") + ")\nprintf '%s\\n' \"$ANSWER\"\n" + takeDevice,
	}, {
		Title: "Poll until somebody has decided", Text: "authorization_pending every five seconds, slow_down if it were sooner, and then, once, the tokens. Stop it with Ctrl-C.",
		Shell: "while ANSWER=$(curl -s -d grant_type=" + grantDevice + " " + client + " -d \"device_code=$DEVICE\" " + quoted(p.base+"/oauth/token") + ")\n" +
			"  printf '%s\\n' \"$ANSWER\"\n  printf '%s' \"$ANSWER\" | grep -q '\"authorization_pending\"'\ndo sleep 5; done",
	}}
}

const takeDevice = `DEVICE=$(printf '%s' "$ANSWER" | sed -n 's/.*"device_code":"\([^"]*\)".*/\1/p')`
