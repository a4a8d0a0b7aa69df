// Package mailbox decides whether two e-mail addresses are the same, and which
// addresses can be declared. The same address has several spellings, because
// people, browsers, keyboards and libraries write it differently.
package mailbox

import (
	"net/mail"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// maxAddress is the limit of RFC 5321 4.5.3.1.3 without the angle brackets. It
// counts the bytes that are sent, so A-labels for the domain.
const maxAddress = 254

// maxTyped is longer than any address that can be declared, in bytes. A longer
// input belongs to nobody and is not normalised.
const maxTyped = 1024

// domains reads a host name as browsers do (UTS 46, RFC 5891): letter case and
// width make no difference, and non-ASCII names become A-labels.
var domains = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.Transitional(false), idna.VerifyDNSLength(true))

// Key returns the form in which addresses are compared. " Ada@Example.com" and
// its full-width form are one account and, above all, one bucket of the
// throttle; so are kim@bücher.example and kim@xn--bcher-kva.example (RFC 6531
// 3.7.1). Normalisation comes first, because it turns other spaces into plain
// ones. Non-ASCII local parts are compared as RFC 6532 3.1 writes them, which
// NFKC includes. Key returns "" for anything longer than an address can be.
func Key(address string) string {
	if len(address) > maxTyped {
		return ""
	}
	folded := norm.NFKC.String(strings.ToLower(strings.TrimSpace(norm.NFKC.String(address))))
	at := strings.LastIndexByte(folded, '@')
	if at < 0 {
		return folded
	}
	// A domain that is not a valid host name stays as it is: it belongs to
	// nobody, or was declared in ASCII.
	if domain, err := domains.ToASCII(folded[at+1:]); err == nil {
		return folded[:at+1] + domain
	}
	return folded
}

// Problem says why an address cannot be declared, or "" if it can.
func Problem(address string) string {
	parsed, err := mail.ParseAddress(address)
	if err != nil || parsed.Address != address || parsed.Name != "" {
		return "is not an address like ada@example.com"
	}
	at := strings.LastIndexByte(address, '@')
	local, domain := address[:at], address[at+1:]
	// Two addresses that look the same would be two accounts, and nobody could
	// type an invisible character.
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
