package views

import (
	"slices"
	"testing"
)

func TestClauses(t *testing.T) {
	rfc := func(fragment string) string { return "https://www.rfc-editor.org/rfc/rfc" + fragment }
	asvs := specifications["OWASP ASVS"]
	for text, want := range map[string][]Link{
		"":                             nil,
		"RFC 7009":                     {{rfc("7009"), "RFC 7009"}},
		"RFC 9700 2.1":                 {{rfc("9700#section-2.1"), "RFC 9700 2.1"}},
		"RFC 7636 4.6, RFC 9700 2.1.1": {{rfc("7636#section-4.6"), "RFC 7636 4.6"}, {rfc("9700#section-2.1.1"), "RFC 9700 2.1.1"}},
		"OWASP ASVS 7.3.1, 7.3.2":      {{asvs, "OWASP ASVS 7.3.1"}, {asvs, "7.3.2"}},
		"OIDC Core 9":                  {{"https://openid.net/specs/openid-connect-core-1_0.html", "OIDC Core 9"}},
		"OAuth 2.0 Multiple Response Types 2.1": {{
			"https://openid.net/specs/oauth-v2-multiple-response-types-1_0.html", "OAuth 2.0 Multiple Response Types 2.1",
		}},
		"sqlite.org/howtocorrupt.html 1.4":          {{"https://sqlite.org/howtocorrupt.html", "sqlite.org/howtocorrupt.html 1.4"}},
		"sqlite.org/pragma.html#pragma_quick_check": {{"https://sqlite.org/pragma.html#pragma_quick_check", "sqlite.org/pragma.html#pragma_quick_check"}},
		"Auth0's returnTo form":                     {{"", "Auth0's returnTo form"}},
	} {
		if got := Clauses(text); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
