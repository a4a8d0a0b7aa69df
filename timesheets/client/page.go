package client

import (
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"net/http"
)

// outcome is what the page in the browser says when the terminal knows.
type outcome struct {
	good        bool
	title, text string
}

// The style is in the page, because the port is closed before a second request
// could fetch it; its hash is in the policy.
const style = `
:root{color-scheme:light dark;--paper:#f6f1e7;--card:#fffdf8;--ink:#2a2520;--quiet:#6b6157;--line:#ddd3c2;--good:#2f6b3f;--bad:#9c3d1f}
@media (prefers-color-scheme:dark){:root{--paper:#1c1916;--card:#26221e;--ink:#efe8dc;--quiet:#b3a899;--line:#3d372f;--good:#8ccf9c;--bad:#f0a07f}}
body{margin:0;min-height:100vh;display:grid;place-items:center;background:var(--paper);color:var(--ink);font:1rem/1.5 system-ui,sans-serif}
main{box-sizing:border-box;width:min(28rem,calc(100% - 2rem));margin:1rem;padding:2rem;background:var(--card);border:1px solid var(--line);border-top:4px dashed var(--line);border-radius:6px}
h1{margin:0 0 .5rem;font-size:1.375rem;line-height:1.25}
h1.good{color:var(--good)}h1.bad{color:var(--bad)}
p{margin:.5rem 0 0;overflow-wrap:anywhere}
p.close{color:var(--quiet)}
`

var callbackPage = template.Must(template.New("callback").Parse(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Title}} – Punchcard</title>
<style>{{.Style}}</style>
</head>
<body>
<main>
<h1 class="{{.Class}}">{{.Title}}</h1>
<p>{{.Text}}</p>
<p class="close">You can close this page.</p>
</main>
</body>
</html>
`))

func show(w http.ResponseWriter, o outcome) {
	hash := sha256.Sum256([]byte(style))
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	// Nothing is loaded, run, sent or framed: what stands in the address is nobody else's to read.
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'sha256-"+base64.StdEncoding.EncodeToString(hash[:])+"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	page := struct {
		Title, Text, Class string
		Style              template.CSS
	}{o.title, o.text, "bad", style}
	if o.good {
		page.Class = "good"
	} else {
		w.WriteHeader(http.StatusBadRequest)
	}
	_ = callbackPage.Execute(w, page) // the browser has gone; the terminal says the same
}
