package auth

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/exampleco/punchcard/auth/ledger"
	"github.com/exampleco/punchcard/auth/oauth"
	"github.com/exampleco/punchcard/auth/seed"
)

// pushes is a push of the native app that must be taken; it returns the
// request_uri.
func (w *world) pushes(form url.Values) string {
	w.t.Helper()
	rec := w.post(pathPush, form)
	var got pushed
	if err := json.Unmarshal(rec.Body.Bytes(), &got); rec.Code != http.StatusCreated || err != nil || !strings.HasPrefix(got.RequestURI, oauth.RequestURIPrefix) {
		w.t.Fatalf("push: %d %s", rec.Code, rec.Body)
	}
	if got.ExpiresIn < 60 || got.ExpiresIn > 90 || rec.Header().Get("Cache-Control") != "no-store" {
		w.t.Errorf("expires_in %d, Cache-Control %q", got.ExpiresIn, rec.Header().Get("Cache-Control"))
	}
	return got.RequestURI
}

// arrives is a browser that comes with a pushed request.
func (w *world) arrives(client, uri string) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	q := url.Values{"client_id": {client}, "request_uri": {uri}}
	w.mux.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, issuer+pathAuthorize+"?"+q.Encode(), nil))
	return rec
}

func begins(rec *httptest.ResponseRecorder) bool {
	return rec.Code == http.StatusSeeOther && strings.HasPrefix(rec.Header().Get("Location"), pathLogin+"?flow=")
}

// isOver: a page, because the server cannot know where to send the person.
func isOver(rec *httptest.ResponseRecorder) bool {
	return rec.Code == http.StatusBadRequest && rec.Header().Get("Location") == "" && strings.Contains(rec.Body.String(), "invalid_request_uri")
}

// RFC 9126 4: an expired request_uri MUST be rejected, by this server's clock.
func TestPushedRequestsExpire(t *testing.T) {
	t.Run("OP-01", func(t *testing.T) {
		w := newWorld(t)
		early, late := w.pushes(authorization()), w.pushes(authorization())
		w.clock.pass(pushedLifetime - time.Millisecond)
		if rec := w.arrives("timesheets-mobile", early); !begins(rec) {
			t.Errorf("a moment before its end: %d %s", rec.Code, rec.Body)
		}
		w.clock.pass(time.Millisecond)
		if rec := w.arrives("timesheets-mobile", late); !isOver(rec) {
			t.Errorf("at its end: %d to %q", rec.Code, rec.Header().Get("Location"))
		}
	})
}

// The flow outlives the request that it came of: who takes their time on the
// login page is not sent away.
func TestAPushedFlowHasItsOwnTime(t *testing.T) {
	w := newWorld(t)
	rec := w.arrives("timesheets-mobile", w.pushes(authorization()))
	w.clock.pass(30 * time.Minute)
	if err := w.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := w.count("pushed_requests"); n != 0 {
		t.Errorf("%d expired requests are kept", n)
	}
	r := httptest.NewRequest(http.MethodGet, issuer+rec.Header().Get("Location"), nil)
	for _, c := range rec.Result().Cookies() {
		r.AddCookie(c)
	}
	page := httptest.NewRecorder()
	if w.mux.ServeHTTP(page, r); page.Code != http.StatusOK {
		t.Errorf("the login page: %d %s", page.Code, page.Body)
	}
}

// RFC 9126 4: one use, however many browsers come with it at the same moment;
// and as many flows.
func TestPushedRequestsAreUsedOnce(t *testing.T) {
	w := newWorld(t)
	for range *rounds {
		uri, before := w.pushes(authorization()), w.count("flows")
		w.disk.gate.Store(newGate(8))
		var group sync.WaitGroup
		var won, over atomic.Int32
		for range 8 {
			group.Go(func() {
				switch rec := w.arrives("timesheets-mobile", uri); {
				case begins(rec):
					won.Add(1)
				case isOver(rec):
					over.Add(1)
				default:
					t.Errorf("%d %s", rec.Code, rec.Body)
				}
			})
		}
		group.Wait()
		w.disk.gate.Store(nil)
		if won.Load() != 1 || over.Load() != 7 || w.count("flows") != before+1 {
			t.Fatalf("%d went on, %d were refused, %d flows", won.Load(), over.Load(), w.count("flows")-before)
		}
	}
}

// Nothing is begun that is not on disk, and nothing is used up by it.
func TestAPushedRequestSurvivesAFullDisk(t *testing.T) {
	w := newWorld(t)
	uri := w.pushes(authorization())
	w.disk.full.Store(true)
	if rec := w.arrives("timesheets-mobile", uri); rec.Code != http.StatusServiceUnavailable {
		t.Errorf("on a full disk: %d", rec.Code)
	}
	if rec := w.post(pathPush, authorization()); rec.Code != http.StatusServiceUnavailable || !strings.Contains(rec.Body.String(), "temporarily_unavailable") {
		t.Errorf("a push on a full disk: %d %s", rec.Code, rec.Body)
	}
	w.disk.full.Store(false)
	if rec := w.arrives("timesheets-mobile", uri); !begins(rec) {
		t.Errorf("afterwards: %d %s", rec.Code, rec.Body)
	}
}

// RFC 6749 4.1.2.1: a request that waits at the login or the consent page goes
// only to an address that is registered when the code is sent. forget says
// whether the server has noticed the change before it comes to the code.
func TestARegistrationChangesWhileARequestWaits(t *testing.T) {
	w := newWorld(t)
	for name, change := range map[string]string{
		"redirect URI taken away": `UPDATE clients SET redirect_uris = '["http://[::1]/callback"]' WHERE id = 'timesheets-mobile'`,
		"scope taken away":        `UPDATE clients SET scopes = '["openid"]' WHERE id = 'timesheets-mobile'`,
		"grant taken away":        `UPDATE clients SET grants = '["refresh_token"]' WHERE id = 'timesheets-mobile'`,
		"client gone":             `UPDATE clients SET disabled_at = 1 WHERE id = 'timesheets-mobile'`,
	} {
		for _, forget := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, noticed %v", name, forget), func(t *testing.T) {
				if err := w.Reset(t.Context()); err != nil {
					t.Fatal(err)
				}
				v := w.visit("ada@example.com")
				open, refused := v.asks("timesheets-mobile", allowed), v.asks("timesheets-mobile", denied)
				w.television("openid") // the clients are known
				w.exec(change)
				if forget {
					w.store.Forget()
				}
				before := w.count("codes")
				if rec := v.get(open); rec.Code != http.StatusBadRequest || rec.Header().Get("Location") != "" || w.count("codes") != before {
					t.Errorf("%d to %q with %d codes, want a page", rec.Code, rec.Header().Get("Location"), w.count("codes")-before)
				}
				if rec := v.get(refused); forget && name != "scope taken away" && (rec.Code != http.StatusBadRequest || rec.Header().Get("Location") != "") {
					t.Errorf("a refusal: %d to %q, want a page", rec.Code, rec.Header().Get("Location"))
				}
			})
		}
	}
}

// RP-Initiated Logout 3: the same for a sign-out whose question stands open.
func TestARegistrationChangesWhileASignOutWaits(t *testing.T) {
	w := newWorld(t)
	v := w.visit("ada@example.com")
	f, err := w.parkFlow(t.Context(), "logout", &logoutRequest{Client: "timesheets-spa", ReturnTo: "http://localhost:5173"}, ledger.Hash(v.cookies[0].Value))
	if err != nil {
		t.Fatal(err)
	}
	form := url.Values{"flow": {f.Handle}}
	w.exec(`UPDATE clients SET post_logout_redirect_uris = '[]' WHERE id = 'timesheets-spa'`)
	w.store.Forget()
	if rec := w.post(pathLogoutConfirm, form, v.cookies...); rec.Code != http.StatusBadRequest || rec.Header().Get("Location") != "" {
		t.Errorf("%d to %q, want a page", rec.Code, rec.Header().Get("Location"))
	}
}

// The same for a device, whose code is its address.
func TestARegistrationChangesWhileADeviceWaits(t *testing.T) {
	w := newWorld(t)
	for _, forget := range []bool{true, false} {
		d := w.television(allScope)
		v := w.visit("ada@example.com")
		open := v.settled(d)
		w.exec(`UPDATE clients SET grants = '["authorization_code"]' WHERE id = 'timesheets-mobile'`)
		if forget {
			w.store.Forget()
		}
		if rec := v.get(open); rec.Code != http.StatusBadRequest || w.count("device_codes") != 0 {
			t.Errorf("noticed %v: %d and %d grants, want a page and none", forget, rec.Code, w.count("device_codes"))
		}
		if err := w.Reset(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// RFC 9126 4: what was checked at the push counts for as long as the
// registration is what it was.
func TestARegistrationChangesAfterThePush(t *testing.T) {
	w := newWorld(t)
	for name, change := range map[string]string{
		"redirect URI taken away": `UPDATE clients SET redirect_uris = '["http://[::1]/callback"]' WHERE id = 'timesheets-mobile'`,
		"scope taken away":        `UPDATE clients SET scopes = '["openid"]' WHERE id = 'timesheets-mobile'`,
		"grant taken away":        `UPDATE clients SET grants = '["refresh_token"]' WHERE id = 'timesheets-mobile'`,
		"client gone":             `UPDATE clients SET disabled_at = 1 WHERE id = 'timesheets-mobile'`,
	} {
		t.Run(name, func(t *testing.T) {
			if err := w.Reset(t.Context()); err != nil {
				t.Fatal(err)
			}
			uri := w.pushes(authorization())
			w.exec(change)
			w.store.Forget()
			if rec := w.arrives("timesheets-mobile", uri); rec.Code != http.StatusBadRequest || rec.Header().Get("Location") != "" {
				t.Errorf("%d to %q, want a page", rec.Code, rec.Header().Get("Location"))
			}
		})
	}
}

// RFC 9126 6: a client registered for it has no other way in.
func TestAClientThatHasToPush(t *testing.T) {
	w := newWorld(t)
	d := document(t, seed.Builtin())
	for i := range d.Clients {
		d.Clients[i].RequirePAR = d.Clients[i].ID == "timesheets-mobile"
	}
	w.open(d, false)
	for method, r := range map[string]*http.Request{
		http.MethodGet:  httptest.NewRequest(http.MethodGet, issuer+pathAuthorize+"?"+authorization().Encode(), nil),
		http.MethodPost: httptest.NewRequest(http.MethodPost, issuer+pathAuthorize, strings.NewReader(authorization().Encode())),
	} {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		rec := httptest.NewRecorder()
		w.mux.ServeHTTP(rec, r)
		to, _ := url.Parse(rec.Header().Get("Location"))
		if q := to.Query(); !strings.HasPrefix(to.String(), redirect+"?") || q.Get("error") != "invalid_request" || q.Get("state") != "xyz" || q.Get("iss") != issuer {
			t.Errorf("%s without a push: %d to %s", method, rec.Code, to)
		}
	}
	if rec := w.arrives("timesheets-mobile", w.pushes(authorization())); !begins(rec) {
		t.Errorf("pushed: %d %s", rec.Code, rec.Body)
	}
}

// RFC 9126 6: who registers itself can ask to be held to it.
func TestARegisteredClientThatHasToPush(t *testing.T) {
	w := newWorld(t)
	r := httptest.NewRequest(http.MethodPost, issuer+pathRegister, strings.NewReader(`{"redirect_uris":["`+redirect+`"],"application_type":"native",`+
		`"token_endpoint_auth_method":"none","scope":"openid read:timesheets","require_pushed_authorization_requests":true}`))
	r.Header.Set("Content-Type", "application/json")
	r.RemoteAddr = "127.0.0.1:4711"
	rec := httptest.NewRecorder()
	w.mux.ServeHTTP(rec, r)
	var got struct {
		ID      string `json:"client_id"`
		HasPush bool   `json:"require_pushed_authorization_requests"`
	}
	if err := json.Unmarshal(rec.Body.Bytes(), &got); rec.Code != http.StatusCreated || err != nil || !got.HasPush {
		t.Fatalf("%d %s", rec.Code, rec.Body)
	}
	direct := httptest.NewRecorder()
	w.mux.ServeHTTP(direct, httptest.NewRequest(http.MethodGet, issuer+pathAuthorize+"?"+authorization("client_id", got.ID).Encode(), nil))
	if to := direct.Header().Get("Location"); !strings.Contains(to, "error=invalid_request") {
		t.Errorf("without a push: %d to %s", direct.Code, to)
	}
	if rec := w.arrives(got.ID, w.pushes(authorization("client_id", got.ID))); !begins(rec) {
		t.Errorf("pushed: %d %s", rec.Code, rec.Body)
	}
}

// An ID token that came as a hint opens /oidc/logout, so it is not kept.
func TestAPushKeepsNoToken(t *testing.T) {
	w := newWorld(t)
	hint := w.tokens(w.exchange(w.grant("ada@example.com", allScope))).IDToken
	uri := w.pushes(authorization("id_token_hint", hint))
	var id, request string
	if err := w.disk.Read().QueryRow(`SELECT id, request FROM pushed_requests`).Scan(&id, &request); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(request, "eyJ") || !strings.Contains(request, "usr_ada") || strings.Contains(id+request, strings.TrimPrefix(uri, oauth.RequestURIPrefix)) {
		t.Errorf("kept as %s: %s", id, request)
	}
}
