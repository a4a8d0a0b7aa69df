// Package fault makes chosen requests go wrong on purpose, for workshops and
// for tests in any language: the next token answer is lost after it was made,
// an endpoint is slow, a 500 comes once.
//
// fault.go says what a fault is and which one can be; list.go keeps those that
// wait, each of which fires exactly as often as it was asked to; handler.go is
// the middleware; client.go finds out which client a request is of; api.go and
// read.go are /inspector/faults.
//
// A fault is asked for by whoever may look at the inspector. It can make
// this server refuse, wait or fall silent; it cannot make it say anything that
// is not so.
package fault
