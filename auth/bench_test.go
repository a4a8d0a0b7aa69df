package auth

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
)

// Every answer measured here is on disk (synchronous=FULL) before it is given.
// Compare the lines of one run with one another: machines differ, and so do
// their disks.

func BenchmarkRefresh(b *testing.B) {
	for name, scope := range map[string]string{
		"ES256":               "offline_access read:timesheets",
		"with RS256 ID token": "openid offline_access read:timesheets",
	} {
		b.Run(name, func(b *testing.B) {
			w := newWorld(b)
			got := w.tokens(w.exchange(w.grant("ada@example.com", scope)))
			for b.Loop() {
				got = w.tokens(w.refresh(got.RefreshToken))
			}
		})
	}
}

func BenchmarkRefreshWithGrace(b *testing.B) {
	w := withinGrace(b)
	got := w.granted("offline_access read:timesheets")
	for b.Loop() {
		got = w.tokens(w.refresh(got.RefreshToken))
	}
}

func BenchmarkRefreshParallel(b *testing.B) {
	w := newWorld(b)
	b.SetParallelism(4) // families refreshed side by side share commits
	b.RunParallel(func(pb *testing.PB) {
		got := w.tokens(w.exchange(w.grant("ada@example.com", "offline_access read:timesheets")))
		for pb.Next() {
			got = w.tokens(w.refresh(got.RefreshToken))
		}
	})
}

// What is measured is the poll that fetches the tokens.
func BenchmarkDeviceCode(b *testing.B) {
	w := newWorld(b)
	v := w.visit("ada@example.com")
	for b.Loop() {
		b.StopTimer()
		d := v.approves(w.television("offline_access read:timesheets"))
		b.StartTimer()
		w.tokens(w.poll(d))
	}
}

func BenchmarkDevicePending(b *testing.B) {
	w := newWorld(b)
	d := w.television("offline_access read:timesheets")
	for b.Loop() {
		w.clock.pass(pollEvery)
		if rec := w.poll(d); rec.Code != http.StatusBadRequest {
			b.Fatal(rec.Body)
		}
	}
}

var machine = url.Values{"grant_type": {"client_credentials"}, "client_id": {"timesheets-cron"}, "client_secret": {"timesheets-cron-secret"}}

func BenchmarkClientCredentials(b *testing.B) {
	w := newWorld(b)
	for b.Loop() {
		w.tokens(w.post(pathToken, machine))
	}
}

func BenchmarkClientCredentialsParallel(b *testing.B) {
	w := newWorld(b)
	b.SetParallelism(4)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			w.tokens(w.post(pathToken, machine))
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	w := newWorld(b)
	token := w.tokens(w.exchange(w.grant("ada@example.com", allScope))).AccessToken
	for b.Loop() {
		if _, err := w.Verify(b.Context(), token, issuer+"/api"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkIntrospect(b *testing.B) {
	w := newWorld(b)
	token := w.tokens(w.exchange(w.grant("ada@example.com", allScope))).AccessToken
	ask := url.Values{"client_id": {"timesheets-gateway"}, "client_secret": {"timesheets-gateway-secret"}, "token": {token}}
	for b.Loop() {
		if rec := w.post(pathIntrospect, ask); rec.Code != http.StatusOK {
			b.Fatal(rec.Body)
		}
	}
}

func BenchmarkLoginPage(b *testing.B) {
	w := newWorld(b)
	for b.Loop() {
		rec := httptest.NewRecorder()
		w.mux.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, issuer+pathLogin, nil))
		if rec.Code != http.StatusOK {
			b.Fatal(rec.Body)
		}
	}
}
