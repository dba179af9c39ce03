package oauthpopup

import (
	"encoding/json"
	"net/url"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/internal/page"
)

// message is what the opener is told, as the client library reads it.
type message struct {
	Type         string   `json:"type"`
	TargetOrigin string   `json:"targetOrigin"`
	Nonce        string   `json:"nonce"`
	Token        string   `json:"token,omitempty"`
	RedirectTo   string   `json:"redirectTo,omitempty"`
	Error        *failure `json:"error,omitempty"`
}

type failure struct {
	Code        string `json:"code"`
	Description string `json:"description,omitempty"`
}

// script posts the message to the opener, and to nobody but the origin that the popup was
// opened from.
const script = `(() => {
  const { targetOrigin, ...message } = JSON.parse(document.getElementById("better-auth-oauth-popup").textContent);
  if (window.opener) window.opener.postMessage(message, targetOrigin);
  window.close();
})();`

// policy lets this script run and nothing else.
var policy = page.ScriptPolicy(script)

// ending renders the end of a popup. json.Marshal escapes what would end the script element.
func ending(c *core.Ctx, m marker, out message) (*core.Raw, error) {
	out.Type, out.TargetOrigin, out.Nonce = "better-auth:oauth-popup", m.Origin, m.Nonce
	data, err := json.Marshal(out)
	if err != nil {
		return nil, err
	}
	c.SetHeader("Content-Security-Policy", policy)
	c.SetHeader("Referrer-Policy", "no-referrer")
	c.SetHeader("Cache-Control", "no-store")
	return &core.Raw{Status: 200, ContentType: page.ContentType, Body: []byte(`<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Signing in</title></head>
<body>
<script type="application/json" id="better-auth-oauth-popup">` + string(data) + `</script>
<script>` + script + `</script>
</body>
</html>
`)}, nil
}

// errorOf reads the error that a redirect carries.
func errorOf(to string) (code, description string) {
	u, err := url.Parse(to)
	if err != nil {
		return "", ""
	}
	q := u.Query()
	return q.Get("error"), q.Get("error_description")
}
