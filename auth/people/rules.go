package people

import "github.com/exampleco/punchcard/auth/ledger"

// rules lists what must hold when a person signs in or is signed in.
var rules = struct {
	HashingPlace, Attempts, Password ledger.Rule
	SessionKnown, SessionFresh       ledger.Rule
}{
	HashingPlace: ledger.Rule{
		ID: "password-hashing-place", Must: "A place to hash a password becomes free in time.", Clause: "RFC 9110 15.6.4",
		Why: "Each hash takes memory. A flood of sign-ins could take all of it.",
	},
	Attempts: ledger.Rule{
		ID: "sign-in-attempts", Must: "There were few failed sign-ins for this account and from this source.", Clause: "OWASP ASVS 6.3.1",
		Why: "An attacker who may try without end finds a weak password.",
	},
	Password: ledger.Rule{
		ID: "password-matches", Must: "The password is that of an active person with this e-mail address.", Clause: "OIDC Core 3.1.2.3",
		Why: "Anybody could sign in as anybody else. This is the only place where the password is typed; the app never sees it.",
	},
	SessionKnown: ledger.Rule{
		ID: "browser-session-known", Must: "The cookie belongs to a browser session that was started and has not ended.", Clause: "OWASP ASVS 7.4.1",
		Why: "Somebody who has copied a cookie could use it after its owner has signed out.",
	},
	SessionFresh: ledger.Rule{
		ID: "browser-session-fresh", Must: "The browser session was used in the last 12 hours and began in the last 7 days.", Clause: "OWASP ASVS 7.3.1, 7.3.2",
		Why: "Whoever finds a forgotten browser could go on as the person who left it.",
	},
}

// Rules lists the rules of this room.
func Rules() []ledger.Rule { return ledger.Rules(rules) }
