package sso

import (
	"net/http"
	"slices"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/wire"
)

// SignInInput is the body of /sign-in/sso.
type SignInInput struct {
	Email              *string  `json:"email" doc:"The address of the user, whose domain finds the provider"`
	OrganizationSlug   *string  `json:"organizationSlug" doc:"The slug of the organization whose provider is used"`
	ProviderID         *string  `json:"providerId" doc:"The provider"`
	Domain             *string  `json:"domain" doc:"The domain of the provider"`
	CallbackURL        string   `json:"callbackURL" doc:"Where the browser goes after the sign-in"`
	ErrorCallbackURL   *string  `json:"errorCallbackURL" doc:"Where it goes with ?error= when the sign-in fails"`
	NewUserCallbackURL *string  `json:"newUserCallbackURL" doc:"Where it goes after a sign-up"`
	Scopes             []string `json:"scopes" zod:"optional" doc:"Scopes in place of those of the provider"`
	LoginHint          *string  `json:"loginHint" doc:"Whom the provider expects; default the address"`
	RequestSignUp      *bool    `json:"requestSignUp" doc:"True: sign up where implicit sign-up is disabled"`
	ProviderType       *string  `json:"providerType" zod:"enum=oidc|saml" doc:"The protocol of the provider"`
}

// SignInReply is {"url":…,"redirect":true}.
type SignInReply struct {
	URL      string `json:"url"`
	Redirect bool   `json:"redirect"`
}

func (p *Plugin) signIn(c *core.Ctx, in *SignInInput) (SignInReply, error) {
	none := SignInReply{}
	for _, target := range []string{in.CallbackURL, value(in.ErrorCallbackURL), value(in.NewUserCallbackURL)} {
		if err := shortEnough(target); err != nil {
			return none, err
		}
	}
	pr, err := p.asked(c, in)
	if err != nil {
		return none, err
	}
	if err := p.usableNow(pr); err != nil {
		return none, err
	}
	asked := value(in.ProviderType)
	switch {
	case asked == "oidc" && pr.oidc == nil:
		return none, core.Fail(http.StatusBadRequest, CodeNoOIDCConfigured)
	case asked == "saml" && pr.saml == nil:
		return none, core.Fail(http.StatusBadRequest, CodeNoSAMLConfigured)
	case pr.oidc != nil && asked != "saml":
		return p.beginOIDC(c, pr, in)
	case pr.saml != nil:
		return p.beginSAML(c, pr, in)
	}
	return none, core.Fail(http.StatusBadRequest, CodeBroken)
}

// maxTarget bounds where the browser goes at last, in bytes: whoever begins a flow has it stored.
const maxTarget = 2 << 10

func shortEnough(target string) error {
	if len(target) > maxTarget {
		return core.Fail(http.StatusBadRequest, CodeTargetTooLong)
	}
	return nil
}

// asked finds the provider that a request means.
func (p *Plugin) asked(c *core.Ctx, in *SignInInput) (*provider, error) {
	id, domain := value(in.ProviderID), value(in.Domain)
	if len(p.opts.Defaults) == 0 && value(in.Email) == "" && value(in.OrganizationSlug) == "" && domain == "" && id == "" {
		return nil, core.Fail(http.StatusBadRequest, CodeWhich)
	}
	if domain == "" {
		domain = domainOf(value(in.Email))
	}
	orgID := ""
	if slug := value(in.OrganizationSlug); slug != "" && p.org != nil {
		o, err := p.org.OrganizationBySlug(c, slug)
		if err != nil && !core.IsNotFound(err) {
			return nil, err
		}
		if err == nil {
			orgID = o.ID
		}
	}
	if id == "" && orgID == "" && domain == "" {
		return nil, core.Fail(http.StatusBadRequest, CodeWhichOf)
	}
	for i := range p.opts.Defaults {
		d := &p.opts.Defaults[i]
		if id != "" && d.ProviderID == id || id == "" && domain != "" && d.Domain == domain {
			return p.defaultOf(d), nil
		}
	}
	row, err := p.askedRow(c, id, orgID, domain)
	if err != nil {
		return nil, err
	}
	if row == nil || p.configured(row.ProviderID) {
		return nil, core.Fail(http.StatusNotFound, CodeNotFound)
	}
	return p.of(row)
}

func (p *Plugin) askedRow(c *core.Ctx, id, orgID, domain string) (*Row, error) {
	switch {
	case id != "":
		return p.findRow(c, id)
	case orgID != "":
		// An organization may have several: one that can be used comes first.
		rows, err := p.providers.List(c, adapter.Find{Where: adapter.By("organizationId", orgID), Select: p.brief(), Sort: []adapter.Sort{{Field: "providerId"}}, Limit: maxCandidates})
		if len(rows) == 0 || err != nil {
			return nil, err
		}
		for _, row := range rows {
			if row.verified() {
				return p.findRow(c, row.ProviderID)
			}
		}
		return p.findRow(c, rows[0].ProviderID)
	case len(domain) > maxText || !wire.ValidText(domain):
		return nil, nil
	}
	return p.byDomain(c, domain)
}

func (p *Plugin) beginOIDC(c *core.Ctx, pr *provider, in *SignInInput) (SignInReply, error) {
	at, err := p.ready(c, pr)
	if err != nil {
		return SignInReply{}, p.unready(c, pr, err)
	}
	hint := value(in.LoginHint)
	if hint == "" {
		hint = value(in.Email)
	}
	b := oauth.Begin{
		CallbackURL: oauth.Target(c, in.CallbackURL), ErrorURL: value(in.ErrorCallbackURL), NewUserURL: value(in.NewUserCallbackURL),
		RequestSignUp: in.RequestSignUp != nil && *in.RequestSignUp, LoginHint: hint, Redirect: p.redirectURI(c, pr.ProviderID),
	}
	if len(in.Scopes) > 0 {
		b.OnlyScopes = in.Scopes
		if !p.compat() && pr.oidc.openID() && !slices.Contains(in.Scopes, "openid") {
			b.OnlyScopes = slices.Concat([]string{"openid"}, in.Scopes) // its answer needs an id_token
		}
	}
	if p.shared() {
		b.Data = wire.NewObject(wire.Member{Name: stateProvider, Value: wire.String(pr.ProviderID)})
	}
	started, err := oauth.From(p.auth).Begin(c, at, b)
	return SignInReply{URL: started.URL, Redirect: true}, err
}

// stateProvider is the member of a state that names the provider, for the shared callback of Better
// Auth.
const stateProvider = "ssoProviderId"

// unready is the answer when the endpoints of a provider cannot be used.
func (p *Plugin) unready(c *core.Ctx, pr *provider, err error) error {
	if answer := answered(err); answer != err {
		return answer
	}
	p.auth.Logger().WarnContext(c, "sso: a provider cannot be used", "provider", pr.ProviderID, "error", err)
	return core.Fail(http.StatusBadRequest, CodeNoAuthorization)
}
