package store

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/ory/fosite"
	"github.com/ory/fosite/handler/oauth2"
	"github.com/ory/fosite/handler/openid"
	"github.com/ory/fosite/handler/pkce"
	"github.com/ory/fosite/storage"
)

// contract is what any backend has to do.
type contract interface {
	fosite.ClientManager
	oauth2.CoreStorage
	oauth2.TokenRevocationStorage
	pkce.PKCERequestStorage
	openid.OpenIDConnectRequestStorage
	storage.Transactional
	RevokeFamily(ctx context.Context, requestID string) error
	RevokeSubject(ctx context.Context, subject string) error
	RevokeClientGrants(ctx context.Context, clientID string) error
	RevokeSession(ctx context.Context, sid string) error
	AccessToken(ctx context.Context, signature string) (TokenRecord, error)
	Purge(ctx context.Context) (int, error)
}

// backend is one store under test: empty but for the clients app and other, on
// a clock of its own, with a way to take a client away.
type backend struct {
	contract
	clock *clock
	drop  func(t *testing.T, client string)
}

func TestConformance(t *testing.T) {
	conformance(t, func(t *testing.T) backend {
		f := open(t)
		return backend{f.Store, f.clock, f.without}
	})
}

// conformance holds a backend against what fosite relies on, says so or not.
func conformance(t *testing.T, newStore func(t *testing.T) backend) {
	for name, test := range map[string]func(t *testing.T, b backend){
		"a request comes back as it was stored":                testRoundTrip,
		"unknown is not found":                                 testUnknown,
		"a nil session is made":                                testNilSession,
		"PKCE and OpenID requests leave the live session":      testFreshSession,
		"a used code comes with its request":                   testUsedCode,
		"a used refresh token comes with its request":          testUsedRefresh,
		"a deleted refresh token leaves a tombstone":           testTombstone,
		"a challenge outlives its deletion":                    testChallengeStays,
		"rotation ends the older access tokens":                testRotation,
		"an access token may carry less than its grant":        testNarrow,
		"deleted access tokens and OpenID requests are gone":   testDelete,
		"revocation ends the family by either name":            testRevoke,
		"a dead family takes no member":                        testSticky,
		"whole grants end by subject, client and session":      testWholeGrants,
		"what a client holds dies with it":                     testClientGone,
		"a unit is all or nothing":                             testUnit,
		"units nest":                                           testNested,
		"one of 50 uses of a code wins":                        testCodeRace,
		"one of 50 rotations wins":                             testRotateRace,
		"no token survives a revocation, whoever comes second": testFamilyRace,
		"an assertion is used once":                            testAssertion,
		"one of 50 uses of an assertion wins":                  testAssertionRace,
		"a living access token is looked up":                   testLookup,
		"purge takes what is over":                             testPurge,
	} {
		t.Run(name, func(t *testing.T) { test(t, newStore(t)) })
	}
}

// must fails the test on an error.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// is fails the test unless err matches every one of want.
func is(t testing.TB, err error, want ...error) {
	t.Helper()
	for _, w := range want {
		if !errors.Is(err, w) {
			t.Fatalf("error %v, want one that is %v", err, w)
		}
	}
}

// grant stores a whole grant: a code, and tokens, named after its id.
func (b backend) grant(t *testing.T, id string) *fosite.Request {
	t.Helper()
	r := b.clock.request(id)
	must(t, b.CreateAuthorizeCodeSession(t.Context(), "code-"+id, r))
	must(t, b.CreateAccessTokenSession(t.Context(), "access-"+id, r))
	must(t, b.CreateRefreshTokenSession(t.Context(), "refresh-"+id, "access-"+id, r))
	return r
}

// alive fails the test unless the tokens of the grant stand, or fall.
func (b backend) alive(t *testing.T, id string, want bool) {
	t.Helper()
	_, err := b.AccessToken(t.Context(), "access-"+id)
	_, aerr := b.GetAccessTokenSession(t.Context(), "access-"+id, nil)
	_, rerr := b.GetRefreshTokenSession(t.Context(), "refresh-"+id, nil)
	_, cerr := b.GetAuthorizeCodeSession(t.Context(), "code-"+id, nil)
	if want {
		must(t, errors.Join(err, aerr, rerr, cerr))
		return
	}
	is(t, err, fosite.ErrNotFound)
	is(t, aerr, fosite.ErrNotFound)
	is(t, rerr, fosite.ErrInactiveToken)
	is(t, cerr, fosite.ErrInvalidatedAuthorizeCode)
}

func testRoundTrip(t *testing.T, b backend) {
	ctx, want := t.Context(), b.clock.request("r1")
	must(t, b.CreateAuthorizeCodeSession(ctx, "sig", want))
	must(t, b.CreateAccessTokenSession(ctx, "sig", want))
	must(t, b.CreateRefreshTokenSession(ctx, "sig", "access", want))
	for name, get := range map[string]func(context.Context, string, fosite.Session) (fosite.Requester, error){
		"code": b.GetAuthorizeCodeSession, "access": b.GetAccessTokenSession, "refresh": b.GetRefreshTokenSession,
	} {
		passed := &session{}
		got, err := get(ctx, "sig", passed)
		must(t, err)
		if got.GetSession() != fosite.Session(passed) {
			t.Errorf("%s: the passed session was not hydrated in place", name)
		}
		if got.GetClient().GetID() != "app" || len(got.GetClient().GetScopes()) == 0 {
			t.Errorf("%s: client %+v is not the registered one", name, got.GetClient())
		}
		r := *got.(*fosite.Request)
		r.Client = want.Client
		if !reflect.DeepEqual(&r, want) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", name, &r, want)
		}
	}
}

func testUnknown(t *testing.T, b backend) {
	ctx := t.Context()
	b.grant(t, "r1")
	_, err := b.GetAuthorizeCodeSession(ctx, "refresh-r1", &session{})
	is(t, err, fosite.ErrNotFound)
	_, err = b.GetAccessTokenSession(ctx, "refresh-r1", &session{}) // a refresh token is no access token
	is(t, err, fosite.ErrNotFound)
	_, err = b.GetRefreshTokenSession(ctx, "access-r1", &session{})
	is(t, err, fosite.ErrNotFound)
	_, err = b.GetPKCERequestSession(ctx, "code-r1", &session{})
	is(t, err, fosite.ErrNotFound)
	_, err = b.GetOpenIDConnectSession(ctx, "code-r1", nil)
	is(t, err, openid.ErrNoSessionFound)
	is(t, b.InvalidateAuthorizeCodeSession(ctx, "nothing"), fosite.ErrNotFound)
	is(t, b.RotateRefreshToken(ctx, "r1", "nothing"), fosite.ErrNotFound)
	is(t, b.RotateRefreshToken(ctx, "r2", "refresh-r1"), fosite.ErrNotFound) // of another family
	b.alive(t, "r1", true)
	client, err := b.GetClient(ctx, "nobody")
	if is(t, err, fosite.ErrNotFound); client != nil {
		t.Errorf("an unknown client is %#v, not nil", client)
	}
}

func testNilSession(t *testing.T, b backend) {
	b.grant(t, "r1")
	for name, get := range map[string]func(context.Context, string, fosite.Session) (fosite.Requester, error){
		"access-r1": b.GetAccessTokenSession, "refresh-r1": b.GetRefreshTokenSession, "code-r1": b.GetAuthorizeCodeSession,
	} {
		r, err := get(t.Context(), name, nil) // as fosite's revocation does
		must(t, err)
		if r.GetSession().GetSubject() != "ada" {
			t.Errorf("%s: subject %q, want ada", name, r.GetSession().GetSubject())
		}
	}
}

func testFreshSession(t *testing.T, b backend) {
	ctx, stored := t.Context(), b.clock.request("r1")
	stored.Form.Set("nonce", "n-0S6")
	must(t, b.CreatePKCERequestSession(ctx, "sig", stored))
	must(t, b.CreateOpenIDConnectSession(ctx, "the whole code", stored))

	live := &session{Subject: "live"}
	r, err := b.GetPKCERequestSession(ctx, "sig", live)
	must(t, err)
	if r.GetRequestForm().Get("code_challenge") != "xyz" || r.GetSession().GetSubject() != "ada" {
		t.Errorf("the PKCE request is %+v", r)
	}
	r, err = b.GetOpenIDConnectSession(ctx, "the whole code", &fosite.Request{Session: live})
	must(t, err)
	if r.GetRequestForm().Get("nonce") != "n-0S6" || r.GetSession().GetSubject() != "ada" {
		t.Errorf("the OpenID request is %+v", r)
	}
	if !reflect.DeepEqual(live, &session{Subject: "live"}) {
		t.Errorf("the live session became %+v", live)
	}
}

func testUsedCode(t *testing.T, b backend) {
	ctx := t.Context()
	b.grant(t, "r1")
	must(t, b.InvalidateAuthorizeCodeSession(ctx, "code-r1"))
	is(t, b.InvalidateAuthorizeCodeSession(ctx, "code-r1"), ErrSpent, fosite.ErrInvalidatedAuthorizeCode)
	r, err := b.GetAuthorizeCodeSession(ctx, "code-r1", &session{})
	is(t, err, ErrSpent, fosite.ErrInvalidatedAuthorizeCode)
	if r == nil || r.GetID() != "r1" {
		t.Fatalf("a used code came with %v, fosite needs its request", r)
	}
	_, err = b.AccessToken(ctx, "access-r1")
	must(t, err) // using a code ends nothing
}

func testUsedRefresh(t *testing.T, b backend) {
	ctx := t.Context()
	b.grant(t, "r1")
	must(t, b.RotateRefreshToken(ctx, "r1", "refresh-r1"))
	is(t, b.RotateRefreshToken(ctx, "r1", "refresh-r1"), ErrSpent, fosite.ErrInactiveToken)
	r, err := b.GetRefreshTokenSession(ctx, "refresh-r1", &session{})
	is(t, err, ErrSpent, fosite.ErrInactiveToken)
	if r == nil || r.GetID() != "r1" || r.GetSession().GetSubject() != "ada" {
		t.Fatalf("a used refresh token came with %v, fosite needs its request", r)
	}
}

func testTombstone(t *testing.T, b backend) {
	ctx := t.Context()
	for _, id := range []string{"used", "unused"} {
		b.grant(t, id)
	}
	must(t, b.RotateRefreshToken(ctx, "used", "refresh-used"))
	for _, id := range []string{"used", "unused"} {
		must(t, b.DeleteRefreshTokenSession(ctx, "refresh-"+id))
		r, err := b.GetRefreshTokenSession(ctx, "refresh-"+id, &session{})
		is(t, err, fosite.ErrInactiveToken)
		if r == nil || r.GetID() != id {
			t.Errorf("%s: a deleted token left %v behind, want its request", id, r)
		}
	}
}

func testChallengeStays(t *testing.T, b backend) {
	ctx := t.Context()
	must(t, b.CreatePKCERequestSession(ctx, "sig", b.clock.request("r1")))
	must(t, b.DeletePKCERequestSession(ctx, "sig"))
	r, err := b.GetPKCERequestSession(ctx, "sig", &session{})
	must(t, err)
	if r.GetRequestForm().Get("code_challenge") != "xyz" {
		t.Error("the challenge is gone")
	}
}

func testClientGone(t *testing.T, b backend) {
	ctx := t.Context()
	r := b.grant(t, "r1")
	must(t, b.CreatePKCERequestSession(ctx, "sig", r))
	b.drop(t, "app")
	_, err := b.GetAuthorizeCodeSession(ctx, "code-r1", &session{})
	is(t, err, fosite.ErrNotFound)
	_, err = b.GetPKCERequestSession(ctx, "sig", &session{})
	is(t, err, fosite.ErrNotFound)
	_, err = b.GetRefreshTokenSession(ctx, "refresh-r1", &session{})
	is(t, err, fosite.ErrNotFound)
	_, err = b.AccessToken(ctx, "access-r1")
	is(t, err, fosite.ErrNotFound)

	// A request that had loaded the client before it went may still write.
	late := b.clock.request("r2")
	must(t, b.CreateAccessTokenSession(ctx, "access-r2", late))
	_, err = b.AccessToken(ctx, "access-r2")
	is(t, err, fosite.ErrNotFound)
}

func testLookup(t *testing.T, b backend) {
	ctx := t.Context()
	b.grant(t, "r1")
	issued := b.clock.now()
	got, err := b.AccessToken(ctx, "access-r1")
	must(t, err)
	want := TokenRecord{RequestID: "r1", ClientID: "app", Subject: "ada", SessionID: "s1", Scopes: []string{"read", "offline_access"},
		Audience: []string{"https://id.example/api"}, IssuedAt: issued, ExpiresAt: issued.Add(15 * time.Minute)}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("\ngot  %+v\nwant %+v", got, want)
	}
	b.clock.advance(15*time.Minute - time.Millisecond)
	_, err = b.AccessToken(ctx, "access-r1")
	must(t, err)
	b.clock.advance(time.Millisecond) // RFC 9068 4: the current time must be before exp
	_, err = b.AccessToken(ctx, "access-r1")
	is(t, err, fosite.ErrNotFound)

	endless := b.clock.request("r2")
	endless.Session = &session{Subject: "ada"}
	must(t, b.CreateAccessTokenSession(ctx, "access-r2", endless))
	_, err = b.AccessToken(ctx, "access-r2")
	is(t, err, fosite.ErrNotFound)
}
