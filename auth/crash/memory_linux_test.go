package crash

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// BenchmarkMemory reports what the process holds in memory after 10,000
// refreshes, and after 1,000 more sign-ins, whose password hashes need 19 MiB
// each while they are made.
//
//	go test -run '^$' -bench Memory -benchtime 1x ./auth/crash
func BenchmarkMemory(b *testing.B) {
	s := newSite(b, b.TempDir())
	p := s.start()
	for range b.N {
		a := s.agent()
		code, err := a.authorize(native, "ada@example.com", "")
		if err != nil {
			b.Fatal(err)
		}
		got, err := a.exchange(code)
		if err != nil {
			b.Fatal(err)
		}
		for range 10_000 {
			if got, err = a.refresh(native, got.Refresh); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(p.resident(), "MiB/10k-refreshes")
		for range 1000 {
			if _, err := s.agent().authorize(native, "alan@example.com", ""); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(p.resident(), "MiB/1k-sign-ins")
	}
}

// resident is the process's memory in MiB.
func (p *process) resident() float64 {
	p.t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		p.t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		var kib float64
		if _, err := fmt.Sscanf(line, "VmRSS: %f kB", &kib); err == nil {
			return kib / 1024
		}
	}
	p.t.Fatal("no VmRSS")
	return 0
}
