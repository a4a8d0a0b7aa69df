// Package seed reads the configuration document: who may sign in, which
// clients there are, what the APIs are called and what they allow.
//
// The document is YAML. A server without a configuration uses the embedded
// document, punchcard.yaml. It is written to be read, and your own
// configuration has exactly the same form.
//
//	document.go   the plain values that a document turns into
//	punchcard.yaml, builtin.go   the embedded document and what is known of it
//	parse.go      YAML to values, strictly: every mistake, each with its line
//	syntax.go     the line of text that is no YAML at all
//	check*.go     what the values must mean together
//	uri.go        which redirect URIs can be registered
//	defaults.go   what a document may leave out
//
// Nothing is stored or applied here. A document is either accepted or refused
// as a whole, so a server never starts with half of one.
package seed
