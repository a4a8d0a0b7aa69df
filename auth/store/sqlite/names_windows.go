package sqlite

import (
	"os"
	"syscall"
)

// noFollow: Windows has no such flag; names.go checks for links first.
const noFollow = 0

// hardLinks is how many names the file has.
func hardLinks(path string) (int, error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	var info syscall.ByHandleFileInformation
	if err := syscall.GetFileInformationByHandle(syscall.Handle(file.Fd()), &info); err != nil {
		return 0, err
	}
	return int(info.NumberOfLinks), nil
}
