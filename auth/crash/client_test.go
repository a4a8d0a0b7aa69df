package crash

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/html"
)

// errNoAnswer means that the connection ended first: what became of the
// request is not known.
var errNoAnswer = errors.New("no answer")

// agent is a browser or a program: it keeps cookies and follows nothing by
// itself. It has no *testing.T, because the load runs many of them at once and
// losing an answer is what they are there for.
type agent struct {
	s    *site
	http *http.Client
}

func (s *site) agent() *agent {
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return &agent{s: s, http: &http.Client{
		Transport: s.wire, Jar: jar, Timeout: 30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// reply is an answer with its body, which arrived whole.
type reply struct {
	status int
	header http.Header
	body   string
	at     *url.URL
}

func (r reply) String() string {
	return fmt.Sprintf("%s: %d %.300s", r.at.Path, r.status, r.body)
}

func (a *agent) send(method, target, kind, body string, header ...string) (reply, error) {
	if strings.HasPrefix(target, "/") {
		target = a.s.base + target
	}
	q, err := http.NewRequest(method, target, strings.NewReader(body))
	if err != nil {
		return reply{}, err
	}
	if body != "" {
		q.Header.Set("Content-Type", kind)
	}
	for i := 0; i+1 < len(header); i += 2 {
		q.Header.Set(header[i], header[i+1])
	}
	resp, err := a.http.Do(q)
	if err != nil {
		return reply{at: q.URL}, fmt.Errorf("%w: %w", errNoAnswer, err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return reply{at: q.URL}, fmt.Errorf("%w: %w", errNoAnswer, err)
	}
	for _, c := range resp.Cookies() {
		a.s.vault.add("cookie "+c.Name, c.Value)
	}
	return reply{resp.StatusCode, resp.Header, string(text), q.URL}, nil
}

func (a *agent) get(target string) (reply, error) { return a.send(http.MethodGet, target, "", "") }

func (a *agent) post(target string, form url.Values) (reply, error) {
	return a.send(http.MethodPost, target, "application/x-www-form-urlencoded", form.Encode())
}

func (a *agent) api(method, path, token, body string) (reply, error) {
	return a.send(method, "/api"+path, "application/json", body, "Authorization", "Bearer "+token)
}

// follow walks redirects until a page is shown or the browser would leave.
func (a *agent) follow(r reply, err error) (reply, error) {
	for range 10 {
		if err != nil || r.status < 300 || r.status > 399 {
			return r, err
		}
		to, perr := r.at.Parse(r.header.Get("Location"))
		if perr != nil {
			return r, perr
		}
		if to.Host != r.at.Host {
			return r, nil
		}
		r, err = a.get(to.String())
	}
	return r, errors.New("redirects without end")
}

// form is the page's form as it was drawn; ticked adds every box that can be
// ticked.
func (r reply) form() (action string, values, ticked url.Values, err error) {
	doc, err := html.Parse(strings.NewReader(r.body))
	if err != nil {
		return "", nil, nil, err
	}
	values, ticked = url.Values{}, url.Values{}
	for n := range doc.Descendants() {
		at := map[string]string{}
		for _, x := range n.Attr {
			at[x.Key] = x.Val
		}
		_, disabled := at["disabled"]
		switch {
		case n.Type != html.ElementNode:
		case n.Data == "form" && strings.EqualFold(at["method"], "post"):
			action = at["action"]
		case n.Data != "input" || disabled || at["name"] == "":
		case at["type"] == "checkbox":
			ticked.Add(at["name"], at["value"])
		default:
			values.Set(at["name"], at["value"])
		}
	}
	if action == "" {
		err = fmt.Errorf("no form at %s", r)
	}
	return action, values, ticked, err
}
