// Package punchcardtest runs a Punchcard inside a Go test, as net/http/httptest
// runs a handler: on a free port, with a file of its own, stopped when the test
// is over.
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
// What a test says to it, it says by an http.Client, or by the room agent.
package punchcardtest
