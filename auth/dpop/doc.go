// Package dpop checks DPoP proofs (RFC 9449): they show that the sender of a
// request holds the private key to which its tokens are bound. A stolen token
// alone is then useless.
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
// Both servers use it: the authorization server binds tokens to the thumbprint
// of the key, and the API compares it. So the package imports neither of them
// and knows nothing about tokens. It needs a file to remember proofs in, a
// clock, and the address that clients use for the server.
//
// checker.go has the checks of RFC 9449 4.3 in one list. proof.go reads the
// JWT, key.go its key, htu.go compares URLs, nonce.go makes nonces that need
// no storage, seen.go remembers which proofs were used, and rules.go says why
// each rule is there.
package dpop
