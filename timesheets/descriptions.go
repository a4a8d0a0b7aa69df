package timesheets

import "net/http"

// description is what the API's reference says about an operation, beyond what
// its types say.
type description struct {
	tag, text string
	body      string // about the request's body
	answer    string // what success means
	refused   map[int]string
	request   map[string]any // nil where there is no body
	response  any
	mistake   map[string]any // one line of errors, where the operation can answer 422
}

const (
	tagEntries   = "Entries"
	tagApprovals = "Approvals"
	tagBatch     = "Batch"
	tagCaller    = "Caller"
)

const (
	notYours   = "There is no such entry, or it belongs to somebody else: the answer does not tell which."
	isDecided  = "The entry has been approved or rejected already, and stays as it is."
	badField   = "A field is unknown or breaks a rule; errors has one line for each, with its place. The sent value is never repeated."
	badQuery   = "A parameter breaks a rule; errors names it."
	badCursor  = "The cursor was not given by this list with these filters."
	badTag     = "If-Match is no list of ETags."
	staleTag   = "The entry has changed since. Read it again, and send its new ETag."
	missingTag = "If-Match is missing. Send the ETag of the entry that you have read."
)

var (
	exampleEntry = map[string]any{
		"id": "ts_kq3v5rj2m7xw4tgb", "user_id": "usr_ada", "project": "Analytical Engine", "date": "2026-03-17", "hours": 7.5,
		"notes": "Checked the cards against the table", "status": pending, "approved": false, "decided_by": nil, "decided_at": nil,
		"comment": nil, "created_at": "2026-03-17T18:00:00Z", "updated_at": "2026-03-17T18:00:00Z",
	}
	exampleDecided = map[string]any{
		"id": "ts_kq3v5rj2m7xw4tgb", "user_id": "usr_ada", "project": "Analytical Engine", "date": "2026-03-17", "hours": 7.5,
		"notes": "Checked the cards against the table", "status": rejected, "approved": false, "decided_by": "usr_grace", "decided_at": "2026-03-18T09:15:00Z",
		"comment": "Half of this is Translation. Please enter it there.", "created_at": "2026-03-17T18:00:00Z", "updated_at": "2026-03-18T09:15:00Z",
	}
	exampleNew = map[string]any{
		"project": "Analytical Engine", "date": "2026-03-17", "hours": 7.5, "notes": "Checked the cards against the table",
	}
	wrongHours  = map[string]any{"pointer": "/hours", "detail": "expected number <= 24"}
	wrongLimit  = map[string]any{"parameter": "limit", "detail": "expected number <= 200"}
	examplePage = map[string]any{"items": []any{exampleEntry}, "next_cursor": "bmV4dCBwYWdlIG9mIHRoaXMgbGlzdA"}
)

const csvExample = "id,user_id,project,date,hours,notes,status,decided_by,decided_at,comment,created_at,updated_at\r\n" +
	"ts_kq3v5rj2m7xw4tgb,usr_ada,Analytical Engine,2026-03-17,7.5,Checked the cards against the table,pending,,,,2026-03-17T18:00:00Z,2026-03-17T18:00:00Z\r\n"

// descriptions by operation id.
var descriptions = map[string]description{
	"list-timesheets": {
		tag: tagEntries, text: "Your own entries, the latest day first. Filters combine. A page that is not the last has a next_cursor, and the same as a Link header. " +
			"With Accept: text/csv the page comes as a spreadsheet.",
		answer:   "A page of your entries",
		refused:  map[int]string{http.StatusBadRequest: badCursor, http.StatusUnprocessableEntity: badQuery},
		response: examplePage,
		mistake:  wrongLimit,
	},
	"create-timesheet": {
		tag: tagEntries, text: "Adds an entry of yours, which then waits for your manager. A day of yours cannot pass 24 hours; rejected entries do not count. " +
			"With an Idempotency-Key the request can be sent again without a second entry.",
		body: "What you worked on", answer: "The entry was added",
		refused: map[int]string{http.StatusUnprocessableEntity: badField + " Also: the day would pass 24 hours, or the Idempotency-Key was used for another request."},
		request: exampleNew, response: exampleEntry,
		mistake: wrongHours,
	},
	"get-timesheet": {
		tag: tagEntries, text: "One entry of yours, with the ETag that a change of it needs.",
		answer: "The entry as it is now", refused: map[int]string{http.StatusNotFound: notYours}, response: exampleEntry,
	},
	"replace-timesheet": {
		tag: tagEntries, text: "Replaces all that you said about a pending entry; notes that are left out are emptied. " +
			"If-Match is required, so that a change made meanwhile on another device is not lost.",
		body: "The entry as it shall be", answer: "The entry was changed, and has a new ETag",
		refused: map[int]string{
			http.StatusNotFound: notYours, http.StatusConflict: isDecided, http.StatusPreconditionFailed: staleTag, http.StatusPreconditionRequired: missingTag,
			http.StatusUnprocessableEntity: badField + " Also: the day would pass 24 hours. " + badTag,
		},
		request: exampleNew, response: exampleEntry,
		mistake: wrongHours,
	},
	"delete-timesheet": {
		tag: tagEntries, text: "Deletes a pending entry of yours. This cannot be undone. With If-Match it is deleted only as you have read it.",
		answer: "The entry is gone",
		refused: map[int]string{
			http.StatusNotFound: notYours, http.StatusConflict: isDecided, http.StatusPreconditionFailed: staleTag, http.StatusUnprocessableEntity: badTag,
		},
		mistake: map[string]any{"parameter": "If-Match", "detail": "has to be an ETag in double quotes, a list of them, or *"},
	},
	"list-approvals": {
		tag: tagApprovals, text: "The pending entries of the people who report to you directly, the latest day first. Your own are never among them.",
		answer:   "A page of what waits for your decision",
		refused:  map[int]string{http.StatusBadRequest: badCursor, http.StatusUnprocessableEntity: badQuery},
		response: examplePage,
		mistake:  wrongLimit,
	},
	"decide-approval": {
		tag: tagApprovals, text: "Approves or rejects an entry of somebody who reports to you directly. The first decision stands: nobody can change it. " +
			"Without a body it approves.",
		body: "The decision; left out, it approves", answer: "The entry with your decision",
		refused: map[int]string{
			http.StatusForbidden:           "The token lacks the scope, which WWW-Authenticate names; or the entry is your own, which nobody can decide about.",
			http.StatusNotFound:            "There is no such entry, or it belongs to somebody who does not report to you.",
			http.StatusConflict:            "The entry has been decided already.",
			http.StatusUnprocessableEntity: badField,
		},
		request: map[string]any{"decision": "reject", "comment": "Half of this is Translation. Please enter it there."}, response: exampleDecided,
		mistake: map[string]any{"pointer": "/decision", "detail": "expected value to be one of \"approve, reject\""},
	},
	"upload-timesheets": {
		tag: tagBatch, text: "Adds up to 1,000 entries of any people, for a machine client (client_credentials) alone. All of them are stored or none: " +
			"if any is bad, errors has one line for each mistake in each row, with its place. Nobody's day can pass 24 hours, by what is stored and the rows before.",
		body: "The entries, each with the person it belongs to", answer: "All entries were added",
		refused: map[int]string{
			http.StatusForbidden:           "The token lacks the scope, which WWW-Authenticate names, or belongs to a person.",
			http.StatusUnprocessableEntity: "At least one row is bad, and nothing was stored. Or the Idempotency-Key was used for another request.",
		},
		request: map[string]any{"entries": []any{
			map[string]any{"user_id": "usr_ada", "project": "Analytical Engine", "date": "2026-03-17", "hours": 7.5, "notes": "Checked the cards against the table"},
			map[string]any{"user_id": "usr_alan", "project": "Bombe", "date": "2026-03-17", "hours": 3.75},
		}},
		response: map[string]any{"count": 1, "items": []any{exampleEntry}},
		mistake:  map[string]any{"pointer": "/entries/17/hours", "detail": "expected number <= 24"},
	},
	"get-me": {
		tag: tagCaller, text: "What this API knows about the caller, which is what the access token says. Any valid token will do.",
		answer: "Who you are here",
		response: map[string]any{
			"subject": "usr_ada", "person": true, "email": "ada@example.com", "client_id": "timesheets-mobile",
			"scopes": []any{"openid", "read:timesheets"}, "expires_at": "2026-03-17T18:15:00Z",
		},
	},
}
