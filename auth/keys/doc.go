// Package keys holds the signing keys of the authorization server: one for
// ES256 and one for RS256, made on first run and kept in the database, so that
// tokens outlive a restart.
//
// Open loads or makes them (ring.go, stored.go). A Ring then signs (sign.go),
// verifies what it has signed (verify.go) and publishes the public halves as a
// JWK set (RFC 7517 5); Rotate changes the keys beside a running server
// (rotate.go). It says only who made a token and for what kind of
// use; what the claims are worth is for the caller to decide.
//
// The newest key that has not retired signs. A rotation adds a key and retires
// the other one, which then gets a date until when it is published; tokens signed before stay good as long as that one is published.
package keys
