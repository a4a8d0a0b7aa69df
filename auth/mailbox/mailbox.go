// Package mailbox knows when two e-mail addresses are one, and which can be
// declared. People type what they read; browsers, keyboards and libraries each
// have a spelling of their own for it.
package mailbox

import (
	"net/mail"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// maxAddress is RFC 5321 4.5.3.1.3, without its angle brackets. It counts the
// bytes that are sent, so of the domain those of its A-labels.
const maxAddress = 254

// maxTyped is longer than any address that can be declared, in bytes; what is
// longer is nobody's, and is not worth normalising.
const maxTyped = 1024

// domains is how browsers read the name of a host (UTS 46, RFC 5891): letter
// case and width make no difference, and what is not ASCII becomes A-labels.
var domains = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.Transitional(false), idna.VerifyDNSLength(true))

// Key is how addresses are compared: " Ada@Example.com" and its full-width form
// are one account and, above all, one bucket of the throttle; so are
// kim@bücher.example and kim@xn--bcher-kva.example (RFC 6531 3.7.1).
// Normalisation comes first, because it turns other spaces into plain ones.
// Local parts that are not ASCII are compared as RFC 6532 3.1 has them written,
// which NFKC includes. "" for what is longer than any address.
func Key(address string) string {
	if len(address) > maxTyped {
		return ""
	}
	folded := norm.NFKC.String(strings.ToLower(strings.TrimSpace(norm.NFKC.String(address))))
	at := strings.LastIndexByte(folded, '@')
	if at < 0 {
		return folded
	}
	// What is no host name stays as it is: it is nobody's domain, or one that was
	// declared in ASCII.
	if domain, err := domains.ToASCII(folded[at+1:]); err == nil {
		return folded[:at+1] + domain
	}
	return folded
}

// Problem says why an address cannot be declared, "" for nothing.
func Problem(address string) string {
	parsed, err := mail.ParseAddress(address)
	if err != nil || parsed.Address != address || parsed.Name != "" {
		return "is not an address like ada@example.com"
	}
	at := strings.LastIndexByte(address, '@')
	local, domain := address[:at], address[at+1:]
	// Two that look the same would be two accounts, and one that cannot be seen
	// cannot be typed.
	if strings.ContainsFunc(local, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return "has a character before the @ that cannot be seen"
	}
	if strings.Contains(norm.NFKC.String(local), "@") {
		return "has a second @"
	}
	if strings.ContainsFunc(domain, func(r rune) bool { return r > unicode.MaxASCII }) || strings.Contains(strings.ToLower(domain), "xn--") {
		ascii, err := domains.ToASCII(domain)
		if err != nil {
			return "has a domain that is no internationalized domain name (RFC 5891)"
		}
		domain = ascii
	}
	if len(local)+1+len(domain) > maxAddress {
		return "is longer than 254 bytes"
	}
	return ""
}
