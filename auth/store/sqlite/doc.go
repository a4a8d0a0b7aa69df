// Package sqlite opens the one SQLite file so that a server can trust it, and
// gives everybody who stores something the same path to it.
//
// Open looks before it touches: a file that is not ours, damaged or written by
// a newer program is refused in one line and left as it was (inspect.go). A new
// file is built beside its final name and moved there whole (create.go). Every
// connection has the same rules, and they are read back before the file counts
// as open (connect.go). A file has one name (names.go), and one server at a time
// holds the lock on it (lock.go), and knows its log from another file's
// (generation.go); each room brings its tables as a set of migrations
// (migrate.go).
//
// Reads go to Read, a pool of connections that cannot write. Writes go to
// Write, where those that wait share one commit to disk (writer.go); Begin and
// Commit make several writes of one request a single one (unit.go). Tables
// must not use deferred constraints: they fail at the shared commit, and would
// take the neighbours' writes with them. Shrink gives the space of deleted rows
// back to the disk (shrink.go). What has to hold, and why, is in rules.go.
//
// Nothing else in the process may open and close the file by itself, not even
// to read it: POSIX drops a process's locks on a file when any of its
// descriptors is closed. Copy it with VACUUM INTO.
package sqlite
