package people

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/exampleco/punchcard/auth/mailbox"
)

// CheckPassword says whether a person may choose this password. It must be
// long enough, and not one that an attacker tries first. There are no rules
// about digits or capitals, which only make people write passwords down (OWASP
// ASVS 6.2.1, 6.2.5). Errors: ErrPasswordLength, ErrPasswordGuessable.
func CheckPassword(password string, who Person) error {
	if utf8.RuneCountInString(password) < MinPassword || len(password) > MaxPassword {
		return ErrPasswordLength
	}
	if guessable(password, who) {
		return ErrPasswordGuessable
	}
	return nil
}

// guessable reports whether an attacker would try a password first, OWASP ASVS
// 6.2.4 and 6.2.11. That includes everything that the login page shows.
func guessable(password string, who Person) bool {
	plain := strings.ToLower(password)
	own := []string{"punchcard", "timesheets", "exampleco", strings.ToLower(who.Email), strings.ToLower(who.Name), strings.ToLower(strings.ReplaceAll(who.Name, " ", ""))}
	if slices.Contains(own, plain) || mailbox.Key(password) == mailbox.Key(who.Email) || slices.Contains(firstTried, strings.TrimRight(plain, "!.?")) {
		return true
	}
	// One character repeated, or a run along the alphabet or the digits.
	same, run := true, true
	for i := 1; i < len(plain); i++ {
		same = same && plain[i] == plain[i-1]
		run = run && plain[i] == plain[i-1]+1
	}
	return same || run
}

// DEMO: some of the best-known passwords. OWASP ASVS 6.2.4 asks for the three
// thousand most common ones.
var firstTried = []string{
	"password", "password1", "password12", "password123", "passw0rd", "p@ssw0rd", "p@ssword", "changeme", "changeme1", "letmein1",
	"welcome1", "welcome123", "iloveyou", "iloveyou1", "princess", "sunshine", "football", "baseball", "basketball", "superman",
	"trustno1", "whatever", "starwars", "computer", "internet", "michelle", "jennifer", "charlotte", "liverpool", "butterfly",
	"qwertyui", "qwertyuiop", "qwerty123", "qwerty12", "1q2w3e4r", "1q2w3e4r5t", "1qaz2wsx", "zaq12wsx", "asdfghjk", "asdfghjkl", "zxcvbnm1",
	"abcd1234", "abc12345", "a1b2c3d4", "1234567890", "12341234", "12344321", "11223344", "112233445566", "87654321", "987654321", "0987654321",
	"admin123", "administrator", "default1", "master12", "monkey123", "dragon123", "football1", "baseball1", "secret123", "test1234", "testtest",
}
