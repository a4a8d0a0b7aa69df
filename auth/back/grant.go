package back

import (
	"context"
	"net/url"
	"time"

	"github.com/ory/fosite"

	"github.com/exampleco/punchcard/auth/store"
)

// Grant is what a person has allowed a client: the front channel hands it over,
// and what comes of it is a code, or what a device fetches.
type Grant struct {
	ID       string // from NewGrantID; "" where it does not matter beforehand
	Client   *store.Client
	Subject  string    // the person
	SID      string    // their browser session, claim sid
	AuthTime time.Time // when they proved who they are
	AMR      []string  // and how, RFC 8176
	Asked    []string  // the scope of the request: a refresh may repeat it (RFC 6749 6)
	Scopes   []string  // what of it was granted
	Audience string    // the API's identifier

	// What the token request has to match, where a code is asked for.
	RedirectURI  string // where the code goes
	RedirectSent bool   // it was in the request, so the token request must repeat it (RFC 6749 4.1.3)
	Challenge    string // RFC 7636, S256; "" where a nonce takes its place
	Nonce        string // goes into the ID token
	JKT          string // thumbprint of the key that has to be proved, RFC 9449 10
}

// NewGrantID names a grant before anything of it is written.
func NewGrantID() string { return fosite.NewRequest().GetID() }

// session is what is kept with a grant of the person who gives it.
func (s *Channel) session(g Grant) *Session {
	session := EmptySession(s.now)
	session.Subject, session.SID, session.AMR = g.Subject, g.SID, g.AMR
	session.AuthTime, session.GrantedAt = g.AuthTime.Unix(), s.now().Unix()
	return session
}

// IssueCode issues an authorization code, RFC 6749 4.1.2, in the unit of writes
// that ctx carries. The front channel has decided all that fosite would decide
// about the request, so it is not parsed a second time. Errors: *oauth.Error,
// or the storage room's.
func (s *Channel) IssueCode(ctx context.Context, g Grant) (code string, err error) {
	to, err := url.Parse(g.RedirectURI)
	if err != nil {
		return "", err
	}
	ar := fosite.NewAuthorizeRequest()
	ar.ID, ar.Client, ar.RedirectURI, ar.ResponseTypes = g.ID, g.Client, to, fosite.Arguments{"code"}
	ar.RequestedScope, ar.GrantedScope = g.Asked, g.Scopes
	ar.RequestedAudience, ar.GrantedAudience = fosite.Arguments{g.Audience}, fosite.Arguments{g.Audience}
	ar.Form = url.Values{}
	if g.Challenge != "" {
		ar.Form.Set("code_challenge", g.Challenge)
		ar.Form.Set("code_challenge_method", "S256")
	}
	if g.RedirectSent {
		ar.Form.Set("redirect_uri", g.RedirectURI)
	}
	if g.Nonce != "" {
		ar.Form.Set("nonce", g.Nonce)
	}
	session := s.session(g)
	session.JKT, session.Unchallenged = g.JKT, g.Challenge == ""
	resp, err := s.fosite.NewAuthorizeResponse(ctx, ar, session)
	if err != nil {
		return "", AsError(err)
	}
	return resp.GetCode(), nil
}

// GrantToDevice keeps a grant for the device's next poll, until then; in the
// unit of writes that ctx carries. id is the hash of the device code.
func (s *Channel) GrantToDevice(ctx context.Context, id string, until time.Time, g Grant) error {
	session := s.session(g)
	session.expire(store.DeviceCode, until)
	return s.store.CreateDeviceCode(ctx, id, &fosite.Request{
		ID: g.ID, Client: g.Client, Session: session, RequestedAt: s.now(), Form: url.Values{},
		RequestedScope: g.Asked, GrantedScope: g.Scopes,
		RequestedAudience: fosite.Arguments{g.Audience}, GrantedAudience: fosite.Arguments{g.Audience},
	})
}
