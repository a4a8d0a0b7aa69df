// Package client is the seed's native app, in the terminal: an OAuth 2 client
// for people, as RFC 8252 describes it, and a typed client of the Timesheets
// API. It knows the two servers by their addresses alone, asks each what it is
// (discovery), and works with any Punchcard.
//
//	person         browser              punchcard login        auth        timesheets
//	  │               │                       │ discovery       │               │
//	  │               │                       │────────────────►│               │
//	  │               │                       │ port, state,    │               │
//	  │               │ opens the address     │ nonce, verifier │               │
//	  │               │◄──────────────────────│                 │               │
//	  │ signs in, allows                      │                 │               │
//	  │──────────────►│ ───────────────────────────────────────►│               │
//	  │               │ code, state, iss      │                 │               │
//	  │               │──────────────────────►│ checks them     │               │
//	  │               │                       │ code + verifier │               │
//	  │               │                       │────────────────►│               │
//	  │               │ "Signed in"           │◄────────────────│               │
//	  │               │◄──────────────────────│ checks the ID token, stores     │
//	  │               │                       │                 │               │
//	  │           punchcard list              │ bearer          │               │
//	  │──────────────────────────────────────►│────────────────────────────────►│
//	  │                                       │ refresh, rotated, under a lock  │
//	  │                                       │────────────────►│               │
//
// # Reading order
//
//	commands.go   what there is to type; app.go is what each command stands on
//	login.go      the sign-in, step by step
//	discover.go   whom we talk to
//	signin.go     the request, the answer, the exchange
//	loopback.go   where the browser brings the answer; browser.go page.go
//	device.go     the other way in, without a browser: RFC 8628; qr.go
//	tokens.go     idtoken.go: what comes back, and whether to believe it
//	session.go    what is kept, and vault.go where
//	app.go        renew: the next tokens, once for all who want them
//	api.go        a call; problem.go challenge.go: how the API says no
//	entries.go    list, add, delete, approve; whoami.go token.go decode.go
//	logout.go     the end
//	wire.go       how every request leaves; errors.go what people read
//	show.go       tables and JSON; plain.go values.go
//
// # RFC 8252, rule by rule
//
//	4, 8.12  the person's own browser, never a window of ours   browser.go
//	6, 8.1   PKCE, always, with S256                            signin.go
//	7.3      a loopback address; IPv4, or IPv6; any port        loopback.go
//	8.2      the code flow, not the implicit one                signin.go
//	8.3      listening only while a sign-in is under way,
//	         on this machine alone                              loopback.go
//	8.4      registered as native, with its redirect URIs       the server's
//	8.5      no client secret                                   tokens.go
//	8.6      consent every time, for any program can say
//	         that it is this one                                the server's
//	8.9      state, checked before all else                     signin.go
//	8.10     iss tells which server answers (RFC 9207)          signin.go
//
// # What is promised
//
// A refresh token is used once, however many commands run at the same time. A
// token goes to the endpoints that discovery named and to the API, over no
// redirect, and is in no error message. What is stored can be read by its
// person alone. Whatever a server says is printed without control characters.
// A command that fails says what to do, and ends with 1; 2 is a mistake in the
// command itself, and 4 is forbidden.
package client
