// Package site has the handlers of the pages that belong to nobody's flow: the
// start page, the demo that it begins a flow with, and the shell of the phone
// app, whose script is in static/app. Both are clients like any other: they
// speak to the server through the browser alone.
package site
