package attack

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"
)

// device is somebody's device: a browser with its cookies, and beside it an
// app, which has none. Neither follows a redirect by itself, so that every one
// can be looked at.
type device struct {
	play    *play
	name    string // User-Agent
	cookies http.CookieJar
}

// thief is the attacker's own device. It shares nothing with the victim's.
func (p *play) thief() *device { return p.newDevice("Punchcard attack (" + p.id + ")") }

// victim is the device of somebody who does everything right.
func (p *play) victim() *device { return p.newDevice("Punchcard victim (" + p.id + ")") }

func (p *play) newDevice(name string) *device {
	jar, err := cookiejar.New(nil)
	if err != nil {
		panic(err) // only ever for options, and there are none
	}
	return &device{play: p, name: name, cookies: jar}
}

// steered is the victim's browser with all its cookies, doing what a link or
// a page of the attacker makes it do.
func (d *device) steered() *device {
	other := d.play.thief()
	other.cookies = d.cookies
	return other
}

// get opens an address in the browser.
func (d *device) get(address string) (*answer, error) {
	return d.send(d.cookies, http.MethodGet, address, "")
}

// submit sends a form from a page in the browser.
func (d *device) submit(address string, form url.Values, headers ...string) (*answer, error) {
	return d.send(d.cookies, http.MethodPost, address, form.Encode(), append([]string{"Content-Type", formType}, headers...)...)
}

// post is the app's request to an endpoint that is made for apps.
func (d *device) post(address string, form url.Values, headers ...string) (*answer, error) {
	return d.send(nil, http.MethodPost, address, form.Encode(), append([]string{"Content-Type", formType}, headers...)...)
}

const formType = "application/x-www-form-urlencoded"

// api is the app's request to the API. token is any text that the sender takes
// for an access token; body is JSON, "" for none.
func (d *device) api(method, path, token, body string) (*answer, error) {
	headers := []string{"Authorization", "Bearer " + token}
	if body != "" {
		headers = append(headers, "Content-Type", "application/json")
	}
	return d.send(nil, method, d.play.Audience+path, body, headers...)
}

// maxAnswer is how much of an answer is read, in bytes.
const maxAnswer = 1 << 20

// send makes one request and reads the whole answer. headers are pairs.
func (d *device) send(cookies http.CookieJar, method, address, body string, headers ...string) (*answer, error) {
	r, err := http.NewRequestWithContext(d.play.ctx, method, address, strings.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("the server gave an address that is none: %w", cause(err))
	}
	r.Header.Set("User-Agent", d.name)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	client := http.Client{
		Jar: cookies, Transport: d.play.Transport, Timeout: 30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(r)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be reached: %w", r.URL.Host, cause(err))
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("%s broke off its answer to %s %s: %w", r.URL.Host, method, r.URL.Path, err)
	}
	return &answer{method: method, url: r.URL, status: resp.StatusCode, header: resp.Header, body: got}, nil
}

// cause leaves out the address, whose query may hold a code.
func cause(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
