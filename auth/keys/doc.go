// Package keys holds the signing keys of the authorization server: one for
// ES256 and one for RS256. They are made on the first run and kept in the
// database, so tokens stay valid after a restart.
//
// Open loads or makes the keys (ring.go, stored.go). A Ring then signs
// (sign.go), verifies its own signatures (verify.go) and publishes the public
// keys as a JWK set (RFC 7517 5). past.go recognises ID tokens whose key is no
// longer published. Rotate changes the keys beside a running server
// (rotate.go). The package only says who made a token and for which use; the
// caller checks the claims.
//
// The newest key that has not retired signs. A rotation adds a key and retires
// the old one, which is then published until a fixed date. Tokens that it
// signed are valid until then.
package keys
