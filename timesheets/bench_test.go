package timesheets

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"
)

func BenchmarkList(b *testing.B) {
	w := quiet(b)
	ada := w.token("usr_ada", everyScope...)
	for range 4 {
		w.fortnight(ada)
	}
	b.Run("one", func(b *testing.B) { w.one(b, ada, "GET /api/timesheets") })
	b.Run("parallel", func(b *testing.B) { w.parallel(b, ada, "GET /api/timesheets") })
	b.Run("csv", func(b *testing.B) { w.one(b, ada, "GET /api/timesheets", "Accept", "text/csv") })
}

func BenchmarkMe(b *testing.B) {
	w := quiet(b)
	ada := w.token("usr_ada", everyScope...)
	b.Run("one", func(b *testing.B) { w.one(b, ada, "GET /api/me") })
	b.Run("parallel", func(b *testing.B) { w.parallel(b, ada, "GET /api/me") })
}

// BenchmarkCreate gives each entry a person's day of its own, so that all are
// taken.
func BenchmarkCreate(b *testing.B) {
	for name, key := range map[string]string{"plain": "", "keyed": "Idempotency-Key"} {
		b.Run(name, func(b *testing.B) {
			w := quiet(b)
			const people, days = 64, 70000 // of 15 minutes each, 96 to a day
			tokens := make([]string, people)
			for i := range tokens {
				tokens[i] = w.token(fmt.Sprintf("usr_%d", i), everyScope...)
			}
			var n atomic.Int64
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					i := int(n.Add(1))
					day := time.Date(2000, 1, 1+i/people/96%days, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
					headers := []string{}
					if key != "" {
						headers = []string{key, fmt.Sprint(i)}
					}
					body := `{"project":"P","date":"` + day + `","hours":0.25}`
					if r := w.serve(b, tokens[i%people], "POST /api/timesheets", body, headers...); r.status != 201 {
						b.Error(r.status, r.body)
						return
					}
				}
			})
		})
	}
}

func BenchmarkUpload(b *testing.B) {
	w := quiet(b)
	cron := w.machine("batch:upload")
	var all []string
	for i := range 1000 {
		all = append(all, row("usr_ada", fmt.Sprintf("2026-%02d-%02d", i/28%12+1, i%28+1), 0.25))
	}
	body := rows(all...)
	b.ReportAllocs()
	for b.Loop() {
		if r := w.serve(b, cron, uploadRoute, body); r.status != 201 {
			b.Fatal(r.status, r.body)
		}
		b.StopTimer()
		w.clear(b)
		b.StartTimer()
	}
}

func (w *world) one(b *testing.B, token, route string, headers ...string) {
	b.ReportAllocs()
	for b.Loop() {
		if r := w.serve(b, token, route, "", headers...); r.status != 200 {
			b.Fatal(r.status, r.body)
		}
	}
}

func (w *world) parallel(b *testing.B, token, route string) {
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if r := w.serve(b, token, route, ""); r.status != 200 {
				b.Error(r.status, r.body)
				return
			}
		}
	})
}
