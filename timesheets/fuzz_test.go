package timesheets

import (
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
)

// FuzzCreate: whatever the body is, it is taken or refused in good order, and
// what is taken keeps the rules.
func FuzzCreate(f *testing.F) {
	for _, seed := range []string{
		validEntry, `{}`, `[]`, `null`, "", `{"hours":1e309}`, `{"hours":-0}`, `{"a.b":1,"a":2}`, `{"":[{}]}`, "\xff", "\xef\xbb\xbf{}",
		`{"project":"P","date":"2026-03-17","hours":24,"notes":"\u2028"}`, `{"project":{"project":1},"date":[],"hours":"8"}`,
		strings.Repeat(`[{"a":`, 300), `{"project":"P","date":"2026-02-29","hours":8}`,
	} {
		f.Add(seed)
	}
	w := newWorld(f, func(c *Config) { c.Log = slog.New(slog.DiscardHandler) })
	ada := w.token("usr_ada", everyScope...)
	handler := w.api.Handler()
	f.Fuzz(func(t *testing.T, body string) {
		r := httptest.NewRequest("POST", "/api/timesheets", strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+ada)
		r.Header.Set("Content-Type", "application/json")
		rec := httptest.NewRecorder()
		handler.ServeHTTP(rec, r)
		got := reply{t, "POST", rec.Code, rec.Header(), rec.Body.String()}
		switch rec.Code {
		case 201:
			e := got.want(201).entry()
			if e.UserID != "usr_ada" || e.Status != pending || e.Hours <= 0 || e.Hours > 24 || e.Hours*4 != float64(int(e.Hours*4)) || e.Project == "" {
				t.Errorf("taken: %+v", e)
			}
			if _, err := w.db.Exec(`DELETE FROM entries`); err != nil {
				t.Fatal(err)
			}
		case 400, 413, 422:
			got.want(rec.Code)
		default:
			t.Errorf("%d %s", rec.Code, rec.Body)
		}
	})
}

func BenchmarkList(b *testing.B) {
	w := newWorld(b, func(c *Config) { c.Log = slog.New(slog.DiscardHandler) })
	ada := w.token("usr_ada", everyScope...)
	for range 4 {
		w.fortnight(ada)
	}
	w.bench(b, ada, "/api/timesheets")
}

func BenchmarkMe(b *testing.B) {
	w := newWorld(b, func(c *Config) { c.Log = slog.New(slog.DiscardHandler) })
	w.bench(b, w.token("usr_ada", everyScope...), "/api/me")
}

func (w *world) bench(b *testing.B, token, path string) {
	handler := w.api.Handler()
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequest("GET", path, nil)
		r.Header.Set("Authorization", "Bearer "+token)
		rec := httptest.NewRecorder()
		handler.ServeHTTP(rec, r)
		if rec.Code != 200 {
			b.Fatal(rec.Code, rec.Body)
		}
	}
}
