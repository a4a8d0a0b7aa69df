package store

import (
	"fmt"
	"testing"
	"time"
)

// The look-up at every call of an API, with other grants around it.
func BenchmarkAccessToken(b *testing.B) {
	f := open(b)
	ctx := f.Begin(b.Context())
	for i := range 1000 {
		must(b, f.CreateAccessTokenSession(ctx, fmt.Sprint(i), f.clock.request(fmt.Sprint(i))))
	}
	must(b, f.Commit(ctx))
	for b.Loop() {
		if _, err := f.AccessToken(b.Context(), "500"); err != nil {
			b.Fatal(err)
		}
	}
}

// What a refresh writes, in one commit to disk.
func BenchmarkRotation(b *testing.B) {
	f := open(b)
	must(b, f.CreateRefreshTokenSession(b.Context(), "0", "", f.clock.request("r1")))
	i := 0
	for b.Loop() {
		f.clock.advance(time.Millisecond)
		ctx, r := f.Begin(b.Context()), f.clock.request("r1")
		must(b, f.RotateRefreshToken(ctx, "r1", fmt.Sprint(i)))
		i++
		must(b, f.CreateAccessTokenSession(ctx, fmt.Sprint(i), r))
		must(b, f.CreateRefreshTokenSession(ctx, fmt.Sprint(i), "", r))
		must(b, f.Commit(ctx))
	}
}

func BenchmarkClient(b *testing.B) {
	f := open(b)
	for b.Loop() {
		if _, err := f.Client(b.Context(), "app"); err != nil {
			b.Fatal(err)
		}
	}
}
