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
:root{color-scheme:light dark;--paper:light-dark(#f7f4ee,#14130f);--card:light-dark(#fffdf9,#1e1c17);--sunk:light-dark(#f1ece2,#181611);--ink:light-dark(#1f1b16,#f1ece2);--muted:light-dark(#625a4d,#aca292);--line:light-dark(#e4dccd,#332f27);--line2:light-dark(#cfc4b1,#4a443a);--accent:light-dark(#b03c0d,#ff8a4c);--bad:light-dark(#b3261e,#ff8f86)}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;background:var(--paper);color:var(--ink);font:15px/1.5 ui-sans-serif,system-ui,sans-serif}
main{width:min(460px,calc(100% - 40px));margin:20px;background:var(--card);border:1px solid var(--line);border-radius:22px;overflow:hidden}
.punch{height:22px;display:flex;align-items:center;justify-content:space-between;padding:0 26px;background:var(--sunk);border-bottom:1px dashed var(--line2)}
.punch i{width:13px;height:7px;border-radius:2px;background:var(--paper);box-shadow:inset 0 1px 0 var(--line2)}
.punch i.on{background:var(--accent);box-shadow:none}
.body{padding:26px 28px}
h1{margin:0;font-size:24px;line-height:1.25;letter-spacing:-.02em}
h1.bad{color:var(--bad)}
p{margin:8px 0 0;overflow-wrap:anywhere}
p.close{margin-top:18px;color:var(--muted)}
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
<div class="punch" aria-hidden="true"><i></i><i></i><i></i><i{{if .Good}} class="on"{{end}}></i><i></i><i></i><i></i></div>
<div class="body">
<h1{{if not .Good}} class="bad"{{end}}>{{.Title}}</h1>
<p>{{.Text}}</p>
<p class="close">You can close this page.</p>
</div>
</main>
</body>
</html>
`))

func show(w http.ResponseWriter, status int, o outcome) {
	hash := sha256.Sum256([]byte(style))
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	// Nothing is loaded, run, sent or framed: what stands in the address is nobody else's to read.
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'sha256-"+base64.StdEncoding.EncodeToString(hash[:])+"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	page := struct {
		Title, Text string
		Good        bool
		Style       template.CSS
	}{o.title, o.text, o.good, style}
	w.WriteHeader(status)
	_ = callbackPage.Execute(w, page) // the browser has gone; the terminal says the same
}
