package inspector

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/exampleco/punchcard/views/inspector/record"
)

// The members of an HTTP Archive 1.2 that there is something to say for.
type (
	archive struct {
		Log archiveLog `json:"log"`
	}
	archiveLog struct {
		Version string         `json:"version"`
		Creator archiveCreator `json:"creator"`
		Comment string         `json:"comment"`
		Pages   []any          `json:"pages"`
		Entries []archiveEntry `json:"entries"`
	}
	archiveCreator struct {
		Name    string `json:"name"`
		Version string `json:"version"`
	}
	archiveEntry struct {
		Started  string          `json:"startedDateTime"`
		Time     float64         `json:"time"` // milliseconds
		Request  archiveRequest  `json:"request"`
		Response archiveResponse `json:"response"`
		Cache    struct{}        `json:"cache"`
		Timings  archiveTimings  `json:"timings"`
		Comment  string          `json:"comment,omitempty"`
	}
	archiveRequest struct {
		Method      string        `json:"method"`
		URL         string        `json:"url"`
		HTTPVersion string        `json:"httpVersion"`
		Cookies     []archivePair `json:"cookies"`
		Headers     []archivePair `json:"headers"`
		Query       []archivePair `json:"queryString"`
		PostData    *archivePost  `json:"postData,omitempty"`
		HeadersSize int           `json:"headersSize"`
		BodySize    int           `json:"bodySize"`
	}
	archiveResponse struct {
		Status      int            `json:"status"`
		StatusText  string         `json:"statusText"`
		HTTPVersion string         `json:"httpVersion"`
		Cookies     []archivePair  `json:"cookies"`
		Headers     []archivePair  `json:"headers"`
		Content     archiveContent `json:"content"`
		RedirectURL string         `json:"redirectURL"`
		HeadersSize int            `json:"headersSize"`
		BodySize    int            `json:"bodySize"`
	}
	archivePair struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	archivePost struct {
		MimeType string        `json:"mimeType"`
		Params   []archivePair `json:"params"`
		Text     string        `json:"text"`
		Encoding string        `json:"_encoding,omitempty"` // HAR has none for what is posted, so by its rule for extensions
	}
	archiveContent struct {
		Size     int    `json:"size"`
		MimeType string `json:"mimeType"`
		Text     string `json:"text,omitempty"`
		Encoding string `json:"encoding,omitempty"`
		Comment  string `json:"comment,omitempty"`
	}
	archiveTimings struct {
		Send    float64 `json:"send"`
		Wait    float64 `json:"wait"`
		Receive float64 `json:"receive"`
	}
)

// har exports a run as an HTTP Archive, with what the page shows and no more.
func (p *pages) har(w http.ResponseWriter, r *http.Request) {
	number, _ := strconv.Atoi(r.PathValue("run"))
	run, ok, err := p.Recorder.Find(r.Context(), number)
	switch {
	case err != nil:
		p.problem(w, r, http.StatusServiceUnavailable, "Not right now", "The database cannot be read. Try again in a few seconds.")
		return
	case !ok:
		p.problem(w, r, http.StatusNotFound, "There is no such run", "The list at "+path+" has those that are kept.")
		return
	}
	if !p.Private {
		run = run.Masked()
	}
	a := archive{Log: archiveLog{
		Version: "1.2", Creator: archiveCreator{"Punchcard", "1"}, Pages: []any{}, Entries: []archiveEntry{},
		Comment: p.title(&run) + ". Passwords, cookies and client secrets were never kept.",
	}}
	base := strings.TrimSuffix(p.Issuer, "/")
	for _, x := range run.Exchanges {
		a.Log.Entries = append(a.Log.Entries, entry(x, base))
	}
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="punchcard-run-%d.har"`, number))
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	_ = json.NewEncoder(w).Encode(a)
}

func entry(x *record.Exchange, base string) archiveEntry {
	took := float64(x.Took) / float64(time.Millisecond)
	e := archiveEntry{
		Started: x.Began.Format(time.RFC3339Nano), Time: took, Timings: archiveTimings{Wait: took}, Comment: x.Lost,
		Request: archiveRequest{
			Method: x.Method, URL: addressOf(base, x.Target), HTTPVersion: x.Proto, Cookies: []archivePair{}, Headers: pairs(x.Header),
			Query: parametersOf(queryOf(x.Target)), HeadersSize: -1, BodySize: len(x.Body),
		},
		Response: archiveResponse{
			Status: x.Status, StatusText: http.StatusText(x.Status), HTTPVersion: x.Proto, Cookies: []archivePair{}, Headers: pairs(x.Answer),
			Content:     archiveContent{Size: len(x.AnswerBody) + x.AnswerCut, MimeType: latin(x.Answer.Get("Content-Type"))},
			RedirectURL: latin(x.Answer.Get("Location")), HeadersSize: -1, BodySize: len(x.AnswerBody) + x.AnswerCut,
		},
	}
	e.Response.Content.Text, e.Response.Content.Encoding = encoded(x.AnswerBody)
	if x.AnswerCut > 0 {
		e.Response.Content.Comment = size(x.AnswerCut) + " were not kept"
	}
	if x.Body != "" {
		e.Request.PostData = &archivePost{MimeType: latin(x.Header.Get("Content-Type")), Params: []archivePair{}}
		e.Request.PostData.Text, e.Request.PostData.Encoding = encoded(x.Body)
		if len(x.Form()) > 0 {
			e.Request.PostData.Params = parametersOf(x.Body)
		}
	}
	return e
}

func queryOf(target string) string {
	_, query, _ := strings.Cut(target, "?")
	return query
}

func parametersOf(encoded string) []archivePair {
	out := []archivePair{}
	for pair := range strings.SplitSeq(encoded, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if name == "" {
			continue
		}
		out = append(out, archivePair{plain(name), plain(value)})
	}
	return out
}

// plain leaves what cannot be decoded, or comes to bytes that are no text, as
// it is.
func plain(s string) string {
	if decoded, err := url.QueryUnescape(s); err == nil && utf8.ValidString(decoded) {
		return decoded
	}
	return latin(s)
}

// encoded is a body as JSON can carry it: bytes that are no text would be lost
// there.
func encoded(body string) (text, encoding string) {
	if utf8.ValidString(body) {
		return body, ""
	}
	return base64.StdEncoding.EncodeToString([]byte(body)), "base64"
}

// latin reads bytes that are no text as ISO 8859-1, one character each, which is
// how browsers read the fields of a header (RFC 9110 5.5).
func latin(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i := range len(s) {
		b.WriteRune(rune(s[i]))
	}
	return b.String()
}

// addressOf is where a request went: its target is mostly a path, and can be a
// whole address (RFC 9112 3.2.2). Bytes that may not stand in one are escaped.
func addressOf(base, target string) string {
	if strings.HasPrefix(target, "/") {
		target = base + target
	}
	var b strings.Builder
	for i := range len(target) {
		if c := target[i]; c >= 0x80 {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

func pairs(h http.Header) []archivePair {
	out := []archivePair{}
	for name, values := range h {
		for _, v := range values {
			out = append(out, archivePair{name, latin(v)})
		}
	}
	slices.SortFunc(out, func(a, b archivePair) int { return strings.Compare(a.Name, b.Name) })
	return out
}
