// Package stack is all of Punchcard in one process: it opens the one file, puts
// the rooms together and serves. No room knows another one. What they need of
// one another goes through this package, and nowhere else.
//
//	serve.go    the command and its flags; start and stop, in their order
//	wire.go     the two servers and the pages, on one mux
//	seam.go     what the API asks of the authorization server, and what the
//	            inspector may change
//	watch.go    the recorder, the faults and the inspector, round everything
//	routes.go   how a request finds its room, and who refuses it otherwise
//	reset.go    back to the seed, as a command and in a running server
//	banner.go   what is said when the port answers
//
// The API by itself, for the tokens of any issuer, is the room alone.
package stack
