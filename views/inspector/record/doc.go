// Package record keeps every exchange between the four roles, with the checks
// and writes of the servers, and joins the exchanges into runs, one for each
// flow.
//
// It works from outside, and no other room knows about it. [Recorder.Handler]
// wraps all rooms and keeps the raw request and response. [Recorder.Ledger] is
// one more slog.Handler and keeps the records named "check" and "store" whose
// context belongs to a request.
//
//	request ──► Handler ──► rooms ── check, store ──► Ledger
//	               │ when answered                      │
//	               └──────────────► Exchange ◄──────────┘
//	                                   │  never waited for: full means dropped, and counted
//	                                join (join.go) ──► Run ──► file, masked (file.go)
//
// Passwords, cookies and client secrets must never be kept. They are cut out
// before an exchange is joined to anything (hide.go). Codes, tokens and
// verifiers stay readable in memory, for the last runs only. In the file,
// values that are known to be harmless stay readable (shown.go), codes and
// tokens are masked to six characters and a hash, and everything else is
// hidden (mask.go).
package record
