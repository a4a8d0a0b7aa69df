// Package agent is a small browser, and the apps of the built-in seed that work
// with it: what a test talks to a server by. It knows the server by its URL
// alone, whichever process that is in.
//
//	browser.go  cookies, requests, redirects
//	form.go     the form of a page, filled in as it was drawn
//	app.go      an app, from the authorization request to the code
//	token.go    codes and refresh tokens, and what they are good for
//	device.go   an app without a keyboard (RFC 8628)
//	dpop.go     an app with a key of its own (RFC 9449)
//	pages.go    the account page, and the faults of the inspector
//	traces.go   what is left in a server that was used, and must go with a reset
//	log.go      what a program prints
package agent
