// Package inspector is the page at /inspector: every flow as it happens, drawn
// step by step, and buttons that try to break it.
//
// # How to read it
//
//	inspector.go  what it needs, its routes, who may look
//	draw.go       a recorded run becomes the values of page.Run
//	steps.go      which arrows an exchange is, and what they are called
//	detail.go     the raw exchange, the ledger, the rows
//	raw.go        wire text with the values that travel marked in it
//	token.go      what a token says, how long it lasts and what it opens
//	family.go     a grant as a tree: code, access and refresh tokens
//	words.go      why each check matters, what each claim means
//	events.go     the stream that keeps an open page up to date
//	har.go        a run as an HTTP archive
//	breaking.go   the attacks: a prediction, the real thing, the verdict
//	workshop.go   faults, lifetimes, expiry, reset
//
// What is drawn is in page, the recorder in record, the attacks in attack, the
// faults in fault. None of them is known to the rooms that are watched; what
// must be changed there comes from the composition as [Controls].
package inspector
