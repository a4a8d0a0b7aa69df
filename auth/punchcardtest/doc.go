// Package punchcardtest runs a Punchcard inside a Go test, as
// net/http/httptest runs a handler: on a free port, with its own file, and
// stopped when the test ends.
//
//	p := punchcardtest.New(t, punchcardtest.Flags("--access-ttl", "1m"))
//	resp, err := http.Get(p.Base() + "/.well-known/openid-configuration")
//
//	server.go    New, Again and what a running server is
//	options.go   flags, the clock, the file
//	template.go  a file as a first start leaves it, which others start from
//	config.go    the built-in configuration, changed
//	refused.go   a server that must not start
//
// A test talks to it with an http.Client, or with a browser of the package
// agent.
package punchcardtest
