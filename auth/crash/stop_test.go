package crash

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

const inFlight = 200

// held is a request whose headers the server has read and whose body it waits
// for: 100 Continue is sent when a handler begins to read, so there is no doubt
// that it is in flight (RFC 9110 10.1.1).
type held struct {
	conn net.Conn
	read *bufio.Reader
	body string
	want int
	then func(body string)
}

func (s *site) hold(method, path, kind, authorization, body string, want int) (*held, error) {
	conn, err := net.Dial("tcp", "127.0.0.1:"+s.port)
	if err != nil {
		return nil, err
	}
	h := &held{conn: conn, read: bufio.NewReader(conn), body: body, want: want}
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return nil, err
	}
	if authorization != "" {
		authorization = "Authorization: " + authorization + "\r\n"
	}
	fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: localhost:%s\r\nContent-Type: %s\r\nContent-Length: %d\r\nExpect: 100-continue\r\n%s\r\n", method, path, s.port, kind, len(body), authorization)
	line, err := h.read.ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "HTTP/1.1 100 ") {
		return nil, fmt.Errorf("%s %s: %q %v, want 100 Continue", method, path, line, err)
	}
	_, err = h.read.ReadString('\n')
	return h, err
}

// finish sends the body and reads the whole answer.
func (h *held) finish() error {
	defer h.conn.Close()
	if _, err := io.WriteString(h.conn, h.body); err != nil {
		return err
	}
	resp, err := http.ReadResponse(h.read, nil)
	if err != nil {
		return fmt.Errorf("no answer: %w", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("an answer that was cut off: %w", err)
	}
	if resp.StatusCode != h.want {
		return fmt.Errorf("%d %s, want %d", resp.StatusCode, body, h.want)
	}
	if h.then != nil {
		h.then(string(body))
	}
	return nil
}

// SIGTERM with 200 writes in flight: each gets its whole answer, what the
// answers say is kept, and the exit code is 0.
func TestTerminate(t *testing.T) {
	t.Parallel()
	s := newSite(t, t.TempDir())
	p := s.start()
	w := newWorld(t, s)
	ada := w.people["ada"]
	doomed, err := w.begin(ada.browser, ada.app)
	if err != nil {
		t.Fatal(err)
	}
	requests := holdAll(t, w, doomed)

	p.terminate()
	time.Sleep(100 * time.Millisecond) // the signal is handled while all wait
	var mu sync.Mutex
	var bad []error
	var all sync.WaitGroup
	for _, h := range requests {
		all.Go(func() {
			if err := h.finish(); err != nil {
				mu.Lock()
				defer mu.Unlock()
				bad = append(bad, err)
			}
		})
	}
	all.Wait()
	if len(bad) > 0 {
		t.Errorf("%d of %d were cut off or refused; the first: %v", len(bad), len(requests), bad[0])
	}
	if code := p.exit(); code != 0 {
		t.Errorf("exit %d, want 0:\n%s", code, p.err.tail())
	}
	if conn, err := net.Dial("tcp", "127.0.0.1:"+s.port); err == nil {
		conn.Close()
		t.Error("something still listens")
	}
	s.wire.CloseIdleConnections()
	intact(t, s.db)

	last := s.start()
	w.look()
	last.terminate()
	if code := last.exit(); code != 0 {
		t.Errorf("exit %d, want 0", code)
	}
	for _, p := range []*process{p, last} {
		s.vault.clean(t, p)
	}
	s.vault.cleanFiles(t, s.db)
	t.Logf("%d in flight\n%s", len(requests), w.ledger)
}

// holdAll opens the 200: creates, machine tokens and, of one family, a
// revocation.
func holdAll(t *testing.T, w *world, doomed *family) []*held {
	t.Helper()
	const forms = "application/x-www-form-urlencoded"
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("timesheets-cron:"+cronSecret))
	ada := w.people["ada"]
	var requests []*held
	for i := range inFlight {
		var h *held
		var err error
		switch {
		case i == 0:
			h, err = w.s.hold("POST", "/oauth/revoke", forms, "", url.Values{"client_id": {doomed.app.id}, "token": {doomed.current.Refresh}}.Encode(), http.StatusOK)
			if err == nil {
				h.then = func(string) { doomed.dead = true }
			}
		case i%2 == 0:
			h, err = w.s.hold("POST", "/oauth/token", forms, basic, "grant_type=client_credentials", http.StatusOK)
			if err == nil {
				h.then = func(body string) { w.keepMachine(body) }
			}
		default:
			e := &entry{owner: ada.name, notes: fmt.Sprintf("in flight %d", i), status: "pending"}
			day := w.undated.AddDate(0, 0, i).Format(time.DateOnly)
			h, err = w.s.hold("POST", "/api/timesheets", "application/json", "Bearer "+ada.steady.Access, fmt.Sprintf(`{"project":"Apollo","date":%q,"hours":1,"notes":%q}`, day, e.notes), http.StatusCreated)
			if err == nil {
				h.then = func(body string) { w.keepEntry(e, body) }
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		requests = append(requests, h)
	}
	return requests
}

func (w *world) keepMachine(body string) {
	var got tokens
	if err := json.Unmarshal([]byte(body), &got); err != nil || got.Access == "" {
		w.t.Errorf("tokens: %v %s", err, body)
		return
	}
	w.s.vault.add("access token", got.Access)
	w.count("client credentials")
	put(w.ledger, &w.machine, got.Access)
}

func (w *world) keepEntry(e *entry, body string) {
	var made struct{ ID string }
	if err := json.Unmarshal([]byte(body), &made); err != nil || made.ID == "" {
		w.t.Errorf("entry: %v %s", err, body)
		return
	}
	e.id = made.ID
	w.created(e)
}
