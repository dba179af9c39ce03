// Package page makes the small HTML pages that a person sees between two redirects. They
// need no script, and their policy allows nothing that the page does not hold itself.
package page

import (
	"crypto/sha256"
	"encoding/base64"
	"html"
)

const style = `:root { color-scheme: light dark; font-family: system-ui, sans-serif; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; }
main { max-width: 32rem; padding: 2rem; }
h1 { margin: 0 0 .5rem; font-size: 1.5rem; }
button, input { font: inherit; padding: .5rem 1.5rem; }
label { display: block; margin: .75rem 0 .25rem; }
input { box-sizing: border-box; width: 100%; padding: .5rem; }
code { padding: .1rem .4rem; border: 1px solid; border-radius: .25rem; word-break: break-all; }
`

// Policy is the Content-Security-Policy of pages that HTML has made. It leaves form-action
// out, see NoForms.
var Policy = policy("style-src", style)

// NoForms is added to the Policy of pages without forms. Browsers apply form-action to the
// redirects after a form, too, and those may lead to other origins.
const NoForms = "; form-action 'none'"

// ScriptPolicy is the Content-Security-Policy of a page that holds one script and no form.
func ScriptPolicy(script string) string { return policy("script-src", script) + NoForms }

// FormPolicy is the Content-Security-Policy of a page of HTML with a script, which may call
// this site. It leaves form-action out, as Policy does.
func FormPolicy(script string) string {
	return Policy + "; script-src " + source(script) + "; connect-src 'self'"
}

func policy(what, text string) string {
	return "default-src 'none'; " + what + " " + source(text) + "; base-uri 'none'; frame-ancestors 'none'"
}

func source(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// HTML is a page. The title is text, main is markup: escape in it what is not your own.
func HTML(title, main string) []byte {
	return []byte(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>` + html.EscapeString(title) + `</title>
<style>` + style + `</style>
</head>
<body>
<main>
` + main + `</main>
</body>
</html>
`)
}

// ContentType is that of HTML.
const ContentType = "text/html; charset=utf-8"
