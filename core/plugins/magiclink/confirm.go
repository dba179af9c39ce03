package magiclink

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"html/template"

	"github.com/advantch/kernia-go/core"
)

const style = `:root { color-scheme: light dark; font-family: system-ui, sans-serif; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; }
main { max-width: 32rem; padding: 2rem; }
h1 { margin: 0 0 .5rem; font-size: 1.5rem; }
button { font: inherit; padding: .5rem 1.5rem; }`

// policy lets the style apply and nothing else. It leaves form-action out: browsers apply
// that to the redirects after a form, too, and a sign-in ends at a trusted URL, which may
// be of another origin or an app's. The page holds no markup that is not its own.
var policy = func() string {
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; frame-ancestors 'none'"
}()

var page = template.Must(template.New("confirm").Parse(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Sign in – {{.App}}</title>
<style>` + style + `</style>
</head>
<body>
<main>
<h1>Sign in to {{.App}}</h1>
<p>Press the button to complete the sign-in. If you have not asked for it, close this page.</p>
<form action="{{.Action}}" method="get">
{{range .Fields}}<input type="hidden" name="{{.Name}}" value="{{.Value}}">
{{end}}<button type="submit">Sign in</button>
</form>
</main>
</body>
</html>
`))

type field struct{ Name, Value string }

// confirm shows the button. It reads nothing and uses nothing up, so that everybody may
// open it, as often as they like.
func (p *Plugin) confirm(c *core.Ctx, in *VerifyInput) (*core.Raw, error) {
	fields := []field{{"token", in.Token}}
	for _, f := range []struct {
		name  string
		value *string
	}{
		{"callbackURL", in.CallbackURL}, {"newUserCallbackURL", in.NewUserCallbackURL}, {"errorCallbackURL", in.ErrorCallbackURL},
	} {
		if f.value != nil {
			fields = append(fields, field{f.name, *f.value})
		}
	}
	var out bytes.Buffer
	err := page.Execute(&out, struct {
		App, Action string
		Fields      []field
	}{p.appName, c.BaseURL() + "/magic-link/verify", fields})
	if err != nil {
		return nil, err
	}
	c.SetHeader("Content-Security-Policy", policy)
	c.SetHeader("Referrer-Policy", "no-referrer")
	return &core.Raw{ContentType: "text/html; charset=utf-8", Body: out.Bytes()}, nil
}
