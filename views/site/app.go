package site

import (
	"net/http"

	"github.com/exampleco/punchcard/views"
	"github.com/exampleco/punchcard/views/site/page"
)

const (
	pathApp         = "/app/"
	pathAppCallback = "/app/callback"
)

// app is the shell of the phone app, at its address and where a sign-in comes
// back to. The answer is the same for everybody: the response parameters are
// for the script alone, and nothing of them is drawn here.
func (p *pages) app(w http.ResponseWriter, r *http.Request) {
	views.WriteApp(w, r, http.StatusOK, page.AppPage(page.App{
		Issuer: p.Issuer, Client: p.App, Audience: p.Audience, Base: p.base,
	}))
}
