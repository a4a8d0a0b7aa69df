package oauth

import "github.com/exampleco/punchcard/auth/ledger"

var rules = struct{ FormParameterOnce ledger.Rule }{
	FormParameterOnce: ledger.Rule{ID: "form-parameter-once", Clause: "RFC 6749 3.2",
		Must: "Each parameter of a client's form is sent once.",
		Why:  "If a parameter has two values, two programs can each believe a different one."},
}

// Rules are those of this room.
func Rules() []ledger.Rule { return ledger.Rules(rules) }
