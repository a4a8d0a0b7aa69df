package client

import (
	"slices"
	"strings"
	"time"
)

// session is what stays on this computer between two commands: one signed-in
// person at one server. Whoever has it is that person for the app's scopes, so
// vault.go keeps it where nobody else on this computer can read.
type session struct {
	Issuer   string `json:"issuer"`
	ClientID string `json:"client_id"`
	API      string `json:"api"` // its identifier, and where it answers
	person

	Access   string        `json:"access_token"`
	Expires  time.Time     `json:"expires_at"`
	Lifetime time.Duration `json:"lifetime_ns"`
	Refresh  string        `json:"refresh_token,omitempty"` // absent without offline_access
	Scope    string        `json:"scope"`
}

// adopt takes over what the token endpoint answered.
func (s *session) adopt(t *tokens) {
	s.Access, s.Lifetime = t.Access, t.lifetime()
	s.Expires = t.asked.Add(s.Lifetime).UTC()
	if t.Refresh != "" { // RFC 6749 6: a server may leave it as it is
		s.Refresh = t.Refresh
	}
	if t.Scope != "" {
		s.Scope = t.Scope
	}
}

// fresh says whether the access token is good for a moment yet: ten seconds,
// or for tokens that live only seconds the last tenth of their life.
func (s *session) fresh(now time.Time) bool {
	return now.Before(s.Expires.Add(-min(10*time.Second, s.Lifetime/10)))
}

func (s *session) scopes() []string { return strings.Fields(s.Scope) }

// lacks are those of the scopes that were not granted.
func (s *session) lacks(scopes []string) []string {
	return slices.DeleteFunc(slices.Clone(scopes), func(scope string) bool { return slices.Contains(s.scopes(), scope) })
}

// who is the person as a line shows them.
func (s *session) who() string {
	switch {
	case s.Name != "" && s.Email != "":
		return plain(s.Name) + " <" + plain(s.Email) + ">"
	case s.Email != "" || s.Name != "":
		return plain(s.Name + s.Email)
	case s.Subject != "":
		return plain(s.Subject)
	}
	return "somebody who was not asked for a name"
}
