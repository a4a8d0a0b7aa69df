// Package register is how a client becomes known that nobody has declared: it
// registers itself (RFC 7591), and reads, changes and removes its own
// registration later (RFC 7592). Nobody has checked such a client, so all that
// it says of itself is held against the rules that declared clients have to
// meet, and against some more: what it may be called, how many of them there
// may be, how long one lasts that is not used.
//
// Reading order:
//
//	registrar.go  what the room needs; how long a registration lasts
//	register.go   RFC 7591: who may register, and what comes back
//	metadata.go   what a client may say of itself; keys.go, its keys
//	name.go       how it may be called
//	manage.go     RFC 7592: a client and its own registration
//	limits.go     how many, how fast
//	rules.go      what must hold, and why
package register
