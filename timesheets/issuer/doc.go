// Package issuer asks an authorization server in another process what an
// access token is worth, so that the Timesheets API can run by itself, against
// any issuer of RFC 9068 tokens. It knows that server's URL alone.
//
// There are two ways, and they see different things of a revocation:
//
//	JWKS           reads the token itself, by the issuer's public keys. Fast, and
//	               goes on for an hour while the issuer is down; a token that was
//	               revoked is accepted until it expires.
//	Introspection  asks the issuer at every call (RFC 7662). A revocation shows at
//	               the next call; while the issuer is down there is no answer, and
//	               the API says 503 within seven seconds.
//
// # Reading order
//
//	discovery.go      where the issuer keeps its keys (OIDC Discovery 4, RFC 8414 3)
//	jwks.go           the token read by a key of the issuer
//	keyset.go         the keys: which of them are used, and for how long
//	kept.go           metadata and keys: read beside the calls, never by each of them
//	introspection.go  the token shown to the issuer
//	claims.go         what both find, as the API wants to know it
//	rules.go          what must hold of all that, and why
//
// Nothing that a token says is followed to another address: jku, x5u, x5c and
// jwk of its header are not looked at (RFC 8725 3.10).
package issuer
