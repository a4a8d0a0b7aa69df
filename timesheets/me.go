package timesheets

import (
	"context"
	"time"
)

// me is what the API knows about the caller, which is what the token says.
type me struct {
	Subject   string    `json:"subject" doc:"The person, or the client where there is none"`
	Person    bool      `json:"person" doc:"false for a client that acts for itself"`
	Email     string    `json:"email,omitempty" doc:"Of the person, where the token says so"`
	ClientID  string    `json:"client_id" doc:"The app that the token was issued to"`
	Scopes    []string  `json:"scopes" nullable:"false" doc:"What the token allows"`
	ExpiresAt time.Time `json:"expires_at" doc:"When the token ends"`
}

type meOutput struct{ Body me }

func (a *API) me(_ context.Context, c Caller, _ *struct{}) (*meOutput, error) {
	return &meOutput{me{
		Subject: c.Subject, Person: !c.Machine, Email: c.Email,
		ClientID: c.ClientID, Scopes: c.Scopes, ExpiresAt: c.ExpiresAt.UTC(),
	}}, nil
}
