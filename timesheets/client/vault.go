package client

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// vault is the folder of the sessions, one file a server. RFC 8252 leaves open
// where a native app keeps its tokens; RFC 6819 5.1.6.2 wants it out of reach
// of the computer's other users, and that is all that file modes can do.
type vault struct{ folder string }

func openVault() (vault, error) {
	config, err := os.UserConfigDir()
	if err != nil {
		return vault{}, fail("There is no place for your sessions on this computer: "+err.Error()+".", "Set HOME, or XDG_CONFIG_HOME.")
	}
	return vault{filepath.Join(config, "punchcard")}, nil
}

// file names a server's session after its issuer: the host to be recognized
// by people, the hash because two issuers can differ in a slash alone.
func (v vault) file(issuer string) string {
	host := "server"
	if u, err := url.Parse(issuer); err == nil {
		host = strings.Map(func(c rune) rune {
			if 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '.' || c == '-' {
				return c
			}
			return '_'
		}, strings.ToLower(u.Host))
	}
	sum := sha256.Sum256([]byte(issuer))
	return filepath.Join(v.folder, host+"-"+hex.EncodeToString(sum[:4])+".json")
}

// find reads the session at the server that the person named. It needs no
// network, so the issuer is looked for in either spelling.
func (v vault) find(server string) (*session, error) {
	for _, issuer := range spellings(server) {
		s, err := v.read(issuer)
		if s != nil || err != nil {
			return s, err
		}
	}
	return nil, nil
}

// read returns nil where nobody is signed in.
func (v vault) read(issuer string) (*session, error) {
	path := v.file(issuer)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, unreadable(path, err)
	}
	s := &session{}
	if err := json.Unmarshal(data, s); err != nil || s.Issuer != issuer || s.Access == "" {
		return nil, unreadable(path, errors.New("it holds no session of "+issuer))
	}
	return s, nil
}

func unreadable(path string, err error) error {
	return fail(fmt.Sprintf("The session in %s cannot be read: %s.", path, err), "Remove the file and sign in again: punchcard login").because(err)
}

// save replaces the file in one step, on disk before it returns: a refresh
// token is used once, so a new one that is lost ends the session.
func (v vault) save(s *session) error {
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	if err := v.make(); err != nil {
		return err
	}
	temp, err := os.CreateTemp(v.folder, "new-*") // mode 0600 from its first moment
	if err != nil {
		return unwritable(v.folder, err)
	}
	defer os.Remove(temp.Name()) // after the rename there is nothing left to remove
	_, err = temp.Write(append(data, '\n'))
	if err := errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return unwritable(v.folder, err)
	}
	if err := os.Rename(temp.Name(), v.file(s.Issuer)); err != nil {
		return unwritable(v.folder, err)
	}
	if folder, err := os.Open(v.folder); err == nil {
		_ = folder.Sync() // the new name, too; Windows has no such thing
		folder.Close()
	}
	return nil
}

func (v vault) make() error {
	if err := os.MkdirAll(v.folder, 0o700); err != nil {
		return unwritable(v.folder, err)
	}
	if err := os.Chmod(v.folder, 0o700); err != nil { // it may have been there before, open to others
		return unwritable(v.folder, err)
	}
	return nil
}

func unwritable(folder string, err error) error {
	return fail(fmt.Sprintf("Nothing can be written in %s: %s.", folder, err), "").because(err)
}

func (v vault) forget(issuer string) error {
	err := os.Remove(v.file(issuer))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return unwritable(v.folder, err)
	}
	return nil
}

// lock holds a server's session against all other commands of this person.
// RFC 9700 4.14.2: two that used one refresh token would look like a theft, and
// the server would end the session.
func (v vault) lock(ctx context.Context, issuer string) (unlock func(), err error) {
	if err := v.make(); err != nil {
		return nil, err
	}
	held := flock.New(strings.TrimSuffix(v.file(issuer), ".json")+".lock", flock.SetPermissions(0o600))
	if _, err := held.TryLockContext(ctx, 10*time.Millisecond); err != nil {
		if ctx.Err() != nil {
			return nil, fail("Given up while another punchcard command was renewing the session.", "").because(err)
		}
		return nil, unwritable(v.folder, err)
	}
	return func() { _ = held.Unlock() }, nil // the end of the process unlocks as well
}
