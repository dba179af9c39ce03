package sso

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/validate"
	"github.com/advantch/kernia-go/core/wire"
)

// RegisterReply is the new provider, whose secrets are masked.
type RegisterReply struct {
	Issuer                  string           `json:"issuer"`
	OIDC                    *validate.Record `json:"oidcConfig"`
	SAML                    *validate.Record `json:"samlConfig"`
	UserID                  string           `json:"userId"`
	ProviderID              string           `json:"providerId"`
	OrganizationID          *string          `json:"organizationId"`
	Domain                  string           `json:"domain"`
	DomainVerified          *bool            `json:"domainVerified,omitempty"` // with Options.Domains.Enabled
	ID                      string           `json:"id"`
	RedirectURI             string           `json:"redirectURI"`
	DomainVerificationToken string           `json:"domainVerificationToken,omitempty"`
}

func (p *Plugin) register(c *core.Ctx, in *RegisterInput) (RegisterReply, error) {
	none := RegisterReply{}
	u := &c.Session().User
	limit, err := p.limit(c, u)
	if err != nil {
		return none, err
	}
	if err := p.withinLimit(c, u.ID, limit); err != nil {
		return none, err
	}
	if !isURL(in.Issuer) {
		return none, core.Fail(http.StatusBadRequest, CodeIssuer)
	}
	if in.SAML != nil && in.SAML.IDP != nil {
		if err := p.checkMetadata(in.SAML.IDP.Metadata); err != nil {
			return none, err
		}
	}
	if in.SAML != nil {
		if err := p.checkOwnMetadata(in.SAML.SP.Metadata); err != nil {
			return none, err
		}
	}
	orgID := value(in.OrganizationID)
	if err := p.mayRegister(c, u.ID, orgID); err != nil {
		return none, err
	}
	if err := p.free(c, c, in.ProviderID); err != nil {
		return none, err
	}
	domain, err := readDomains(in.Domain)
	if err != nil {
		return none, err
	}
	row := &Row{Issuer: in.Issuer, Domain: domain, ProviderID: in.ProviderID, UserID: u.ID, DomainVerified: new(bool)}
	if orgID != "" {
		row.OrganizationID = &orgID
	}
	if (in.OIDC == nil) == (in.SAML == nil) {
		return none, core.Fail(http.StatusBadRequest, CodeNoConfig)
	}
	var oidc, saml *wire.Object
	if in.OIDC != nil {
		if oidc, err = p.newOIDC(c, in); err != nil {
			return none, err
		}
		if row.OIDC, err = p.stored(oidc, maxConfig); err != nil {
			return none, err
		}
	} else {
		if saml, err = p.newSAML(c, in); err != nil {
			return none, err
		}
		if row.SAML, err = p.stored(saml, maxConfig+p.opts.SAMLRules.MaxMetadata); err != nil {
			return none, err
		}
	}
	token := ""
	err = p.auth.Store().Tx(c, func(ctx context.Context) error {
		// The user is locked, so that of many calls at once none exceeds the limit.
		if err := p.auth.Store().LockUser(ctx, u.ID); err != nil {
			return err
		}
		if err := p.withinLimit(ctx, u.ID, limit); err != nil {
			return err
		}
		// Discovery takes its time: the id may be another's now, and the user no admin any more.
		if err := p.mayRegister(ctx, u.ID, orgID); err != nil {
			return err
		}
		if err := p.free(ctx, c, in.ProviderID); err != nil {
			return err
		}
		made, err := p.providers.Create(ctx, row)
		if err != nil {
			return err
		}
		row = made
		if p.opts.Domains.Enabled {
			if token, err = p.newToken(ctx, row.ProviderID); err != nil {
				return err
			}
		}
		return c.EmitIn(ctx, core.Event{Type: EventProviderRegistered, UserID: u.ID, OrganizationID: orgID, SubjectID: row.ID, Detail: detail(row.ProviderID)})
	})
	if errors.Is(err, adapter.ErrUnique) {
		return none, core.Fail(http.StatusUnprocessableEntity, CodeTaken)
	}
	if err != nil {
		return none, err
	}
	return p.registered(c, row, oidc, saml, token)
}

func (p *Plugin) registered(c *core.Ctx, row *Row, oidc, saml *wire.Object, token string) (out RegisterReply, err error) {
	out = RegisterReply{Issuer: row.Issuer, UserID: row.UserID, ProviderID: row.ProviderID, OrganizationID: row.OrganizationID, Domain: row.Domain, ID: row.ID,
		RedirectURI: p.redirectURI(c, row.ProviderID), DomainVerificationToken: token}
	if p.opts.Domains.Enabled {
		out.DomainVerified = new(bool)
	}
	if out.OIDC, err = masked(oidc); err == nil {
		out.SAML, err = masked(saml)
	}
	return out, err
}

func (p *Plugin) limit(ctx context.Context, u *core.User) (int, error) {
	n := p.opts.MaxProviders
	if f := p.opts.MaxProvidersFunc; f != nil {
		var err error
		if n, err = f(ctx, u); err != nil {
			return 0, err
		}
	}
	if n <= 0 {
		return 0, core.Fail(http.StatusForbidden, CodeDisabled)
	}
	return n, nil
}

func (p *Plugin) withinLimit(ctx context.Context, userID string, limit int) error {
	n, err := p.providers.Count(ctx, adapter.By("userId", userID))
	if err == nil && n >= int64(limit) {
		err = core.Fail(http.StatusForbidden, CodeTooMany)
	}
	return err
}

// mayRegister refuses a user who may not register a provider for an organization.
func (p *Plugin) mayRegister(ctx context.Context, userID, orgID string) error {
	if orgID == "" {
		return nil
	}
	if p.org == nil {
		return core.Fail(http.StatusBadRequest, CodeNoOrganizations)
	}
	m, err := p.membership(ctx, userID, orgID)
	switch {
	case err != nil:
		return err
	case m == nil:
		return core.Fail(http.StatusBadRequest, CodeNoMember)
	case !p.manages(m):
		return core.Fail(http.StatusForbidden, CodeNoAdmin)
	}
	return nil
}

// free refuses an id that cannot be a new provider's.
func (p *Plugin) free(ctx context.Context, c *core.Ctx, id string) error {
	if !isProviderID(id) {
		return core.Fail(http.StatusBadRequest, CodeProviderID)
	}
	row, err := p.findRow(ctx, id)
	if err != nil {
		return err
	}
	if row != nil {
		return core.Fail(http.StatusUnprocessableEntity, CodeTaken)
	}
	taken, err := p.reserved(ctx, c, id)
	if err == nil && taken {
		err = core.Fail(http.StatusUnprocessableEntity, CodeReserved)
	}
	return err
}

// stored is the text of a configuration, which must not be longer than limit.
func (p *Plugin) stored(o *wire.Object, limit int) (*string, error) {
	if len(o.AppendJSON(nil)) > limit/2 { // encrypting makes secrets longer
		return nil, core.Fail(http.StatusBadRequest, CodeTooLong)
	}
	text, err := p.seal(o)
	return &text, err
}

// checkOwnMetadata refuses a document that is served as the metadata of this server and is none: its
// root must be an EntityDescriptor, with no document type before it.
func (p *Plugin) checkOwnMetadata(document *string) error {
	if value(document) == "" {
		return nil
	}
	if err := p.checkMetadata(document); err != nil {
		return err
	}
	rest := strings.TrimPrefix(*document, "\ufeff")
	for {
		rest = strings.TrimLeft(rest, " \t\r\n")
		begin, end := "", ""
		switch {
		case strings.HasPrefix(rest, "<?"):
			begin, end = "<?", "?>"
		case strings.HasPrefix(rest, "<!--"):
			begin, end = "<!--", "-->"
		}
		if end == "" {
			break
		}
		// What ends a part comes after what begins it: "<!-->" ends nothing.
		_, after, ok := strings.Cut(rest[len(begin):], end)
		if !ok || strings.HasPrefix(rest, "<?xml-stylesheet") {
			return core.Fail(http.StatusBadRequest, CodeOwnMetadata)
		}
		rest = after
	}
	name, _, _ := strings.Cut(strings.TrimPrefix(rest[:min(len(rest), 100)], "<"), ">")
	if fields := strings.Fields(name); len(fields) > 0 {
		name = strings.TrimSuffix(fields[0], "/")
	}
	if _, local, ok := strings.Cut(name, ":"); ok {
		name = local
	}
	if !strings.HasPrefix(rest, "<") || name != "EntityDescriptor" {
		return core.Fail(http.StatusBadRequest, CodeOwnMetadata)
	}
	return nil
}

func (p *Plugin) checkMetadata(document *string) error {
	if most := p.opts.SAMLRules.MaxMetadata; document != nil && len(*document) > most {
		code := CodeMetadataTooLong
		code.Message = fmt.Sprintf(code.Message, most)
		return core.Fail(http.StatusBadRequest, code)
	}
	return nil
}

// newOIDC is the configuration of a new provider of OpenID Connect, its endpoints discovered.
func (p *Plugin) newOIDC(c *core.Ctx, in *RegisterInput) (*wire.Object, error) {
	given, err := object(*in.OIDC)
	if err != nil {
		return nil, err
	}
	v := wire.ObjectOf(given)
	config := readOIDC(v)
	if err := p.checkEndpoints(c, config); err != nil {
		return nil, answered(err)
	}
	skip := in.OIDC.SkipDiscovery != nil && *in.OIDC.SkipDiscovery
	if skip {
		config.Issuer = in.Issuer
		if config.DiscoveryEndpoint == "" {
			config.DiscoveryEndpoint = in.Issuer + wellKnown
		}
		config.TokenEndpointAuthentication = or(config.TokenEndpointAuthentication, authBasic)
	} else if config, err = p.discover(c, in.Issuer, *config, false, p.fetch); err != nil {
		return nil, answered(err)
	}
	o := wire.NewObject()
	text := func(name, s string) {
		if s != "" {
			o.Set(name, wire.String(s))
		}
	}
	set := func(name string, m wire.Value) {
		if !m.IsUndefined() {
			o.Set(name, m)
		}
	}
	pkce := v.Get("pkce")
	if pkce.IsUndefined() {
		pkce = wire.Bool(true)
	}
	text("issuer", config.Issuer)
	o.Set("clientId", wire.String(in.OIDC.ClientID))
	set("clientSecret", v.Get("clientSecret"))
	text("authorizationEndpoint", config.AuthorizationEndpoint)
	text("tokenEndpoint", config.TokenEndpoint)
	text("tokenEndpointAuthentication", config.TokenEndpointAuthentication)
	set("privateKeyId", v.Get("privateKeyId"))
	set("privateKeyAlgorithm", v.Get("privateKeyAlgorithm"))
	text("jwksEndpoint", config.JWKSEndpoint)
	o.Set("pkce", pkce)
	text("discoveryEndpoint", config.DiscoveryEndpoint)
	set("mapping", v.Get("mapping"))
	set("scopes", v.Get("scopes"))
	text("userInfoEndpoint", config.UserInfoEndpoint)
	o.Set("overrideUserInfo", wire.Bool(in.OverrideUserInfo != nil && *in.OverrideUserInfo || p.opts.DefaultOverrideUserInfo))
	if in.OIDC.ClientID == "" {
		return nil, core.Fail(http.StatusBadRequest, CodeNoConfig)
	}
	return o, p.usableOIDC(in.ProviderID, in.Issuer, o)
}

// usableOIDC refuses a configuration with which no sign-in could begin.
func (p *Plugin) usableOIDC(id, issuer string, o *wire.Object) error {
	if err := p.checkAuthentication(o); err != nil {
		return err
	}
	pr := &provider{Provider: Provider{ProviderID: id, Issuer: issuer}, oidc: readOIDC(wire.ObjectOf(o))}
	if _, err := p.client(pr, true); err != nil {
		return core.Fail(http.StatusBadRequest, CodeBroken).Because(err)
	}
	return nil
}

// newSAML is the configuration of a new provider of SAML.
func (p *Plugin) newSAML(c *core.Ctx, in *RegisterInput) (*wire.Object, error) {
	if p.opts.SAML == nil {
		return nil, core.Fail(http.StatusBadRequest, CodeNoSAML)
	}
	given, err := object(*in.SAML)
	if err != nil {
		return nil, err
	}
	o := wire.NewObject(wire.Member{Name: "issuer", Value: wire.String(in.Issuer)})
	for _, m := range given.Members() {
		o.Set(m.Name, m.Value)
	}
	if in.SAML.IDP == nil || value(in.SAML.IDP.Metadata) == "" && len(in.SAML.IDP.SingleSignOnService) == 0 {
		if !isURL(in.SAML.EntryPoint) {
			return nil, core.Fail(http.StatusBadRequest, CodeSAMLIncomplete)
		}
	}
	return o, p.usableSAML(c, in.ProviderID, in.Issuer, o)
}
