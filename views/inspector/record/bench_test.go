package record

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// BenchmarkExchange is what one token request costs more for being watched,
// until it is joined: a dozen checks, four writes, a token of usual length.
func BenchmarkExchange(b *testing.B) {
	w := newWorld(b, filepath.Join(b.TempDir(), "runs.db"))
	claims := `"iss":"http://localhost:8484","sub":"usr_ada","aud":"http://localhost:8484/api","exp":1795648096,"iat":1795647196,"client_id":"timesheets-cron","scope":"batch:upload"`
	n := 0
	w.answer = func(rw http.ResponseWriter, r *http.Request) {
		n++
		for _, rule := range [12]string{"form-parameter-once", "grant-type-served", "client-authenticated"} {
			if h := w.log.Handler(); h.Enabled(r.Context(), slog.LevelDebug) {
				record := slog.NewRecord(time.Now(), slog.LevelDebug, "check", 0)
				record.AddAttrs(slog.String("rule", rule), slog.String("verdict", "pass"),
					slog.String("expected", "one of them"), slog.String("got", "just that"), slog.String("clause", "RFC 6749 5.2"))
				_ = h.Handle(r.Context(), record)
			}
		}
		for range 4 {
			w.log.LogAttrs(r.Context(), slog.LevelDebug, "store", slog.String("op", "insert"), slog.String("table", "access_tokens"), slog.String("kind", "access token"), slog.String("id", "1a2b3c4d"))
		}
		says(200, `{"access_token":"`+jwt(`{`+claims+`,"jti":"`+strconv.Itoa(n)+`"}`)+`","token_type":"Bearer","expires_in":900,"scope":"batch:upload"}`)(rw, r)
	}
	r := httptest.NewRequest("POST", "/oauth/token", nil)
	r.Header = http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Authorization": {"Basic dGltZXNoZWV0cy1jcm9uOnRpbWVzaGVldHMtY3Jvbi1zZWNyZXQ="}, "Accept": {"*/*"}, "User-Agent": {"curl/8.0"}}
	request := func(h http.Handler) {
		in := r.Clone(r.Context())
		in.Body = io.NopCloser(strings.NewReader("grant_type=client_credentials"))
		h.ServeHTTP(httptest.NewRecorder(), in)
	}
	b.Run("without", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			request(http.HandlerFunc(w.answer))
		}
	})
	b.Run("with", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			request(w.handler)
			w.drain()
		}
	})
}
