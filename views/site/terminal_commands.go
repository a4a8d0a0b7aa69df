package site

import "github.com/exampleco/punchcard/views"

// terminalClient is what punchcard login signs in as, unless told otherwise.
const terminalClient = "timesheets-mobile"

// terminalCommands are the native app's own, where its client is registered.
func (p *pages) terminalCommands(clients []views.StartClient) []views.StartCommand {
	for _, c := range clients {
		if c.ID != terminalClient {
			continue
		}
		server := ""
		if p.base != "http://localhost:8484" { // the program's own default
			server = " --server " + quoted(p.base)
		}
		return []views.StartCommand{{
			Title: "As a person, from this terminal", Text: "The native app is in the same program, and a client like any other: it signs in through your browser (RFC 8252) and keeps its tokens to itself.",
			Shell: "punchcard login" + server + "\npunchcard list" + server + "\npunchcard token --decode" + server,
		}}
	}
	return nil
}
