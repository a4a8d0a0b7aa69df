package timesheets

// Rules are the rules of the Timesheets API, in the order in which a request
// meets them.
func Rules() []Rule { return Book(rules) }

var rules = struct {
	OneHeader, TokenSent, TokenValid Rule // bearer.go
	NotBound, Bound, KeyOfToken      Rule // dpop.go
	Scope, ClientAlone, Person       Rule // bearer.go
	RecentSignIn                     Rule // stepup.go
	JSONBody, Schema                 Rule // body.go, problem.go
	CursorGenuine                    Rule // list.go
	EntryExists, OwnEntry            Rule // entries.go
	VersionNamed, VersionCurrent     Rule // ifmatch.go
	DayFits, Pending                 Rule // entries.go
	OthersEntry, ReportsToCaller     Rule // approvals.go
	KeyOfRequest                     Rule // once.go
	BatchPeopleKnown, BatchRowsValid Rule // upload.go
}{
	OneHeader: Rule{
		ID: "api-one-authorization-header", Clause: "RFC 6750 3.1",
		Must: "The request has at most one Authorization header.",
		Why:  "With two headers, two programs that read the same request could each use a different token.",
	},
	TokenSent: Rule{
		ID: "access-token-sent", Clause: "RFC 6750 2.1",
		Must: "The Authorization header carries an access token, with a scheme that this API accepts.",
		Why:  "URLs end up in logs and browser histories, where others can read a token. So the API looks for it in this header alone.",
	},
	TokenValid: Rule{
		ID: "access-token-valid", Clause: "RFC 6750 3.1",
		Must: "The access token is valid at this API.",
		Why:  "The token is all that the API knows about the caller. A forged, expired or revoked token would open everything.",
	},
	NotBound: Rule{
		ID: "bearer-token-unbound", Clause: "RFC 9449 7.2",
		Must: "A token that is sent as Bearer is not bound to a key.",
		Why:  "A thief who has a bound token does not have its key, and would send the token as Bearer, without a proof.",
	},
	Bound: Rule{
		ID: "dpop-token-bound", Clause: "RFC 9449 7.1",
		Must: "A token that is sent as DPoP is bound to a key.",
		Why:  "If the token names no key, a proof by any key would do, and would prove nothing.",
	},
	KeyOfToken: Rule{
		ID: "dpop-proof-by-token-key", Clause: "RFC 9449 4.3",
		Must: "The DPoP proof is signed with the key that the access token is bound to.",
		Why:  "A thief can make a proof as well, but not with this key.",
	},
	Scope: Rule{
		ID: "operation-scope", Clause: "RFC 6750 3.1",
		Must: "The access token has the scope that the operation needs.",
		Why:  "The person allowed the app only some things. Without this check, any token would allow everything.",
	},
	ClientAlone: Rule{
		ID: "operation-for-clients", Clause: "RFC 6749 4.4",
		Must: "An operation for machine clients is called with a token that belongs to a client alone.",
		Why:  "An import writes hours for many people. A person's token must not write hours in the names of others.",
	},
	Person: Rule{
		ID:   "operation-for-people",
		Must: "An operation for people is called with a token that belongs to a person.",
		Why:  "Hours belong to a person. A client by itself has no hours, and must not act as if it were someone.",
	},
	RecentSignIn: Rule{
		ID: "sign-in-recent", Clause: "RFC 9470 3",
		Must: "The person signed in recently enough for this operation.",
		Why:  "A decision cannot be undone. Anyone who finds an open browser could make one; a recent sign-in shows that the person is there.",
	},
	JSONBody: Rule{
		ID: "request-body-json", Clause: "RFC 9110 15.5",
		Must: "A body has the type application/json, is at most 1 MiB long, and arrives in time.",
		Why:  "A page of another site can send forms and plain text without asking. A body without a limit would fill the memory.",
	},
	Schema: Rule{
		ID:   "request-schema",
		Must: "The request matches the schema of its operation.",
		Why:  "A field that is misread or ignored can mean something that the sender did not intend. The API refuses what it does not understand.",
	},
	CursorGenuine: Rule{
		ID:   "cursor-genuine",
		Must: "The cursor was issued by this API, for this caller and this list.",
		Why:  "A cursor that is made up, or taken from another list, would show the wrong page of hours without a warning.",
	},
	EntryExists: Rule{
		ID:   "entry-exists",
		Must: "There is an entry with this ID.",
		Why:  "The answer is the same as for another person's entry. Otherwise anyone could try IDs to learn which ones exist.",
	},
	OwnEntry: Rule{
		ID:   "entry-own",
		Must: "The entry belongs to the caller.",
		Why:  "A valid token is not enough: with another ID in the URL, anyone could read and change the hours of others.",
	},
	VersionNamed: Rule{
		ID: "if-match-sent", Clause: "RFC 6585 3",
		Must: "A change names the version of the entry that it changes, in If-Match.",
		Why:  "Otherwise the later of two changes would silently undo the earlier one.",
	},
	VersionCurrent: Rule{
		ID: "if-match-current", Clause: "RFC 9110 13.1.1",
		Must: "The version in If-Match is the current one.",
		Why:  "The entry has changed since it was read. This request would undo a change that its sender has never seen.",
	},
	DayFits: Rule{
		ID:   "day-24-hours",
		Must: "A person's entries for one day add up to at most 24 hours.",
		Why:  "Nobody works more than that in a day. Two requests at the same moment must not get past the limit either.",
	},
	Pending: Rule{
		ID:   "entry-pending",
		Must: "The entry is still pending.",
		Why:  "Otherwise the hours could be changed after the manager has approved them, or be decided twice.",
	},
	OthersEntry: Rule{
		ID:   "approval-not-own",
		Must: "The entry that is approved or rejected belongs to someone else.",
		Why:  "Nobody may approve their own hours, even if the directory says that they report to themselves.",
	},
	ReportsToCaller: Rule{
		ID:   "approval-reporting-line",
		Must: "The person whose entry it is reports to the caller.",
		Why:  "The scope says only that the app may approve. Without this check, any manager could decide about everyone's hours.",
	},
	KeyOfRequest: Rule{
		ID:   "idempotency-key-one-request",
		Must: "An Idempotency-Key is new, or was used for the same request.",
		Why:  "A request that is sent again must not add the hours twice, and another request must not get the answer to the first.",
	},
	BatchPeopleKnown: Rule{
		ID:   "batch-people-known",
		Must: "Every person of the import is known.",
		Why:  "Hours of a person who does not exist would never be seen or approved by anyone.",
	},
	BatchRowsValid: Rule{
		ID:   "batch-rows-valid",
		Must: "Every row of the import is valid.",
		Why:  "After half an import, nobody knows which hours are missing. So one bad row means that nothing is stored.",
	},
}
