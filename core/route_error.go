package core

import (
	"html"
	"net/http"
	"regexp"
	"strings"

	"github.com/advantch/kernia-go/core/wire"
)

// ErrorPageInput is the query of /error.
type ErrorPageInput struct {
	Error       *string `query:"error"`
	Description *string `query:"error_description"`
}

var errorCodePattern = regexp.MustCompile(`^['A-Za-z0-9_-]{1,128}$`)

const maxDescription = 1000

// errorPage shows an error to a person who was redirected here. The query's values are
// shown as text, never as markup.
func errorPage(c *Ctx, in *ErrorPageInput) (*Raw, error) {
	code := text(in.Error)
	if !errorCodePattern.MatchString(code) {
		code = "UNKNOWN"
	}
	description := text(in.Description)
	if len(description) > maxDescription {
		description = strings.ToValidUTF8(description[:maxDescription], "")
	}
	if target := c.auth.opts.ErrorURL; target != "" {
		separator := "?"
		if strings.Contains(target, "?") {
			separator = "&"
		}
		q := wire.Query{{Name: "error", Value: code}}
		if description != "" {
			q = append(q, wire.Pair{Name: "error_description", Value: description})
		}
		c.SetHeader("Location", headerURL(target+separator+q.Encode()))
		return &Raw{Status: http.StatusFound}, nil
	}
	if description == "" {
		description = "Something did not work as expected. You can go back and try again."
	}
	c.SetHeader("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	c.SetHeader("Referrer-Policy", "no-referrer")
	page := strings.NewReplacer("{code}", html.EscapeString(code), "{description}", html.EscapeString(description),
		"{app}", html.EscapeString(c.auth.opts.AppName)).Replace(errorHTML)
	return &Raw{Status: http.StatusOK, ContentType: "text/html; charset=utf-8", Body: []byte(page)}, nil
}

const errorHTML = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Error – {app}</title>
<style>
:root { color-scheme: light dark; font-family: system-ui, sans-serif; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; }
main { max-width: 32rem; padding: 2rem; }
h1 { margin: 0 0 .5rem; font-size: 1.5rem; }
code { padding: .1rem .4rem; border: 1px solid; border-radius: .25rem; word-break: break-all; }
</style>
</head>
<body>
<main>
<h1>Something went wrong</h1>
<p>{description}</p>
<p>Code: <code>{code}</code></p>
<p><a href="/">Go to the start page</a></p>
</main>
</body>
</html>
`
