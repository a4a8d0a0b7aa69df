// Package site has the handlers of the pages that belong to nobody's flow: the
// start page, the demo that it begins a flow with, the shell of the phone app,
// whose script is in static/app, and the API reference, which is made from the
// API's own OpenAPI document. The demo, the app and the reference's "try it"
// are clients like any other: they speak to the servers through the browser
// alone.
package site
