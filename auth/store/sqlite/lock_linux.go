package sqlite

import (
	"errors"
	"os"
	"syscall"
)

const (
	// setOwned is F_OFD_SETLK: the lock belongs to this descriptor and not to
	// the process, so closing another descriptor of the file does not drop it.
	setOwned = 37
	// lockedByte is far behind the bytes at 1 GiB that SQLite locks itself
	// (sqlite.org/fileformat2.html 1.4), so the two never conflict. The byte
	// need not exist.
	lockedByte = 1 << 40
)

// lockInode locks the file itself, whatever its name: another mount or
// container has its own .lock file, but the same inode.
func lockInode(file *os.File) (held bool, err error) {
	lock := syscall.Flock_t{Type: syscall.F_WRLCK, Whence: 0, Start: lockedByte, Len: 1}
	err = syscall.FcntlFlock(file.Fd(), setOwned, &lock)
	if errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EACCES) {
		return false, nil
	}
	return err == nil, err
}
