package auth

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/exampleco/punchcard/auth/oauth"
	"github.com/exampleco/punchcard/auth/people"
	"github.com/exampleco/punchcard/views"
)

// settle ends a device's flow: the answer is kept for the device's next poll,
// and with it, in the same commit, what was granted. Reloads and second
// browsers find it decided.
func (s *Server) settle(w http.ResponseWriter, r *http.Request, f *flow, who *signedIn, answer decision, scopes []string) error {
	err := s.store.Unit(r.Context(), func(ctx context.Context) error {
		err := errors.Join(s.spendFlow(ctx, f), s.decideDevice(ctx, f.Request.Device, answer))
		if err == nil && answer == allowed {
			err = errors.Join(s.people.StillSignedIn(ctx, who.Session.ID), s.allowDevice(ctx, f, who, scopes), s.servedThen(ctx, f, scopes))
		}
		return err
	})
	switch {
	case errors.Is(err, errDecided):
		if _, err := s.waitingDevice(r.Context(), f); err != nil {
			return err
		}
		return deviceOver{rules.UserCodeOnce, http.StatusConflict, "It was decided elsewhere. Let your device show another code."}.page()
	case errors.Is(err, people.ErrNoSession):
		return s.advance(w, r, f) // signed out a moment ago: nothing was written, and next() decides by what there is
	case errors.Is(err, errSpent):
		return s.again(w, r, f) // another click was a moment earlier
	case err != nil:
		return err
	}
	s.check(r.Context(), rules.DeviceDecided, answer == allowed, strings.Join(f.Request.Scopes, " "), string(answer)+" "+strings.Join(scopes, " "))
	seeOther(w, pathDevice+"?flow="+f.Handle)
	return nil
}

// allowDevice stores what the device will be given at its next poll.
func (s *Server) allowDevice(ctx context.Context, f *flow, who *signedIn, scopes []string) error {
	client, err := s.store.Client(ctx, f.Request.ClientID)
	if err != nil {
		return clientGone(err)
	}
	d, err := s.device(ctx, f.Request.Device)
	if err != nil {
		return err
	}
	if err := s.registrar.InUse(ctx, client); err != nil {
		return err
	}
	return s.back.GrantToDevice(ctx, d.ID, d.ExpiresAt, grantOf(f, who, client, scopes))
}

// finishedDevice is finished for a device's flow.
func finishedDevice(f *flow) error {
	e := oauth.NewPage(http.StatusConflict, "invalid_request", "This code is already used", "It was decided once, and that counts. Look at your device: it goes on by itself. If it doesn’t, let it show another code.").Citing(rules.UserCodeOnce)
	if f.Spent {
		return e.Offering(pathDevice+"?flow="+f.Handle, "See what was decided")
	}
	return e.Offering(pathAuthorize+"?flow="+f.Handle, "Go on")
}

// deviceDone tells the person that the browser is not needed any more.
func (s *Server) deviceDone(w http.ResponseWriter, r *http.Request, f *flow) error {
	client, err := s.store.Client(r.Context(), f.Request.ClientID)
	if err != nil {
		return clientGone(err)
	}
	views.Write(w, r, http.StatusOK, views.DeviceDonePage(views.DeviceDone{
		ClientName: client.Name, ClientKind: client.Kind, Allowed: f.Decision == allowed,
		Strip: s.deviceStrip(f, 6, "the device goes on", map[bool]string{
			true:  "Its next poll fetches the tokens, within seconds.",
			false: "Its next poll hears access_denied.",
		}[f.Decision == allowed]),
	}))
	return nil
}
