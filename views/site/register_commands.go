package site

import "github.com/exampleco/punchcard/views"

// registerCommands let an app that nobody has declared find the API, register
// itself and look after that.
func (p *pages) registerCommands() []views.StartCommand {
	json := " -H 'Content-Type: application/json' "
	return []views.StartCommand{{
		Title: "Where does this API get its tokens?", Text: "Its metadata, to which every 401 of it points: so an app that knows nothing but the API finds all else.",
		Shell: "curl -si " + quoted(p.base+"/api/timesheets") + "\ncurl -s " + quoted(p.base+"/.well-known/oauth-protected-resource/api"),
	}, {
		Title: "Register an app", Text: "Dynamic client registration: the app says what it is, and is somebody until tomorrow, or for as long as it is used.",
		Shell: "ANSWER=$(curl -s" + json + quoted(p.base+"/oidc/register") + " \\\n  -d '" +
			`{"client_name":"My app","redirect_uris":["http://localhost:8080/callback"],"token_endpoint_auth_method":"none"}` + "')\nprintf '%s\\n' \"$ANSWER\"",
	}, {
		Title: "Read it, then remove it", Text: "With the token that came with it, the app reads (GET), changes (PUT) and removes (DELETE) its own registration, and nobody else’s.",
		Shell: "MINE=$(printf '%s' \"$ANSWER\" | sed -n 's/.*\"registration_client_uri\":\"\\([^\"]*\\)\".*/\\1/p')\n" +
			"MANAGE=$(printf '%s' \"$ANSWER\" | sed -n 's/.*\"registration_access_token\":\"\\([^\"]*\\)\".*/\\1/p')\n" +
			"curl -s -H \"Authorization: Bearer $MANAGE\" \"$MINE\"\ncurl -si -X DELETE -H \"Authorization: Bearer $MANAGE\" \"$MINE\"",
	}}
}
