package site

import "github.com/exampleco/punchcard/views"

// Any challenge would do; this one is in RFC 7636, Appendix B.
const sampleChallenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

// pushed is the authorization request that a client hands over itself.
func (p *pages) pushed() []views.StartCommand {
	if !p.demo {
		return nil
	}
	return []views.StartCommand{{
		Title: "Ask behind the browser’s back",
		Text: "A pushed authorization request: the app hands it over itself, and the browser only carries a reference that nobody can edit. " +
			"Open the link within 90 seconds, then open it again: it is good once. The page you come back to didn’t ask for this code, your terminal did, so it won’t take it.",
		Shell: "ANSWER=$(curl -s " + quoted(p.base+"/oauth/par") + " -d response_type=code -d client_id=" + quoted(p.Client) +
			" \\\n  --data-urlencode redirect_uri=" + quoted(p.redirect()) + " --data-urlencode scope=" + quoted(p.Scope) +
			" \\\n  -d code_challenge_method=S256 -d code_challenge=" + sampleChallenge + ")\nprintf '%s\\n' \"$ANSWER\"\n" +
			takeRequestURI + "\nprintf '%s\\n' " + quoted(p.base+"/authorize?client_id="+p.Client+"&request_uri=") + "\"$URI\"",
	}}
}

const takeRequestURI = `URI=$(printf '%s' "$ANSWER" | sed -n 's/.*"request_uri":"\([^"]*\)".*/\1/p')`
