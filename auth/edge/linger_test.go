package edge

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// sendsFirst writes all of a request before it reads a byte, through a small
// send buffer, as urllib and Java's HttpURLConnection do.
func sendsFirst(t *testing.T, addr string, request io.Reader) (*http.Response, string) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.(*net.TCPConn).SetWriteBuffer(4 << 10); err != nil {
		t.Fatal(err)
	}
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.Copy(conn, request); err != nil {
		t.Fatalf("while sending: %v", err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("no answer: %v", err)
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatalf("half an answer: %v", err)
	}
	return answer, string(body)
}

// refusing serves a handler that answers each path without its body, or with
// only a part of it read.
func refusing(t *testing.T) *httptest.Server {
	t.Helper()
	issuer, _ := url.Parse("http://localhost:8484")
	server := httptest.NewServer(Handler(Config{Issuer: issuer, Port: "8484", Log: quiet()}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/api/part":
			_, _ = io.ReadFull(r.Body, make([]byte, 1000))
		case "/api/capped":
			_, _ = io.ReadAll(http.MaxBytesReader(w, r.Body, 64<<10))
		case "/api/closed":
			r.Body.Close()
		case "/api/page":
			w.WriteHeader(413)
			_, _ = io.WriteString(w, strings.Repeat("a long page ", 1000))
			return
		}
		http.Error(w, "refused", http.StatusUnauthorized)
	})))
	t.Cleanup(server.Close)
	return server
}

// RFC 9112 9.6: an answer that is given before the body was read is not lost
// when the connection closes.
func TestAnswersBeforeTheBody(t *testing.T) {
	addr := refusing(t).Listener.Addr().String()
	for path, want := range map[string]int{"/api/none": 401, "/api/part": 401, "/api/capped": 401, "/api/closed": 401, "/api/page": 413, "/elsewhere": 421} {
		host := "localhost:8484"
		if want == 421 {
			host = "elsewhere.test"
		}
		head := "POST " + path + " HTTP/1.1\r\nHost: " + host + "\r\n"
		body := bytes.Repeat([]byte("x"), 1<<20+100)
		t.Run("length"+strings.ReplaceAll(path, "/", " "), func(t *testing.T) {
			t.Parallel()
			answer, text := sendsFirst(t, addr, io.MultiReader(strings.NewReader(fmt.Sprintf("%sContent-Length: %d\r\n\r\n", head, len(body))), bytes.NewReader(body)))
			if answer.StatusCode != want || text == "" {
				t.Errorf("%d %.40s, want %d", answer.StatusCode, text, want)
			}
		})
		t.Run("chunked"+strings.ReplaceAll(path, "/", " "), func(t *testing.T) {
			t.Parallel()
			answer, text := sendsFirst(t, addr, io.MultiReader(strings.NewReader(fmt.Sprintf("%sTransfer-Encoding: chunked\r\n\r\n%x\r\n", head, len(body))), bytes.NewReader(body), strings.NewReader("\r\n0\r\n\r\n")))
			if answer.StatusCode != want || text == "" {
				t.Errorf("%d %.40s, want %d", answer.StatusCode, text, want)
			}
		})
	}
}

// Once all of the body is read, the connection serves the next request.
func TestConnectionIsKeptAfterTheRest(t *testing.T) {
	addr := refusing(t).Listener.Addr().String()
	request := "POST /api/none HTTP/1.1\r\nHost: localhost:8484\r\nContent-Length: 1000000\r\n\r\n" + strings.Repeat("x", 1000000)
	answer, _ := sendsFirst(t, addr, strings.NewReader(request))
	if answer.StatusCode != 401 || answer.Close {
		t.Errorf("%d, close %v", answer.StatusCode, answer.Close)
	}
}

// RFC 9110 10.1.1: a client that asks first is answered, and sends nothing.
func TestExpectContinueIsNotMadeToSend(t *testing.T) {
	addr := refusing(t).Listener.Addr().String()
	begun := time.Now()
	answer, _ := sendsFirst(t, addr, strings.NewReader("POST /api/none HTTP/1.1\r\nHost: localhost:8484\r\nExpect: 100-continue\r\nContent-Length: 1000000\r\n\r\n"))
	if answer.StatusCode != 401 || !answer.Close || time.Since(begun) >= lingerTime {
		t.Errorf("%d, close %v, after %s", answer.StatusCode, answer.Close, time.Since(begun))
	}
}

// What is read after the answer is bounded in bytes, in time, and in the number
// of connections.
func TestLingeringIsBounded(t *testing.T) {
	t.Parallel()
	request := func(body io.Reader) *http.Request {
		r := httptest.NewRequest("POST", "http://localhost:8484/api/none", body)
		r.Body = io.NopCloser(body)
		return r
	}
	h := lingering(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	endless := &counted{}
	h.ServeHTTP(httptest.NewRecorder(), request(endless))
	if endless.read < lingerBytes || endless.read > lingerBytes+64<<10 {
		t.Errorf("%d bytes were read, want %d", endless.read, lingerBytes)
	}

	addr := refusing(t).Listener.Addr().String()
	begun := time.Now()
	answer, _ := sendsFirst(t, addr, strings.NewReader("POST /api/none HTTP/1.1\r\nHost: localhost:8484\r\nContent-Length: 1000000\r\n\r\nand no more"))
	if took := time.Since(begun); answer.StatusCode != 401 || !answer.Close || took < lingerTime/2 || took > 3*lingerTime {
		t.Errorf("%d after %s, want 401 after %s", answer.StatusCode, took, lingerTime)
	}

	held, release := make(chan struct{}, lingerMost), make(chan struct{})
	for range lingerMost {
		go h.ServeHTTP(httptest.NewRecorder(), request(&waiting{held: held, release: release}))
	}
	for range lingerMost {
		<-held
	}
	over := &counted{}
	h.ServeHTTP(httptest.NewRecorder(), request(over))
	if close(release); over.read != 0 {
		t.Errorf("one more than %d connections was read from", lingerMost)
	}
}

// counted never ends.
type counted struct{ read int }

func (c *counted) Read(p []byte) (int, error) { c.read += len(p); return len(p), nil }

// waiting says that it is read, and ends when it may.
type waiting struct {
	held    chan<- struct{}
	release <-chan struct{}
}

func (w *waiting) Read([]byte) (int, error) {
	w.held <- struct{}{}
	<-w.release
	return 0, io.EOF
}
