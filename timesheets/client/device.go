package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const grantDevice = "urn:ietf:params:oauth:grant-type:device_code"

// device is a sign-in without a browser on this computer: RFC 8628. The person
// decides in any browser anywhere, and this program asks again and again.
type device struct {
	signIn
	sleep func(context.Context, time.Duration) error
}

// deviceCode is the answer of RFC 8628 3.2.
type deviceCode struct {
	DeviceCode string `json:"device_code"`
	UserCode   string `json:"user_code"`
	Address    string `json:"verification_uri"`
	Complete   string `json:"verification_uri_complete"`
	Expires    int    `json:"expires_in"`
	Interval   int    `json:"interval"`
}

// begin asks for the two codes: RFC 8628 3.1.
func (d *device) begin(ctx context.Context) (*deviceCode, error) {
	got, err := d.wire.post(ctx, d.server.Device, url.Values{
		"client_id": {d.client}, "scope": {strings.Join(d.scopes, " ")}, "resource": {d.api},
	})
	if err != nil {
		return nil, err
	}
	if got.status != http.StatusOK {
		return nil, explain(got.oauth())
	}
	code := &deviceCode{Interval: 5} // RFC 8628 3.2: where the server names none
	if got.json(code) != nil || code.DeviceCode == "" || code.UserCode == "" || code.Address == "" || code.Interval < 0 {
		return nil, fail("The server's answer holds no code for this device.", "")
	}
	return code, nil
}

// poll asks until the person has decided, in the server's own time.
func (d *device) poll(ctx context.Context, code *deviceCode) (*tokens, *person, error) {
	interval := time.Duration(code.Interval) * time.Second
	form := url.Values{"grant_type": {grantDevice}, "device_code": {code.DeviceCode}}
	for {
		if err := d.sleep(ctx, interval); err != nil {
			return nil, nil, err
		}
		got, err := d.wire.tokenRequest(ctx, d.server, d.client, form)
		var said *oauthError
		switch {
		case err == nil:
			return d.believe(ctx, got, expectation{})
		case errors.Is(err, errOffline) && ctx.Err() == nil:
			interval *= 2 // RFC 8628 3.5: a server in trouble is left alone for longer
		case !errors.As(err, &said):
			return nil, nil, err
		case said.Code == "authorization_pending":
		case said.Code == "slow_down":
			interval += 5 * time.Second // RFC 8628 3.5: for this and all later requests
		case said.Code == "expired_token":
			return nil, nil, fail("Nobody entered the code in time. Nothing was stored.", "Try again: the next code is another one.").because(err)
		default:
			return nil, nil, explain(said)
		}
	}
}

// sleep waits, or until the command is given up or its time is over.
func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// throughDevice signs in with a browser that is somewhere else.
func (c *loginCmd) throughDevice(ctx context.Context, a *app, flow *signIn) (*tokens, *person, error) {
	if flow.server.Device == "" {
		return nil, nil, fail("The server does not offer signing in on another device.", "Sign in here: "+a.command("login"))
	}
	d := &device{*flow, sleep}
	code, err := d.begin(ctx)
	if err != nil {
		return nil, nil, err
	}
	a.showCode(code)
	limit := c.Timeout
	if code.Expires > 0 {
		limit = min(limit, time.Duration(code.Expires)*time.Second)
	}
	fmt.Fprintf(a.Err, "Waiting for your answer there, for %s. Ctrl-C gives up.\n", limit)
	patient, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	got, who, err := d.poll(patient, code)
	switch {
	case err == nil:
		return got, who, nil
	case ctx.Err() != nil:
		return nil, nil, fail("Given up. Nothing was stored.", "")
	case patient.Err() != nil:
		return nil, nil, fail(fmt.Sprintf("Nobody entered the code within %s. Nothing was stored.", limit), "Try again: the next code is another one.")
	}
	return nil, nil, err
}

// showCode says where to go and what to compare. RFC 8628 3.3.1: the code is
// shown beside the address that holds it already, so that the person can see
// that the page is about this device.
func (a *app) showCode(code *deviceCode) {
	if window := window(a.Err); code.Complete != "" && window != noWindow {
		if drawing := drawQR(code.Complete, window, colours(a.Err)); drawing != "" {
			fmt.Fprintf(a.Err, "Point your phone's camera here:\n\n%s\n", drawing)
		}
	}
	fmt.Fprintf(a.Err, "On any device, open\n\n    %s\n\nand enter the code\n\n    %s\n\n", plain(code.Address), plain(code.UserCode))
	if code.Complete != "" {
		fmt.Fprintf(a.Err, "Or open this address, and check that it shows the same code:\n\n%s\n\n", plain(code.Complete))
	}
	if u, err := url.Parse(code.Address); err == nil && loopbackHost(u.Hostname()) {
		fmt.Fprintf(a.Err, "That address leads here on this computer alone: a phone cannot follow it.\n\n")
	}
}
