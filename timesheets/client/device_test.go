package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"rsc.io/qr"
)

// What a server may answer to a poll, and how long the device waits then: RFC
// 8628 3.5.
func TestPolling(t *testing.T) {
	const pending, slow = `{"error":"authorization_pending"}`, `{"error":"slow_down"}`
	for name, row := range map[string]struct {
		interval int
		answers  []string // "" loses the connection
		waits    []int    // seconds before each poll
		says     string   // "" for tokens
	}{
		"at once":          {5, []string{`{}`}, []int{5}, ""},
		"after a while":    {3, []string{pending, pending, `{}`}, []int{3, 3, 3}, ""},
		"too fast":         {5, []string{pending, slow, pending, slow, `{}`}, []int{5, 5, 10, 10, 15}, ""},
		"trouble":          {5, []string{"", "", pending, `{}`}, []int{5, 10, 20, 20}, ""},
		"refused":          {5, []string{pending, `{"error":"access_denied"}`}, []int{5, 5}, "refused in the browser"},
		"too late":         {5, []string{pending, `{"error":"expired_token"}`}, []int{5, 5}, "Nobody entered the code in time"},
		"used by somebody": {5, []string{`{"error":"invalid_grant","error_description":"used before"}`}, []int{5}, "used before"},
	} {
		t.Run(name, func(t *testing.T) {
			polls := 0
			us := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.FormValue("grant_type") != grantDevice || r.FormValue("device_code") != "dc" || r.FormValue("client_id") != "app" {
					t.Errorf("polled with %v", r.Form)
				}
				answer := row.answers[polls]
				polls++
				if answer == "" {
					panic(http.ErrAbortHandler)
				}
				w.Header().Set("Content-Type", "application/json")
				if answer == `{}` {
					_ = json.NewEncoder(w).Encode(map[string]any{"access_token": "at", "token_type": "Bearer", "expires_in": 60})
					return
				}
				w.WriteHeader(http.StatusBadRequest)
				_, _ = w.Write([]byte(answer))
			}))
			defer us.Close()
			var waits []int
			d := &device{
				signIn{wire: newWire(us.URL), server: &metadata{Token: us.URL}, client: "app", scopes: []string{"read:timesheets"}},
				func(_ context.Context, d time.Duration) error { waits = append(waits, int(d.Seconds())); return nil },
			}
			got, _, err := d.poll(t.Context(), &deviceCode{DeviceCode: "dc", Interval: row.interval})
			if (err == nil) != (row.says == "") || err != nil && !strings.Contains(err.Error(), row.says) {
				t.Errorf("%v, want %q", err, row.says)
			}
			if err == nil && (got.Access != "at" || got.Scope != "read:timesheets") {
				t.Errorf("tokens: %+v", got)
			}
			if !slices.Equal(waits, row.waits) {
				t.Errorf("waited %v s, want %v", waits, row.waits)
			}
		})
	}
}

// The drawing, read back cell by cell, is the code.
func TestDrawQR(t *testing.T) {
	const text = "http://localhost:8484/device?user_code=BCDF-GHJK"
	code, err := qr.Encode(text, qr.L)
	if err != nil {
		t.Fatal(err)
	}
	for _, colours := range []bool{true, false} {
		drawing := drawQR(text, 80, colours)
		if colours != strings.Contains(drawing, "\x1b[30;107m") {
			t.Errorf("colours %v: %q", colours, drawing[:20])
		}
		plainly := strings.NewReplacer("\x1b[30;107m", "", "\x1b[0m", "").Replace(drawing)
		lines := strings.Split(strings.TrimSuffix(plainly, "\n"), "\n")
		for y := -quiet; y < code.Size+quiet; y++ {
			line := []rune(lines[(y+quiet)/2])
			if len(line) != code.Size+2*quiet {
				t.Fatalf("line %d has %d cells, want %d", y, len(line), code.Size+2*quiet)
			}
			for x := -quiet; x < code.Size+quiet; x++ {
				c := line[x+quiet]
				ink := c == '█' || c == '▀' && (y+quiet)%2 == 0 || c == '▄' && (y+quiet)%2 == 1
				if black := ink == colours; black != code.Black(x, y) {
					t.Fatalf("cell %d,%d is drawn %v, want %v", x, y, black, code.Black(x, y))
				}
			}
		}
	}
	if drawQR(text, 20, true) != "" {
		t.Error("a code wider than the window was drawn")
	}
}
