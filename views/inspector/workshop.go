package inspector

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/exampleco/punchcard/views/inspector/fault"
	"github.com/exampleco/punchcard/views/inspector/page"
)

// workshop has the switches as they stand.
func (p *pages) workshop() page.Workshop {
	access, refresh, code := p.Controls.Lifetimes()
	w := page.Workshop{
		Clients: p.Clients, Endpoints: fault.Endpoints(), Resets: true,
		Access: lifetime(access), Refresh: lifetime(refresh), Code: lifetime(code),
	}
	for _, d := range []time.Duration{5 * time.Second, 30 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 24 * time.Hour} {
		w.Choices = append(w.Choices, page.FilterChoice{Value: d.String(), Text: lifetime(d)})
	}
	for _, f := range p.Faults.All() {
		w.Faults = append(w.Faults, page.FaultLine{ID: f.ID, Text: p.faultText(f)})
	}
	return w
}

// faultText says what waits for whom.
func (p *pages) faultText(f fault.Fault) string {
	who := "whoever asks"
	if f.Client != "" {
		who = p.clientName(f.Client)
	}
	what := map[string]string{
		fault.Error:        "is answered with " + strconv.Itoa(f.Status),
		fault.Delay:        fmt.Sprintf("is answered %v late", time.Duration(f.DelayMS)*time.Millisecond),
		fault.DropResponse: "is done, and the answer is lost",
	}[f.Fault]
	text := fmt.Sprintf("The next request to %s by %s %s", f.Endpoint, who, what)
	if f.Left > 1 {
		text = fmt.Sprintf("The next %d requests to %s by %s: each %s", f.Left, f.Endpoint, who, what)
	}
	return text
}

// lifetime words a duration: "5 seconds", "14 days".
func lifetime(d time.Duration) string {
	for _, unit := range []struct {
		of   time.Duration
		name string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}, {time.Second, "second"}} {
		if n := d / unit.of; n > 0 && d%unit.of == 0 {
			if n == 1 {
				return "1 " + unit.name
			}
			return strconv.Itoa(int(n)) + " " + unit.name + "s"
		}
	}
	return d.String()
}

// lifetimes changes how long tokens live that are issued from now on.
func (p *pages) lifetimes(w http.ResponseWriter, r *http.Request) {
	var access, refresh, code time.Duration
	for name, d := range map[string]*time.Duration{"access": &access, "refresh": &refresh, "code": &code} {
		sent := r.PostFormValue(name)
		if sent == "" {
			continue
		}
		var err error
		if *d, err = time.ParseDuration(sent); err != nil || *d <= 0 {
			p.problem(w, r, http.StatusUnprocessableEntity, "That is no lifetime", "Write "+name+" as 5s, 15m or 1h.")
			return
		}
	}
	if access == 0 && refresh == 0 && code == 0 {
		p.problem(w, r, http.StatusUnprocessableEntity, "That is no lifetime", "Send access, refresh or code as 5s, 15m or 1h.")
		return
	}
	if err := p.Controls.SetLifetimes(access, refresh, code); err != nil {
		p.problem(w, r, http.StatusUnprocessableEntity, "That lifetime is not possible", err.Error())
		return
	}
	p.done(w, r, path, "lifetimes")
}

// expire ends a code or a token now.
func (p *pages) expire(w http.ResponseWriter, r *http.Request) {
	gone, err := p.Controls.Expire(r.Context(), r.PathValue("hash"))
	if err != nil {
		w.Header().Set("Retry-After", "5")
		p.problem(w, r, http.StatusServiceUnavailable, "Not right now", "The database cannot be written. Try again in a few seconds.")
		return
	}
	back := path
	if n, err := strconv.Atoi(r.PostFormValue("run")); err == nil && n > 0 {
		back += "/" + strconv.Itoa(n)
	}
	if gone {
		p.done(w, r, back, "gone")
		return
	}
	p.done(w, r, back, "expired")
}

// reset goes back to the seed.
func (p *pages) reset(w http.ResponseWriter, r *http.Request) {
	if err := p.Controls.Reset(r.Context()); err != nil {
		w.Header().Set("Retry-After", "5")
		p.problem(w, r, http.StatusServiceUnavailable, "Nothing was reset", "The database cannot be written. Try again in a few seconds.")
		return
	}
	p.Recorder.Clear()
	p.Faults.Clear()
	p.tries.forget()
	p.done(w, r, path, "reset")
}

// done sends a browser back to the page; a program hears that it worked.
func (p *pages) done(w http.ResponseWriter, r *http.Request, back, notice string) {
	if !wantsPage(r) {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	back += "?done=" + notice
	if back == path+"?done="+notice && notice != "reset" {
		back += "#workshop"
	}
	w.Header().Set("Location", back)
	w.WriteHeader(http.StatusSeeOther)
}

// writeProblem is an answer for programs, RFC 9457.
func writeProblem(w http.ResponseWriter, status int, title, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(struct {
		Title  string `json:"title"`
		Status int    `json:"status"`
		Detail string `json:"detail"`
	}{title, status, detail})
}
