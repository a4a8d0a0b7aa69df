package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/html"
)

// browse is the system's browser, with somebody in front of it. The environment
// says who they are and what they do:
//
//	PERSON    the e-mail address that they sign in with
//	TICK      boxes that they change on the consent page: "+delete:timesheets -create:timesheets"
//	DECISION  allow (if empty), deny, nothing: the page stays unanswered
//	ANSWER    the real one (if empty), or what comes to the app before it; with
//	          "only" in front of it, instead of it
//
// What they saw is in browser.txt, their cookies in cookies.json.
func browse() {
	address := os.Args[len(os.Args)-1]
	if os.Getenv("DECISION") == "nothing" {
		_ = os.WriteFile("browser.txt", nil, 0o600)
		return
	}
	if err := visit(address, os.Getenv, "browser.txt", "cookies.json"); err != nil {
		_ = os.WriteFile("browser.failed", []byte(err.Error()), 0o600)
		fmt.Fprintln(os.Stderr, "browser:", err)
		os.Exit(1)
	}
}

// surfer keeps cookies, and follows as a browser does.
type surfer struct {
	http *http.Client
	env  func(string) string
	seen strings.Builder
}

// screen is a page, or where the browser would go that leaves the server.
type screen struct {
	at     *url.URL
	status int
	header http.Header
	doc    *html.Node
}

func visit(address string, env func(string) string, report, cookies string) error {
	start, err := url.Parse(address)
	if err != nil {
		return err
	}
	jar, _ := cookiejar.New(nil)
	server := &url.URL{Scheme: start.Scheme, Host: start.Host, Path: "/"}
	var kept []*http.Cookie
	if data, err := os.ReadFile(cookies); err == nil && json.Unmarshal(data, &kept) == nil {
		jar.SetCookies(server, kept)
	}
	s := &surfer{env: env, http: &http.Client{Jar: jar, Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	if env("ANSWER") == "" {
		err = s.signIn(address)
	} else {
		err = s.interfere(start, env("ANSWER"))
	}
	data, jerr := json.Marshal(jar.Cookies(server))
	if err := errors.Join(err, jerr, os.WriteFile(cookies, data, 0o600), os.WriteFile(report+".new", []byte(s.seen.String()), 0o600)); err != nil {
		return err
	}
	return os.Rename(report+".new", report)
}

// signIn answers page after page, until the app has the answer.
func (s *surfer) signIn(address string) error {
	page, err := s.open("GET", address, nil)
	for step := 0; err == nil && step < 6; step++ {
		switch page.at.Path {
		case "/login":
			page, err = s.submit(page, url.Values{"email": {s.env("PERSON")}, "password": {"timesheets"}})
		case "/consent":
			decision := s.env("DECISION")
			if decision == "" {
				decision = "allow"
			}
			page, err = s.submit(page, url.Values{"decision": {decision}})
		case callbackPath:
			return nil
		case "/device":
			switch field(page.doc) {
			case "user_code": // filled in by the address
				page, err = s.submit(page, nil)
			case "flow":
				page, err = s.submit(page, url.Values{"decision": {"same"}})
			default:
				return nil // it is done
			}
		default:
			return fmt.Errorf("lost at %s: %d %s", page.at.Path, page.status, words(page.doc))
		}
	}
	return err
}

// interfere comes to the app with something else than the server's answer.
func (s *surfer) interfere(asked *url.URL, how string) error {
	q := asked.Query()
	how, only := strings.CutPrefix(how, "only ")
	back, answer := q.Get("redirect_uri"), url.Values{"code": {"somebody-elses"}, "state": {q.Get("state")}, "iss": {asked.Scheme + "://" + asked.Host}}
	switch how {
	case "forged":
		answer.Set("state", "guessed")
	case "mixed-up":
		answer.Set("iss", "https://elsewhere.example")
	case "nameless":
		answer.Del("iss")
	case "refusal":
		answer = url.Values{"error": {"access_denied"}, "iss": answer["iss"]}
	case "noise":
		for _, path := range []string{"/favicon.ico", "/", "/callback"} {
			if _, err := s.open("GET", strings.TrimSuffix(back, callbackPath)+path, nil); err != nil {
				return err
			}
		}
		if _, err := s.open("POST", back+"?"+answer.Encode(), url.Values{"x": {"y"}}); err != nil {
			return err
		}
		if _, err := s.open("GET", strings.Replace(back, "127.0.0.1", "localhost", 1)+"?"+answer.Encode(), nil); err != nil {
			return err
		}
		return s.signIn(asked.String())
	}
	if _, err := s.open("GET", back+"?"+answer.Encode(), nil); err != nil || only {
		return err
	}
	return s.signIn(asked.String())
}

// field is the name of the first one of the page's form.
func field(doc *html.Node) string {
	for n := range doc.Descendants() {
		if n.Data != "input" {
			continue
		}
		for _, a := range n.Attr {
			if a.Key == "name" {
				return a.Val
			}
		}
	}
	return ""
}

func (s *surfer) open(method, address string, form url.Values) (*screen, error) {
	for range 10 {
		r, err := http.NewRequest(method, address, strings.NewReader(form.Encode()))
		if err != nil {
			return nil, err
		}
		r.Header.Set("Accept", "text/html")
		if form != nil {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("Sec-Fetch-Site", "same-origin")
		}
		response, err := s.http.Do(r)
		if err != nil {
			return nil, err
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil {
			return nil, err
		}
		if to, err := response.Location(); err == nil {
			method, address, form = "GET", to.String(), nil
			continue
		}
		doc, err := html.Parse(strings.NewReader(string(body)))
		fmt.Fprintf(&s.seen, "%s %s %d %s\n", r.Method, r.URL.Path, response.StatusCode, words(doc))
		if r.URL.Path == callbackPath {
			fmt.Fprintf(&s.seen, "policy %s\n", response.Header.Get("Content-Security-Policy"))
		}
		return &screen{r.URL, response.StatusCode, response.Header, doc}, err
	}
	return nil, errors.New("redirects without end")
}

// submit sends the page's form with what the person adds.
func (s *surfer) submit(page *screen, typed url.Values) (*screen, error) {
	action, fields := "", url.Values{}
	ticks := strings.Fields(s.env("TICK"))
	for n := range page.doc.Descendants() {
		at := map[string]string{}
		for _, a := range n.Attr {
			at[a.Key] = a.Val
		}
		_, checked := at["checked"]
		_, disabled := at["disabled"]
		switch {
		case n.Data == "form" && at["method"] == "post":
			action = at["action"]
		case n.Data != "input" || disabled || at["name"] == "":
		case at["type"] == "checkbox":
			checked = (checked || slices.Contains(ticks, "+"+at["value"])) && !slices.Contains(ticks, "-"+at["value"])
			if checked && at["name"] == "scope" {
				fields.Add(at["name"], at["value"])
			}
		default:
			fields.Set(at["name"], at["value"])
		}
	}
	if action == "" {
		return nil, fmt.Errorf("no form at %s: %d %s", page.at.Path, page.status, words(page.doc))
	}
	for name, values := range typed {
		fields[name] = values
	}
	to, err := page.at.Parse(action)
	if err != nil {
		return nil, err
	}
	return s.open("POST", to.String(), fields)
}

// words are what a page says, in one line.
func words(doc *html.Node) string {
	var b strings.Builder
	for n := range doc.Descendants() {
		if n.Type == html.TextNode && n.Parent.Data != "style" && n.Parent.Data != "title" {
			b.WriteString(n.Data + " ")
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}
