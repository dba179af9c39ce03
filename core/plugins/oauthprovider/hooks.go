package oauthprovider

import (
	"net/http"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/internal/oauthserver"
	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/wire"
)

const (
	queryMember = "oauth_query"
	dataMember  = "additionalData"
	stateMember = "query"
)

// hasQuery reports whether a page has passed the query on with which it was opened.
func hasQuery(c *core.Ctx) bool {
	v := c.Body().Get(queryMember)
	return v.Truthy()
}

// readPage verifies that query. Where a provider signs the user in, it goes along in the
// state of that flow.
func (p *Plugin) readPage(c *core.Ctx) error {
	text, _ := c.Body().Get(queryMember).Str()
	if c.Path() == preloginPath {
		return nil // which has its own answer
	}
	page, ok := p.server.Open(text)
	if !ok {
		return oauthserver.Refuse(oauthserver.ErrInvalidSignature, "")
	}
	p.page.Set(c, page)
	if c.Path() != "/sign-in/social" && c.Path() != "/sign-in/oauth2" {
		return nil
	}
	body, _ := c.Body().Obj()
	data, ok := c.Body().Get(dataMember).Obj()
	if !ok || data == nil {
		data = wire.NewObject()
	}
	if v, ok := data.Get(stateMember); ok && v.Truthy() {
		return nil
	}
	data.Set(stateMember, wire.String(page.Query.Encode()))
	body.Set(dataMember, wire.ObjectOf(data))
	return nil
}

// socialQuery is the query that a flow with a provider began with. A flow that links an
// account is no sign-in.
func (p *Plugin) socialQuery(c *core.Ctx) (q wire.Query, signIn bool) {
	engine := oauth.From(p.auth)
	if engine == nil {
		return nil, false
	}
	begin, ok := engine.Flow(c)
	if !ok || begin.Data == nil {
		return nil, false
	}
	v, _ := begin.Data.Get(stateMember)
	if text, ok := v.Str(); ok && text != "" {
		return wire.ParseQuery(text), begin.Link == nil
	}
	return nil, false
}

// signedIn reports whether the call has made a session for its caller.
func signedIn(c *core.Ctx) bool { return c.Issued() != nil }

// resume continues the flow of a client after a sign-in on the page of the application, in
// place of the answer of the sign-in.
func (p *Plugin) resume(c *core.Ctx) error {
	if c.Path() == authorizePath || c.Path() == "/get-session" || strings.HasPrefix(c.Path(), "/oauth2/") {
		return nil
	}
	var q wire.Query
	var fresh bool
	if page, ok := p.page.Get(c); ok {
		q, fresh = page.Query, page.Precedes(&c.Issued().Session)
	} else {
		q, fresh = p.socialQuery(c)
	}
	if q == nil {
		return nil
	}
	if returned, err := c.Returned(); err != nil && !redirects(err) || returned == nil && err == nil {
		return nil
	}
	target, err := p.server.SignedIn(c, q, fresh, c.Issued())
	if err != nil {
		return err
	}
	if oauthserver.Navigates(c) {
		c.SetReturned(c.Redirect(target))
		return nil
	}
	c.SetReturned(&RedirectReply{Redirect: true, URL: target})
	return nil
}

// redirects reports whether an error is the redirect of a success.
func redirects(err error) bool {
	e, ok := err.(*core.Error)
	return ok && e.Status >= http.StatusMultipleChoices && e.Status < http.StatusBadRequest
}
