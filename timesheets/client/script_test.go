package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// The commands of the scripts that are neither the program itself nor a server.

// fails: fails CODE ARGS… runs punchcard, which has to end with that code.
func fails(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec("punchcard", args[1:]...)
	code := 0
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		code = ended.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if code != want {
		ts.Fatalf("punchcard %s ended with %d, want %d", strings.Join(args[1:], " "), code, want)
	}
}

// noBrowser: [!] nobrowser ARGS… runs punchcard login and takes the address that
// it prints to a browser.
func noBrowser(ts *testscript.TestScript, neg bool, args []string) {
	cmd := exec.Command(binary, append([]string{"login"}, args...)...)
	cmd.Dir = ts.MkAbs(".")
	for _, name := range []string{"HOME", "XDG_CONFIG_HOME", "PUNCHCARD_SERVER", "PATH"} {
		cmd.Env = append(cmd.Env, name+"="+ts.Getenv(name))
	}
	said, err := cmd.StderrPipe()
	ts.Check(err)
	cmd.Stdout = ts.Stdout()
	ts.Check(cmd.Start())
	ts.Defer(func() { _ = cmd.Process.Kill() })
	address, rest := "", bytes.Buffer{}
	one := make([]byte, 1)
	for line := ""; address == ""; {
		if _, err := said.Read(one); err != nil {
			ts.Fatalf("no address was printed:\n%s", rest.String())
		}
		rest.Write(one)
		if line += string(one); one[0] == '\n' {
			if strings.HasPrefix(line, "http") {
				address = strings.TrimSpace(line)
			}
			line = ""
		}
	}
	ts.Check(visit(address, ts.Getenv, ts.MkAbs("browser.txt"), ts.MkAbs("cookies.json")))
	_, _ = io.Copy(&rest, said)
	_, _ = rest.WriteTo(ts.Stderr())
	if err := cmd.Wait(); (err != nil) != neg {
		ts.Fatalf("punchcard login ended with %v", err)
	}
}

// waitFor: waitfor FILE waits until somebody has written it.
func waitFor(ts *testscript.TestScript, neg bool, args []string) {
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if _, err := os.Stat(ts.MkAbs(args[0])); err == nil {
			return
		}
		if reason, err := os.ReadFile(ts.MkAbs("browser.failed")); err == nil {
			ts.Fatalf("the browser failed: %s", reason)
		}
	}
	ts.Fatalf("%s never came", args[0])
}

// stored is the one session file of the script.
func stored(ts *testscript.TestScript) (path string, fields map[string]any) {
	config, err := filepath.Glob(filepath.Join(ts.MkAbs("home"), "punchcard", "*.json"))
	ts.Check(err)
	if runtime.GOOS == "darwin" {
		config, err = filepath.Glob(filepath.Join(ts.MkAbs("home"), "Library", "Application Support", "punchcard", "*.json"))
		ts.Check(err)
	}
	if len(config) != 1 {
		ts.Fatalf("session files: %v, want one", config)
	}
	data, err := os.ReadFile(config[0])
	ts.Check(err)
	ts.Check(json.Unmarshal(data, &fields))
	return config[0], fields
}

// age makes the stored access token look expired to the client.
func age(ts *testscript.TestScript, neg bool, args []string) {
	path, fields := stored(ts)
	fields["expires_at"] = time.Now().Add(-time.Hour)
	data, err := json.Marshal(fields)
	ts.Check(err)
	ts.Check(os.WriteFile(path, data, 0o600))
}

// expired waits until the stored access token is.
func expired(ts *testscript.TestScript, neg bool, args []string) {
	_, fields := stored(ts)
	end, err := time.Parse(time.RFC3339Nano, fields["expires_at"].(string))
	ts.Check(err)
	time.Sleep(time.Until(end) + time.Millisecond)
}

// older: older SECONDS waits until the sign-in is older than that.
func older(ts *testscript.TestScript, neg bool, args []string) {
	_, fields := stored(ts)
	var claims map[string]any
	if !unpack(strings.Split(fields["access_token"].(string), ".")[1], &claims) {
		ts.Fatalf("the access token cannot be read")
	}
	signedIn, err := claims["auth_time"].(json.Number).Int64()
	ts.Check(err)
	seconds, err := strconv.ParseInt(args[0], 10, 64)
	ts.Check(err)
	time.Sleep(time.Until(time.Unix(signedIn+seconds+1, 0)))
}

// revokeElsewhere ends the session as another device would.
func revokeElsewhere(ts *testscript.TestScript, neg bool, args []string) {
	_, fields := stored(ts)
	response, err := http.PostForm(ts.Getenv("PUNCHCARD_SERVER")+"/oauth/revoke", url.Values{"client_id": {"timesheets-mobile"}, "token": {fields["refresh_token"].(string)}})
	ts.Check(err)
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		ts.Fatalf("revoke: %s", response.Status)
	}
}

// keep puts the stored session aside, as a thief or a backup would.
func keep(ts *testscript.TestScript, neg bool, args []string) {
	path, _ := stored(ts)
	data, err := os.ReadFile(path)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("kept"), data, 0o600))
	ts.Check(os.WriteFile(ts.MkAbs("kept.path"), []byte(path), 0o600))
}

func putBack(ts *testscript.TestScript, neg bool, args []string) {
	ts.Check(os.WriteFile(ts.ReadFile("kept.path"), []byte(ts.ReadFile("kept")), 0o600))
}

// noSession: what was kept is no longer where it was.
func noSession(ts *testscript.TestScript, neg bool, args []string) {
	if _, err := os.Stat(ts.ReadFile("kept.path")); !errors.Is(err, fs.ErrNotExist) {
		ts.Fatalf("a session is still there: %v", err)
	}
}

// idOf: idof PROJECT [approve] sets ID to the oldest entry of the project, of
// one's own or of what waits.
func idOf(ts *testscript.TestScript, neg bool, args []string) {
	command := []string{"list", "--project", args[0], "--json"}
	if len(args) > 1 {
		command = []string{args[1], "--json"}
	}
	cmd := exec.Command(binary, command...)
	for _, name := range []string{"HOME", "XDG_CONFIG_HOME", "PUNCHCARD_SERVER"} {
		cmd.Env = append(cmd.Env, name+"="+ts.Getenv(name))
	}
	out, err := cmd.Output()
	ts.Check(err)
	var items []entry
	ts.Check(json.Unmarshal(out, &items))
	ts.Setenv("ID", "")
	for _, e := range items {
		if e.Project == args[0] {
			ts.Setenv("ID", e.ID)
		}
	}
}

// upload: upload N PROJECT, as many entries of Ada's, by the nightly import.
func upload(ts *testscript.TestScript, neg bool, args []string) {
	server := ts.Getenv("PUNCHCARD_SERVER")
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	var entries []map[string]any
	for i := range n {
		entries = append(entries, map[string]any{"user_id": "usr_ada", "project": args[1], "date": time.Date(2025, 1, 1+i, 0, 0, 0, 0, time.UTC).Format(time.DateOnly), "hours": 1})
	}
	body, err := json.Marshal(map[string]any{"entries": entries})
	ts.Check(err)
	var got tokens
	r, err := http.NewRequest("POST", server+"/oauth/token", strings.NewReader("grant_type=client_credentials"))
	ts.Check(err)
	r.SetBasicAuth("timesheets-cron", "timesheets-cron-secret")
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := http.DefaultClient.Do(r)
	ts.Check(err)
	ts.Check(json.NewDecoder(answer.Body).Decode(&got))
	answer.Body.Close()
	r, err = http.NewRequest("POST", server+"/api/timesheets/upload", bytes.NewReader(body))
	ts.Check(err)
	r.Header.Set("Authorization", "Bearer "+got.Access)
	r.Header.Set("Content-Type", "application/json")
	answer, err = http.DefaultClient.Do(r)
	ts.Check(err)
	answer.Body.Close()
	if answer.StatusCode/100 != 2 {
		ts.Fatalf("upload: %s", answer.Status)
	}
}

// fault: fault JSON asks the inspector for one.
func fault(ts *testscript.TestScript, neg bool, args []string) {
	response, err := http.Post(ts.Getenv("PUNCHCARD_SERVER")+"/inspector/faults", "application/json", strings.NewReader(args[0]))
	ts.Check(err)
	response.Body.Close()
	if response.StatusCode != http.StatusCreated {
		ts.Fatalf("fault: %s", response.Status)
	}
}

// mode: mode 600 FILE
func mode(ts *testscript.TestScript, neg bool, args []string) {
	found, err := filepath.Glob(ts.MkAbs(args[1]))
	ts.Check(err)
	if len(found) != 1 {
		ts.Fatalf("%s: %v, want one", args[1], found)
	}
	info, err := os.Stat(found[0])
	ts.Check(err)
	if got := fmt.Sprintf("%o", info.Mode().Perm()); got != args[0] && runtime.GOOS != "windows" {
		ts.Fatalf("%s has mode %s, want %s", args[1], got, args[0])
	}
}

// requests: requests N METHOD PATH, as many as the server has logged.
func requests(ts *testscript.TestScript, neg bool, args []string) {
	n := 0
	for line := range strings.Lines(theServer(ts).out.text()) {
		var l struct{ Method, Path string }
		if json.Unmarshal([]byte(line), &l) == nil && l.Method == args[1] && l.Path == args[2] {
			n++
		}
	}
	if strconv.Itoa(n) != args[0] {
		ts.Fatalf("%s %s was called %d times, want %s:\n%s", args[1], args[2], n, args[0], theServer(ts).out.text())
	}
}
