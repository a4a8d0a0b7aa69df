// Package appstory plays the phone app's stories in a real browser against the
// real binary: it knows both by HTTP and by what is on the screen alone.
package appstory
