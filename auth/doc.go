// Package auth is the authorization server: OAuth 2 and OpenID Connect on
// github.com/ory/fosite, on one SQLite file. It is the only room that knows
// fosite, whose defaults are not safe; every gap is closed beside the clause
// that demands it.
//
// # The code flow with PKCE (RFC 6749 4.1, RFC 7636)
//
//	person          app                 auth                          timesheets
//	  │  "sign in"   │                    │                               │
//	  │─────────────►│ verifier, S256     │                               │
//	  │◄─────────────│ 303 challenge      │                               │
//	  │─────────────────────────────────► authorize   parse, park a flow  │
//	  │◄───────────────────────────────── 303 /login                      │
//	  │─────────────────────────────────► login       password, session   │
//	  │◄───────────────────────────────── 303 /authorize?flow=…           │
//	  │─────────────────────────────────► authorize   next() says consent │
//	  │─────────────────────────────────► consent     a box for each scope│
//	  │◄───────────────────────────────── 303 /authorize?flow=…           │
//	  │─────────────────────────────────► authorize   next() says issue   │
//	  │◄───────────────────────────────── 303 code, state, iss            │
//	  │─────────────►│ checks state, iss  │                               │
//	  │              │──────────────────► token       code + verifier     │
//	  │              │◄────────────────── access, refresh, ID token       │
//	  │              │───────────────────────────────────────────────────►│ bearer
//	  │              │                    │ Verify ◄──────────────────────│
//	  │              │◄───────────────────────────────────────────────────│ entries
//	  │              │──────────────────► token       refresh, rotated    │
//
// A client may hand its request over itself beforehand (RFC 9126): then the
// browser carries a reference that nobody can edit, good once.
//
//	app                              auth
//	 │──────────────────────────────► push       parse, keep for 90 seconds
//	 │◄────────────────────────────── 201 request_uri
//	 │ 303 client_id, request_uri     │
//	 └──── browser ─────────────────► authorize  recall, use up, park a flow
//
// A device without a browser asks for a code and shows it (RFC 8628). Its owner
// types it in a browser of their own, and is shown who asks, from where, and
// the code once more, before there is anything to allow.
//
//	device                           auth                            person
//	 │──────────────────────────────► device     two codes, as hashes │
//	 │◄────────────────────────────── device_code, user_code          │
//	 │ shows the user_code ·········································· │ reads it
//	 │──────────────────────────────► token      authorization_pending│
//	 │                                │ device ◄──────────────────────│ types it
//	 │                                │ login ◄───────────────────────│
//	 │──────────────────────────────► token      sooner: slow_down    │
//	 │                                │ device ◄──────────────────────│ compares it
//	 │                                │ consent ◄─────────────────────│ ticks
//	 │                                │ authorize: settle, one commit │
//	 │──────────────────────────────► token      the code, used once  │
//	 │◄────────────────────────────── access, refresh, ID token       │
//
// An app that nobody has declared begins at the API (RFC 9728) and registers
// itself (RFC 7591); then it is a client like any other, and the consent page
// says that nobody has checked it.
//
//	app                              auth                          timesheets
//	 │─────────────────────────────────────────────────────────────►│ no token
//	 │◄─────────────────────────────────────────────────────────────│ 401 resource_metadata
//	 │─────────────────────────────────────────────────────────────►│ who issues its tokens
//	 │──────────────────────────────► metadata   where to register  │
//	 │──────────────────────────────► register   what it is         │
//	 │◄────────────────────────────── 201 client_id, and a token    │
//	 │                                │ to read, change and remove   │
//	 │                                │ that (RFC 7592)              │
//	 │ the code flow, resource=API    │                              │
//
// Login, comparison and consent all go back to /authorize. The pure function next, in
// flow.go, is the only place that decides what follows.
//
// # Reading order
//
//	routes.go     every path once, with its clause; metadata.go derives from it
//	flow.go       next: login, choice of account, compare, consent, issue or refuse
//	request.go    what an authorization request must look like; redirect.go
//	pkce.go       who may send a nonce instead of a challenge
//	pushed.go     the same request, handed over by the client itself beforehand
//	authorize.go  the dispatcher; code.go asks for the code, again.go gives an answer once more
//	response.go   how the answer goes back: in the query, in the fragment, as a form
//	login.go      select.go asks which account; consent.go
//	assurance.go  how surely it is them: acr and amr
//	device.go     how a device asks; device_requests.go keeps that, device_pages.go and
//	              device_settle.go are the person's side
//	key_binding.go  by which key a code will be redeemed (DPoP)
//	back_channel.go what the other channel needs of this room, and what it gives
//	limits.go     slows who guesses; expire.go  reset.go: what can be changed while
//	              it runs; viewer.go
//	logout.go     logout_confirm.go
//	account.go    what stands open in a person's name, and how they close it:
//	              account_apps.go, account_password.go; agent.go words a browser
//	rules.go      what must hold, and why: rules_request.go and
//	              rules_front.go have one topic each
//	errors.go     the only file that writes an error
//	server.go     how the rooms are put together
//
// # Sub-rooms
//
// back is the back channel, which needs no browser: how clients prove themselves,
// what they get tokens for, and what a token is worth afterwards; it alone knows
// how fosite is put together. oauth has the words that all handlers share: errors,
// parameters, scope lists, random values; audience decides which API a token is for, and what of the
// scopes it can carry; register is how a client becomes known by itself; store
// is fosite's storage contract on SQLite; people has the people, their
// passwords, roles, browser sessions and remembered consents; mailbox knows when
// two e-mail addresses are one; keys signs; dpop checks that a client has its
// key, for this server and for the API; assertion knows clients' keys and what
// they sign with them; seed reads the configuration document; jws reads what
// keys, assertion and dpop verify; limit slows guesses and floods; edge stands
// between the network and every room; admin has the commands beside a running
// server.
//
// # What is promised
//
// A code, a device code, a refresh token, a proof, a consent form is used once, by one compare-and-set,
// whoever else tries at that moment; a second use ends the family. A second click
// is the same decision by the same session: it leads on, and of the codes that
// came of it one can be used. An answer is
// given when what it says is on disk. What cannot be written is 503, never a
// success. A wrong verifier does not burn a code, or whoever saw the code could
// lock its owner out. Whose refresh response was lost signs in again, unless a
// grace was asked for: then a public client gets the same successor once more,
// for seconds, twice at most, and never a second one. What a person takes back on the account
// page is dead at the next call, and no refresh that was under way brings it
// back; whoever ends a session, or changes a password, ends what came of it in
// the same commit.
//
// catalogue holds all this, and some two hundred ways to go wrong, against a
// running server, case by case; crash kills it, fills its disk and locks its
// file; .ci/mutants turns off one defence at a time to see a test go red. The
// README has the counts and their date. Not proven: power loss, several
// servers on one file, TLS in front. Administration beside a server is: what
// another process has set back is noticed before the next request.
//
// # The ledger
//
// A branch that refuses something cites a rule: a value with an ID, a sentence,
// a clause and a reason. Every check is reported as one log/slog record named
// "check" with the request's context: the rule and its words, the verdict, what
// was expected and what came. Rooms report their writes as "store". No record
// carries a secret. Book lists every rule.
package auth
