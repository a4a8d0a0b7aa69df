package store

import (
	"slices"
	"testing"
	"time"

	"github.com/ory/fosite"

	"github.com/exampleco/punchcard/auth/ledger"
)

// living returns the scopes that a stored refresh token grants, nil where it is dead.
func (f *fixture) living(t *testing.T, token string) []string {
	t.Helper()
	r, err := f.GetRefreshTokenSession(t.Context(), token, nil)
	if err != nil {
		return nil
	}
	return r.GetGrantedScopes()
}

func (f *fixture) issue(t *testing.T, id string, edit func(*fosite.Request)) *fosite.Request {
	t.Helper()
	r := f.clock.request(id)
	r.GrantedScope = fosite.Arguments{"openid", "read", "write", "offline_access"}
	if edit != nil {
		edit(r)
	}
	must(t, f.CreateAuthorizeCodeSession(t.Context(), "code-"+id, r))
	must(t, f.CreateAccessTokenSession(t.Context(), "access-"+id, r))
	must(t, f.CreateRefreshTokenSession(t.Context(), "refresh-"+id, "", r))
	return r
}

// OWASP ASVS 8.3.2: a scope that a client's registration has lost is gone from
// all that is read of its grants.
func TestAClientHasLostAScope(t *testing.T) {
	f := open(t)
	f.issue(t, "r1", nil)
	less := slices.Clone(clients)
	less[0].Scopes = []string{"read", "offline_access"}
	if _, err := f.ApplyClients(t.Context(), less); err != nil {
		t.Fatal(err)
	}
	if got := f.living(t, "refresh-r1"); !slices.Equal(got, []string{"read", "offline_access"}) {
		t.Errorf("the refresh token grants %v", got)
	}
	if code, err := f.GetAuthorizeCodeSession(t.Context(), "code-r1", nil); err != nil || !slices.Equal(code.GetGrantedScopes(), []string{"read", "offline_access"}) {
		t.Errorf("the code: %v %v", code, err)
	}
}

// A scope that is taken back is gone from all that is read, and nothing that
// has it is written any more: neither token of a rotation that had read the
// grant before.
func TestWithdraw(t *testing.T) {
	f := open(t)
	r := f.issue(t, "r1", nil)
	f.issue(t, "r2", func(r *fosite.Request) { r.Session.(*session).Subject = "grace" })
	f.issue(t, "r3", func(r *fosite.Request) { r.Client = &Client{ID: "other"} })
	narrow := f.clock.request("r1")
	narrow.GrantedScope = fosite.Arguments{"openid", "read"}
	must(t, f.CreateAccessTokenSession(t.Context(), "narrow", narrow))

	must(t, f.Withdraw(t.Context(), Withdrawal{Subject: "ada", ClientID: "app", Scope: "write", Hollow: []string{"offline_access"}}))
	if _, err := f.AccessToken(t.Context(), "access-r1"); err == nil {
		t.Error("the access token that carries it lives")
	}
	if _, err := f.AccessToken(t.Context(), "narrow"); err != nil {
		t.Errorf("one without it: %v", err)
	}
	if got := f.living(t, "refresh-r1"); !slices.Equal(got, []string{"openid", "read", "offline_access"}) {
		t.Errorf("the refresh token grants %v", got)
	}
	if code, err := f.GetAuthorizeCodeSession(t.Context(), "code-r1", nil); err != nil || code.GetGrantedScopes().Has("write") {
		t.Errorf("the code: %v %v", code, err)
	}
	for _, other := range []string{"r2", "r3"} {
		if _, err := f.AccessToken(t.Context(), "access-"+other); err != nil || !slices.Contains(f.living(t, "refresh-"+other), "write") {
			t.Errorf("%s, of another person or client, lost something", other)
		}
	}
	is(t, f.CreateAccessTokenSession(t.Context(), "late", r), ErrWithdrawn)
	is(t, f.CreateRefreshTokenSession(t.Context(), "late", "", r), ErrWithdrawn)

	// The whole rotation is undone, so that it can begin anew.
	ctx := f.Begin(t.Context())
	must(t, f.RotateRefreshToken(ctx, "r1", "refresh-r1"))
	must(t, f.CreateAccessTokenSession(ctx, "late", r))
	must(t, f.CreateRefreshTokenSession(ctx, "late", "", r))
	is(t, f.Commit(ctx), ErrWithdrawn)
	if got := f.living(t, "refresh-r1"); got == nil {
		t.Error("the refresh token was used up by a rotation that failed")
	}

	// With nothing but what opens nothing, the grant is over.
	must(t, f.Withdraw(t.Context(), Withdrawal{Subject: "ada", ClientID: "app", Scope: "read", Hollow: []string{"offline_access"}}))
	if got := f.living(t, "refresh-r1"); !slices.Equal(got, []string{"openid", "offline_access"}) {
		t.Errorf("identity is left: %v", got)
	}
	must(t, f.Withdraw(t.Context(), Withdrawal{Subject: "ada", ClientID: "app", Scope: "openid", Hollow: []string{"offline_access"}}))
	if got := f.living(t, "refresh-r1"); got != nil {
		t.Errorf("a grant of nothing lives: %v", got)
	}
}

// What was allowed to a device that has not fetched it yet is a grant as well.
func TestWithdrawFromADevice(t *testing.T) {
	f := open(t)
	r := f.clock.request("r1")
	r.GrantedScope = fosite.Arguments{"read", "write", "offline_access"}
	r.Session.SetExpiresAt(DeviceCode, f.clock.now().Add(10*time.Minute))
	must(t, f.CreateDeviceCode(t.Context(), ledger.Hash("device"), r))
	must(t, f.Withdraw(t.Context(), Withdrawal{Subject: "ada", ClientID: "app", Scope: "write", Hollow: []string{"offline_access"}}))
	got, err := f.DeviceCodeRequest(t.Context(), ledger.Hash("device"), nil)
	if err != nil || !slices.Equal(got.GetGrantedScopes(), []string{"read", "offline_access"}) {
		t.Fatalf("%v, %v; want what is left", got, err)
	}
	must(t, f.Withdraw(t.Context(), Withdrawal{Subject: "ada", ClientID: "app", Scope: "offline_access", Vital: true}))
	_, err = f.DeviceCodeRequest(t.Context(), ledger.Hash("device"), nil)
	is(t, err, ErrSpent)
}

// What a grant cannot be without ends it, where it has it.
func TestWithdrawWhatIsVital(t *testing.T) {
	f := open(t)
	f.issue(t, "r1", nil)
	f.issue(t, "r2", func(r *fosite.Request) { r.GrantedScope = fosite.Arguments{"openid", "read"} })
	must(t, f.Withdraw(t.Context(), Withdrawal{Subject: "ada", ClientID: "app", Scope: "offline_access", Vital: true}))
	if f.living(t, "refresh-r1") != nil {
		t.Error("it goes on")
	}
	if _, err := f.AccessToken(t.Context(), "access-r2"); err != nil {
		t.Errorf("a grant that never had it: %v", err)
	}
}

func TestRevokeOfAppAndOfOthers(t *testing.T) {
	f := open(t)
	grants := map[string]func(*fosite.Request){
		"here":  nil,
		"there": func(r *fosite.Request) { r.Session.(*session).SID = "s2" },
		"none":  func(r *fosite.Request) { r.Session.(*session).SID = "" },
		"else":  func(r *fosite.Request) { r.Client = &Client{ID: "other"} },
		"grace": func(r *fosite.Request) { r.Session.(*session).Subject, r.Session.(*session).SID = "grace", "s3" },
	}
	for id, edit := range grants {
		f.issue(t, id, edit)
	}
	alive := func(want ...string) {
		t.Helper()
		for id := range grants {
			if _, err := f.AccessToken(t.Context(), "access-"+id); (err == nil) != slices.Contains(want, id) {
				t.Errorf("%s: %v, want alive: %v", id, err, want)
			}
		}
	}
	must(t, f.RevokeOthers(t.Context(), "ada", "s1"))
	alive("here", "else", "grace")
	must(t, f.RevokeApp(t.Context(), "ada", "app"))
	alive("else", "grace")
}

// The list is what lives: by client, with the latest use of any of its tokens.
func TestGrants(t *testing.T) {
	f := open(t)
	began := f.clock.now()
	f.issue(t, "r1", nil)
	f.clock.advance(time.Minute)
	f.issue(t, "r2", func(r *fosite.Request) { r.Client, r.GrantedScope = &Client{ID: "other"}, fosite.Arguments{"read"} })
	f.clock.advance(time.Minute)
	f.issue(t, "r3", func(r *fosite.Request) { r.GrantedScope = fosite.Arguments{"delete"} })
	f.clock.advance(time.Minute)
	f.TokenUsed("r2")
	used := f.clock.now()
	look := func() []AppGrant {
		t.Helper()
		got, err := f.Grants(t.Context(), "ada")
		must(t, err)
		return got
	}
	check := func(got []AppGrant) {
		t.Helper()
		if len(got) != 2 || got[0].ClientID != "other" || !got[0].UsedAt.Equal(used) ||
			!slices.Equal(got[1].Scopes, []string{"delete", "offline_access", "openid", "read", "write"}) || !got[1].Since.Equal(began) || !got[1].UsedAt.Equal(began.Add(2*time.Minute)) {
			t.Errorf("%+v", got)
		}
	}
	check(look())
	must(t, f.Settle(t.Context()))
	f.reopen(t)
	check(look())
	must(t, f.RevokeFamily(t.Context(), "r2"))
	f.clock.advance(16 * time.Minute) // the access tokens are over, the refresh tokens are not
	if got := look(); len(got) != 1 || len(got[0].Scopes) != 5 {
		t.Errorf("%+v", got)
	}
	f.clock.advance(time.Hour)
	if got := look(); len(got) != 0 {
		t.Errorf("what has expired is listed: %+v", got)
	}
}
