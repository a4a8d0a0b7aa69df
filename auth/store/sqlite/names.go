package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// SQLite finds the log of a file by the file's name. A file that is opened by
// two names has two logs, and the content of one of them is lost or damages
// the file (sqlite.org/howtocorrupt.html 2.5). So each file has one name here:
// symbolic links are resolved (path.go), and anything that cannot be resolved
// is refused.

// sideFiles are what SQLite and the server keep beside the file.
var sideFiles = []string{"-wal", "-shm", "-journal", ".lock"}

// checkName refuses a file that has, or may have, a second name.
func (f *File) checkName() error {
	for _, suffix := range sideFiles {
		if err := f.plain(suffix); err != nil {
			return err
		}
	}
	links, err := hardLinks(f.place)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // there is no file yet
	}
	if err != nil {
		return fmt.Errorf("open %s: %w", f.Path, err)
	}
	if links > 1 && f.unlinkDraft() {
		links--
	}
	if links > 1 {
		return f.refuse(ErrName, "it has "+strconv.Itoa(links)+" names, hard links, and its log can lie beside only one of them",
			"remove the other names (find / -xdev -samefile "+f.Path+"), or name a copy of it with --db")
	}
	if table, err := os.ReadFile("/proc/self/mountinfo"); err == nil && isMountPoint(string(table), f.place) {
		return f.refuse(ErrName, "it is mounted as a single file, so its log would lie outside of the mount",
			"mount the folder that holds it, and name the file in that folder with --db")
	}
	return nil
}

// plain refuses a side file that is a link to another place: nothing is ever
// written through it.
func (f *File) plain(suffix string) error {
	path := f.place + suffix
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("open %s: %w", f.Path, err)
	}
	links := 1
	if info.Mode().IsRegular() {
		if links, err = hardLinks(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("open %s: %w", f.Path, err)
		}
	}
	if !info.Mode().IsRegular() || links > 1 {
		return f.refuse(ErrName, f.Path+suffix+" is a link, or no ordinary file", "stop what uses it, and move "+f.Path+suffix+" away")
	}
	return nil
}

// unlinkDraft removes the second name of a backup that was killed after it
// gave the copy its name and before it removed the draft's.
func (f *File) unlinkDraft() bool {
	file, err := os.Lstat(f.place)
	if err != nil {
		return false
	}
	draft, err := os.Lstat(f.place + ".new")
	return err == nil && os.SameFile(file, draft) && os.Remove(f.place+".new") == nil
}

// isMountPoint looks up a path in a table of proc_pid_mountinfo(5). The fifth
// field is the mount point, with octal escapes.
func isMountPoint(table, path string) bool {
	for line := range strings.Lines(table) {
		fields := strings.Fields(line)
		if len(fields) > 4 && filepath.Clean(unescape(fields[4])) == path {
			return true
		}
	}
	return false
}

// unescape decodes the kernel's escapes for space, tab, line feed and
// backslash in a path: \040, \011, \012, \134.
func unescape(field string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(field)
}
