// Package catalogue is what an attacker, or a client that is in the wrong,
// might try against Punchcard, and what the specifications say must happen.
//
// cases.tsv is the list: each case's id, its priority (0 blocks a release, 1
// must hold before anybody says "hardened", 2 is nice to have), the clause that
// decides, where it is proven, and what is sent. The expected answer stands in
// the case itself, taken from the clause. Where CONTRACT, the project's public
// surface, decides otherwise than the clause's plain reading, the case quotes
// its line.
//
// The cases that are proven over HTTP are in this package, and need no more
// than a base URL and the built-in people and clients:
//
//	go test ./auth/catalogue                                      a binary built for the occasion
//	PUNCHCARD_URL=http://localhost:8484 go test ./auth/catalogue  any process
//
// They sign people in, file hours and make wrong passwords, and the last of them
// guesses a secret until it has to wait: leave a minute before the next run, and
// point them at a server whose file may be thrown away. The other cases need the
// clock, the disk or the keys; they are subtests in the room that has those,
// named by the same id. make security runs them all and prints one table.
package catalogue
