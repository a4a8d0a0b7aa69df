package attack

// list is every attack with what its clause demands; the story of each stands
// in its own file. The answers to choose from begin with the attack getting
// through.
func list() []Attack {
	employee := func(scopes string) Need { return Need{Employee: true, Scopes: scopes} }
	atToken := []string{"200, it works", "400 invalid_request", "400 invalid_grant", "401 invalid_client"}
	withToken := []string{"200, it works", "400 invalid_request", "401 invalid_token", "403 insufficient_scope"}
	return []Attack{
		{
			ID: "code-twice", Title: "Use a code twice", run: codeTwice,
			Choices: atToken, Answer: "400 invalid_grant", Clause: "RFC 6749 4.1.2", Rule: "authorization-code-used-once",
			Lesson: "A code is used once. The second use shows that two people hold it, so whatever came of the first is revoked too.",
			Needs:  employee("offline_access read:timesheets"),
		},
		{
			ID: "wrong-verifier", Title: "A stolen code and a made-up verifier", run: wrongVerifier,
			Choices: atToken, Answer: "400 invalid_grant", Clause: "RFC 7636 4.6", Rule: "code-verifier",
			Lesson: "The code travels through the browser and can be caught there. The verifier never does, and only its hash was sent: without it the code is worth nothing.",
			Needs:  employee("read:timesheets"),
		},
		{
			ID: "no-verifier", Title: "A stolen code and no verifier at all", run: noVerifier,
			Choices: atToken, Answer: "400 invalid_grant", Clause: "RFC 9700 2.1.1", Rule: "code-verifier",
			Lesson: "A check that can be left out by the one who is checked is no check. Who began with a challenge has to end with its verifier.",
			Needs:  employee("read:timesheets"),
		},
		{
			ID: "swapped-redirect", Title: "Send the code somewhere else", run: swappedRedirect,
			Choices: []string{"303, it works", "303 invalid_request", "400 Bad Request, no redirect", "401 invalid_client"},
			Answer:  "400 Bad Request, no redirect", Clause: "RFC 6749 4.1.2.1", Rule: "redirect-uri-exact",
			Lesson: "Redirect URIs are compared character by character with those that the client has registered. An unknown address gets nothing, not even an error: the person is told instead.",
			Needs:  employee("read:timesheets"),
		},
		{
			ID: "other-clients-code", Title: "Redeem another client’s code", run: otherClientsCode,
			Choices: atToken, Answer: "400 invalid_grant", Clause: "RFC 6749 4.1.3", Rule: "code-of-this-client",
			Lesson: "The rival proved who it is, so it is no invalid_client. But a code belongs to the client for which the person gave consent.",
			Needs:  Need{Employee: true, Rival: true, Scopes: "read:timesheets"},
		},
		{
			ID: "old-refresh", Title: "Use an old refresh token", run: oldRefresh,
			Choices: atToken, Answer: "400 invalid_grant", Clause: "RFC 9700 4.14.2", Rule: "refresh-token-used-once",
			Lesson: "Refresh tokens rotate. An old one that comes back means that it was copied, and as nobody can tell thief from owner, the whole family ends.",
			Needs:  employee("offline_access read:timesheets"),
		},
		{
			ID: "edited-jwt", Title: "Write a scope into the token", run: editedJWT,
			Choices: withToken, Answer: "401 invalid_token", Clause: "RFC 9068 4", Rule: "access-token-signed",
			Lesson: "Anybody can read a JWT and anybody can write one. Only the signature makes it a token, and it fits one text.",
			Needs:  employee("read:timesheets"),
		},
		{
			ID: "alg-none", Title: "A token that needs no signature", run: algNone,
			Choices: withToken, Answer: "401 invalid_token", Clause: "RFC 9068 4", Rule: "access-token-signed",
			Lesson: "The header of a token is a claim like any other. The server knows which algorithm its keys are for, and none is not among them.",
			Needs:  employee("read:timesheets"),
		},
		{
			ID: "id-token-as-access", Title: "An ID token as access token", run: idTokenAsAccess,
			Choices: withToken, Answer: "401 invalid_token", Clause: "RFC 9068 4", Rule: "access-token-signed",
			Lesson: "An ID token tells an app who signed in, an access token opens an API. Both have good signatures; typ and aud tell them apart.",
			Needs:  employee("openid read:timesheets"),
		},
		{
			ID: "missing-scope", Title: "Delete with a token that may only read", run: missingScope,
			Choices: []string{"204, it works", "401 invalid_token", "403 insufficient_scope", "404 Not Found"},
			Answer:  "403 insufficient_scope", Clause: "RFC 6750 3.1", Rule: "operation-scope",
			Lesson: "The token is good, so it is not 401. What counts is what the person allowed this app, not what the person may do.",
			Needs:  employee("read:timesheets create:timesheets delete:timesheets"),
		},
		{
			ID: "other-persons-entry", Title: "Read another person’s entry", run: otherPersonsEntry,
			Choices: []string{"200, it works", "401 invalid_token", "403 Forbidden", "404 Not Found"},
			Answer:  "404 Not Found", Clause: "RFC 9110 15.5.5", Rule: "entry-own",
			Lesson: "A scope never says whose. The API looks at the owner of each entry, and answers as if there were none, because that it exists is a secret as well.",
			Needs:  Need{Employee: true, Colleague: true, Scopes: "read:timesheets create:timesheets delete:timesheets"},
		},
		{
			ID: "approve-own", Title: "Approve your own hours", run: approveOwn,
			Choices: []string{"200, it works", "403 Forbidden", "403 insufficient_scope", "404 Not Found"},
			Answer:  "403 Forbidden", Clause: "RFC 9110 15.5.4", Rule: "approval-not-own",
			Lesson: "The scope lets an app approve; the role lets the person. That nobody decides about their own hours is a rule of the business, and the API is where it lives.",
			Needs:  Need{Manager: true, Scopes: "create:timesheets delete:timesheets approve:timesheets"},
		},
		{
			ID: "forged-consent", Title: "Press Allow from another site", run: forgedConsent,
			Choices: []string{"303, it works", "400 Bad Request", "401 Unauthorized", "403 Forbidden"},
			Answer:  "403 Forbidden", Clause: "RFC 6749 10.12", Rule: "form-from-own-page",
			Lesson: "Cookies say whose browser it is, not who pressed the button. Browsers add Origin and Sec-Fetch-Site by themselves, and no page can forge them.",
			Needs:  employee("read:timesheets"),
		},
		{
			ID: "stolen-state", Title: "Take a sign-in to another browser", run: stolenState,
			Choices: []string{"200, it works", "303, it works", "403 Forbidden", "404 Not Found"},
			Answer:  "403 Forbidden", Clause: "RFC 6749 10.12", Rule: "flow-of-this-browser",
			Lesson: "State ties the answer to the browser that asked. The server ties the pending request to it in the same way, so that nobody can finish what somebody else has begun.",
			Needs:  employee("read:timesheets"),
		},
	}
}
