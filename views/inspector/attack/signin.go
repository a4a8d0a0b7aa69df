package attack

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// signIn fills in the sign-in page, once: a second wrong password would only
// bring the account closer to being slowed down. A server that is too busy to
// look at the password says when to come back, and that is done.
func (d *device) signIn(f *form, who Person) (*answer, error) {
	f.values.Set("email", who.Email)
	f.values.Set("password", who.Password)
	page, err := d.press(f)
	for err == nil && page.status == http.StatusServiceUnavailable && page.header.Get("Retry-After") != "" {
		if err = d.waits(page.header.Get("Retry-After")); err == nil {
			page, err = d.press(f)
		}
	}
	if err != nil {
		return nil, err
	}
	if page.status == http.StatusTooManyRequests {
		return nil, fmt.Errorf("%s has to wait before the next sign-in, because there were too many wrong passwords", who.Email)
	}
	if again := page.form(); again != nil && again.has("password") {
		return nil, fmt.Errorf("%s cannot sign in with the password of the configuration", who.Email)
	}
	return page, nil
}

// waits lets the seconds of a Retry-After field pass (RFC 9110 10.2.3), for as
// long as somebody waits for the attack.
func (d *device) waits(seconds string) error {
	n, err := strconv.Atoi(seconds)
	if err != nil {
		return fmt.Errorf("the server is busy, and says %q where the seconds to wait belong", seconds)
	}
	select {
	case <-time.After(time.Duration(n) * time.Second):
		return nil
	case <-d.play.ctx.Done():
		return fmt.Errorf("the server is too busy to sign anyone in: %w", d.play.ctx.Err())
	}
}

// press sends a form from the page that it is on, and goes where that leads.
func (d *device) press(f *form) (*answer, error) {
	return d.follow(d.submit(f.action, f.values, "Origin", d.play.issuer, "Sec-Fetch-Site", "same-origin"))
}
