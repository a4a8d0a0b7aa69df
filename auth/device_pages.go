package auth

import (
	"context"
	"errors"
	"math"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/exampleco/punchcard/auth/ledger"
	"github.com/exampleco/punchcard/auth/limit"
	"github.com/exampleco/punchcard/auth/oauth"
	"github.com/exampleco/punchcard/auth/store"
	"github.com/exampleco/punchcard/views"
)

// deviceFlow is the kind of a flow that a person begins by typing a device's
// code. Its handle ends in that code, so that each page can show it again and
// the file holds no more of it than its hash.
const deviceFlow = "device"

// devicePage is the verification URI of RFC 8628 3.3: it asks for the code, or
// goes on with a flow.
func (s *Server) devicePage(w http.ResponseWriter, r *http.Request) error {
	query := r.URL.Query()
	if handle := query.Get("flow"); handle != "" {
		return s.comparePage(w, r, handle)
	}
	// RFC 8628 3.3.1: the code of a link or a QR code is only filled in. To go
	// on is for the person to say.
	return s.askForCode(w, r, http.StatusOK, query.Get("user_code"), "")
}

func (s *Server) askForCode(w http.ResponseWriter, r *http.Request, status int, typed, problem string) error {
	page := views.Device{Action: pathDevice, UserCode: ledger.Clip(typed), Problem: problem, Strip: s.deviceStrip(nil, 2, "the code", "A device asks to be let in. It has shown a code and polls; nothing has been issued.")}
	if code, ok := readUserCode(typed); ok {
		page.UserCode = shownUserCode(code)
		page.Elsewhere = s.base + pathDevice + "?user_code=" + page.UserCode
	}
	views.Write(w, r, status, views.DevicePage(page))
	return nil
}

// deviceForm takes both forms of the page: the code, and the answer to "does
// your device show it?".
func (s *Server) deviceForm(w http.ResponseWriter, r *http.Request) error {
	form, ferr := oauth.FormBody(w, r)
	if ferr != nil {
		return oauth.NewPage(ferr.Status, ferr.Code, "This form can’t be read", ferr.Description)
	}
	if handle := form.Get("flow"); handle != "" {
		return s.compared(w, r, handle, form.Get("session"), form.Get("decision"))
	}
	return s.typed(w, r, form.Get("user_code"))
}

// typed finds the request that a code stands for and begins a flow for it.
func (s *Server) typed(w http.ResponseWriter, r *http.Request, typed string) error {
	ctx := r.Context()
	code, ok := readUserCode(typed)
	if !ok {
		return s.askForCode(w, r, http.StatusUnprocessableEntity, typed, "A code has eight letters, such as BCDF-GHJK. Look at your device again.")
	}
	d, err := s.deviceOf(ctx, code)
	if err != nil && !errors.Is(err, errNoDevice) {
		return err
	}
	// Decided before what the code stands for is told: so parallel guesses
	// learn no more than guesses one after the other.
	wait := s.limits.userCodes.Admit(limit.Network(oauth.SourceOf(r)), s.now(), d == nil || !s.waiting(d))
	if !s.check(ctx, rules.UserCodeGuesses, wait == 0, "fewer wrong codes", "wait "+wait.String()) {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
		return s.askForCode(w, r, http.StatusTooManyRequests, typed, "Too many wrong codes. Try again in "+humanWait(wait)+".")
	}
	if !s.check(ctx, rules.UserCodeKnown, err == nil, "the code of a waiting device", ledger.Fingerprint("user code", code)) {
		return s.askForCode(w, r, http.StatusUnprocessableEntity, typed, "No device waits with this code. Compare it letter by letter, or let your device show another one.")
	}
	if broken := s.over(ctx, d); broken != nil {
		return s.askForCode(w, r, broken.status, typed, broken.text)
	}
	client, err := s.store.Client(ctx, d.ClientID)
	if err != nil {
		return clientGone(err)
	}
	// Once more, because the registration may have changed since the device asked.
	to, terr := s.audiences.Aim(ctx, client, []string{d.Audience}, d.Scopes)
	if terr != nil {
		return s.askForCode(w, r, http.StatusConflict, typed, "What this device asked for is not allowed to its app any more. Let it show another code.")
	}
	q := authorizationRequest{ClientID: d.ClientID, Scopes: to.Scopes, LeftOut: to.LeftOut, Audience: to.Audience, Device: d.ID}
	f, err := s.parkFlowAs(ctx, oauth.RandomToken("")+"."+code, deviceFlow, q, s.browserOf(w, r))
	if err != nil {
		return err
	}
	seeOther(w, pathAuthorize+"?flow="+f.Handle)
	return nil
}

// waiting says that a device still waits for the answer to this request.
func (s *Server) waiting(d *deviceRequest) bool {
	return d.Decision == undecided && s.now().Before(d.ExpiresAt)
}

// deviceOver says why a code that is known leads nowhere any more.
type deviceOver struct {
	rule   ledger.Rule
	status int
	text   string
}

// over returns nil for a code that can still be decided.
func (s *Server) over(ctx context.Context, d *deviceRequest) *deviceOver {
	if !s.check(ctx, rules.UserCodeOnce, d.Decision == undecided, "no decision yet", string(d.Decision)) {
		return &deviceOver{rules.UserCodeOnce, http.StatusConflict, "This code has been used. If your device still waits, let it show another one."}
	}
	if !s.check(ctx, rules.UserCodeNotExpired, s.now().Before(d.ExpiresAt), "before its end", "typed") {
		return &deviceOver{rules.UserCodeNotExpired, http.StatusGone, "This code has expired: a code is good for " + days(deviceLifetime) + ". Let your device show another one."}
	}
	return nil
}

// comparePage shows who asks, from where and when, and the code once more,
// before there is anything to allow. RFC 8628 5.4: the link to a code can come
// from somebody whose own device shows it.
func (s *Server) comparePage(w http.ResponseWriter, r *http.Request, handle string) error {
	f, err := s.browserFlow(w, r, handle)
	if err != nil {
		return err
	}
	if f.Spent {
		return s.deviceDone(w, r, f)
	}
	who, client, err := s.turn(r, f, stepCompare)
	if err != nil {
		return err
	}
	if who == nil {
		seeOther(w, pathAuthorize+"?flow="+f.Handle) // it is another step's turn
		return nil
	}
	d, err := s.waitingDevice(r.Context(), f)
	if err != nil {
		return err
	}
	page := views.DeviceCompare{
		Action: pathDevice, Flow: f.Handle, Session: compareSession(f, who), UserCode: f.userCode(),
		ClientName: client.Name, ClientID: client.ID, ClientKind: client.Kind,
		PersonName: who.Name, PersonEmail: who.Email, Initials: initials(who.Name), SwitchHref: pathLogin + "?flow=" + f.Handle,
		UserAgent: d.UserAgent, Source: d.Source, SourceNote: nearness(d.Source, oauth.SourceOf(r)),
		Asked: ago(s.now().Sub(d.CreatedAt)), AskedAt: d.CreatedAt.UTC().Format("15:04:05") + " UTC", Left: ahead(d.ExpiresAt.Sub(s.now())),
		Strip: s.deviceStrip(f, 4, "compare", "Nothing can be allowed before this: a link to somebody else’s device looks the same."),
	}
	if client.Source == store.SourceRuntime { // RFC 7591 5: warn people about what nobody has vetted
		page.RegisteredOn = client.CreatedAt.Format("2 January 2006")
	}
	views.Write(w, r, http.StatusOK, views.DeviceComparePage(page))
	return nil
}

// waitingDevice loads what a flow is about, and refuses what is over.
func (s *Server) waitingDevice(ctx context.Context, f *flow) (*deviceRequest, error) {
	d, err := s.device(ctx, f.Request.Device)
	if errors.Is(err, errNoDevice) { // purged, or the demo was reset
		return nil, deviceOver{rules.UserCodeNotExpired, http.StatusGone, "It is not known any more. Let your device show another one."}.page()
	}
	if err != nil {
		return nil, err
	}
	if broken := s.over(ctx, d); broken != nil {
		return nil, broken.page()
	}
	return d, nil
}

func (o deviceOver) page() error {
	code := "invalid_request"
	if o.status == http.StatusGone {
		code = "expired_token"
	}
	return oauth.NewPage(o.status, code, "This code leads nowhere any more", o.text).Citing(o.rule).Offering(pathDevice, "Type another code")
}

// compareSession ties the form to the person it was drawn for, as
// consentSession does.
func compareSession(f *flow, who *signedIn) string {
	return ledger.Hash("compare " + f.ID + " " + who.ID)[:32]
}

// compared keeps what the person says about the code. The same said again,
// which is what a second click is, leads to where the first one led.
func (s *Server) compared(w http.ResponseWriter, r *http.Request, handle, session, answer string) error {
	f, err := s.browserFlow(w, r, handle)
	if err != nil {
		return err
	}
	who, err := s.formOf(r, f, session, compareSession)
	if err != nil {
		return err
	}
	said := func() bool {
		return answer == "same" && f.Compared == who.ID || answer == "stop" && f.same(denied, who.ID, nil)
	}
	switch {
	case said():
	case f.Spent || f.Decision != undecided || f.Kind != deviceFlow:
		return finished(f)
	case answer == "same":
		err = s.compareFlow(r.Context(), f, who.ID)
	case answer == "stop":
		err = s.decideFlow(r.Context(), f, denied, who.ID, nil)
	default:
		return oauth.NewPage(400, "invalid_request", "Does it show the same code?", "The form came without an answer, so nothing was done.").
			Offering(pathDevice+"?flow="+f.Handle, "Back to the code")
	}
	if errors.Is(err, errSpent) {
		if f, err = s.browserFlow(w, r, handle); err == nil && !said() {
			return finished(f)
		}
	}
	if err != nil {
		return err
	}
	seeOther(w, pathAuthorize+"?flow="+f.Handle)
	return nil
}

// userCode is what the flow's handle ends in.
func (f *flow) userCode() string {
	_, code, _ := strings.Cut(f.Handle, ".")
	return shownUserCode(code)
}

// deviceStrip is strip for the six steps of a device's sign-in; f is nil
// before there is a flow.
func (s *Server) deviceStrip(f *flow, step int, title, text string) *views.Strip {
	if f == nil {
		if s.quiet {
			return nil
		}
		return &views.Strip{Step: step, Of: 6, Title: title, Text: text}
	}
	bar := s.strip(f, step, title, text)
	if bar != nil {
		bar.Of = 6
	}
	return bar
}

// nearness helps to judge an address: most people sign in a device that stands
// beside them.
func nearness(device, browser string) string {
	if isLoopback(device) && isLoopback(browser) {
		return "This very computer."
	}
	if limit.Network(device) == limit.Network(browser) {
		return "The same network address as this browser’s."
	}
	return "Another network address than this browser’s, which is " + browser + "."
}

func ahead(d time.Duration) string {
	if d < 2*time.Minute {
		return "less than two minutes left"
	}
	return strconv.Itoa(int(d.Minutes())) + " minutes left"
}

func isLoopback(address string) bool {
	a, err := netip.ParseAddr(address)
	return err == nil && a.IsLoopback()
}
