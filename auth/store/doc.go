// Package store is fosite's storage contract on SQLite, and nothing else. It
// knows no HTTP and no other room, so anybody who embeds fosite can use it:
// give New a Writer and a pool of readers, run Migrations, and hand the Store
// to compose.Compose.
//
// Everything that comes of one authorization shares fosite's request id and is
// one family: a row that codes and tokens refer to. A family dies by one
// column, for good, and whatever would be added to it afterwards is refused,
// so no race between a replay and a refresh leaves a living token behind.
//
// What may be used once is spent by one compare-and-set: UPDATE … WHERE
// used_at IS NULL, and the number of rows decides. Never read, then write.
// Whoever loses gets ErrSpent. Spent codes and refresh tokens stay as
// tombstones until their family is over, because a replay can only be noticed
// by somebody who remembers. Writes that belong together are a Unit.
//
// Nothing in the file opens anything: the signatures and codes that fosite
// hands in are stored as SHA-256.
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
