package catalogue

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// semantics is what HTTP itself promises a client, whatever it asks for.
var semantics = map[string]func(*testing.T){
	"HT-14": func(t *testing.T) {
		const form, jsonBody = "Content-Type: application/x-www-form-urlencoded\r\n", "Content-Type: application/json\r\n"
		for name, request := range map[string]struct {
			line, header string
			want         int
		}{
			"401, expired token":     {"POST /api/timesheets/upload", jsonBody + "Authorization: Bearer expired\r\n", 401},
			"401, no token":          {"POST /api/timesheets", jsonBody, 401},
			"401, registration":      {"PUT /oidc/register/none", jsonBody, 401},
			"404":                    {"POST /api/none", jsonBody, 404},
			"404, elsewhere":         {"POST /none", jsonBody, 404},
			"405":                    {"PATCH /oauth/token", form, 405},
			"413, token":             {"POST /oauth/token", form, 413},
			"413, device":            {"POST /oauth/device/code", form, 413},
			"413, pushed":            {"POST /oauth/par", form, 413},
			"413, registration":      {"POST /oidc/register", jsonBody, 413},
			"413, login":             {"POST /login", form, 413},
			"413, authorize":         {"POST /authorize", form, 413},
			"415, token":             {"POST /oauth/token", jsonBody, 415},
			"421, of another server": {"POST /oauth/token", form, 421},
		} {
			for framing, body := range map[string]string{
				"length":  fmt.Sprintf("Content-Length: %d\r\n\r\n%s", 1<<20+100, strings.Repeat("a", 1<<20+100)),
				"chunked": fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", 1<<20+100, strings.Repeat("a", 1<<20+100)),
			} {
				t.Run(name+", "+framing, func(t *testing.T) {
					t.Parallel()
					to := host()
					if request.want == 421 {
						to = "other.example"
					}
					if got := sendFirst(t, request.line+" HTTP/1.1\r\nHost: "+to+"\r\n"+request.header+body); got.StatusCode != request.want {
						t.Errorf("%d, want %d", got.StatusCode, request.want)
					}
				})
			}
		}
	},
}

// sendFirst writes the whole request before it reads, through a small send
// buffer, as many HTTP clients do. RFC 9112 9.6: the answer must reach them.
func sendFirst(t *testing.T, request string) *http.Response {
	t.Helper()
	conn, err := net.Dial("tcp", host())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.(*net.TCPConn).SetWriteBuffer(16 << 10); err != nil {
		t.Fatal(err)
	}
	_ = conn.SetDeadline(time.Now().Add(25 * time.Second)) // a closed connection fails the next call
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatalf("while sending: %v", err)
	}
	got, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err == nil {
		_, err = io.ReadAll(got.Body)
	}
	if err != nil {
		t.Fatalf("no answer: %v", err)
	}
	return got
}
