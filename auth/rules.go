package auth

import (
	"context"
	"slices"

	"github.com/exampleco/punchcard/auth/audience"
	"github.com/exampleco/punchcard/auth/back"
	"github.com/exampleco/punchcard/auth/dpop"
	"github.com/exampleco/punchcard/auth/ledger"
	"github.com/exampleco/punchcard/auth/oauth"
	"github.com/exampleco/punchcard/auth/people"
	"github.com/exampleco/punchcard/auth/register"
	"github.com/exampleco/punchcard/auth/store"
	"github.com/exampleco/punchcard/auth/store/sqlite"
)

// rules are what this room demands, by channel: rules_request.go has those of
// the authorization request, rules_front.go those of the browser.
var rules = struct {
	requestRules
	frontRules
}{ofRequest, ofFront}

// Chapter is the part of the rule book that is about one thing.
type Chapter struct {
	ID, Title, Text string
	Rules           []ledger.Rule
}

// Chapters are the rule book of the authorization server, in the order in which
// a flow meets them.
func Chapters() []Chapter {
	return []Chapter{
		{"request", "Authorization requests", "What an app asks for at the start of a flow, through the browser or pushed ahead.", ledger.Rules(rules.requestRules)},
		{"front", "Pages and forms", "Signing in, consent, devices, signing out and the account: all that goes through a person’s browser.", ledger.Rules(rules.frontRules)},
		{"back", "Tokens", "What apps and APIs send directly: codes and refresh tokens to exchange, tokens to inspect or revoke.", slices.Concat(oauth.Rules(), audience.Rules(), back.Rules())},
		{"register", "Registered clients", "How an app becomes known to the server, and what it may say about itself.", register.Rules()},
		{"people", "Passwords and sessions", "Who a person is, and how long a browser is believed.", people.Rules()},
		{"dpop", "Proofs of possession", "A token that is bound to a key works only with a fresh proof by that key.", dpop.Rules()},
		{"store", "Grants and what is used once", "What is stored about codes and tokens, and how each ends.", store.Rules()},
		{"file", "The database file", "What has to be true of the file before the server works with it.", sqlite.Rules()},
	}
}

// Book is every rule of the authorization server. An ID occurs once in it.
func Book() (book []ledger.Rule) {
	for _, c := range Chapters() {
		book = append(book, c.Rules...)
	}
	return book
}

// check reports whether a rule held, and returns that. Expected and got must
// never hold a secret: ledger.Fingerprint names one.
func (s *Server) check(ctx context.Context, rule ledger.Rule, ok bool, expected, got string) bool {
	return s.ledger.Check(ctx, rule, ok, expected, got)
}
