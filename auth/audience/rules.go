package audience

import "github.com/exampleco/punchcard/auth/ledger"

var rules = struct {
	ScopeKnown, ScopeLeft, ScopeOfNamedAPI, ScopesOfOneAPI, MachineScopeLeft, AudienceOneAPI ledger.Rule
}{
	ScopeKnown: ledger.Rule{ID: "scope-known", Clause: "RFC 6749 3.3",
		Must: "Every scope that is asked for exists here.",
		Why:  "An unknown scope is a mistake. If it were silently left out, the developer would look for it in vain."},
	ScopeLeft: ledger.Rule{ID: "scope-something-left", Clause: "RFC 6749 3.3",
		Must: "Something remains when the scopes that this client cannot have are left out.",
		Why:  "An app gets at most what it is registered for. What it cannot have is left out, and the response says what was granted; with nothing left there is nothing to consent to."},
	ScopeOfNamedAPI: ledger.Rule{ID: "scope-of-named-api", Clause: "RFC 9068 2.2.3",
		Must: "Some of the API scopes asked for belong to the API that the request names.",
		Why:  "Every scope of a token has to mean something at the API that the token is for. Here scope and resource contradict each other."},
	ScopesOfOneAPI: ledger.Rule{ID: "scopes-of-one-api", Clause: "RFC 9068 3",
		Must: "All scopes belong to one API, unless the request names the API it means.",
		Why:  "A token with scopes of two APIs could be taken by one of them and used at the other."},
	MachineScopeLeft: ledger.Rule{ID: "machine-scope-left", Clause: "RFC 6749 5.2",
		Must: "A client that asks for no scope in particular is registered for one at this API.",
		Why:  "The token would have no scope at all, and an operation that checks none would accept it."},
	AudienceOneAPI: ledger.Rule{ID: "audience-one-api", Clause: "RFC 8707 2",
		Must: "The values of audience and resource name one API, and it is one of this server's.",
		Why:  "A token for two APIs could be taken by one of them and used at the other."},
}

// Rules are those of this room.
func Rules() []ledger.Rule { return ledger.Rules(rules) }
