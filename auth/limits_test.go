package auth

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
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
	for range 3 * userCodeRate.Burst { // the right code costs nothing
		if got := types(d.UserCode); got != http.StatusSeeOther {
			t.Fatalf("the right code: %d", got)
		}
	}
	for range userCodeRate.Burst {
		if got := types("BBBB-BBBB"); got != http.StatusUnprocessableEntity {
			t.Fatalf("a wrong code: %d", got)
		}
	}
	rec := w.post(pathDevice, url.Values{"user_code": {d.UserCode}}, v.cookies...)
	if rec.Code != http.StatusTooManyRequests || rec.Header().Get("Retry-After") != "10" || !strings.Contains(rec.Body.String(), "10 seconds") {
		t.Errorf("after %d wrong ones the right one: %d, Retry-After %q", userCodeRate.Burst, rec.Code, rec.Header().Get("Retry-After"))
	}
	if got := types("short"); got != http.StatusUnprocessableEntity { // no guess, and not looked up
		t.Errorf("what is no code: %d", got)
	}
	w.clock.pass(userCodeRate.Every)
	if got := types(d.UserCode); got != http.StatusSeeOther {
		t.Errorf("after the wait: %d", got)
	}
}

// RFC 6749 2.3.1: one network is one guesser, however many addresses it has,
// and the owner of the secret waits nowhere else.
func TestGuessingSecretsFromOneNetwork(t *testing.T) {
	w := newWorld(t)
	from := func(address, secret string) int {
		r := httptest.NewRequest("POST", pathToken, strings.NewReader(url.Values{"grant_type": {"client_credentials"}}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.SetBasicAuth("timesheets-cron", secret)
		r.RemoteAddr = address
		rec := httptest.NewRecorder()
		w.mux.ServeHTTP(rec, r)
		return rec.Code
	}
	answers := map[int]int{}
	for i := range 300 {
		answers[from(fmt.Sprintf("[2001:db8::%x]:4000", i+1), "wrong")]++
	}
	if answers[http.StatusUnauthorized] != secretBurst || answers[http.StatusTooManyRequests] != 300-secretBurst {
		t.Errorf("300 guesses from one /64: %v", answers)
	}
	if got := from("[2001:db8::aaaa]:4000", "timesheets-cron-secret"); got != http.StatusTooManyRequests {
		t.Errorf("the right secret between guesses from there: %d", got)
	}
	if got := from("[2001:db8:0:1::1]:4000", "timesheets-cron-secret"); got != http.StatusOK {
		t.Errorf("the right secret from elsewhere: %d", got)
	}
	// IPv4 written as IPv6 is the same guesser.
	clear(answers)
	for i := range 40 {
		answers[from([]string{"192.0.2.1:4000", "[::ffff:192.0.2.1]:4000"}[i%2], "wrong")]++
	}
	if answers[http.StatusUnauthorized] != secretBurst {
		t.Errorf("40 guesses from one IPv4 address in two spellings: %v", answers)
	}
}
