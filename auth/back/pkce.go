package back

import (
	"context"

	"github.com/ory/fosite"
	"github.com/ory/fosite/compose"
	"github.com/ory/fosite/handler/pkce"

	"github.com/exampleco/punchcard/auth/ledger"
	"github.com/exampleco/punchcard/auth/oauth"
	"github.com/exampleco/punchcard/auth/store"
)

// pkceByClient is fosite's PKCE handler twice, because fosite knows one demand
// for all clients. Which one judges is decided by the client as it is now, and
// by what the code says of itself.
type pkceByClient struct {
	required, optional *pkce.Handler
	check              func(ctx context.Context, rule ledger.Rule, ok bool, expected, got string) bool
}

var (
	_ fosite.AuthorizeEndpointHandler = (*pkceByClient)(nil)
	_ fosite.TokenEndpointHandler     = (*pkceByClient)(nil)
)

// pkceHandler is the factory of RFC 7636. It stands after the code handler,
// whose code it binds.
func (s *Channel) pkceHandler(c fosite.Configurator, storage, strategy any) any {
	required := compose.OAuth2PKCEFactory(c, storage, strategy).(*pkce.Handler)
	optional := *required
	optional.Config = &fosite.Config{EnforcePKCEForPublicClients: true}
	return &pkceByClient{required: required, optional: &optional, check: s.check}
}

func (h *pkceByClient) judge(c fosite.Client, unchallenged bool) *pkce.Handler {
	if client, ok := c.(*store.Client); ok && unchallenged && !client.RequirePKCE && !client.IsPublic() {
		return h.optional
	}
	return h.required
}

// HandleAuthorizeEndpointRequest keeps the challenge with the code.
func (h *pkceByClient) HandleAuthorizeEndpointRequest(ctx context.Context, ar fosite.AuthorizeRequester, resp fosite.AuthorizeResponder) error {
	unchallenged := ar.GetSession().(*Session).Unchallenged
	return h.judge(ar.GetClient(), unchallenged).HandleAuthorizeEndpointRequest(ctx, ar, resp)
}

// HandleTokenEndpointRequest compares the verifier. fosite takes a code whose
// challenge it does not find for one that never had any; the code itself knows
// better, so a lost challenge opens nothing.
func (h *pkceByClient) HandleTokenEndpointRequest(ctx context.Context, request fosite.AccessRequester) error {
	if !h.CanHandleTokenEndpointRequest(ctx, request) {
		return fosite.ErrUnknownRequest
	}
	unchallenged := request.GetSession().(*Session).Unchallenged
	if unchallenged {
		// RFC 9700 2.1.1 and 4.8.2: a verifier is accepted only if a challenge was
		// sent. The client that has one did send it: somebody took it out on the way.
		sent := tokenRequestOf(ctx).Verifier
		if !h.check(ctx, rules.VerifierWanted, sent == "", "none, as the code was asked for without a challenge", ledger.Fingerprint("verifier", sent)) {
			return oauth.NewError("invalid_grant", "A code_verifier was sent, and the authorization request that led to this code had no code_challenge.")
		}
	}
	return h.judge(request.GetClient(), unchallenged).HandleTokenEndpointRequest(ctx, request)
}

func (h *pkceByClient) PopulateTokenEndpointResponse(ctx context.Context, request fosite.AccessRequester, response fosite.AccessResponder) error {
	return h.required.PopulateTokenEndpointResponse(ctx, request, response)
}

func (h *pkceByClient) CanSkipClientAuth(ctx context.Context, request fosite.AccessRequester) bool {
	return h.required.CanSkipClientAuth(ctx, request)
}

func (h *pkceByClient) CanHandleTokenEndpointRequest(ctx context.Context, request fosite.AccessRequester) bool {
	return h.required.CanHandleTokenEndpointRequest(ctx, request)
}
