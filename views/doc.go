// Package views is what people see: templ components that take plain values
// and know nobody, the headers that every page is sent with (respond.go), and
// the terminal's banner. Pages work without JavaScript, by keyboard, with a
// screen reader and at 360 px, but for the phone app, which is a script and says
// so; the look is a time ticket, drawn by the stylesheets in static, of which
// each page sends those that it needs.
package views

//go:generate go tool templ generate
