package attack

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// endpoints are where the server says that they are.
type endpoints struct {
	issuer        string // the origin of the server's own pages
	authorization string
	token         string
	revocation    string
}

// discover reads the server's metadata, OIDC Discovery 4.
func (p *play) discover() error {
	base := strings.TrimSuffix(p.Issuer, "/")
	a, err := p.thief().get(base + "/.well-known/openid-configuration")
	if err != nil {
		return err
	}
	var said struct {
		Issuer        string `json:"issuer"`
		Authorization string `json:"authorization_endpoint"`
		Token         string `json:"token_endpoint"`
		Revocation    string `json:"revocation_endpoint"`
	}
	if !a.read(&said) || a.status != http.StatusOK {
		return a.unexpected("the server’s metadata")
	}
	// OIDC Discovery 4.3: the issuer MUST be the one that was asked for.
	if said.Issuer != p.Issuer {
		return fmt.Errorf("the server at %s calls itself by another name", p.Issuer)
	}
	p.endpoints = endpoints{base, said.Authorization, said.Token, said.Revocation}
	return nil
}

// pending is an app's request while the person looks at the consent page.
// State and verifier are the app's secrets.
type pending struct {
	scope, state, verifier string
	page                   *answer // the consent page
	form                   *form
}

// ask sends the person from the app to the server, and signs them in there,
// as far as the consent page. scope is what the app asks for.
func (d *device) ask(who Person, scope string) (*pending, error) {
	app := d.play.Client
	q := &pending{scope: scope, state: rand.Text(), verifier: rand.Text() + rand.Text()}
	page, err := d.follow(d.get(d.play.authorization + "?" + url.Values{
		"response_type":         {"code"},
		"client_id":             {app.ID},
		"redirect_uri":          {app.RedirectURI},
		"scope":                 {scope},
		"resource":              {d.play.Audience},
		"state":                 {q.state},
		"code_challenge":        {challenge(q.verifier)},
		"code_challenge_method": {"S256"},
		"prompt":                {"consent"}, // so that every step can be seen, also for an app that was allowed before
	}.Encode()))
	if err != nil {
		return nil, err
	}
	if f := page.form(); f != nil && f.has("password") {
		if page, err = d.signIn(f, who); err != nil {
			return nil, err
		}
	}
	q.page, q.form = page, page.form()
	if page.status != http.StatusOK || q.form == nil || !q.form.has("decision") {
		return nil, page.unexpected("the consent page")
	}
	return q, nil
}

// challenge is what the server sees of the verifier, RFC 7636 4.2.
func challenge(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// follow goes along the server's own redirects, until a page is shown or the
// browser would leave for the app.
func (d *device) follow(at *answer, err error) (*answer, error) {
	for range 10 {
		if err != nil {
			return nil, err
		}
		to, perr := at.url.Parse(at.header.Get("Location"))
		if at.header.Get("Location") == "" || perr != nil || d.play.Client.owns(to.String()) || !strings.HasPrefix(to.String(), d.play.issuer+"/") {
			return at, nil
		}
		at, err = d.get(to.String())
	}
	return nil, errors.New("the server’s redirects have no end")
}

// owns says whether an address is the app's redirect URI with a response.
func (c Client) owns(address string) bool {
	return strings.HasPrefix(address, c.RedirectURI+"?") || strings.Contains(c.RedirectURI, "?") && strings.HasPrefix(address, c.RedirectURI+"&")
}

// allow ticks every box and presses Allow. It returns the app's code.
func (d *device) allow(q *pending) (*grant, error) {
	q.form.values["scope"] = q.form.offered
	q.form.values.Set("decision", "allow")
	at, err := d.press(q.form)
	if err != nil {
		return nil, err
	}
	to, err := url.Parse(at.header.Get("Location"))
	if err != nil || !d.play.Client.owns(to.String()) || !to.Query().Has("code") {
		return nil, at.unexpected("a redirect to the app with a code")
	}
	// RFC 6749 10.12 and RFC 9207 2.4: an honest app checks both before it touches the code.
	if to.Query().Get("state") != q.state || to.Query().Get("iss") != d.play.Issuer {
		return nil, errors.New("the server came back to the app with another state or iss than it should")
	}
	return &grant{scope: q.scope, code: to.Query().Get("code"), verifier: q.verifier}, nil
}

// cancel presses Cancel, and returns what the app is told.
func (d *device) cancel(q *pending) (*answer, error) {
	q.form.values.Set("decision", "deny")
	return d.press(q.form)
}

// grant is a code, with what the app needs to redeem it.
type grant struct{ scope, code, verifier string }

// code is ask and allow in one.
func (d *device) code(who Person, scope string) (*grant, error) {
	q, err := d.ask(who, scope)
	if err != nil {
		return nil, err
	}
	return d.allow(q)
}

// tokens are what the server gave for a code or a refresh token.
type tokens struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
	ID      string `json:"id_token"`
	Scope   string `json:"scope"`
}

// present is the app's token request, RFC 6749 4.1.3 and RFC 7636 4.5.
func (d *device) present(g *grant) (*answer, error) {
	return d.post(d.play.token, url.Values{
		"grant_type":    {"authorization_code"},
		"client_id":     {d.play.Client.ID},
		"redirect_uri":  {d.play.Client.RedirectURI},
		"code":          {g.code},
		"code_verifier": {g.verifier},
	})
}

// redeem presents a code that must be good.
func (d *device) redeem(g *grant) (*tokens, error) {
	a, err := d.present(g)
	if err != nil {
		return nil, err
	}
	t, err := a.tokens()
	if err != nil {
		return nil, err
	}
	granted := strings.Fields(t.Scope)
	for scope := range strings.FieldsSeq(g.scope) {
		if !slices.Contains(granted, scope) {
			return nil, fmt.Errorf("the server did not grant %s: the person’s role does not give it", scope)
		}
	}
	return t, nil
}

// tokens reads a successful answer of the token endpoint, RFC 6749 5.1.
func (a *answer) tokens() (*tokens, error) {
	t := &tokens{}
	if a.status != http.StatusOK || !a.read(t) || t.Access == "" {
		return nil, a.unexpected("tokens")
	}
	return t, nil
}

// signedIn is everything honest in one: ask, allow and redeem.
func (d *device) signedIn(who Person, scope string) (*tokens, error) {
	g, err := d.code(who, scope)
	if err != nil {
		return nil, err
	}
	return d.redeem(g)
}

// refresh is the app's request for newer tokens, RFC 6749 6.
func (d *device) refresh(t *tokens) (*answer, error) {
	return d.post(d.play.token, url.Values{
		"grant_type":    {"refresh_token"},
		"client_id":     {d.play.Client.ID},
		"refresh_token": {t.Refresh},
	})
}

// fates tries tokens of a family that must be dead, and says in words what
// became of them. What is alive all the same is revoked when the attack is
// over.
func (d *device) fates(t *tokens, access, refresh string) (string, error) {
	opened, err := d.api(http.MethodGet, "/me", t.Access, "")
	if err != nil {
		return "", err
	}
	renewed, err := d.refresh(t)
	if err != nil {
		return "", err
	}
	if renewed.ok() {
		d.play.later(func() error { return d.revoke(renewed) })
	}
	return fate(access, opened) + " " + fate(refresh, renewed), nil
}

// revoke gives the refresh token back, RFC 7009 2.1.
func (d *device) revoke(from *answer) error {
	t, err := from.tokens()
	if err != nil || t.Refresh == "" {
		return err
	}
	a, err := d.post(d.play.revocation, url.Values{"client_id": {d.play.Client.ID}, "token": {t.Refresh}})
	if err == nil && a.status != http.StatusOK {
		err = a.unexpected("the token to be revoked")
	}
	return err
}

// chance says in words whether the honest app can still redeem a code that
// somebody else has tried.
func (d *device) chance(g *grant) (string, error) {
	a, err := d.present(g)
	if err != nil {
		return "", err
	}
	if !a.ok() {
		return "But the honest app has lost its code by it: " + a.String() + ".", nil
	}
	return fmt.Sprintf("The honest app can still redeem its code: %d.", a.status), nil
}
