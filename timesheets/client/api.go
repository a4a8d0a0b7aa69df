package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"time"
)

// entry is a timesheet entry of the API.
type entry struct {
	ID        string     `json:"id"`
	UserID    string     `json:"user_id"`
	Project   string     `json:"project"`
	Date      string     `json:"date"`
	Hours     float64    `json:"hours"`
	Notes     string     `json:"notes"`
	Status    string     `json:"status"`
	Approved  bool       `json:"approved"`
	DecidedBy *string    `json:"decided_by"`
	DecidedAt *time.Time `json:"decided_at"`
	Comment   *string    `json:"comment"`
	CreatedAt time.Time  `json:"created_at"`
	UpdatedAt time.Time  `json:"updated_at"`
}

type newEntry struct {
	Project string  `json:"project"`
	Date    string  `json:"date"`
	Hours   float64 `json:"hours"`
	Notes   string  `json:"notes,omitempty"`
}

type decision struct {
	Decision string `json:"decision"`
	Comment  string `json:"comment,omitempty"`
}

// me is what the API knows about the caller.
type me struct {
	Subject   string    `json:"subject"`
	Email     string    `json:"email,omitempty"`
	ClientID  string    `json:"client_id"`
	Scopes    []string  `json:"scopes"`
	ExpiresAt time.Time `json:"expires_at"`
}

// call is one request to the API.
type call struct {
	method, path string
	endpoint     string // instead of the path: another address that takes the token
	query        url.Values
	body         any
	key          string // Idempotency-Key: with it, it can be sent again
	scope        string // what it is known to need, in case the API does not say it
}

// all reads every page of a list.
func (a *app) all(ctx context.Context, c call) ([]entry, error) {
	items := []entry{} // and not null in JSON
	c.query.Set("limit", "200")
	for {
		var page struct {
			Items      []entry `json:"items"`
			NextCursor string  `json:"next_cursor"`
		}
		if err := a.do(ctx, c, &page); err != nil {
			return nil, err
		}
		items = append(items, page.Items...)
		if page.NextCursor == "" || len(page.Items) == 0 {
			return items, nil
		}
		c.query.Set("cursor", page.NextCursor)
	}
}

// do calls the API and reads its answer. A token that the API no longer takes
// is renewed once: it may have expired on its way, or by the server's clock.
func (a *app) do(ctx context.Context, c call, into any) error {
	s, err := a.signedIn(ctx)
	if err != nil {
		return err
	}
	got, err := a.send(ctx, s, c)
	if err != nil {
		return err
	}
	if got.status == http.StatusUnauthorized && parseChallenge(got.header.Values("WWW-Authenticate"))["error"] == "invalid_token" && s.Refresh != "" {
		if s, err = a.renew(ctx, s); err != nil {
			return err
		}
		if got, err = a.send(ctx, s, c); err != nil {
			return err
		}
	}
	if got.status >= 300 {
		return a.problem(got, c)
	}
	if into == nil {
		return nil
	}
	if err := got.json(into); err != nil {
		return fail("The API's answer cannot be read.", "").because(err)
	}
	return nil
}

// send sends a request, and one with a key once more if the answer got lost.
func (a *app) send(ctx context.Context, s *session, c call) (*answer, error) {
	got, err := a.sendOnce(ctx, s, c)
	if c.key != "" && errors.Is(err, errOffline) && ctx.Err() == nil {
		return a.sendOnce(ctx, s, c)
	}
	return got, err
}

func (a *app) sendOnce(ctx context.Context, s *session, c call) (*answer, error) {
	var body bytes.Buffer
	if c.body != nil {
		if err := json.NewEncoder(&body).Encode(c.body); err != nil {
			return nil, err
		}
	}
	target := s.API + c.path
	if c.endpoint != "" {
		target = c.endpoint
	}
	if len(c.query) > 0 {
		target += "?" + c.query.Encode()
	}
	r, err := http.NewRequestWithContext(ctx, c.method, target, &body)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", "application/json")
	// RFC 6750 2.1: in this header and nowhere else; URLs end up in logs.
	r.Header.Set("Authorization", "Bearer "+s.Access)
	if c.body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if c.key != "" {
		r.Header.Set("Idempotency-Key", c.key)
	}
	return a.wire.send(r)
}
