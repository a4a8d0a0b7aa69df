// Package store is fosite's storage contract on SQLite, and nothing else. It
// knows no HTTP and no other room, so any program that uses fosite can use it:
// give New a Writer and a pool of readers, run Migrations, and pass the Store
// to compose.Compose.
//
// Everything that is issued for one authorization shares fosite's request id
// and is one family: a row that codes and tokens refer to. Setting one column
// revokes a family for good, and anything that would be added to it afterwards
// is refused. So a race between a replay and a refresh never leaves a valid
// token behind.
//
// Single use is one compare-and-set: UPDATE … WHERE used_at IS NULL, and the
// number of rows decides. The store never reads first and then writes. A
// second use gets ErrSpent. Used codes and refresh tokens stay as tombstones
// until their family has expired, because a replay can only be recognised
// while the code is remembered. Writes that belong together are a Unit.
//
// Nothing in the file gives access by itself: the signatures and codes that
// fosite passes are stored as SHA-256.
//
// Where to read: migrations/00001_init.sql for the tables, request.go for the
// way of a request into a row and back, grant.go for fosite's methods, unit.go
// for writes that belong together, family.go for revocation, withdraw.go for
// what is taken back of a grant, grants.go and uses.go for what there is,
// successor.go for what a lost answer said, verify.go for the look-up at every
// API call, client.go and clients.go for the clients, expire.go for an end
// before its time, purge.go and reset.go for the end, rules.go for what has to
// hold and why.
package store
