package sso

import (
	"html"
	"net/http"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/internal/page"
	"github.com/advantch/kernia-go/core/wire"
)

// The identifiers of what is kept of flows of SAML, as in Better Auth.
const (
	requestKey       = "saml-authn-request:"
	usedAssertionKey = "saml-used-assertion:"
	sessionKey       = "saml-session:"
	sessionByIDKey   = "saml-session-by-id:"
	logoutKey        = "saml-logout-request:"
)

// MetadataInput is the query of the metadata of this server.
type MetadataInput struct {
	ProviderID string  `query:"providerId"`
	Format     *string `query:"format" zod:"enum=xml|json"`
}

func (p *Plugin) metadata(c *core.Ctx, in *MetadataInput) (*core.Raw, error) {
	pr, err := p.find(c, in.ProviderID)
	switch {
	case err != nil:
		return nil, err
	case pr == nil:
		return nil, core.Fail(http.StatusNotFound, CodeNoProvider)
	case pr.saml == nil || p.opts.SAML == nil:
		return nil, core.Fail(http.StatusBadRequest, CodeBrokenSAML)
	}
	// Whoever registers a provider writes what is served here. A browser that opens it must run no
	// script of it on the origin of the sessions.
	c.SetHeader("Content-Security-Policy", "sandbox; default-src 'none'")
	c.SetHeader("Content-Disposition", `attachment; filename="metadata.xml"`)
	c.SetHeader("X-Content-Type-Options", "nosniff")
	if own := pr.saml.SP.Metadata; own != "" {
		return &core.Raw{ContentType: "application/xml", Body: []byte(own)}, nil
	}
	conn, err := p.connection(c.BaseURL(), pr.ProviderID, pr.saml)
	if err != nil {
		return nil, samlAnswer(err)
	}
	document, err := p.opts.SAML.ServiceProviderMetadata(&conn.SP)
	if err != nil {
		return nil, samlAnswer(err)
	}
	return &core.Raw{ContentType: "application/xml", Body: document}, nil
}

func (p *Plugin) beginSAML(c *core.Ctx, pr *provider, in *SignInInput) (SignInReply, error) {
	none := SignInReply{}
	if p.opts.SAML == nil {
		return none, core.Fail(http.StatusBadRequest, CodeNoSAML)
	}
	if err := c.BeginSignIn(Method); err != nil {
		return none, err
	}
	conn, err := p.connection(c.BaseURL(), pr.ProviderID, pr.saml)
	if err != nil {
		return none, samlAnswer(err)
	}
	if conn.SP.SignRequests && conn.SP.SigningKey == "" {
		return none, core.Fail(http.StatusBadRequest, CodeNoKey)
	}
	if in.CallbackURL == "" {
		return none, core.Fail(http.StatusBadRequest, core.CodeCallbackURLRequired)
	}
	at, ok := endpoint(conn.IDP.SSO, SAMLRedirect)
	if !ok {
		return none, core.Fail(http.StatusBadRequest, CodeSAMLIncomplete)
	}
	name, bound, err := p.beginRelay(c, pr, in)
	if err != nil {
		return none, err
	}
	now := p.auth.Now()
	m, err := p.opts.SAML.AuthnRequest(conn, SAMLRequest{Binding: SAMLRedirect, Location: at.Location, RelayState: name, Now: now})
	if err != nil {
		return none, samlAnswer(err)
	}
	if !p.opts.SAMLRules.NoInResponseTo {
		expires := now.Add(p.opts.SAMLRules.RequestTTL)
		o := wire.NewObject(
			wire.Member{Name: "id", Value: wire.String(m.ID)}, wire.Member{Name: "providerId", Value: wire.String(pr.ProviderID)},
			wire.Member{Name: "createdAt", Value: wire.Int(now.UnixMilli())}, wire.Member{Name: "expiresAt", Value: wire.Int(expires.UnixMilli())},
		)
		if bound {
			o.Set("relay", wire.String(name))
		}
		if _, err := p.auth.Store().CreateVerification(c, requestKey+m.ID, string(o.AppendJSON(nil)), expires); err != nil {
			return none, err
		}
	}
	return SignInReply{URL: m.URL, Redirect: true}, nil
}

// send is the answer that makes the browser carry a message.
func send(c *core.Ctx, m *SAMLMessage) (*core.Raw, error) {
	if !isWeb(m.URL) {
		return nil, core.Fail(http.StatusBadRequest, CodeBrokenSAML)
	}
	if len(m.Fields) == 0 {
		return nil, c.Redirect(m.URL)
	}
	const script = "document.forms[0].submit();"
	var b strings.Builder
	b.WriteString(`<form method="POST" action="` + html.EscapeString(m.URL) + `">`)
	for _, f := range m.Fields {
		b.WriteString(`<input type="hidden" name="` + html.EscapeString(f.Name) + `" value="` + html.EscapeString(f.Value) + `">`)
	}
	b.WriteString(`<noscript><input type="submit" value="Continue"></noscript></form><script>` + script + `</script>`)
	c.SetHeader("Content-Security-Policy", page.FormPolicy(script))
	c.SetHeader("Cache-Control", "no-store")
	return &core.Raw{ContentType: page.ContentType, Body: page.HTML("Continue", b.String())}, nil
}
