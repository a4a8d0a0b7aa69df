// Package dpop checks DPoP proofs (RFC 9449): that whoever sends a request
// holds the private key to which its tokens are bound. A stolen token alone is
// then worth nothing.
//
//	client                                   server
//	  │  makes a key pair                      │
//	  │  signs {htm, htu, iat, jti}            │
//	  │──────── DPoP: <proof> ────────────────►│ one proof, well-formed
//	  │                                        │ typ, alg, public key, signature
//	  │                                        │ this method, this URL, just now
//	  │◄─────── DPoP-Nonce: <nonce> ───────────│ with its nonce, where demanded
//	  │  signs again, with nonce and, beside   │ made for this access token
//	  │  an access token, its hash ath         │ for the first time
//	  │──────── DPoP: <proof> ────────────────►│ the thumbprint of the key
//
// Both servers need it, and both get it from main: the authorization server
// binds tokens to the thumbprint, the API compares. So it knows neither of
// them, and nothing of tokens; what it needs is a file to remember proofs in, a
// clock, and the address under which clients know the server.
//
// checker.go has the checks of RFC 9449 4.3 in one list; proof.go reads the
// JWT, key.go its key, htu.go compares URLs, nonce.go makes nonces that nobody
// has to store, seen.go remembers what was used, and rules.go says why each rule
// is there.
package dpop
