package issuer

import "github.com/exampleco/punchcard/timesheets"

// Rules are the rules of the two verifiers, in the order in which a token meets
// them.
func Rules() []timesheets.Rule { return timesheets.Book(rules) }

var rules = struct {
	MetadataIssuer, MetadataProtected       timesheets.Rule // discovery.go
	Form, Type, Algorithm, Known, Signature timesheets.Rule // jwks.go
	Active                                  timesheets.Rule // introspection.go
	Issuer, Audience, Expiry, Begun, Owner  timesheets.Rule // claims.go
}{
	MetadataIssuer: timesheets.Rule{
		ID: "issuer-metadata-exact", Clause: "RFC 8414 3.3",
		Must: "The issuer in the metadata is exactly the one that was asked.",
		Why:  "Otherwise one server could pass for another, and give its own keys for those of the other.",
	},
	MetadataProtected: timesheets.Rule{
		ID: "issuer-metadata-protected", Clause: "RFC 8414 2",
		Must: "The metadata does not lead from a protected connection to an unprotected one.",
		Why:  "Anyone on the way could replace the keys, or read the tokens that are shown to the issuer.",
	},
	Form: timesheets.Rule{
		ID: "at-jwt-form", Clause: "RFC 9068 4",
		Must: "The access token is a signed JWT in strict compact form.",
		Why:  "Anyone can write a token; only a signature shows who made it. And no token may have a second spelling.",
	},
	Type: timesheets.Rule{
		ID: "at-jwt-typ", Clause: "RFC 9068 4",
		Must: "The typ of the token says that it is an access token.",
		Why:  "An ID token has the same issuer and the same signature. Without this check, it would open the API.",
	},
	Algorithm: timesheets.Rule{
		ID: "at-jwt-alg", Clause: "RFC 8725 3.1",
		Must: "The signature algorithm is on the API's own list, which has only algorithms with public keys.",
		Why:  "If the token could choose, an attacker would choose none, or use the published key as a shared secret.",
	},
	Known: timesheets.Rule{
		ID: "at-jwt-kid", Clause: "RFC 7517 4.5",
		Must: "The token names a key that its issuer publishes.",
		Why:  "An attacker has keys too. Only a key that the issuer publishes shows that the issuer made the token.",
	},
	Signature: timesheets.Rule{
		ID: "at-jwt-signature", Clause: "RFC 9068 4",
		Must: "The signature was made with the key that the token names.",
		Why:  "Any change makes the signature wrong. Without this check, anyone could write another name into a token.",
	},
	Active: timesheets.Rule{
		ID: "introspection-active", Clause: "RFC 7662 2.2",
		Must: "The issuer says that the token is active.",
		Why:  "Only the issuer knows that a token was revoked. Whatever else it says, a token that is not active opens nothing.",
	},
	Issuer: timesheets.Rule{
		ID: "api-token-iss", Clause: "RFC 9068 4",
		Must: "The token was issued by exactly the issuer that this API trusts.",
		Why:  "Otherwise any server could issue tokens for the people of this API.",
	},
	Audience: timesheets.Rule{
		ID: "api-token-aud", Clause: "RFC 9068 4",
		Must: "The token is meant for this API.",
		Why:  "Otherwise another API that receives a person's token could use it here.",
	},
	Expiry: timesheets.Rule{
		ID: "api-token-exp", Clause: "RFC 9068 4",
		Must: "The token has an expiry, and has not expired.",
		Why:  "A stolen token must stop working soon. Without an expiry, it would work for ever.",
	},
	Begun: timesheets.Rule{
		ID: "api-token-begun", Clause: "RFC 7519 4.1.5",
		Must: "The token's iat and nbf are not in the future, but for one minute between two clocks.",
		Why:  "A token from the future was made by a wrong clock, or to be used at a later time than its issuer allows.",
	},
	Owner: timesheets.Rule{
		ID: "api-token-owner", Clause: "RFC 9068 2.2",
		Must: "The token says whose it is (sub) and which client has it (client_id).",
		Why:  "Otherwise the API could not tell whose hours to show, or a person from a client.",
	},
}
