package magiclink

import (
	"html"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/internal/page"
)

// confirm shows the button. It reads nothing and uses nothing up, so that everybody may
// open it, as often as they like.
func (p *Plugin) confirm(c *core.Ctx, in *VerifyInput) (*core.Raw, error) {
	app := html.EscapeString(p.appName)
	var main strings.Builder
	main.WriteString(`<h1>Sign in to ` + app + `</h1>
<p>Press the button to complete the sign-in. If you have not asked for it, close this page.</p>
<form action="` + html.EscapeString(c.BaseURL()+"/magic-link/verify") + `" method="get">
`)
	for _, f := range []struct {
		name  string
		value *string
	}{
		{"token", &in.Token}, {"callbackURL", in.CallbackURL},
		{"newUserCallbackURL", in.NewUserCallbackURL}, {"errorCallbackURL", in.ErrorCallbackURL},
	} {
		if f.value != nil {
			main.WriteString(`<input type="hidden" name="` + f.name + `" value="` + html.EscapeString(*f.value) + `">` + "\n")
		}
	}
	main.WriteString(`<button type="submit">Sign in</button>
</form>
`)
	c.SetHeader("Content-Security-Policy", page.Policy)
	c.SetHeader("Referrer-Policy", "no-referrer")
	return &core.Raw{ContentType: page.ContentType, Body: page.HTML("Sign in – "+p.appName, main.String())}, nil
}
