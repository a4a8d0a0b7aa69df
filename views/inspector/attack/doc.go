// Package attack tries to break an authorization server and the API behind it.
//
// Each attack is one small file with one function: an ordinary HTTP client
// that knows the server by its address alone, signs somebody in through the
// real pages, and then does what must not work. Nothing is mocked, so an
// attack judges whatever server it is pointed at.
//
// Read an attack from top to bottom. The comment above the function is the
// story; the code below it sends the requests in the story's order.
//
//	list.go      every attack, with the answer that its clause demands
//	attack.go    how an attack is run and judged
//	cast.go      who plays which part
//	reach.go     why an attack reaches no other server
//	victim.go    the honest part: sign-in, consent, code, tokens
//	hours.go     the honest part at the API
//	device.go    requests, with and without cookies
//	answer.go    how an answer is put into words
//	form.go jwt.go  what a page and a token are made of
package attack
