package oauthapps

import (
	"context"
	"html"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/internal/oauthserver"
	"github.com/advantch/kernia-go/core/internal/page"
	"github.com/advantch/kernia-go/core/validate"
	"github.com/advantch/kernia-go/core/wire"
)

// The cookies have no prefix, as in Better Auth.
const (
	loginCookie   = "oidc_login_prompt"
	consentCookie = "oidc_consent_prompt"
	pageLife      = 10 * time.Minute
)

// maxCookie bounds the query in a cookie. Browsers drop cookies of more than 4096 bytes.
const maxCookie = 3 << 10

func promptCookie(c *core.Ctx, name string) core.Cookie {
	return c.NewCookie(name, pageLife).Named(name)
}

// Login shows the application's page of sign-in. The request is kept in a cookie: whatever
// signs the user in continues it.
func (p *Provider) Login(c *core.Ctx, signed string, q wire.Query) (string, error) {
	if len(signed) > maxCookie {
		return "", oauthserver.Refuse(oauthserver.ErrInvalidRequest, "the request is too long")
	}
	c.SetSignedCookie(promptCookie(c, loginCookie), signed)
	return withQuery(p.cfg.LoginPage, q), nil
}

func withQuery(target string, q wire.Query) string {
	if strings.Contains(target, "?") {
		return target + "&" + q.Encode()
	}
	return target + "?" + q.Encode()
}

// pendingPrefix begins the identifiers of requests that wait for a page of consent.
const pendingPrefix = "oauth-consent-"

// Consent shows the page of consent. The request is kept in the database under a code, which
// the page or its cookie names.
func (p *Provider) Consent(c *core.Ctx, signed string, q wire.Query) (string, error) {
	session := c.Issued() // the call may be the sign-in itself
	if session == nil {
		var err error
		if session, err = c.StoredSession(); err != nil {
			return "", err
		}
	}
	if session == nil {
		return "", core.Fail(http.StatusUnauthorized, core.CodeUnauthorized)
	}
	code, err := p.auth.RandomString(32)
	if err != nil {
		return "", err
	}
	_, err = p.auth.Store().CreateVerification(c, pendingPrefix+hash(code), session.Session.ID+" "+signed, p.auth.Now().Add(p.cfg.CodeLife))
	if err != nil {
		return "", err
	}
	client, _ := q.Get("client_id")
	c.SetSignedCookie(promptCookie(c, consentCookie), p.cookieFor(c, code, client, session.Session.ID))
	scope, _ := q.Get("scope")
	return withQuery(p.cfg.ConsentPage, wire.Query{{Name: "consent_code", Value: code}, {Name: "client_id", Value: client}, {Name: "scope", Value: scope}}), nil
}

// several is what the cookie has while pages of several clients are open: which of them an
// answer is for, the answer alone says then.
const several = "-"

// cookieFor is the cookie of a page: its code, unless the page of another client is open.
func (p *Provider) cookieFor(c *core.Ctx, code, client, session string) string {
	before, _ := c.SignedCookie(consentCookie)
	if before == several {
		return several
	}
	if other, _ := p.pending(c, before, session); other != nil && other.Client() != client {
		return several
	}
	return code
}

// pending finds the request that waits under a code, for the session that it was shown to.
func (p *Provider) pending(ctx context.Context, code, session string) (*oauthserver.PageQuery, string) {
	if code == "" || len(code) > 128 {
		return nil, "Invalid code"
	}
	v, err := p.auth.Store().FindVerification(ctx, pendingPrefix+hash(code))
	if err != nil {
		return nil, "Invalid code"
	}
	if !v.ExpiresAt.After(p.auth.Now()) {
		return nil, "Code expired"
	}
	owner, signed, _ := strings.Cut(v.Value, " ")
	if owner != session {
		return nil, "Invalid code"
	}
	q, ok := p.Open(signed)
	if !ok {
		return nil, "Code expired"
	}
	return q, ""
}

// ConsentInput is the body of /oauth2/consent.
type ConsentInput struct {
	Accept      bool    `json:"accept" doc:"Whether the user accepts or denies the consent request"`
	ConsentCode *string `json:"consent_code" zod:"optional,nullable" doc:"The consent_code of the page's address. Without it, that of the cookie counts"`
}

// ConsentReply is {"redirectURI":…}: where the browser goes next.
type ConsentReply struct {
	RedirectURI string `json:"redirectURI"`
}

// Answered takes the answer of the page of consent.
func (p *Provider) Answered(c *core.Ctx, in *ConsentInput) (*ConsentReply, error) {
	refuse := func(description string) (*ConsentReply, error) {
		return nil, oauthserver.Fail(http.StatusUnauthorized, oauthserver.ErrInvalidRequest, description)
	}
	code := validate.Value(in.ConsentCode)
	if code == "" {
		code, _ = c.SignedCookie(consentCookie)
	}
	if code == "" || code == several {
		return refuse("consent_code is required (either in body or cookie)")
	}
	session := c.Session()
	q, refused := p.pending(c, code, session.Session.ID)
	if refused != "" {
		return refuse(refused)
	}
	if _, err := p.auth.Store().TakeVerification(c, pendingPrefix+hash(code)); core.IsNotFound(err) {
		return refuse("Invalid code")
	} else if err != nil {
		return nil, err
	}
	c.ExpireCookie(promptCookie(c, consentCookie))
	target, err := p.Server.Consent(c, q, oauthserver.ConsentAnswer{Accept: in.Accept}, session)
	if err != nil {
		return nil, err
	}
	return &ConsentReply{RedirectURI: target}, nil
}

// signedIn reports whether the call has made a session for its caller.
func signedIn(c *core.Ctx) bool { return c.Issued() != nil }

// resume continues the request of a client after a sign-in, in place of the answer of the
// sign-in.
func (p *Provider) resume(c *core.Ctx) error {
	if c.Path() == p.cfg.AuthorizePath || c.Path() == "/get-session" || strings.HasPrefix(c.Path(), "/oauth2/") {
		return nil
	}
	signed, ok := c.SignedCookie(loginCookie)
	if !ok {
		return nil
	}
	if returned, err := c.Returned(); err != nil && !redirects(err) || returned == nil && err == nil {
		return nil
	}
	c.ExpireCookie(promptCookie(c, loginCookie))
	q, ok := p.Open(signed)
	if !ok { // it has expired
		return nil
	}
	target, err := p.SignedIn(c, q.Query, q.Precedes(&c.Issued().Session), c.Issued())
	if err != nil {
		return err
	}
	if oauthserver.Fetched(c) {
		c.SetReturned(&oauthserver.RedirectReply{Redirect: true, URL: target})
		return nil
	}
	c.SetReturned(c.Redirect(target))
	return nil
}

// redirects reports whether an error is the redirect of a success.
func redirects(err error) bool {
	e, ok := err.(*core.Error)
	return ok && e.Status >= http.StatusMultipleChoices && e.Status < http.StatusBadRequest
}

// The script of the page of consent.
const pageScript = `const base = location.pathname.replace(/\/oauth2\/[^/]*$/, "");
const note = document.getElementById("note");
const code = new URLSearchParams(location.search).get("consent_code");
for (const button of document.querySelectorAll("button")) button.addEventListener("click", async () => {
  note.textContent = "";
  try {
    const body = JSON.stringify({ accept: button.value === "allow", consent_code: code });
    const answer = await fetch(base + "/oauth2/consent", { method: "POST", credentials: "same-origin", headers: { "content-type": "application/json", accept: "application/json" }, body });
    const json = await answer.json().catch(() => null);
    if (json && json.redirectURI) location.href = json.redirectURI;
    else note.textContent = (json && (json.message || json.error_description)) || "That did not work. Try again.";
  } catch {
    note.textContent = "The server cannot be reached. Try again.";
  }
});`

// html is a page that no other site may frame, and no cache keeps.
func (p *Provider) html(c *core.Ctx, status int, title, main string, script bool) *core.Raw {
	policy := page.Policy + page.NoForms
	if script {
		main += "<script>" + pageScript + "</script>\n"
		policy = page.FormPolicy(pageScript) + page.NoForms
	}
	c.SetHeader("Content-Security-Policy", policy)
	c.SetHeader("X-Frame-Options", "DENY")
	c.SetHeader("Referrer-Policy", "no-referrer")
	c.SetHeader("Cache-Control", "no-store")
	return &core.Raw{Status: status, ContentType: page.ContentType, Body: page.HTML(title+" – "+c.Auth().AppName(), main)}
}

// scopeTexts describe the scopes of OpenID Connect.
var scopeTexts = map[string]string{
	oauthserver.ScopeOpenID: "Know who you are", oauthserver.ScopeProfile: "See your name and picture", oauthserver.ScopeEmail: "See your e-mail address",
	oauthserver.ScopeOffline: "Keep this access while you are away",
}

// PageInput is the query of the page of consent.
type PageInput struct {
	ConsentCode *string `query:"consent_code"`
}

// ShowConsent is the page of consent of an application that has none of its own.
func (p *Provider) ShowConsent(c *core.Ctx, in *PageInput) (*core.Raw, error) {
	session, err := c.StoredSession()
	if err != nil {
		return nil, err
	}
	var q *oauthserver.PageQuery
	var client *oauthserver.Client
	if session != nil {
		if q, _ = p.pending(c, validate.Value(in.ConsentCode), session.Session.ID); q != nil {
			if client, err = p.store.FindClient(c, q.Client()); err != nil && !core.IsNotFound(err) {
				return nil, err
			}
		}
	}
	if client == nil || client.Disabled {
		return p.html(c, http.StatusBadRequest, "This page has expired", "<h1>This page has expired</h1>\n<p>Go back to the application and sign in again.</p>\n", false), nil
	}
	redirect, _ := q.Query.Get("redirect_uri")
	host := redirect
	if u, err := url.Parse(redirect); err == nil {
		if host = u.Host; host == "" {
			host = u.Scheme + ":"
		}
	}
	name := client.Name
	if name == "" {
		name = "An application"
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
	for _, one := range q.Query {
		if one.Name == "resource" {
			list.WriteString("<li>Use <code>" + html.EscapeString(one.Value) + "</code></li>\n")
		}
	}
	return p.html(c, http.StatusOK, "Allow access", `<h1>Allow access?</h1>
<p><strong>`+html.EscapeString(name)+`</strong> (<code>`+html.EscapeString(host)+`</code>) asks to act for <strong>`+html.EscapeString(session.User.Name)+`</strong> (`+html.EscapeString(session.User.Email)+`):</p>
<ul>
`+list.String()+`</ul>
<p><button type="button" value="allow">Allow</button>
<button type="button" value="deny">Deny</button></p>
<p id="note" role="alert"></p>
<noscript><p>This page needs JavaScript.</p></noscript>
`, true), nil
}
