package views

import (
	"regexp"
	"strings"
)

// specifications are where the clauses of each can be read. RFCs are not among
// them: they have an address for every section.
var specifications = map[string]string{
	"OIDC Core":                         "https://openid.net/specs/openid-connect-core-1_0.html",
	"OIDC Registration":                 "https://openid.net/specs/openid-connect-registration-1_0.html",
	"OAuth 2.0 Multiple Response Types": "https://openid.net/specs/oauth-v2-multiple-response-types-1_0.html",
	"RP-Initiated Logout":               "https://openid.net/specs/openid-connect-rpinitiated-1_0.html",
	"OWASP ASVS":                        "https://owasp.org/www-project-application-security-verification-standard/",
}

// clauseParts are the specification and the section of a clause. The name may
// be missing: "7.3.2" behind another clause of the same.
var clauseParts = regexp.MustCompile(`^(RFC [0-9]+|.*?)(?: ?\b([0-9]+(?:\.[0-9]+)*))?$`)

// Clauses are the clauses of a text such as "RFC 7636 4.6, RFC 9700 2.1.1",
// each with its address, which is "" where none is known.
func Clauses(text string) (out []Link) {
	of := ""
	for clause := range strings.SplitSeq(text, ", ") {
		if clause == "" {
			continue
		}
		parts := clauseParts.FindStringSubmatch(clause)
		if parts[1] != "" {
			of = parts[1]
		}
		out = append(out, Link{Href: clauseHref(of, parts[2]), Text: clause})
	}
	return out
}

func clauseHref(of, section string) string {
	switch number, rfc := strings.CutPrefix(of, "RFC "); {
	case rfc && section == "":
		return "https://www.rfc-editor.org/rfc/rfc" + number
	case rfc:
		return "https://www.rfc-editor.org/rfc/rfc" + number + "#section-" + section
	case strings.HasPrefix(of, "sqlite.org/"):
		return "https://" + of
	}
	return specifications[of]
}
