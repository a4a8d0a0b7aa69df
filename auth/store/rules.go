package store

import "github.com/exampleco/punchcard/auth/ledger"

// rules lists what must hold in the file before something is issued or used.
var rules = struct {
	CodeOnce, DeviceCodeOnce, RefreshOnce ledger.Rule
	RefreshAgain, AssertionOnce           ledger.Rule
	GrantStands, GrantComplete            ledger.Rule
	InitialToken                          ledger.Rule
}{
	CodeOnce: ledger.Rule{
		ID: "authorization-code-used-once", Must: "The authorization code is unused and its grant stands.", Clause: "RFC 6749 4.1.2",
		Why: "A second use shows that two parties hold the code. Nobody can tell which of them has stolen it, so everything that came of it ends.",
	},
	DeviceCodeOnce: ledger.Rule{
		ID: "device-code-used-once", Must: "The device code is unused and its grant stands.", Clause: "RFC 8628 3.5",
		Why: "A second use shows that two parties hold the device code, so everything that came of it ends.",
	},
	RefreshOnce: ledger.Rule{
		ID: "refresh-token-used-once", Must: "The refresh token is unused and its grant stands.", Clause: "RFC 9700 4.14.2",
		Why: "A second use shows that two parties hold the token. Nobody can tell which of them has stolen it, so the whole grant ends.",
	},
	RefreshAgain: ledger.Rule{
		ID: "refresh-token-repeat-within-grace", Must: "The used refresh token comes again with the same request, a moment later, and its successor is unused.", Clause: "RFC 9700 4.14.2",
		Why: "An app whose answer was lost may ask again. Beyond that, the holder of a used token is a thief.",
	},
	AssertionOnce: ledger.Rule{
		ID: "client-assertion-used-once", Must: "The client assertion has a jti that was not used before.", Clause: "OIDC Core 9",
		Why: "Somebody who has seen the assertion on its way could send it again and pass for the app.",
	},
	GrantStands: ledger.Rule{
		ID: "grant-stands", Must: "The grant is not revoked at the moment when a token is issued on it.", Clause: "RFC 9700 4.14.2",
		Why: "A token that is issued a moment after its grant was revoked would outlive it.",
	},
	GrantComplete: ledger.Rule{
		ID: "grant-scopes-not-withdrawn", Must: "No scope of the grant is taken back at the moment when a token is issued on it.", Clause: "RFC 9700 2.3",
		Why: "A refresh that has read the grant a moment before would bring back what the person has just taken away.",
	},
	InitialToken: ledger.Rule{
		ID: "initial-access-token-good", Must: "The initial access token is known, has a use left and has not expired.", Clause: "RFC 7591 3",
		Why: "Beyond this machine, only somebody who was given such a token may register an app. Otherwise strangers could fill the file.",
	},
}

// Rules lists the rules of this room.
func Rules() []ledger.Rule { return ledger.Rules(rules) }
