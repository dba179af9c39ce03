package oauthprovider

import (
	"html"
	"net/http"
	"net/url"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/internal/oauthserver"
	"github.com/advantch/kernia-go/core/internal/page"
	"github.com/advantch/kernia-go/core/validate"
)

// The script of all pages. It posts a form as JSON with the query of the page, and goes where
// the answer says. A form with a text for its end belongs to no request of a client.
const pageScript = `const base = location.pathname.replace(/\/oauth2\/[^/]*$/, "");
const note = document.getElementById("note");
const step = (...names) => {
  for (const form of document.querySelectorAll("form[data-step]")) form.hidden = !names.includes(form.dataset.step);
  document.querySelector("form[data-step]:not([hidden]) input")?.focus();
};
for (const form of document.querySelectorAll("form[data-path]")) form.addEventListener("submit", async (event) => {
  event.preventDefault();
  note.textContent = "";
  const body = form.dataset.done ? {} : { oauth_query: location.search.slice(1) };
  for (const [name, value] of new FormData(form)) body[name] = value;
  const choice = event.submitter && event.submitter.dataset.set;
  if (choice) Object.assign(body, JSON.parse(choice));
  try {
    const answer = await fetch(base + form.dataset.path, { method: "POST", credentials: "same-origin", headers: { "content-type": "application/json", accept: "application/json" }, body: JSON.stringify(body) });
    const json = await answer.json().catch(() => null);
    if (json && json.url) location.href = json.url;
    else if (answer.ok && form.dataset.next) location.href = base + form.dataset.next + location.search;
    else if (json && json.twoFactorRedirect) step(...(json.twoFactorMethods || []), "backup");
    else if (answer.ok && form.dataset.done) {
      form.hidden = true;
      note.textContent = form.dataset.done;
    } else if (answer.ok && form.dataset.then) step(...form.dataset.then.split(" "));
    else note.textContent = (json && (json.message || json.error_description)) || "That did not work. Try again.";
  } catch {
    note.textContent = "The server cannot be reached. Try again.";
  }
});`

const autoScript = `document.forms[0].submit();`

// html is a page that no other site may frame, and no cache keeps.
func (p *Plugin) html(c *core.Ctx, title, main, script string) *core.Raw {
	policy := page.Policy + page.NoForms
	if script != "" {
		main += "<script>" + script + "</script>\n"
		if policy = page.FormPolicy(script); script == pageScript {
			policy += page.NoForms // its forms are sent by the script
		}
	}
	c.SetHeader("Content-Security-Policy", policy)
	c.SetHeader("X-Frame-Options", "DENY")
	c.SetHeader("Referrer-Policy", "no-referrer")
	c.SetHeader("Cache-Control", "no-store")
	return &core.Raw{Status: http.StatusOK, ContentType: page.ContentType, Body: page.HTML(title+" – "+c.Auth().AppName(), main)}
}

const noteLine = "<p id=\"note\" role=\"alert\"></p>\n<noscript><p>This page needs JavaScript.</p></noscript>\n"

// pageOf opens the query of the request for a page, and finds its client.
func (p *Plugin) pageOf(c *core.Ctx) (*oauthserver.PageQuery, *clientRow, *core.Raw, error) {
	q, ok := p.server.Open(c.Req.RawQuery)
	var row *clientRow
	if ok {
		var err error
		row, err = p.store.row(c, q.Client())
		if err != nil && !core.IsNotFound(err) {
			return nil, nil, nil, err
		}
	}
	if row == nil || validate.Value(row.Disabled) {
		return nil, nil, p.expired(c), nil
	}
	return q, row, nil, nil
}

// pageOfUser is pageOf for pages that need a signed-in user. Without one there is another
// page instead.
func (p *Plugin) pageOfUser(c *core.Ctx) (q *oauthserver.PageQuery, client *clientRow, user *core.User, instead *core.Raw, err error) {
	if q, client, instead, err = p.pageOf(c); instead != nil || err != nil {
		return nil, nil, nil, instead, err
	}
	session, err := c.StoredSession()
	if err != nil {
		return nil, nil, nil, nil, err
	}
	if session == nil {
		return nil, nil, nil, p.html(c, "Sign in", "<h1>You are signed out</h1>\n<p>Go back to the application and sign in again.</p>\n", ""), nil
	}
	return q, client, &session.User, nil, nil
}

// expired is the page for a query that is not, or no longer, one of the server's.
func (p *Plugin) expired(c *core.Ctx) *core.Raw {
	page := p.html(c, "This page has expired", "<h1>This page has expired</h1>\n<p>Go back to the application and sign in again.</p>\n", "")
	page.Status = http.StatusBadRequest
	return page
}

// title is the name of a client for people: what it calls itself, with the host to which the
// browser goes, which nobody can choose freely.
func (r *clientRow) title(redirect string) string {
	host := redirect
	if u, err := url.Parse(redirect); err == nil {
		host = u.Host
		if host == "" {
			host = u.Scheme + ":"
		}
	}
	name := validate.Value(r.Name)
	if name == "" {
		name = "An application"
	}
	return "<strong>" + html.EscapeString(name) + "</strong> (<code>" + html.EscapeString(host) + "</code>)"
}

func redirectOf(q *oauthserver.PageQuery) string {
	v, _ := q.Query.Get("redirect_uri")
	return v
}

func (p *Plugin) loginPage(c *core.Ctx, _ *core.NoInput) (*core.Raw, error) {
	q, client, instead, err := p.pageOf(c)
	if instead != nil || err != nil {
		return instead, err
	}
	hint, _ := q.Query.Get("login_hint")
	return p.html(c, "Sign in", `<h1>Sign in</h1>
<p>to continue to `+client.title(redirectOf(q))+`</p>
<form data-path="/sign-in/email" data-step="password">
<label for="email">E-mail address</label>
<input id="email" name="email" type="email" autocomplete="username" required autofocus value="`+html.EscapeString(hint)+`">
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required>
<p><button type="submit">Sign in</button></p>
</form>
`+p.codeForms()+noteLine, pageScript), nil
}

// codeForms are the forms of the second step, which the script shows to a user who has one.
func (p *Plugin) codeForms() string {
	if !p.secondFactor {
		return ""
	}
	code := func(path, step, label, more string) string {
		id := "code-" + step
		return `<form data-path="` + path + `" data-step="` + step + `" hidden>
<label for="` + id + `">` + label + `</label>
<input id="` + id + `" name="code" autocomplete="one-time-code" autocapitalize="none" spellcheck="false" required` + more + `>
<p><button type="submit">Continue</button></p>
</form>
`
	}
	return code("/two-factor/verify-totp", "totp", "Code of your authenticator app", ` inputmode="numeric"`) +
		`<form data-path="/two-factor/send-otp" data-step="otp" data-then="sent backup" hidden>
<p><button type="submit">Send me a code</button></p>
</form>
` +
		code("/two-factor/verify-otp", "sent", "The code that was sent to you", ` inputmode="numeric"`) +
		code("/two-factor/verify-backup-code", "backup", "Or one of your backup codes", "")
}

// scopeTexts describe the scopes of OpenID Connect.
var scopeTexts = map[string]string{
	oauthserver.ScopeOpenID: "Know who you are", oauthserver.ScopeProfile: "See your name and picture", oauthserver.ScopeEmail: "See your e-mail address",
	oauthserver.ScopeOffline: "Keep this access while you are away",
}

func (p *Plugin) consentPage(c *core.Ctx, _ *core.NoInput) (*core.Raw, error) {
	q, client, user, instead, err := p.pageOfUser(c)
	if instead != nil || err != nil {
		return instead, err
	}
	var list strings.Builder
	scopes, _ := q.Query.Get("scope")
	for one := range strings.FieldsSeq(scopes) {
		text := scopeTexts[one]
		if text == "" {
			text = one
		}
		list.WriteString("<li>" + html.EscapeString(text) + "</li>\n")
	}
	return p.html(c, "Allow access", `<h1>Allow access?</h1>
<p>`+client.title(redirectOf(q))+` asks to act for <strong>`+html.EscapeString(user.Name)+`</strong> (`+html.EscapeString(user.Email)+`):</p>
<ul>
`+list.String()+`</ul>
<form data-path="/oauth2/consent">
<p><button type="submit" data-set='{"accept":true}'>Allow</button>
<button type="submit" data-set='{"accept":false}'>Deny</button></p>
</form>
`+noteLine, pageScript), nil
}

func (p *Plugin) accountPage(c *core.Ctx, _ *core.NoInput) (*core.Raw, error) {
	q, client, user, instead, err := p.pageOfUser(c)
	if instead != nil || err != nil {
		return instead, err
	}
	other := ""
	if p.LoginPage != nil {
		other = `<form data-path="/sign-out" data-next="` + loginPath + `">
<p><button type="submit">Use another account</button></p>
</form>
`
	}
	return p.html(c, "Choose an account", `<h1>Choose an account</h1>
<p>to continue to `+client.title(redirectOf(q))+`</p>
<form data-path="/oauth2/continue">
<p><button type="submit" data-set='{"selected":true}'>`+html.EscapeString(user.Name)+` (`+html.EscapeString(user.Email)+`)</button></p>
</form>
`+other+noteLine, pageScript), nil
}

// confirmLogout asks a person who was sent here without a token: any site can send them, and
// only they can say that it is what they want (OpenID Connect RP-Initiated Logout 2). Nobody is
// sent on.
func (p *Plugin) confirmLogout(c *core.Ctx) (*core.Raw, error) {
	session, err := c.StoredSession()
	if err != nil {
		return nil, err
	}
	if session == nil {
		return p.html(c, "Signed out", "<h1>You are signed out</h1>\n<p>You can close this window.</p>\n", ""), nil
	}
	return p.html(c, "Sign out", `<h1>Sign out?</h1>
<p>You are signed in as <strong>`+html.EscapeString(session.User.Name)+`</strong> (`+html.EscapeString(session.User.Email)+`).</p>
<form data-path="/sign-out" data-done="You are signed out. You can close this window.">
<p><button type="submit" autofocus>Sign out</button></p>
</form>
`+noteLine, pageScript), nil
}

// FormPostInput is the query of the page that posts an answer to a client.
type FormPostInput struct {
	Response *string `query:"response"`
}

// formPost is the page that posts an answer to a client (OAuth 2.0 Form Post Response Mode).
func (p *Plugin) formPost(c *core.Ctx, in *FormPostInput) (*core.Raw, error) {
	to, q, ok := p.server.FormResponse(validate.Value(in.Response))
	if !ok || oauthserver.CheckRedirectURI(to) != nil {
		return p.expired(c), nil
	}
	var fields strings.Builder
	for _, pair := range q {
		fields.WriteString(`<input type="hidden" name="` + html.EscapeString(pair.Name) + `" value="` + html.EscapeString(pair.Value) + "\">\n")
	}
	return p.html(c, "Continue", `<form method="post" action="`+html.EscapeString(to)+`">
`+fields.String()+`<p><button type="submit">Continue</button></p>
</form>
`, autoScript), nil
}
