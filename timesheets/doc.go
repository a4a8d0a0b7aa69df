// Package timesheets is the resource server: the Timesheets API under /api/.
//
// It issues nothing and signs nobody in. A request brings an access token; what
// that is worth comes from a [Verifier], whether its sender has the key that it
// is bound to from [Proofs], who reports to whom from a [Directory], and all are
// small interfaces of this room. So it runs beside the authorization server in
// one process, or alone against another issuer, without a line of it changing.
//
// # The way of a request
//
//	Handler      headers that every answer has; 404 and 405 as problems
//	  negotiate  JSON, or CSV where somebody prefers it
//	  authorize  one access token, in the header; valid; with a proof of the
//	             key that it is bound to, if it is; with the scope that the
//	             operation names; of a person, a machine or either; from a
//	             sign-in that is recent enough, where that is demanded
//	  readBody   JSON, at most 1 MiB
//	  huma       parameters and body against the operation's schema
//	  handler    whose entry is it, and may this caller do that
//	  store      the rules that must hold against a parallel request, inside
//	             the write transaction
//
// The API's description at /api/openapi.json alone needs no token: what a
// client has to bring is written there.
//
// Each operation is one line of the table in api.go and states its scope once,
// in its OpenAPI Security; authorize reads it from there, so that what is
// documented and what is enforced cannot differ.
//
// # Reading order
//
//	api.go        Config, New, the table of operations
//	bearer.go     RFC 6750: the token, the scope, the challenges
//	dpop.go       RFC 9449: a token that is bound to a key
//	stepup.go     RFC 9470: a sign-in that is recent enough
//	body.go       what a body must be before anybody looks at its fields
//	entries.go    create, read, replace, delete
//	ifmatch.go    If-Match: who changes an entry says which one they read
//	once.go       Idempotency-Key: a request that is sent again happens once
//	list.go       filters and pages; csv.go, the same for a spreadsheet
//	approvals.go  what waits for a manager, and the decision
//	upload.go     the entries of many people, all of them or none
//	me.go         what the API knows about the caller
//	openapi.go    the API's description; descriptions.go, its words
//	metadata.go   RFC 9728: who issues tokens for this API
//	problem.go    RFC 9457: the one form of every error
//	rules.go      every rule that a request can break; ledger.go, the reports
//	store.go      the SQL; cursor.go, page cursors that cannot be forged
//	seed.go       entries to begin with
//
// # The ledger
//
// Every check is reported as one log/slog record named "check" with the
// request's context: rule, verdict, expected, got, clause, must, why. The rules
// are those of rules.go. Writes are reported as "store" once they are committed.
// No record carries a token.
package timesheets
