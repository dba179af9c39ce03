package openapi

import (
	"encoding/json"
	"html"
	"net/url"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/internal/page"
)

// policy lets the page load what this server has, and nothing of other hosts. Scalar
// writes style elements, and pictures as data.
const policy = "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; img-src 'self' data:; font-src data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// noncePolicy is the policy of a page whose script has a nonce.
func noncePolicy(nonce string) string {
	return "default-src 'none'; script-src 'self' 'nonce-" + nonce + "'" + policy[len("default-src 'none'; script-src 'self'"):]
}

// configuration is what Scalar is told. Everything that would ask another host is off:
// fonts, the proxy of its client, counting of visits, and its assistant.
type configuration struct {
	Content            json.RawMessage `json:"content"`
	Theme              string          `json:"theme"`
	MetaData           metaData        `json:"metaData"`
	Favicon            string          `json:"favicon"`
	WithDefaultFonts   bool            `json:"withDefaultFonts"`
	Telemetry          bool            `json:"telemetry"`
	ProxyURL           string          `json:"proxyUrl"`
	HideClientButton   bool            `json:"hideClientButton"`
	ShowDeveloperTools string          `json:"showDeveloperTools"`
	Agent              disabled        `json:"agent"`
	MCP                disabled        `json:"mcp"`
}

type metaData struct {
	Title       string `json:"title"`
	Description string `json:"description"`
}

type disabled struct {
	Disabled bool `json:"disabled"`
}

// favicon is a key on a square.
const favicon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="6"/>` +
	`<path d="M20 6a6 6 0 0 0-5.7 7.9L6 22.2V26h4v-3h3v-3h2.2l1-1A6 6 0 1 0 20 6zm1.5 6a1.5 1.5 0 1 1 0-3 1.5 1.5 0 0 1 0 3z" fill="#fff"/></svg>`

// page renders the reference. The configuration is an attribute of the script, so that the
// page has no script of its own.
func (p *Plugin) page(c *core.Ctx) (*core.Raw, error) {
	title := c.Auth().AppName() + " API"
	config, err := json.Marshal(configuration{
		Content: c.OpenAPI(), Theme: p.opts.Theme, MetaData: metaData{title, "API reference of " + c.Auth().AppName()},
		Favicon: "data:image/svg+xml;utf8," + url.PathEscape(favicon), ShowDeveloperTools: "never", HideClientButton: true,
		Agent: disabled{true}, MCP: disabled{true},
	})
	if err != nil {
		return nil, err
	}
	src, err := url.Parse(c.BaseURL())
	if err != nil {
		return nil, err
	}
	allowed, nonce := policy, ""
	if p.opts.Nonce != "" {
		allowed, nonce = noncePolicy(p.opts.Nonce), ` nonce="`+p.opts.Nonce+`"`
	}
	c.SetHeader("Content-Security-Policy", allowed)
	c.SetHeader("Referrer-Policy", "no-referrer")
	return &core.Raw{ContentType: page.ContentType, Body: []byte(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>` + html.EscapeString(title) + `</title>
</head>
<body>
<script id="api-reference" type="application/json" data-configuration="` + html.EscapeString(string(config)) + `"></script>
<script` + nonce + ` src="` + html.EscapeString(src.Path+p.opts.Path+scriptName+"?v="+scalar.version) + `"></script>
</body>
</html>
`)}, nil
}
