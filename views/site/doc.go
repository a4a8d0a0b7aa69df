// Package site has the handlers of the pages that belong to nobody's flow: the
// start page, and the demo app that it begins a flow with. The demo is a
// client like any other: it speaks to the server through the browser alone.
package site
