package page

import (
	"strings"
	"testing"
)

func TestCallbackShowsTheCodeAndTheCommand(t *testing.T) {
	command := "curl -s http://localhost:8484/oauth/token \\\n  -d code=c0de \\\n  -d code_verifier=v3rifier\nprintf '%s\\n'"
	doc := draw(t, CallbackPage(Callback{Code: "c0de", StateOK: true, IssuerOK: true, Seconds: 60, Verifier: "v3rifier", Exchange: command, Again: "/try"}))
	if got := text(one(t, doc, "pre")); got != command {
		t.Errorf("the command to paste is\n%q, want\n%q", got, command)
	}
	marked := map[string]string{}
	for _, m := range all(one(t, doc, "pre"), "mark") {
		marked[text(m)] = attr(m, "class")
	}
	if marked["c0de"] != "v-code" || marked["v3rifier"] != "v-pkce" || len(marked) != 2 {
		t.Errorf("marked %v", marked)
	}
	if !strings.Contains(text(doc), "good for 60 seconds") {
		t.Error("it does not say how long the code is good")
	}
}

// RFC 6749 10.12 and RFC 9207 2.4: an answer with another state or from
// another server is not taken, and nothing of what it says is repeated.
func TestCallbackTakesNoForeignAnswer(t *testing.T) {
	for name, p := range map[string]Callback{
		"code, state wrong":   {Code: "st0len", IssuerOK: true},
		"code, server wrong":  {Code: "st0len", StateOK: true},
		"error, state wrong":  {Error: "st0len", ErrorDescription: "call st0len", IssuerOK: true},
		"error, server wrong": {Error: "st0len", ErrorDescription: "call st0len", StateOK: true},
	} {
		doc := draw(t, CallbackPage(p))
		if s := text(doc); strings.Contains(s, "st0len") || !strings.Contains(s, "must stop here") || len(all(doc, "pre")) != 0 {
			t.Errorf("%s: %q", name, s)
		}
	}
}

func TestCallbackShowsARefusal(t *testing.T) {
	s := text(draw(t, CallbackPage(Callback{Error: "access_denied", ErrorDescription: "Ada said no.", StateOK: true, IssuerOK: true})))
	if !strings.Contains(s, "access_denied") || !strings.Contains(s, "Ada said no.") || !strings.Contains(s, "Nothing was issued") {
		t.Errorf("%q", s)
	}
}

func TestCallbackWithNothingLeadsToTheBeginning(t *testing.T) {
	doc := draw(t, CallbackPage(Callback{Again: "/try"}))
	if !strings.Contains(text(doc), "Nothing has come back yet") || len(with(doc, "href", "/try")) != 1 {
		t.Error("the empty page does not help")
	}
}
