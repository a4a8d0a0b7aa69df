//go:build unix

package sqlite

import (
	"os"
	"syscall"
)

// noFollow opens no symbolic link as the last part of a path.
const noFollow = syscall.O_NOFOLLOW

// hardLinks is how many names the file has.
func hardLinks(path string) (int, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return 0, err
	}
	return int(info.Sys().(*syscall.Stat_t).Nlink), nil
}
