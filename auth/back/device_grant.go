package back

import (
	"context"
	"errors"
	"time"

	"github.com/ory/fosite"
	"github.com/ory/fosite/handler/openid"

	"github.com/exampleco/punchcard/auth/ledger"
	"github.com/exampleco/punchcard/auth/oauth"
	"github.com/exampleco/punchcard/auth/store"
)

// GrantDevice is the name of the grant, RFC 8628 3.4.
const GrantDevice = "urn:ietf:params:oauth:grant-type:device_code"

// Device is what a device asked for, as far as its polls are about it.
type Device struct {
	ID              string // SHA-256 of the device code
	ClientID        string
	ExpiresAt       time.Time
	Allowed, Denied bool // what the person has decided; neither, while they have not
}

// What Others say about a device.
var (
	ErrNoDevice = errors.New("no such device request")
	ErrDecided  = errors.New("decided before, or too late")
)

// deviceGrant is the token endpoint's side of RFC 8628: a device polls with
// its code until somebody has decided. fosite has no handler for it.
type deviceGrant struct{ mint }

var _ fosite.TokenEndpointHandler = deviceGrant{}

// polling hands compose the handler of the device grant.
func (s *Channel) polling(fosite.Configurator, any, any) any { return deviceGrant{mint{s}} }

func (deviceGrant) CanSkipClientAuth(context.Context, fosite.AccessRequester) bool { return false }

func (deviceGrant) CanHandleTokenEndpointRequest(_ context.Context, r fosite.AccessRequester) bool {
	return r.GetGrantTypes().ExactOne(GrantDevice)
}

// HandleTokenEndpointRequest answers a poll: an error until the person has
// allowed something, and then the grant that came of it.
func (g deviceGrant) HandleTokenEndpointRequest(ctx context.Context, r fosite.AccessRequester) error {
	if !g.CanHandleTokenEndpointRequest(ctx, r) {
		return fosite.ErrUnknownRequest
	}
	code := tokenRequestOf(ctx).DeviceCode
	d, err := g.others.Device(ctx, ledger.Hash(code))
	if err != nil && !errors.Is(err, ErrNoDevice) {
		return err
	}
	if !g.check(ctx, rules.DeviceCodeKnown, err == nil, "a device code of this server", ledger.Fingerprint("device code", code)) {
		return oauth.NewError("invalid_grant", "This device_code is unknown. Ask for another one at "+g.devicePath+".")
	}
	// RFC 6749 5.2: a code that was issued to another client is no grant, and
	// that one's poll neither paces nor ends the device's own.
	if !g.check(ctx, rules.DeviceCodeOfClient, d.ClientID == r.GetClient().GetID(), d.ClientID, r.GetClient().GetID()) {
		return oauth.NewError("invalid_grant", "This device_code was issued to another client.")
	}
	if !d.Allowed {
		return g.waiting(ctx, d)
	}
	grant, err := g.store.DeviceCodeRequest(ctx, d.ID, r.GetSession())
	if grant != nil {
		// A used code is bound to the key that it was used with: without it, nobody ends what came of it.
		if refused := g.mayPresent(ctx, grant, aDeviceCode); refused != nil {
			return refused
		}
	}
	if errors.Is(err, store.ErrSpent) {
		return g.replayed(ctx, grant, err)
	}
	if err != nil {
		return err
	}
	if err := g.inTime(ctx, d); err != nil {
		return err
	}
	r.SetID(grant.GetID())
	r.SetSession(grant.GetSession())
	r.SetRequestedScopes(grant.GetRequestedScopes())
	r.SetRequestedAudience(grant.GetRequestedAudience())
	for _, scope := range grant.GetGrantedScopes() {
		r.GrantScope(scope)
	}
	for _, audience := range grant.GetGrantedAudience() {
		r.GrantAudience(audience)
	}
	return nil
}

// waiting is what a device hears while nobody has allowed anything, RFC 8628 3.5.
func (g deviceGrant) waiting(ctx context.Context, d Device) error {
	if err := g.inTime(ctx, d); err != nil {
		return err
	}
	if d.Denied {
		g.check(ctx, rules.DeviceAllowed, false, "allowed", "denied")
		return oauth.NewError("access_denied", "The person did not allow this.")
	}
	early, err := g.others.Polled(ctx, d.ID)
	if errors.Is(err, ErrDecided) {
		early, err = false, nil // a moment ago: the next poll learns it
	}
	if err != nil {
		return err
	}
	if !g.check(ctx, rules.PollInterval, !early, "the interval after the last poll", map[bool]string{true: "earlier", false: "after it"}[early]) {
		return oauth.NewError("slow_down", "Polled too early. Wait 5 seconds longer between polls from now on.")
	}
	return oauth.NewError("authorization_pending", "The person has not decided yet. Poll again after the interval.")
}

// inTime: RFC 8628 3.5, expired_token. What was allowed and not fetched in
// time is worth nothing: the person has put the device away.
func (g deviceGrant) inTime(ctx context.Context, d Device) error {
	if !g.check(ctx, rules.DeviceCodeNotExpired, g.now().Before(d.ExpiresAt), "before "+d.ExpiresAt.UTC().Format(time.RFC3339), g.now().UTC().Format(time.RFC3339)) {
		return oauth.NewError("expired_token", "This device_code has expired. Start again at "+g.devicePath+".")
	}
	return nil
}

// replayed: a device code yields tokens once. RFC 8628 leaves a second use
// open; here it is what it is for a code (RFC 6749 4.1.2): the family ends,
// because one of the two was not the device. A device that repeats a poll whose
// answer was lost has no tokens to lose by it. It also meets a grant that was
// revoked before it was fetched.
func (g deviceGrant) replayed(ctx context.Context, r fosite.Requester, cause error) error {
	if err := g.store.RevokeFamily(ctx, r.GetID()); err != nil {
		return err
	}
	return oauth.NewError("invalid_grant", "This device_code was used before, or what was allowed has been taken back. Nothing that came of it is good any more.").Because(cause)
}

// PopulateTokenEndpointResponse uses the code and issues what the code grant
// would. It runs in the unit that respond has begun, so that the use of the
// code and the tokens are one commit.
func (g deviceGrant) PopulateTokenEndpointResponse(ctx context.Context, r fosite.AccessRequester, out fosite.AccessResponder) error {
	if !g.CanHandleTokenEndpointRequest(ctx, r) {
		return fosite.ErrUnknownRequest
	}
	access, signature, err := g.GenerateAccessToken(ctx, r)
	if err != nil {
		return err
	}
	if err := g.store.UseDeviceCode(ctx, ledger.Hash(tokenRequestOf(ctx).DeviceCode), r.GetSession()); err != nil {
		return err
	}
	var refresh string
	if r.GetGrantedScopes().Has("offline_access") && r.GetClient().GetGrantTypes().Has("refresh_token") { // OIDC Core 11
		if refresh, _, err = g.GenerateRefreshToken(ctx, r); err != nil {
			return err
		}
		if err := g.store.CreateRefreshTokenSession(ctx, refresh, signature, r.Sanitize(nil)); err != nil {
			return err
		}
		out.SetExtra("refresh_token", refresh)
	}
	if err := g.store.CreateAccessTokenSession(ctx, signature, r.Sanitize(nil)); err != nil {
		return err
	}
	out.SetAccessToken(access)
	out.SetTokenType("bearer")
	if !r.GetGrantedScopes().Has("openid") {
		return nil
	}
	id := openid.IDTokenHandleHelper{IDTokenStrategy: g.mint}
	r.GetSession().(*Session).IDTokenClaims().AccessTokenHash = id.GetAccessTokenHash(ctx, r, out) // OIDC Core 3.1.3.6
	return id.IssueExplicitIDToken(ctx, IDTokenTTL, r, out)
}
