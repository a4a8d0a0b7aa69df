package inspector

import (
	"bufio"
	"bytes"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/textproto"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/exampleco/punchcard/views/inspector/record"
)

// wire is a server that gives back each request as its bytes were.
type wire struct {
	base     string
	requests chan string
}

func newWire(t *testing.T) *wire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	w := &wire{"http://" + l.Addr().String(), make(chan string, 10)}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			w.requests <- read(c)
			_, _ = io.WriteString(c, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
			c.Close()
		}
	}()
	return w
}

// read takes one request off the wire.
func read(c net.Conn) string {
	var raw bytes.Buffer
	in := bufio.NewReader(io.TeeReader(c, &raw))
	if _, err := in.ReadString('\n'); err != nil {
		return ""
	}
	h, err := textproto.NewReader(in).ReadMIMEHeader()
	if err != nil {
		return raw.String()
	}
	n, _ := strconv.Atoi(h.Get("Content-Length"))
	_, _ = io.CopyN(io.Discard, in, int64(n))
	return raw.String()
}

// lines are a request with its fields in order of their names, which is all
// that a record keeps of their order.
func lines(raw string) (line string, fields []string, body string) {
	head, body, _ := strings.Cut(raw, "\r\n\r\n")
	all := strings.Split(head, "\r\n")
	for _, f := range all[1:] {
		name, value, _ := strings.Cut(f, ":")
		if name = http.CanonicalHeaderKey(name); name != "Content-Length" {
			fields = append(fields, name+": "+strings.TrimSpace(value))
		}
	}
	slices.Sort(fields)
	return all[0], fields, body
}

// run gives the command to a POSIX shell in an empty folder.
func (w *wire) run(t *testing.T, command string) string {
	t.Helper()
	for len(w.requests) > 0 {
		<-w.requests // of a command that failed
	}
	folder := t.TempDir()
	sh := exec.Command("sh", "-c", command)
	sh.Dir, sh.Env = folder, []string{"PATH=" + os.Getenv("PATH"), "HOME=" + folder}
	out, err := sh.CombinedOutput()
	if err != nil {
		t.Fatalf("%s\n%v: %s", command, err, out)
	}
	if files, err := os.ReadDir(folder); err != nil || len(files) > 0 {
		t.Fatalf("%s\nleft %v (%v)", command, files, err)
	}
	select {
	case raw := <-w.requests:
		if len(w.requests) > 0 {
			t.Fatalf("%s\nmakes more than one request", command)
		}
		return raw
	default:
		t.Fatalf("%s\nmade no request: %s", command, out)
		return ""
	}
}

func (w *wire) same(t *testing.T, x *record.Exchange) {
	t.Helper()
	command := curl(x, w.base)
	if strings.ContainsFunc(command, func(r rune) bool { return r != '\n' && (r < ' ' || r == 0x7f || r == 0xfffd) }) {
		t.Errorf("%q has what a terminal obeys", command)
	}
	line, fields, body := lines(w.run(t, command))
	wanted := []string{"Host: " + strings.TrimPrefix(w.base, "http://")}
	for name, values := range x.Header {
		for _, v := range values {
			if name != "Content-Length" {
				wanted = append(wanted, name+": "+v)
			}
		}
	}
	slices.Sort(wanted)
	if want := x.Method + " " + x.Target + " " + x.Proto; line != want {
		t.Errorf("%s\nsends %q, want %q", command, line, want)
	}
	if !slices.Equal(fields, wanted) {
		t.Errorf("%s\nsends the fields\n%q, want\n%q", command, fields, wanted)
	}
	if body != x.Body {
		t.Errorf("%s\nsends the body %q, want %q", command, body, x.Body)
	}
}

const shellish = `a'b"c $(touch pwned) \ ` + "`touch pwned`" + ` !x ; & | > pwned`

// Whatever was in the request, the command sends the same and runs nothing. It
// is really run: by sh, against a socket.
func TestCurlSendsTheSameBytes(t *testing.T) {
	w := newWire(t)
	usual := http.Header{"Accept": {"*/*"}, "User-Agent": {"curl/8.0"}}
	with := func(pairs ...string) http.Header {
		h := usual.Clone()
		for i := 0; i < len(pairs); i += 2 {
			h[pairs[i]] = append(h[pairs[i]], pairs[i+1])
		}
		return h
	}
	form := with("Content-Type", "application/x-www-form-urlencoded")
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	for name, x := range map[string]record.Exchange{
		"a plain one":                  {Target: "/api/timesheets?from=2026-11-23&limit=5"},
		"a method that is a command":   {Method: "A&touch$IFS$9pwned&", Target: "/oauth/token"},
		"a method with a quote":        {Method: "A'`touch|pwned`'", Target: "/oauth/token"},
		"a method with a dash":         {Method: "-o", Target: "/oauth/token"},
		"HEAD":                         {Method: "HEAD", Target: "/authorize?client_id=app"},
		"GET with a body":              {Method: "GET", Target: "/api/me", Header: form, Body: "a=b"},
		"POST without a body":          {Method: "POST", Target: "/oauth/token"},
		"POST with an empty body":      {Method: "POST", Target: "/oauth/token", Header: with("Content-Length", "0")},
		"PUT":                          {Method: "PUT", Target: "/api/timesheets/ts_1", Header: with("Content-Type", "application/json"), Body: `{"hours":8}`},
		"ranges":                       {Target: "/oauth/token?x=[1-3]&y={a,b}"},
		"dots":                         {Target: "/oauth/../api/./me"},
		"two slashes":                  {Target: "//api//me"},
		"a fragment":                   {Target: "/api/me?a=b#c"},
		"a question mark at the end":   {Target: "/api/me?"},
		"a backslash":                  {Target: `/api/me?a=\b`},
		"small escapes":                {Target: "/api/me%2f%2F?a=%c3%a4"},
		"bytes that are no text":       {Target: "/api/me?\xff\xfe=\u202e"},
		"an absolute target":           {Target: "http://localhost/oauth/token?x"},
		"an asterisk":                  {Method: "OPTIONS", Target: "*"},
		"a target for the shell":       {Target: "/oauth/token?x='$(touch$IFS$9pwned)'`touch${IFS}pwned`;\"!\\|>pwned"},
		"an old version":               {Proto: "HTTP/1.0", Target: "/api/me"},
		"fields for the shell":         {Target: "/api/me", Header: with("X-Y", shellish, "X'$id", "z")},
		"a field that names a file":    {Target: "/api/me", Header: with("X-Y", "@/etc/passwd", "X-Z", "x; y;")},
		"empty and repeated fields":    {Target: "/api/me", Header: with("X-Y", "", "X-Z", "1", "X-Z", "2", "Connection", "close", "Accept-Encoding", "gzip")},
		"a field of bytes and a tab":   {Target: "/api/me", Header: with("X-Y", "caf\xe9\tx\u202ey -n %s \\n")},
		"no fields":                    {Target: "/api/me", Header: http.Header{}},
		"a body for the shell":         {Method: "POST", Target: "/oauth/token", Header: form, Body: shellish},
		"a body that names a file":     {Method: "POST", Target: "/oauth/token", Header: form, Body: "@/etc/passwd"},
		"a body of lines":              {Method: "POST", Target: "/oauth/token", Header: form, Body: "\na\n\nb\n"},
		"a body with carriage returns": {Method: "POST", Target: "/oauth/token", Header: form, Body: "touch pwned\r\n-%s\\"},
		"a body of every byte":         {Method: "POST", Target: "/oauth/token", Header: form, Body: string(every)},
		"a body without a type":        {Method: "POST", Target: "/oauth/token", Body: "x"},
		"escapes for a terminal":       {Method: "POST", Target: "/oauth/token", Header: form, Body: "\x1b[201~touch pwned\n\x9b\u202e"},
	} {
		t.Run(name, func(t *testing.T) {
			if x.Method == "" {
				x.Method = "GET"
			}
			if x.Proto == "" {
				x.Proto = "HTTP/1.1"
			}
			if x.Header == nil {
				x.Header = usual
			}
			w.same(t, &x)
		})
	}
}

// A well-known address begins with a dot and is no dot segment (RFC 8615 3): it
// can be read as one URL.
func TestCurlWritesAWellKnownAddressAsItIs(t *testing.T) {
	for target, want := range map[string]bool{
		"/.well-known/openid-configuration": true, "/a/.b/..c/...": true, "/api/timesheets?from=/../": true,
		"/a/../b": false, "/a/.": false, "/.": false, "/..?x": false, "/a/%2e%2E/b": false, "/.%2e": false,
	} {
		got := curl(&record.Exchange{Method: "GET", Target: target, Proto: "HTTP/1.1"}, "http://localhost:8484")
		if whole := !strings.Contains(got, "--request-target"); whole != want {
			t.Errorf("%s as one URL: %v\n%s", target, whole, got)
		}
	}
}

// The same for requests that nobody thought of: all bytes that can come through
// HTTP, at random.
func TestCurlOfRandomBytes(t *testing.T) {
	w := newWire(t)
	random := rand.New(rand.NewPCG(1, 2))
	some := func(n int, admits func(c byte) bool) string {
		var b []byte
		for len(b) < n {
			if c := byte(random.IntN(256)); admits(c) {
				b = append(b, c)
			}
		}
		return string(b)
	}
	token := func(c byte) bool { // RFC 9110 5.6.2
		return c > ' ' && c < 0x7f && !strings.ContainsRune(`()<>@,;:\"/[]?={}`, rune(c))
	}
	target := func(c byte) bool { return c > ' ' && c != 0x7f }
	value := func(c byte) bool { return c >= ' ' && c != 0x7f || c == '\t' }
	for range 60 {
		x := &record.Exchange{
			Method: some(1+random.IntN(6), token), Target: "/" + some(random.IntN(30), target), Proto: "HTTP/1.1",
			Header: http.Header{"Accept": {"*/*"}, "User-Agent": {"x"}, "Content-Type": {"x/y"}, "X-R": {"." + some(random.IntN(30), value) + "."}},
			Body:   some(random.IntN(40), func(byte) bool { return true }),
		}
		x.Header["Q"+some(3, token)] = []string{"q"}
		for name, v := range x.Header {
			if canonical := http.CanonicalHeaderKey(name); canonical != name {
				delete(x.Header, name)
				x.Header[canonical] = v
			}
		}
		if x.Body == "" {
			delete(x.Header, "Content-Type")
		}
		w.same(t, x)
	}
}

// What stands in a configuration is a word as well.
func TestCommandKeepsItsWords(t *testing.T) {
	out, err := exec.Command("sh", "-c", Command("printf", "%s\\n", "a b", shellish, "", "*", "~")).CombinedOutput()
	if want := "a b\n" + shellish + "\n\n*\n~\n"; err != nil || string(out) != want {
		t.Errorf("the shell sees %q (%v), want %q", out, err, want)
	}
}

// A client's secret was never kept, so its place is left for the reader.
func TestCurlLeavesThePlaceOfASecret(t *testing.T) {
	x := &record.Exchange{Method: "POST", Target: "/oauth/token", Header: http.Header{"Authorization": {"Basic my app:" + record.Hidden}}}
	if got := curl(x, "http://h"); !strings.Contains(got, "-u 'my app:"+record.Hidden+"'") {
		t.Errorf("no place for the secret in %s", got)
	}
}
