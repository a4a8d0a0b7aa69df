// Package seed reads the configuration document: who may sign in, which
// clients there are, what the APIs are called and what may be done with them.
//
// The document is YAML. One is embedded, punchcard.yaml, and is what a server
// without a configuration runs on; it is written to be read, and a
// configuration of one's own has exactly its form.
//
//	document.go   the plain values that a document turns into
//	punchcard.yaml, builtin.go   the embedded document and what is known of it
//	parse.go      YAML to values, strictly: every mistake, each with its line
//	syntax.go     the line of text that is no YAML at all
//	check*.go     what the values must mean together
//	uri.go        which redirect URIs can be registered
//	defaults.go   what a document may leave out
//
// Nothing is stored or applied here. A document is either right as a whole or
// refused as a whole, so that a server never starts on half of one.
package seed
