package stack

import (
	"net"
	"net/http"
	"net/url"
	"testing"
	"time"
)

func TestPrivate(t *testing.T) {
	here, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer here.Close()
	everywhere, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	defer everywhere.Close()
	for issuer, want := range map[string]bool{
		"http://localhost:8484": true, "http://LOCALHOST:8484/": true, "http://127.0.0.1:8484": true, "http://[::1]:8484": true,
		"https://id.example": false, "http://localhost.example": false, "http://192.0.2.1:8484": false, "http://127.0.0.1.example": false,
	} {
		u, err := url.Parse(issuer)
		if err != nil {
			t.Fatal(err)
		}
		if private(here, u) != want {
			t.Errorf("%s on loopback: want %v", issuer, want)
		}
		if private(everywhere, u) {
			t.Errorf("%s on all addresses is private", issuer)
		}
	}
}

// What a flag takes can be set while the server runs, and nothing else.
func TestLifetimesHaveTheSameBounds(t *testing.T) {
	p, _, _ := inside(t)
	for _, of := range []string{"access", "refresh", "code"} {
		for _, d := range []time.Duration{time.Millisecond, time.Second, 5 * time.Second, 10 * time.Minute, time.Hour, 24 * time.Hour, 25 * time.Hour, 90 * 24 * time.Hour, 91 * 24 * time.Hour} {
			serve := &Serve{AccessTTL: time.Minute, RefreshTTL: time.Hour, CodeTTL: time.Minute}
			*map[string]*time.Duration{"access": &serve.AccessTTL, "refresh": &serve.RefreshTTL, "code": &serve.CodeTTL}[of] = d
			res, err := http.PostForm(p.base()+"/inspector/lifetimes", url.Values{of: {d.String()}})
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if byFlag, atRunTime := serve.validate() == nil, res.StatusCode < 300; byFlag != atRunTime {
				t.Errorf("%s of %s: the flag takes it: %v, and at run time: %v (%d)", of, d, byFlag, atRunTime, res.StatusCode)
			}
		}
	}
}
