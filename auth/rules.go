package auth

import (
	"context"
	"slices"

	"github.com/exampleco/punchcard/auth/audience"
	"github.com/exampleco/punchcard/auth/dpop"
	"github.com/exampleco/punchcard/auth/ledger"
	"github.com/exampleco/punchcard/auth/oauth"
	"github.com/exampleco/punchcard/auth/people"
	"github.com/exampleco/punchcard/auth/store"
	"github.com/exampleco/punchcard/auth/store/sqlite"
)

// rules are what this room demands, by channel: rules_request.go has those of
// the authorization request, rules_front.go those of the browser, rules_back.go
// those of tokens, rules_register.go those of registration.
var rules = struct {
	requestRules
	frontRules
	backRules
	registerRules
}{ofRequest, ofFront, ofBack, ofRegister}

// Rules are those of this room alone, in the order of its files.
func Rules() []ledger.Rule {
	return slices.Concat(
		ledger.Rules(rules.requestRules),
		ledger.Rules(rules.frontRules),
		ledger.Rules(rules.backRules),
		ledger.Rules(rules.registerRules),
	)
}

// Book is the rule book of the authorization server: the rules of this room and
// of those below it, each room's together. An ID occurs once in it.
func Book() []ledger.Rule {
	return slices.Concat(
		oauth.Rules(),
		audience.Rules(),
		Rules(),
		people.Rules(),
		dpop.Rules(),
		store.Rules(),
		sqlite.Rules(),
	)
}

// check reports whether a rule held, and returns that. Expected and got must
// never hold a secret: ledger.Fingerprint names one.
func (s *Server) check(ctx context.Context, rule ledger.Rule, ok bool, expected, got string) bool {
	return s.ledger.Check(ctx, rule, ok, expected, got)
}
