// Package page is what the inspector draws: components that take the values of
// a run, of the list and of the attacks, and know neither the recorder nor the
// servers. Its styles are in static/inspector.
//
//	page.go      the values of the page and of a run
//	acts.go      those of attacks and the workshop
//	page.templ   the page itself, the run's head, the sequence
//	detail.templ the raw exchange, the ledger, tokens, the family, values, rows
//	acts.templ   the attacks, the list of runs, the workshop
//	text.go      raw text and labels, which no template writes exactly
package page
