// Package agent is a small browser for tests, with the apps of the built-in
// seed that use it. It knows the server only by its URL, whichever process
// that is in.
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
