package sqlite

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

const childRole, childPath = "PUNCHCARD_TEST_CHILD", "PUNCHCARD_TEST_FILE"

// TestMain lets the test binary be the other process: a server to compete
// with, a writer to kill.
func TestMain(m *testing.M) {
	role := os.Getenv(childRole)
	if role == "" {
		os.Exit(m.Run())
	}
	if err := children[role](os.Getenv(childPath)); err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
}

var children = map[string]func(path string) error{
	"hold-lock": func(path string) error {
		if _, err := Open(context.Background(), path, Options{Lock: true}); err != nil {
			return err
		}
		fmt.Println("locked")
		select {}
	},
	"write-and-wait": func(path string) error {
		f, err := Open(context.Background(), path, Options{})
		if err != nil {
			return err
		}
		if err := f.Write(context.Background(), insert("in the log")); err != nil {
			return err
		}
		fmt.Println("written")
		select {}
	},
	"write-for-ever":   writeForEver,
	"migrate-for-ever": migrateForEver,
}

// writeForEver prints each number once its write is acknowledged.
func writeForEver(path string) error {
	f, err := Open(context.Background(), path, Options{Lock: true})
	if err != nil {
		return err
	}
	if err := f.Migrate(context.Background(), notes(createNotes)); err != nil {
		return err
	}
	next := count0(f)
	failed := make(chan error)
	for lane := range 4 {
		go func() {
			for n := next; ; n++ {
				text := fmt.Sprintf("%d/%d", lane, n)
				if err := f.Write(context.Background(), insert(text)); err != nil {
					failed <- err
					return
				}
				fmt.Println(text)
			}
		}()
	}
	return <-failed
}

func count0(f *File) (n int) {
	if err := f.Read().QueryRow("SELECT count(*) FROM notes").Scan(&n); err != nil {
		panic(err)
	}
	return n
}

type child struct {
	cmd *exec.Cmd
	out *bufio.Scanner
}

func startChild(t *testing.T, role, path string) *child {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), childRole+"="+role, childPath+"="+path)
	cmd.Stderr = os.Stderr
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return &child{cmd, bufio.NewScanner(pipe)}
}

func (c *child) expect(t *testing.T, line string) {
	t.Helper()
	if !c.out.Scan() || c.out.Text() != line {
		t.Fatalf("the other process said %q, want %q", c.out.Text(), line)
	}
}

// kill ends the process as a power cut would, as far as it is concerned, and
// returns what it had still said.
func (c *child) kill(t *testing.T) (said []string) {
	t.Helper()
	if err := c.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for c.out.Scan() {
		said = append(said, c.out.Text())
	}
	_ = c.cmd.Wait()
	return said
}

func TestASecondServerIsRefusedWithTheFirstOnesPid(t *testing.T) {
	path := temp(t)
	first := startChild(t, "hold-lock", path)
	first.expect(t, "locked")
	var locked *LockedError
	_, err := Open(t.Context(), path, Options{Lock: true})
	if !errors.As(err, &locked) || locked.PID != first.cmd.Process.Pid {
		t.Fatalf("second server: %v, the first is %d", err, first.cmd.Process.Pid)
	}
	want := path + " is in use by process " + strconv.Itoa(locked.PID) + "; stop it, or use --db with another file"
	if err.Error() != want {
		t.Errorf("it says %q", err)
	}
	beside := openNotes(t, path, Options{}) // an administration command
	if err := beside.Write(t.Context(), insert("beside")); err != nil {
		t.Errorf("beside a server: %v", err)
	}
	closed(t, beside)

	first.kill(t)
	after := openNotes(t, path, Options{Lock: true}) // nobody has to delete the lock file
	if n := count(t, after); n != 1 {
		t.Errorf("%d notes after the kill", n)
	}
	closed(t, after)
	if pid := readPID(path + ".lock"); pid != 0 {
		t.Errorf("the lock file still names %d after Close", pid)
	}
}

func TestOpeningBesideDoesNotTakeTheLockAway(t *testing.T) {
	path := temp(t)
	first := openNotes(t, path, Options{Lock: true})
	closed(t, openNotes(t, path, Options{}))
	var locked *LockedError
	if _, err := Open(t.Context(), path, Options{Lock: true}); !errors.As(err, &locked) || locked.PID != os.Getpid() {
		t.Errorf("second server: %v", err)
	}
	closed(t, first)
	closed(t, openNotes(t, path, Options{Lock: true}))
}

func TestCreatingBesideNobodyKeepsNoLock(t *testing.T) {
	path := temp(t)
	openNotes(t, path, Options{}) // took it for the moment of creation only
	openNotes(t, path, Options{Lock: true})
}

func TestNoAcknowledgedWriteIsLostByAKill(t *testing.T) {
	path := temp(t)
	acked := map[string]bool{}
	for round := range 5 {
		c := startChild(t, "write-for-ever", path)
		for range 40 {
			if !c.out.Scan() || strings.HasPrefix(c.out.Text(), "failed") {
				t.Fatalf("the writer stopped: %s", c.out.Text())
			}
			acked[c.out.Text()] = true
		}
		time.Sleep(time.Duration(round) * 3 * time.Millisecond) // each time at another point
		for _, line := range c.kill(t) {
			acked[line] = true
		}
	}
	f := openNotes(t, path, Options{Lock: true})
	for text := range acked {
		var n int
		if err := f.Read().QueryRow("SELECT count(*) FROM notes WHERE text = ?", text).Scan(&n); err != nil || n != 1 {
			t.Errorf("acknowledged %q is there %d times (%v)", text, n, err)
		}
	}
	t.Logf("%d acknowledged writes, 5 kills", len(acked))
}
