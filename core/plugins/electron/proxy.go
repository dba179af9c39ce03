package electron

import (
	"net/http"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/validate"
)

// ProxyInput is the query of /electron/init-oauth-proxy.
type ProxyInput struct {
	Provider            string  `query:"provider" zod:"nonempty" doc:"Id of the provider"`
	State               string  `query:"state" zod:"max=512" doc:"State of the application"`
	CodeChallenge       string  `query:"code_challenge" zod:"max=128" doc:"SHA-256 of the application's verifier, in base64url"`
	CodeChallengeMethod *string `query:"code_challenge_method" doc:"S256, which is the default"`
}

// proxy begins a sign-in with a provider in the system's browser, for an application that
// shows no page of the site. It ends at the application's front page, which leads back.
func (p *Plugin) proxy(c *core.Ctx, in *ProxyInput) (core.StatusReply, error) {
	if h := c.Req.Header; h != nil && h.Get("Sec-Fetch-Site") == "cross-site" {
		return core.StatusReply{}, core.Fail(http.StatusForbidden, core.CodeCrossSiteLoginBlocked)
	}
	if !isS256(validate.Value(in.CodeChallengeMethod)) {
		return core.StatusReply{}, core.Fail(http.StatusBadRequest, CodePKCEMethod)
	}
	engine := oauth.From(c.Auth())
	if engine == nil {
		return core.StatusReply{}, core.Fail(http.StatusNotFound, core.CodeProviderNotFound)
	}
	provider, ok := engine.Provider(in.Provider)
	if !ok {
		return core.StatusReply{}, core.Fail(http.StatusNotFound, core.CodeProviderNotFound)
	}
	started, err := engine.Begin(c, provider, oauth.Begin{CallbackURL: oauth.Target(c, ""), Redirect: oauth.CallbackURL(c, provider)})
	if err != nil {
		return core.StatusReply{}, err
	}
	if in.State != "" && in.CodeChallenge != "" {
		p.keep(c, request{p.opts.ClientID, in.CodeChallenge, in.State})
	}
	return core.StatusReply{}, c.Redirect(started.URL)
}
