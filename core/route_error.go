package core

import (
	"html"
	"net/http"
	"regexp"
	"strings"

	"github.com/advantch/kernia-go/core/internal/page"
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
	c.SetHeader("Content-Security-Policy", page.Policy+page.NoForms)
	c.SetHeader("Referrer-Policy", "no-referrer")
	return &Raw{Status: http.StatusOK, ContentType: page.ContentType, Body: page.HTML("Error – "+c.auth.opts.AppName, `<h1>Something went wrong</h1>
<p>`+html.EscapeString(description)+`</p>
<p>Code: <code>`+html.EscapeString(code)+`</code></p>
<p><a href="/">Go to the start page</a></p>
`)}, nil
}
