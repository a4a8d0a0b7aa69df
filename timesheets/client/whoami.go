package client

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

type whoamiCmd struct {
	Target
	Output
}

// identity is what two servers say about one token.
type identity struct {
	Server     string    `json:"server"`
	Subject    string    `json:"sub"`
	Name       string    `json:"name,omitempty"`
	Email      string    `json:"email,omitempty"`
	ClientID   string    `json:"client_id"`
	Scopes     []string  `json:"scopes"`
	Expires    time.Time `json:"expires_at"`
	KeepsAlive bool      `json:"stays_signed_in"`
}

// Run asks: what is stored here could be about a session that is over.
func (c *whoamiCmd) Run(ctx context.Context, t Terminal) error {
	a, err := c.app(t)
	if err != nil {
		return err
	}
	var known me
	if err := a.do(ctx, call{method: http.MethodGet, path: "/me"}, &known); err != nil {
		return err
	}
	s, err := a.session()
	if err != nil {
		return err
	}
	who := identity{
		Server: s.Issuer, Subject: known.Subject, Email: known.Email, ClientID: known.ClientID,
		Scopes: known.Scopes, Expires: known.ExpiresAt, KeepsAlive: s.Refresh != "",
	}
	if err := a.userinfo(ctx, s, &who); err != nil {
		return err
	}
	if c.JSON {
		return a.json(who)
	}
	return a.lines([][2]string{
		{"Server", plain(who.Server)},
		{"Person", (&session{person: person{who.Subject, who.Name, who.Email}}).who() + " (" + plain(who.Subject) + ")"},
		{"App", plain(who.ClientID)},
		{"May", plain(strings.Join(who.Scopes, " "))},
		{"Access token", "good for " + span(time.Until(who.Expires)) + map[bool]string{true: ", then renewed", false: ", and not renewed: offline_access was not granted"}[who.KeepsAlive]},
	})
}

// userinfo adds what the server says about the person, OIDC Core 5.3.
func (a *app) userinfo(ctx context.Context, s *session, who *identity) error {
	if !slices.Contains(s.scopes(), "openid") {
		return nil
	}
	server, err := a.wire.discover(ctx)
	if err != nil || server.Userinfo == "" {
		return err
	}
	var said person
	if err := a.do(ctx, call{method: http.MethodGet, endpoint: server.Userinfo, scope: "openid"}, &said); err != nil {
		return err
	}
	// OIDC Core 5.3.2: without this check, an answer about somebody else would pass.
	if said.Subject != s.Subject {
		return fail("The server answers about somebody else than who signed in.", "Sign in again: "+a.command("login"))
	}
	who.Name, who.Email = said.Name, said.Email
	return nil
}

// span is a time as people say it.
func span(d time.Duration) string {
	switch {
	case d <= 0:
		return "no time at all"
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}
