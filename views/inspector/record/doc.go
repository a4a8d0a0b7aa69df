// Package record watches: it keeps every exchange between the four roles, what
// the servers checked meanwhile and what they wrote, and joins them into runs,
// one for each flow.
//
// It sees them from outside. [Recorder.Handler] goes round all rooms and keeps
// the raw request and response; [Recorder.Ledger] is one more slog.Handler and
// keeps the records named "check" and "store" that a request's context leads
// to. No room knows of it.
//
//	request ──► Handler ──► rooms ── check, store ──► Ledger
//	               │ when answered                      │
//	               └──────────────► Exchange ◄──────────┘
//	                                   │  never waited for: full means dropped, and counted
//	                                join (keys.go) ──► Run ──► file, masked (file.go)
//
// What must never be kept is cut out before an exchange is joined to anything:
// passwords, cookies and client secrets (hide.go). Codes, tokens and verifiers
// stay readable in memory, for the last runs only. The file shows what is known
// to be harmless (shown.go), of codes and tokens six characters and a hash, and
// of everything else nothing (mask.go).
package record
