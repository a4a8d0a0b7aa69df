package record

import (
	"net/http"
	"strings"
)

// What is shown in the file, and to others than whoever uses this machine: a
// secret can stand anywhere, so what is on none of these lists is masked.

// shownHeaders are header fields whose values are read. What looks like a code
// or a token is masked in them as well.
var shownHeaders = names(`
	Accept Accept-Charset Accept-Encoding Accept-Language Accept-Post Age Allow Cache-Control Connection
	Content-Disposition Content-Encoding Content-Language Content-Length Content-Security-Policy Content-Type
	Date Dnt Dpop-Nonce Etag Expect Expires Host Idempotency-Key If-Match If-Modified-Since If-None-Match
	If-Range If-Unmodified-Since Keep-Alive Last-Modified Link Origin Permissions-Policy Pragma Priority Range
	Referrer-Policy Retry-After Save-Data Server Strict-Transport-Security Te Trailer Transfer-Encoding
	Upgrade Upgrade-Insecure-Requests User-Agent Vary Via Www-Authenticate X-Content-Type-Options
	X-Forwarded-Host X-Forwarded-Port X-Forwarded-Proto X-Frame-Options X-Request-Id X-Requested-With`)

// shownFamilies are their like, by how their names begin.
var shownFamilies = []string{"Access-Control-", "Cross-Origin-", "Sec-Ch-", "Sec-Fetch-"}

// shownParams are parameters and members of JSON whose values are read, whoever
// sent them: the words of the protocols and of the Timesheets API.
var shownParams = names(`
	acr acr_values active amr application_type approved aud audience auth_time authorization_servers azp
	at_hash bearer_methods_supported browser claims_locales client client_assertion_type client_id
	client_id_issued_at client_name client_secret_expires_at client_uri cnf code_challenge_method comment
	contacts count created_at cursor date decided_at decided_by decision default_scope detail display do
	dpop_bound_access_tokens dpop_jkt email email_verified entries error error_description error_uri errors
	exp expires_at expires_in family_name from given_name grant_type grant_types hint hours iat id
	id_token_signed_response_alg instance interval iss issued_token_type items jkt jti jwks_uri limit locale
	login_hint logo_uri logout_hint machine max_age mode name nbf next_cursor notes parameter person pointer
	policy_uri post_logout_redirect_uri post_logout_redirect_uris preferred_username project prompt
	redirect_uri redirect_uris registration_client_uri remember requested_token_type require_pkce
	require_pushed_authorization_requests resource resource_documentation resource_name response_mode
	response_type response_types return returnTo return_to scope scopes scopes_supported sid software_id
	software_version status sub subject subject_token_type subject_type title to
	token_endpoint_auth_method token_endpoint_auth_signing_alg token_type token_type_hint tos_uri type
	ui_locales updated_at user_id username verification_uri verification_uri_complete`)

func names(list string) map[string]bool {
	out := map[string]bool{}
	for _, name := range strings.Fields(list) {
		out[name] = true
	}
	return out
}

func shownHeader(name string) bool {
	if shownHeaders[name] {
		return true
	}
	for _, family := range shownFamilies {
		if strings.HasPrefix(name, family) {
			return true
		}
	}
	return false
}

// What is longer names nothing: a field or a part of a path, and a parameter
// that nobody knows.
const (
	longestName = 64
	longestWord = 24
)

// header masks one field.
func (m masker) header(name, value string) string {
	switch {
	case name == "Authorization":
		return m.credentials(value)
	case name == "Cookie", name == "Set-Cookie": // their values were never kept
		return m.text(value)
	case name == "Location", name == "Referer":
		return m.address(value)
	case name == "Refresh":
		if seconds, to, ok := cutRefresh(value); ok {
			return seconds + ";url=" + m.address(to)
		}
	case shownHeader(name):
		return m.text(value)
	}
	return m.unknown(value)
}

func (m masker) headers(h http.Header) http.Header {
	out := make(http.Header, len(h))
	for name, values := range h {
		if len(name) > longestName {
			name = Hidden
		}
		for _, v := range values {
			out[name] = append(out[name], m.header(name, v))
		}
	}
	return out
}

// credentials are a scheme and what follows it, RFC 9110 11.4.
func (m masker) credentials(value string) string {
	fields := strings.Fields(value)
	switch {
	case value == Hidden, strings.HasSuffix(value, " "+Hidden):
		return value
	case len(fields) == 2 && bearing(fields[0]):
		return fields[0] + " " + NewValue(Access, fields[1]).Mask
	case strings.HasPrefix(value, "Basic ") && strings.HasSuffix(value, ":"+Hidden):
		return m.text(value)
	}
	return m.unknown(value)
}

// unknown is a value of which nobody knows what it is: where it is one that
// travels in this flow, its mask tells that much.
func (m masker) unknown(value string) string {
	if mask, known := m.whole[value]; known {
		return mask
	}
	switch {
	case value == "", masked.MatchString(value):
		return value
	case recognized(value):
		return NewValue(Token, value).Mask
	}
	return Hidden
}

// named masks the value of a parameter or of a member of JSON, once decoded.
func (m masker) named(name, value string) string {
	kind, travels := parameters[name]
	switch {
	case travels && len(value) >= shortest:
		return NewValue(kind, value).Mask
	case travels || !shownParams[name]:
		return m.unknown(value)
	case !strings.Contains(value, " ") && strings.ContainsAny(value, "?#/"):
		return m.address(value)
	}
	return m.text(value)
}

// cutRefresh reads a Refresh header, as HTML's "shared declarative refresh
// steps" do.
func cutRefresh(value string) (seconds, to string, ok bool) {
	seconds, rest, ok := strings.Cut(value, ";")
	rest = strings.TrimSpace(rest)
	if !ok || len(rest) < 4 || !strings.EqualFold(rest[:4], "url=") {
		return value, "", false
	}
	return seconds, strings.Trim(rest[4:], `'"`), true
}
