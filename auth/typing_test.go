package auth

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// RFC 8628 6.1: people type codes as they please.
func TestReadUserCode(t *testing.T) {
	for typed, want := range map[string]string{
		"BCDF-GHJK": "BCDFGHJK", "bcdfghjk": "BCDFGHJK", " bcdf ghjk ": "BCDFGHJK", "BCDF–GHJK": "BCDFGHJK", "b.c.d.f.g.h.j.k": "BCDFGHJK",
		"": "", "BCDFGHJ": "", "BCDFGHJKL": "", "BCDFGHJA": "", "BCDFGHJ1": "", "ＢＣＤＦＧＨＪＫ": "", strings.Repeat("-", 60) + "BCDFGHJK": "",
	} {
		if got, ok := readUserCode(typed); ok != (want != "") || ok && got != want {
			t.Errorf("%q is read as %q, %v", typed, got, ok)
		}
	}
}

// Every letter at every place, about as often as the others: 4000 codes, 200
// of each expected; beyond 120 to 290 is less likely than one in a billion.
func TestUserCodesAreEven(t *testing.T) {
	var seen [userCodeLength]map[rune]int
	codes := map[string]bool{}
	for range 4000 {
		code := newUserCode()
		if read, ok := readUserCode(shownUserCode(code)); !ok || read != code {
			t.Fatalf("%q cannot be typed", code)
		}
		codes[code] = true
		for i, letter := range code {
			if seen[i] == nil {
				seen[i] = map[rune]int{}
			}
			seen[i][letter]++
		}
	}
	for i, letters := range seen {
		for _, letter := range userLetters {
			if n := letters[letter]; n < 120 || n > 290 {
				t.Errorf("%c at %d: %d of 4000", letter, i, n)
			}
		}
	}
	if len(codes) < 3999 {
		t.Errorf("%d different codes of 4000", len(codes))
	}
}

// RFC 8628 5.1: guesses are slow, from one address and from all together, and
// nobody can lock out whoever types the code of their own device.
func TestGuessingUserCodes(t *testing.T) {
	w := newWorld(t)
	v := w.visit("ada@example.com")
	types := func(code string) int { return w.post(pathDevice, url.Values{"user_code": {code}}, v.cookies...).Code }
	d := w.television("openid")
	for range 3 * missBurst { // the right code costs nothing
		if got := types(d.UserCode); got != http.StatusSeeOther {
			t.Fatalf("the right code: %d", got)
		}
	}
	for range missBurst {
		if got := types("BBBB-BBBB"); got != http.StatusUnprocessableEntity {
			t.Fatalf("a wrong code: %d", got)
		}
	}
	rec := w.post(pathDevice, url.Values{"user_code": {d.UserCode}}, v.cookies...)
	if rec.Code != http.StatusTooManyRequests || rec.Header().Get("Retry-After") != "10" || !strings.Contains(rec.Body.String(), "10 seconds") {
		t.Errorf("after %d wrong ones the right one: %d, Retry-After %q", missBurst, rec.Code, rec.Header().Get("Retry-After"))
	}
	if got := types("short"); got != http.StatusUnprocessableEntity { // no guess, and not looked up
		t.Errorf("what is no code: %d", got)
	}
	w.clock.pass(missEvery)
	if got := types(d.UserCode); got != http.StatusSeeOther {
		t.Errorf("after the wait: %d", got)
	}
}

func TestGuessingFromEverywhere(t *testing.T) {
	var g typing
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	looked := 0
	guess := func(source string) bool {
		_, wait := g.try(source, now)
		if wait == 0 {
			looked++
		}
		return wait == 0
	}
	for i := range 60 { // many addresses of one /64 are one
		guess(fmt.Sprintf("2001:db8::%x", i+1))
	}
	if looked != missBurst {
		t.Errorf("%d guesses from one network, want %d", looked, missBurst)
	}
	for i := range 30 {
		for range 10 {
			guess(fmt.Sprintf("198.51.100.%d", i))
		}
	}
	// All together: the burst, and one for each address that had not missed yet.
	if most := missBurstAll + 30; looked > most {
		t.Errorf("%d guesses at once from everywhere, want at most %d", looked, most)
	}
	if guess("198.51.100.3") {
		t.Error("who has missed goes on while all have to wait")
	}
	right, wait := g.try("203.0.113.9", now)
	if wait != 0 {
		t.Fatalf("the first code from an address has to wait %s", wait)
	}
	right()
	if _, wait := g.try("203.0.113.9", now); wait != 0 {
		t.Error("the right code counted as a miss")
	}
	if now = now.Add(missEveryAll); !guess("198.51.100.3") && !guess("198.51.100.29") {
		t.Error("nobody may go on after the wait")
	}
	g.forget()
	if !guess("198.51.100.3") {
		t.Error("not forgotten")
	}
}
