// Package people keeps who can sign in, and what belongs to it: passwords,
// roles, browser sessions, and remembered consents.
//
//	people.go        the room: what it needs, its errors, how it reports
//	directory.go     looking people up
//	apply.go         bringing the room up to date with a configuration
//	password.go      argon2id
//	queue.go         how many hashes run at once, and who waits for how long
//	authenticate.go  one attempt to sign in, from e-mail and password to a Person
//	throttle.go      how many attempts there may be, and why nobody is locked out
//	session.go       browser sessions
//	consent.go       remembered consents
//	choose.go        what may be chosen as a password
//	account.go       what a person can see of all this, and take back
//	rules.go         what has to hold, and why
//
// The package knows nothing about HTTP or OAuth. It stores no secret in clear:
// passwords are argon2id hashes, session cookies and throttled names SHA-256.
package people
