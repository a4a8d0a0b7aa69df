package inspector

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/exampleco/punchcard/views/inspector/record"
)

// An archive is JSON whatever was sent, and loses no byte of it.
func TestHARCarriesEveryByte(t *testing.T) {
	const body, said, field = "a=\xff\x00\u202e", "\x80\x81", "caf\xe9"
	written, err := json.Marshal(entry(&record.Exchange{
		Method: "A\"b", Target: "/oauth/token?\xff=1&x=%ff", Proto: "HTTP/1.1", Status: 200,
		Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "X-Y": {field}}, Body: body,
		Answer: http.Header{"Location": {"/\xfe"}}, AnswerBody: said,
	}, "http://h"))
	if err != nil {
		t.Fatal(err)
	}
	var e archiveEntry
	if err := json.Unmarshal(written, &e); err != nil {
		t.Fatalf("%s: %v", written, err)
	}
	for what, encoded := range map[string]string{body: e.Request.PostData.Text, said: e.Response.Content.Text} {
		if got, err := base64.StdEncoding.DecodeString(encoded); err != nil || string(got) != what {
			t.Errorf("%q is written as %q", what, encoded)
		}
	}
	if e.Request.PostData.Encoding != "base64" || e.Response.Content.Encoding != "base64" {
		t.Errorf("the encoding is not told: %s", written)
	}
	if e.Request.URL != "http://h/oauth/token?%FF=1&x=%ff" || e.Response.RedirectURL != "/þ" {
		t.Errorf("%q leads to %q", e.Request.URL, e.Response.RedirectURL)
	}
	for _, h := range e.Request.Headers {
		if h.Name == "X-Y" && h.Value != "café" {
			t.Errorf("the field is %q", h.Value)
		}
	}
	if strings.Contains(string(written), `\ufffd`) {
		t.Errorf("bytes are lost in %s", written)
	}
	if e := entry(&record.Exchange{Target: "http://localhost/api/me"}, "http://h"); e.Request.URL != "http://localhost/api/me" {
		t.Errorf("an absolute target leads to %q", e.Request.URL)
	}
	if e := entry(&record.Exchange{AnswerBody: "text"}, "http://h"); e.Response.Content.Text != "text" || e.Response.Content.Encoding != "" {
		t.Errorf("text is written as %+v", e.Response.Content)
	}
}
