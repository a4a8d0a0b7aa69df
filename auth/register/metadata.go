package register

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/exampleco/punchcard/auth/edge"
	"github.com/exampleco/punchcard/auth/ledger"
	"github.com/exampleco/punchcard/auth/oauth"
	"github.com/exampleco/punchcard/auth/seed"
)

// clientMetadata is what a client may say of itself: RFC 7591 2, OIDC Dynamic
// Client Registration 2. What is not here is ignored, as RFC 7591 2 demands,
// except for what unserved names. It is stored and read back as registered.
type clientMetadata struct {
	RedirectURIs           []string `json:"redirect_uris,omitempty"`
	AuthMethod             string   `json:"token_endpoint_auth_method"`
	GrantTypes             []string `json:"grant_types"`
	ResponseTypes          []string `json:"response_types"`
	ApplicationType        string   `json:"application_type"`
	Name                   string   `json:"client_name,omitempty"`
	Scope                  string   `json:"scope"`
	IDTokenAlg             string   `json:"id_token_signed_response_alg"`
	SubjectType            string   `json:"subject_type,omitempty"`
	DPoPBound              bool     `json:"dpop_bound_access_tokens,omitempty"` // RFC 9449 5.2
	PostLogoutRedirectURIs []string `json:"post_logout_redirect_uris,omitempty"`

	JWKS       json.RawMessage `json:"jwks,omitempty"`                                  // public keys of private_key_jwt
	SigningAlg string          `json:"token_endpoint_auth_signing_alg,omitempty"`       // of its assertions, where it holds itself to one
	RequirePAR bool            `json:"require_pushed_authorization_requests,omitempty"` // RFC 9126 6

	// Given back as they came. Nothing is fetched from them, and no page shows
	// them: a logo would tell its owner who looks, and any app can claim one.
	ClientURI       string   `json:"client_uri,omitempty"`
	LogoURI         string   `json:"logo_uri,omitempty"`
	PolicyURI       string   `json:"policy_uri,omitempty"`
	TosURI          string   `json:"tos_uri,omitempty"`
	Contacts        []string `json:"contacts,omitempty"`
	SoftwareID      string   `json:"software_id,omitempty"`
	SoftwareVersion string   `json:"software_version,omitempty"`
}

// unserved is what a client would rely on in vain, or what would make this
// server fetch an address of the client's choice.
var unserved = map[string]string{
	"jwks_uri":                        "keys are never fetched; send them as jwks",
	"sector_identifier_uri":           "it would have to be fetched, and subjects are public here",
	"request_uris":                    "request objects are not served",
	"software_statement":              "nobody is trusted to vouch for software here",
	"id_token_encrypted_response_alg": "ID tokens are signed, not encrypted",
	"userinfo_signed_response_alg":    "userinfo is plain JSON",
	"userinfo_encrypted_response_alg": "userinfo is plain JSON",
}

const methodKey = "private_key_jwt" // OIDC Core 9

// authMethods are the ways in which a client can prove itself.
var authMethods = []string{"client_secret_basic", "client_secret_post", methodKey, "none"}

// Caps on what a client may say of itself.
const (
	maxMetadata     = 16 << 10 // bytes
	maxRedirectURIs = 20
	maxClientName   = 200 // characters
	maxListed       = 10
)

// registrant checks what a client says of itself; the first rule that it
// breaks is its answer.
type registrant struct {
	*Registrar
	ctx     context.Context
	meta    *clientMetadata
	sent    map[string]jsontext.Value // every member, also those that are ignored
	vouched bool                      // it came with an initial access token
	err     *oauth.Error
}

// must reports a rule; after one that was broken the others are not looked at.
func (c *registrant) must(rule ledger.Rule, ok bool, expected, got, text string) bool {
	return c.hold("invalid_client_metadata", rule, ok, expected, got, text)
}

// mustRedirect is must for redirect URIs, which RFC 7591 3.2.2 gives a code of
// their own.
func (c *registrant) mustRedirect(rule ledger.Rule, ok bool, expected, got, text string) bool {
	return c.hold("invalid_redirect_uri", rule, ok, expected, got, text)
}

func (c *registrant) hold(code string, rule ledger.Rule, ok bool, expected, got, text string) bool {
	if c.err != nil {
		return false
	}
	if !c.check(c.ctx, rule, ok, expected, got) {
		c.err = oauth.NewError(code, oauth.Printable(text))
	}
	return ok
}

// complete fills in what was left out, and checks the whole.
func (c *registrant) complete() *oauth.Error {
	for name, why := range unserved {
		value, sent := c.sent[name]
		if text := string(value); sent && text != "null" && text != "false" {
			c.must(rules.MetadataServed, false, "no "+name, name, name+" is not served: "+why+".")
		}
	}
	c.methods()
	c.grants()
	kind := c.meta.kind()
	c.redirects(kind)
	c.rights(kind)
	c.words()
	return c.err
}

func (c *registrant) methods() {
	m := c.meta
	if m.AuthMethod == "" {
		m.AuthMethod = "client_secret_basic" // RFC 7591 2: the default
	}
	c.must(rules.AuthMethodServed, slices.Contains(authMethods, m.AuthMethod), strings.Join(authMethods, " "), m.AuthMethod,
		"token_endpoint_auth_method must be "+strings.Join(authMethods, ", ")+".")
	c.signing()
	if m.IDTokenAlg == "" {
		m.IDTokenAlg = "RS256" // OIDC Dynamic Client Registration 2: the default
	}
	algs := c.IDTokenAlgs
	c.must(rules.IDTokenAlgServed, slices.Contains(algs, m.IDTokenAlg), strings.Join(algs, " "), m.IDTokenAlg,
		"id_token_signed_response_alg must be "+strings.Join(algs, " or ")+".")
	c.must(rules.SubjectTypePublic, m.SubjectType == "" || m.SubjectType == "public", "public", m.SubjectType, "subject_type must be public.")
	c.must(rules.ApplicationTypeKnown, slices.Contains([]string{"", "web", "native"}, m.ApplicationType), "web or native", m.ApplicationType, "application_type must be web or native.")
}

// grants: RFC 7591 2.1, grant_types and response_types have to agree.
func (c *registrant) grants() {
	m := c.meta
	if len(m.GrantTypes) == 0 {
		m.GrantTypes = []string{"authorization_code"} // RFC 7591 2: the default
	}
	slices.Sort(m.GrantTypes)
	m.GrantTypes = slices.Compact(m.GrantTypes)
	for _, grant := range m.GrantTypes {
		// RFC 9700 2.1.2 and 2.4: no implicit and no password grant.
		c.must(rules.GrantTypesServed, slices.Contains(c.Grants, grant), strings.Join(c.Grants, " "), grant, "grant_types may hold "+strings.Join(c.Grants, ", ")+".")
	}
	if slices.Contains(m.GrantTypes, "client_credentials") {
		c.must(rules.MachineAuthenticates, m.AuthMethod != "none", "a way to authenticate", m.AuthMethod, "client_credentials is for clients that authenticate; token_endpoint_auth_method none cannot have it.")
		c.must(rules.MachineVouchedFor, c.vouched, "an initial access token", "open registration", "client_credentials needs a registration by initial access token: no person would be asked about this client.")
	}
	if slices.Contains(m.GrantTypes, "refresh_token") {
		c.must(rules.RefreshBesideGrant, m.interactive(), "a grant that a person gives", strings.Join(m.GrantTypes, " "), "refresh_token needs authorization_code or the device grant beside it.")
	}
	want := []string{}
	if slices.Contains(m.GrantTypes, "authorization_code") {
		want = []string{"code"}
	}
	if m.ResponseTypes == nil {
		m.ResponseTypes = want
	}
	c.must(rules.ResponseTypesAgree, slices.Equal(slices.Compact(m.ResponseTypes), want), strings.Join(want, " "), strings.Join(m.ResponseTypes, " "),
		fmt.Sprintf("response_types must be %q for these grant_types.", want))
}

// interactive says whether a person gives one of the grants.
func (m *clientMetadata) interactive() bool {
	return slices.ContainsFunc(m.GrantTypes, func(g string) bool { return g != "client_credentials" && g != "refresh_token" })
}

// kind is what the client is treated as. RFC 8252 8.4: a secret of its own
// makes an instance of a native app confidential, and leaves it native. A
// public client that does not say what it is, and comes back nowhere but to
// the person's own device, is a native app, though application_type would be
// web by default: command lines and assistants register like that.
func (m *clientMetadata) kind() string {
	public := m.AuthMethod == "none"
	elsewhere := slices.ContainsFunc(m.RedirectURIs, func(uri string) bool { return !seed.OnThisMachine(uri) })
	switch {
	case !m.interactive():
		return seed.KindMachine
	case m.ApplicationType == "native", m.ApplicationType == "" && public && !elsewhere:
		return seed.KindNative
	case public:
		return seed.KindBrowser
	}
	return seed.KindWeb
}

// redirects: RFC 7591 5 and RFC 9700 4.1.1, a redirect URI that is registered
// is where codes go, so it has to be one that cannot be mistaken.
func (c *registrant) redirects(kind string) {
	m := c.meta
	if m.ApplicationType = "web"; kind == seed.KindNative {
		m.ApplicationType = "native"
	}
	code := slices.Contains(m.GrantTypes, "authorization_code")
	c.mustRedirect(rules.RedirectsForCode, !code || len(m.RedirectURIs) > 0, "at least one", "none", "redirect_uris is missing: say where people are sent back to.")
	c.mustRedirect(rules.RedirectsForCodeOnly, code || len(m.RedirectURIs)+len(m.PostLogoutRedirectURIs) == 0, "none", strings.Join(m.RedirectURIs, " "), "Without the grant authorization_code nobody is sent back: leave out redirect_uris and post_logout_redirect_uris.")
	c.mustRedirect(rules.RedirectsFew, len(m.RedirectURIs) <= maxRedirectURIs && len(m.PostLogoutRedirectURIs) <= maxRedirectURIs, fmt.Sprint("at most ", maxRedirectURIs), fmt.Sprint(len(m.RedirectURIs)), fmt.Sprintf("redirect_uris and post_logout_redirect_uris may hold %d each.", maxRedirectURIs))
	for _, uri := range m.RedirectURIs {
		problem := seed.RedirectProblem(uri, kind)
		c.mustRedirect(rules.RedirectRegistrable, problem == "", "a redirect URI for a "+kind+" client", uri, "redirect_uri "+ledger.Clip(uri)+" "+problem+".")
		// A page of ours would get the code, and some of those pages are clients themselves.
		c.mustRedirect(rules.RedirectElsewhere, edge.Origin(uri) != edge.Origin(c.Base), "another origin than "+c.Base, uri, "redirect_uri "+ledger.Clip(uri)+" belongs to this server itself.")
	}
	for _, uri := range m.PostLogoutRedirectURIs {
		problem := seed.PostLogoutProblem(uri, kind)
		c.must(rules.ReturnRegistrable, problem == "", "a URI for a "+kind+" client", uri, "post_logout_redirect_uri "+ledger.Clip(uri)+" "+problem+".")
	}
}

// rights: RFC 7591 2, scope is all that the client can ask for. Left out, that
// is all that people can have: a person still chooses, and their role decides.
// What only a machine can have is left out of another client's scope, as this
// clause lets a server do; the response says what is registered.
func (c *registrant) rights(kind string) {
	m := c.meta
	refreshes := slices.Contains(m.GrantTypes, "refresh_token")
	if m.Scope == "" {
		c.must(rules.MachineScopeNamed, !slices.Contains(m.GrantTypes, "client_credentials"), "a scope", "none", "scope is missing: with client_credentials the client gets what it is registered for, so name that.")
		m.Scope = strings.Join(slices.DeleteFunc(slices.Clone(c.PeopleScopes), func(s string) bool { return s == "offline_access" && !refreshes }), " ")
	}
	var scopes []string
	known := c.Scopes
	for _, scope := range strings.Fields(m.Scope) {
		if slices.Contains(scopes, scope) {
			continue
		}
		if machine := slices.Contains(m.GrantTypes, "client_credentials"); slices.Contains(known, scope) && !machine && !slices.Contains(c.PeopleScopes, scope) {
			c.check(c.ctx, rules.MachineScopeLeftOut, true, "scopes that people can give", scope)
			continue
		}
		scopes = append(scopes, scope)
		c.must(rules.ScopeDeclared, slices.Contains(known, scope), strings.Join(known, " "), scope, "scope "+ledger.Clip(scope)+" is unknown here; there are "+strings.Join(known, ", ")+".")
		c.must(rules.ScopeOfAPIForMachine, kind != seed.KindMachine || !oauth.IsIdentity(scope), "scopes of an API", scope, "scope "+scope+" is about a person, and nobody signs in to this client.")
		c.must(rules.ScopeOfflineRefreshes, scope != "offline_access" || refreshes, "refresh_token among grant_types", strings.Join(m.GrantTypes, " "), "scope offline_access needs refresh_token among the grant_types.")
	}
	c.must(rules.ScopeForPeople, len(scopes) > 0, "a scope that people can give", m.Scope, "scope "+ledger.Clip(m.Scope)+" is only for clients with the grant client_credentials; there are "+strings.Join(c.PeopleScopes, ", ")+".")
	m.Scope = strings.Join(scopes, " ")
}

// serverName stands on the pages that a person trusts, so no app may have it.
const serverName = "Punchcard"

// words are for people, so nothing invisible may hide in them.
func (c *registrant) words() {
	m := c.meta
	c.must(rules.NameLength, utf8.RuneCountInString(m.Name) <= maxClientName && strings.TrimSpace(m.Name) == m.Name, fmt.Sprintf("up to %d characters", maxClientName), m.Name, fmt.Sprintf("client_name may have %d characters, and no space around them.", maxClientName))
	c.must(rules.NameVisible, unseen(m.Name) == "", "visible characters, joiners where a script needs them", m.Name, "client_name "+unseen(m.Name)+".")
	visible := func(r rune) bool { return shown(r) && !unicode.IsMark(r) && r != ' ' }
	c.must(rules.NameVisible, m.Name == "" || strings.ContainsFunc(m.Name, visible), "something to read", m.Name, "client_name has nothing to read in it; give it a letter.")
	taken := append([]string{serverName}, c.Apps...)
	i := slices.IndexFunc(taken, func(name string) bool { return looksLike(name, m.Name) })
	c.must(rules.NameUnlike, i < 0, "a name of its own", m.Name, "client_name is, or looks like, that of this server or of an app which is declared here; use another.")
	for _, link := range [][2]string{{"client_uri", m.ClientURI}, {"logo_uri", m.LogoURI}, {"policy_uri", m.PolicyURI}, {"tos_uri", m.TosURI}} {
		problem := ""
		if link[1] != "" {
			problem = seed.RedirectProblem(link[1], seed.KindWeb)
		}
		c.must(rules.LinkWeb, problem == "", link[0]+" with https, or http on this machine", link[1], link[0]+" "+problem+".")
	}
	for _, text := range append(slices.Clone(m.Contacts), m.SoftwareID, m.SoftwareVersion) {
		c.must(rules.TextVisible, utf8.RuneCountInString(text) <= maxClientName && unseen(text) == "", "short and visible", text, "contacts, software_id and software_version must be short and without invisible characters.")
	}
	c.must(rules.ContactsFew, len(m.Contacts) <= maxListed, fmt.Sprint("at most ", maxListed), fmt.Sprint(len(m.Contacts)), fmt.Sprintf("contacts may hold %d.", maxListed))
}
