// Package catalogue lists what an attacker or a faulty client might try
// against Punchcard, and what the specifications say must happen.
//
// cases.tsv is the list: each case's id, its priority (0 blocks a release, 1
// must hold before anybody says "hardened", 2 is nice to have), the clause
// that decides, where it is proven, and what is sent. The expected answer is
// in the case itself, taken from the clause. If CONTRACT, the project's public
// surface, decides otherwise than the clause's plain reading, the case quotes
// its line.
//
// The cases that are proven over HTTP are in this package. They need only a
// base URL and the built-in people and clients:
//
//	go test ./auth/catalogue                                      a binary built for the occasion
//	PUNCHCARD_URL=http://localhost:8484 go test ./auth/catalogue  any process
//
// They sign people in, file hours and try wrong passwords. The last of them
// guesses a secret until it has to wait, so leave a minute before the next
// run, and use a server whose file can be thrown away. The other cases need
// the clock, the disk or the keys. They are subtests with the same id, in the
// room that has those. make security runs all cases and prints one table.
package catalogue
