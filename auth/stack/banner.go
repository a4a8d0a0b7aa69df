package stack

import (
	"encoding/json"
	"net"
	"os"
	"strings"
	"time"

	"github.com/exampleco/punchcard/auth/edge"
	"github.com/exampleco/punchcard/views"
)

// announce says that the port answers: a banner for a person, one JSON line
// for a program. The listeners are open, so a connection made now is served.
func (c *Serve) announce(p edge.Process, release func(string), r *rooms, took time.Duration, created bool, l net.Listener) {
	where := "http://" + edge.Reached(l)
	if !edge.Loopback(l) {
		where = strings.TrimSuffix(c.Issuer, "/")
	}
	if !edge.Terminal(p.Err) {
		line, _ := json.Marshal(struct { // which strings always can
			Msg     string `json:"msg"`
			URL     string `json:"url"`
			Issuer  string `json:"issuer"`
			DB      string `json:"db"`
			Version string `json:"version"`
		}{"ready", where, c.Issuer, c.DB, p.Version})
		release(string(line) + "\n")
		return
	}
	banner := r.auth.Banner(where)
	if phoneApp(r.document) != "" {
		banner.Links = append(banner.Links, views.BannerLink{Label: "Phone app", URL: strings.TrimSuffix(c.Issuer, "/") + "/app/"})
	}
	banner.Links = append(banner.Links, views.BannerLink{Label: "Inspector", URL: strings.TrimSuffix(c.Issuer, "/") + "/inspector"})
	banner.Links = append(banner.Links, views.BannerLink{Label: "API", URL: strings.TrimSuffix(c.Issuer, "/") + "/docs"})
	banner.Version, banner.Ready, banner.DB, banner.DBState = p.Version, took, c.DB, "kept"
	if created {
		banner.DBState = "new"
	}
	banner.Color = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	views.Banner(p.Err, banner)
}
