// Package page is what the site's rooms draw: the start page, the demo app's end
// of a flow, the API reference, and the shell of the phone app.
package page
