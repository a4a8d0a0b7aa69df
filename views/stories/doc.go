// Package stories plays what people do against the real binary, in a real
// browser or over HTTP: the phone app, the API reference, the inspector. It
// knows them by what is on the screen and on the wire alone.
package stories
