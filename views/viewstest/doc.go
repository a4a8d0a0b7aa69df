// Package viewstest is what the tests of all pages share: a page read as HTML,
// a page drawn in Chromium, and the proofs that hold for each of them. It knows
// no page.
package viewstest
