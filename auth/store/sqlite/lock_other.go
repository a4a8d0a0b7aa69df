//go:build !linux

package sqlite

import "os"

// lockInode does nothing here, because the .lock file is enough: a single file
// cannot be mounted, and a file with two hard links is refused (names.go). A
// lock on the file would conflict with SQLite's own: the two belong together
// on BSD, and on Windows it would stop SQLite's reads.
func lockInode(*os.File) (held bool, err error) { return true, nil }
