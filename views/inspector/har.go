package inspector

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

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
	}
	archiveContent struct {
		Size     int    `json:"size"`
		MimeType string `json:"mimeType"`
		Text     string `json:"text,omitempty"`
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
			Method: x.Method, URL: base + x.Target, HTTPVersion: x.Proto, Cookies: []archivePair{}, Headers: pairs(x.Header),
			Query: parametersOf(queryOf(x.Target)), HeadersSize: -1, BodySize: len(x.Body),
		},
		Response: archiveResponse{
			Status: x.Status, StatusText: http.StatusText(x.Status), HTTPVersion: x.Proto, Cookies: []archivePair{}, Headers: pairs(x.Answer),
			Content:     archiveContent{Size: len(x.AnswerBody) + x.AnswerCut, MimeType: x.Answer.Get("Content-Type"), Text: x.AnswerBody},
			RedirectURL: x.Answer.Get("Location"), HeadersSize: -1, BodySize: len(x.AnswerBody) + x.AnswerCut,
		},
	}
	if x.AnswerCut > 0 {
		e.Response.Content.Comment = size(x.AnswerCut) + " were not kept"
	}
	if x.Body != "" {
		e.Request.PostData = &archivePost{MimeType: x.Header.Get("Content-Type"), Params: []archivePair{}, Text: x.Body}
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

// plain leaves what cannot be decoded as it is.
func plain(s string) string {
	if decoded, err := url.QueryUnescape(s); err == nil {
		return decoded
	}
	return s
}

func pairs(h http.Header) []archivePair {
	out := []archivePair{}
	for name, values := range h {
		for _, v := range values {
			out = append(out, archivePair{name, v})
		}
	}
	slices.SortFunc(out, func(a, b archivePair) int { return strings.Compare(a.Name, b.Name) })
	return out
}
