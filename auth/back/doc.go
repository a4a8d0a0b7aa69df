// Package back is the back channel of the authorization server: what clients
// and resource servers ask of it themselves, without a browser. A client proves
// who it is, and perhaps that it has a key; it exchanges a code, a device code or
// a refresh token for tokens, and later revokes them or asks about them.
//
//	client                           back                          store
//	  │ POST /oauth/token              │                              │
//	  ├───────────────────────────────►│ who is it: client_authentication.go
//	  │ code, verifier, redirect_uri   │ with which key: dpop.go      │
//	  │                                │ what is asked: token_request.go
//	  │                                ├─────────────────────────────►│ the grant that it was issued for
//	  │                                │ does all of it match: exchange.go, pkce.go
//	  │                                │ mint.go                      │
//	  │                                ├─────────────────────────────►│ code used, tokens kept: one commit
//	  │◄───────────────────────────────┤ access, refresh and ID token │
//
// It knows nothing of pages, cookies or flows. What a person has allowed comes
// to it as a Grant; what else it needs of the rooms around it is Others.
//
// # Reading order
//
//	channel.go                what it is made of, and what it asks of others
//	client_authentication.go  how a client proves itself; client_assertion.go the
//	                          same by a signature, private_key_jwt
//	token_request.go          a token request, read once; token.go has the grants
//	grant.go                  what a person allowed; it becomes a code here
//	exchange.go               what a code is bound to; pkce.go, no downgrade
//	grace.go                  a refresh that is sent again
//	device_grant.go           the polls of a device
//	dpop.go                   tokens that are bound to a client's key
//	mint.go                   makes all tokens; session.go is what is kept with a grant
//	lifetimes.go              how long they last, which can be changed
//	verify.go                 what a resource server may ask; signatures.go remembers good ones
//	revoke.go                 introspect.go  userinfo.go
//	fosite.go                 how fosite is put together; storage.go is its storage
//	rules.go                  what must hold, and why
package back
