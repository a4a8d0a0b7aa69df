// Package sqlite opens the one SQLite file so that a server can trust it, and
// gives every room that stores something the same way to it.
//
// Open checks before it writes: a file that is not ours, is damaged or was
// written by a newer program is refused with a one-line error and left
// unchanged (inspect.go). A new file is built under another name and moved
// into place as a whole (create.go). Every connection has the same pragmas,
// and they are read back before the file counts as open (connect.go). A file
// has one name (names.go). One server at a time holds the lock on it
// (lock.go), and can tell the file's log from that of another file
// (generation.go). Each room brings its tables as a set of migrations
// (migrate.go).
//
// Reads use Read, a pool of connections that cannot write. Writes use Write,
// where waiting writes share one commit to disk (writer.go). Begin and Commit
// make several writes of one request a single one (unit.go). Tables must not
// use deferred constraints: they would fail at the shared commit and undo the
// writes of other requests too. Shrink gives the space of deleted rows back to
// the disk (shrink.go). rules.go says what must hold, and why.
//
// No other code in the process may open and close the file, not even to read
// it: POSIX drops a process's locks on a file when any of its descriptors is
// closed. Copy the file with VACUUM INTO.
package sqlite
