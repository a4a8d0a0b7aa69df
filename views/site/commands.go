package site

import (
	"regexp"
	"strings"

	"github.com/exampleco/punchcard/views"
)

// commands tell a story that needs no browser.
func (p *pages) commands(clients []views.StartClient) []views.StartCommand {
	out := []views.StartCommand{{
		Title: "What can this server do?", Text: "Discovery: every address and every ability, as libraries read it.",
		Shell: "curl -s " + quoted(p.base+"/.well-known/openid-configuration"),
	}}
	out = append(out, p.pushed()...)
	var machine, gateway *views.StartClient
	for i, c := range clients {
		switch {
		case c.Kind == "machine" && c.Secret != "" && machine == nil:
			machine = &clients[i]
		case c.Kind == "resource server" && c.Secret != "" && gateway == nil:
			gateway = &clients[i]
		}
	}
	if machine == nil {
		return out
	}
	basic, token := machine.ID+":"+machine.Secret, p.base+"/oauth/token"
	out = append(out, views.StartCommand{
		Title: "A token for a machine", Text: "The client credentials grant: nobody signs in, the client speaks for itself.",
		Shell: "ANSWER=$(curl -s -u " + quoted(basic) + " -d grant_type=client_credentials " + quoted(token) + ")\nprintf '%s\\n' \"$ANSWER\"\n" + takeToken,
	}, views.StartCommand{
		Title: "What the API knows about it", Text: "The token goes into the Authorization header, and nowhere else.",
		Shell: "curl -s -H \"Authorization: Bearer $TOKEN\" " + quoted(p.base+"/api/me"),
	}, views.StartCommand{
		Title: "What it does not open", Text: "No scope for this: 403, and the answer names the scope that is missing.",
		Shell: "curl -si -H \"Authorization: Bearer $TOKEN\" " + quoted(p.base+"/api/timesheets"),
	})
	if gateway != nil {
		out = append(out, views.StartCommand{
			Title: "Ask about the token", Text: "Introspection, for resource servers that cannot check a signature.",
			Shell: "curl -s -u " + quoted(gateway.ID+":"+gateway.Secret) + " -d \"token=$TOKEN\" " + quoted(p.base+"/oauth/introspect"),
		})
	}
	out = append(out, views.StartCommand{
		Title: "Take it back", Text: "Revocation. Run “What the API knows about it” again afterwards: 401, at the very next call.",
		Shell: "curl -si -u " + quoted(basic) + " -d \"token=$TOKEN\" " + quoted(p.base+"/oauth/revoke"),
	})
	return append(out, p.bound(basic)...)
}

// exchange is the token request, to be pasted. What came with the request is
// quoted for the shell.
func (p *pages) exchange(code, verifier string) string {
	return strings.Join([]string{
		"ANSWER=$(curl -s " + quoted(p.base+"/oauth/token"),
		"-d grant_type=authorization_code", "-d client_id=" + quoted(p.Client),
		"--data-urlencode redirect_uri=" + quoted(p.redirect()),
		"--data-urlencode code=" + quoted(code),
		"-d code_verifier=" + quoted(verifier) + ")",
	}, " \\\n  ") + "\nprintf '%s\\n' \"$ANSWER\""
}

// next is what the answer is good for.
func (p *pages) next() []views.StartCommand {
	return []views.StartCommand{{
		Title: "Read the hours", Text: "The access token opens what you ticked, and nothing else. Take a box away next time and see the 403.",
		Shell: takeToken + "\ncurl -s -H \"Authorization: Bearer $TOKEN\" " + quoted(p.base+"/api/timesheets"),
	}, {
		Title: "Trade the refresh token", Text: "It is there if you left “Stay signed in” ticked, and rotates: each is good once. Paste this twice: the second time looks like theft, and every token of the family dies, the newest too.",
		Shell: takeRefresh + "\ncurl -s " + quoted(p.base+"/oauth/token") + " -d grant_type=refresh_token -d client_id=" + quoted(p.Client) + " -d \"refresh_token=$REFRESH\"",
	}}
}

// What is taken out of an answer, with a tool that every machine has. Nothing
// is found in an error, so what follows then fails as it should.
const (
	takeToken   = `TOKEN=$(printf '%s' "$ANSWER" | sed -n 's/.*"access_token":"\([^"]*\)".*/\1/p')`
	takeRefresh = `REFRESH=$(printf '%s' "$ANSWER" | sed -n 's/.*"refresh_token":"\([^"]*\)".*/\1/p')`
)

// plain is what a shell takes as it stands.
var plain = regexp.MustCompile(`^[A-Za-z0-9_./:@%+=-]+$`)

// quoted is one word for a shell, whatever it holds.
func quoted(s string) string {
	if plain.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
