package auth

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/exampleco/punchcard/auth/audience"
	"github.com/exampleco/punchcard/auth/back"
	"github.com/exampleco/punchcard/auth/ledger"
	"github.com/exampleco/punchcard/auth/oauth"
	"github.com/exampleco/punchcard/auth/store"
)

const (
	// deviceLifetime is how long a person has to find a browser and decide.
	// RFC 8628 5.1: the shorter, the fewer codes are there to be guessed.
	deviceLifetime = 10 * time.Minute
	// pollEvery is what a device has to wait between two polls, RFC 8628 3.2.
	pollEvery = 5 * time.Second
)

// deviceAuthorization is the answer of RFC 8628 3.2.
type deviceAuthorization struct {
	DeviceCode      string `json:"device_code"`
	UserCode        string `json:"user_code"`
	VerificationURI string `json:"verification_uri"`
	Complete        string `json:"verification_uri_complete"`
	ExpiresIn       int    `json:"expires_in"` // seconds
	Interval        int    `json:"interval"`   // seconds
}

// deviceAuthorize is the device authorization endpoint, RFC 8628 3.1: a device
// without a browser, or without a keyboard worth the name, asks here, shows
// the person a short code, and polls the token endpoint while they decide on
// /device in a browser of their own.
func (s *Server) deviceAuthorize(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	form, ferr := oauth.ClientForm(s.ledger, w, r)
	if ferr != nil {
		return ferr
	}
	client, err := s.back.Authenticate(ctx, r, form)
	if err != nil {
		return err
	}
	d, derr := s.parseDevice(ctx, client, form)
	if derr != nil {
		return derr
	}
	d.Source, d.UserAgent = oauth.SourceOf(r), ledger.Clip(strings.ToValidUTF8(r.UserAgent(), ""))
	deviceCode, userCode, err := s.createDevice(ctx, d)
	if err != nil {
		return err
	}
	s.check(ctx, rules.DeviceCodeIssued, true, strings.Join(d.Scopes, " "), ledger.Fingerprint("device code", deviceCode))
	oauth.WriteJSON(w, http.StatusOK, deviceAuthorization{
		DeviceCode: deviceCode, UserCode: userCode,
		VerificationURI: s.base + pathDevice,
		// RFC 8628 3.3.1: for a QR code or a link; the person still compares.
		Complete:  s.base + pathDevice + "?" + url.Values{"user_code": {userCode}}.Encode(),
		ExpiresIn: int(deviceLifetime / time.Second), Interval: int(pollEvery / time.Second),
	})
	return nil
}

// parseDevice checks a request as /authorize would, as far as it has the same
// parameters.
func (s *Server) parseDevice(ctx context.Context, client *store.Client, form url.Values) (*deviceRequest, *oauth.Error) {
	// RFC 8628 3.1, RFC 6749 5.2: a client that is not registered for the grant would poll for what it never gets.
	if !s.check(ctx, rules.DeviceGrantRegistered, slices.Contains(client.Grants, back.GrantDevice), back.GrantDevice, strings.Join(client.Grants, " ")) {
		return nil, oauth.NewError("unauthorized_client", "This client is not registered for "+back.GrantDevice+".")
	}
	asked, err := s.audiences.ParseScope(ctx, form.Get("scope"))
	if err != nil {
		return nil, err
	}
	to, err := s.audiences.Aim(ctx, client, audience.Named(form), asked)
	if err != nil {
		return nil, err
	}
	return &deviceRequest{ClientID: client.ID, Scopes: asked, Audience: to.Audience}, nil
}

// userLetters are the 20 of RFC 8628 6.1: no vowels, so that no code spells a
// word, and nothing that is taken for a digit.
const userLetters = "BCDFGHJKLMNPQRSTVWXZ"

// userCodeLength gives 20^8, about 34 bits. That holds for ten minutes because
// guesses are counted (limits.go); the device code needs no such help.
const userCodeLength = 8

func newUserCode() string {
	code := make([]byte, 0, userCodeLength)
	for len(code) < userCodeLength {
		var b [16]byte
		_, _ = rand.Read(b[:]) // never fails since Go 1.24
		for _, x := range b {
			// The largest multiple of 20 in a byte: above it some letters would come more often.
			if x < 240 && len(code) < userCodeLength {
				code = append(code, userLetters[x%20])
			}
		}
	}
	return string(code)
}

// shownUserCode puts the dash in, for eyes.
func shownUserCode(code string) string {
	if len(code) != userCodeLength {
		return code
	}
	return code[:4] + "-" + code[4:]
}

// readUserCode takes a code as people type it. RFC 8628 6.1: letter case and
// punctuation that was only put in for reading do not count.
func readUserCode(typed string) (code string, ok bool) {
	if len(typed) > 64 {
		return "", false
	}
	code = strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		}
		return -1
	}, typed)
	wrong := func(r rune) bool { return !strings.ContainsRune(userLetters, r) }
	return code, len(code) == userCodeLength && !strings.ContainsFunc(code, wrong)
}
