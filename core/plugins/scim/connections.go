package scim

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/plugins/organization"
	"github.com/advantch/kernia-go/core/wire"
)

// GenerateTokenInput is the body of generate-token.
type GenerateTokenInput struct {
	ProviderID     string  `json:"providerId" doc:"Unique provider identifier"`
	OrganizationID *string `json:"organizationId" doc:"Optional organization id"`
}

// TokenReply is {"scimToken":…}: the token for the settings of the directory. It is shown once.
type TokenReply struct {
	Token string `json:"scimToken"`
}

// ConnectionsReply is {"providers":[…]}.
type ConnectionsReply struct {
	Providers []Connection `json:"providers"`
}

// ConnectionQuery names a connection in a query.
type ConnectionQuery struct {
	ProviderID string `query:"providerId" doc:"Unique provider identifier"`
}

// ConnectionInput names a connection in a body.
type ConnectionInput struct {
	ProviderID string `json:"providerId" doc:"Unique provider identifier"`
}

// TokenEvent is the making of a token.
type TokenEvent struct {
	User       *core.User
	Member     *organization.Member // of the organization; nil without one
	Token      string
	Connection *Connection // nil in BeforeToken
	Provider   *Provider   // its row; nil in BeforeToken
}

// reserved are ids of providers that are no directories. Accounts of these providers let their
// owner in.
var reserved = []string{"credential", "email-otp", "magic-link", "phone-number", "anonymous", "siwe", "passkey", "email", "username",
	"apple", "atlassian", "cognito", "cloudflare", "discord", "dropbox", "facebook", "figma", "github", "gitlab", "google", "huggingface", "kakao", "kick",
	"line", "linear", "linkedin", "microsoft", "naver", "notion", "paybin", "paypal", "polar", "railway", "reddit", "roblox", "salesforce", "slack",
	"spotify", "tiktok", "twitch", "twitter", "vercel", "vk", "wechat", "zoom"}

// source is a plugin with providers that users sign in with.
type source interface{ Providers() []*oauth.Provider }

func (p *Plugin) isReserved(providerID string) bool {
	for _, plugin := range p.auth.Plugins() {
		if s, ok := plugin.(source); ok && slices.ContainsFunc(s.Providers(), func(known *oauth.Provider) bool { return known.ID() == providerID }) {
			return true
		}
	}
	for _, m := range p.auth.SignInMethods() {
		if m.Name == providerID {
			return true
		}
	}
	return slices.Contains(reserved, providerID) ||
		slices.ContainsFunc(p.opts.Connections, func(s StaticConnection) bool { return s.ProviderID == providerID })
}

func (p *Plugin) requiredRoles() []string {
	if p.opts.RequiredRoles != nil {
		return p.opts.RequiredRoles
	}
	return []string{"admin", p.org.CreatorRole()}
}

func hasRole(m *organization.Member, required []string) bool {
	return len(required) == 0 || slices.ContainsFunc(m.Roles(), func(r string) bool { return slices.Contains(required, r) })
}

// maxProviderID bounds the id of a connection, in bytes: it is part of every token.
const maxProviderID = 128

func (p *Plugin) generateToken(c *core.Ctx, in *GenerateTokenInput) (TokenReply, error) {
	u := &c.Session().User
	orgID := ""
	if in.OrganizationID != nil {
		orgID = *in.OrganizationID
	}
	if in.ProviderID == "" || len(in.ProviderID) > maxProviderID || strings.ContainsAny(in.ProviderID, ":\x00\r\n") || strings.ContainsAny(orgID, "\x00") {
		return TokenReply{}, core.Fail(http.StatusBadRequest, CodeForbiddenCharacters)
	}
	if p.isReserved(in.ProviderID) {
		return TokenReply{}, core.Fail(http.StatusBadRequest, CodeReserved)
	}
	if orgID != "" && p.org == nil {
		return TokenReply{}, core.Fail(http.StatusBadRequest, CodeNeedsOrganizations)
	}
	event := &TokenEvent{User: u}
	if orgID != "" {
		m, err := p.org.Membership(c, u.ID, orgID)
		if missing(err) {
			return TokenReply{}, core.Fail(http.StatusForbidden, CodeNoMember)
		}
		if err != nil {
			return TokenReply{}, err
		}
		if !hasRole(m, p.requiredRoles()) {
			return TokenReply{}, core.Fail(http.StatusForbidden, CodeInsufficientRole)
		}
		event.Member = m
	}
	plain, err := p.auth.RandomString(tokenLength)
	if err != nil {
		return TokenReply{}, err
	}
	event.Token = bearer(plain, in.ProviderID, orgID)
	if _, err := p.replaceable(c, u.ID, in.ProviderID, orgID); err != nil {
		return TokenReply{}, err
	}
	if f := p.opts.BeforeToken; f != nil {
		if err := f(c, event); err != nil {
			return TokenReply{}, err
		}
	}
	stored, err := p.store(c, plain)
	if err != nil {
		return TokenReply{}, err
	}
	row := &Provider{ProviderID: in.ProviderID, Token: stored}
	if orgID != "" {
		row.OrganizationID = &orgID
	}
	if !p.opts.SharePersonalConnections {
		row.UserID = &u.ID
	}
	err = p.auth.Store().Tx(c, func(ctx context.Context) error {
		old, err := p.replaceable(ctx, u.ID, in.ProviderID, orgID)
		if err != nil {
			return err
		}
		if old != nil {
			if _, err := p.providers.Delete(ctx, adapter.By("id", old.ID)); err != nil {
				return err
			}
		}
		event.Provider, err = p.providers.Create(ctx, row)
		return err
	})
	if errors.Is(err, adapter.ErrUnique) {
		return TokenReply{}, core.Fail(http.StatusConflict, CodeInUse) // another call was quicker
	}
	if err != nil {
		return TokenReply{}, err
	}
	event.Connection = p.connectionOf(event.Provider)
	c.Emit(core.Event{Type: EventTokenGenerated, UserID: u.ID, Detail: connectionDetail(event.Connection)})
	if f := p.opts.AfterToken; f != nil {
		if err := f(c, event); err != nil {
			return TokenReply{}, err
		}
	}
	return TokenReply{event.Token}, nil
}

// replaceable returns the connection with an id, which a new token ends, or nil. It refuses an
// id that belongs to somebody else.
func (p *Plugin) replaceable(ctx context.Context, userID, providerID, organizationID string) (*Provider, error) {
	next := &Connection{ProviderID: providerID, userID: userID}
	if organizationID != "" {
		next.OrganizationID = &organizationID
	}
	old, err := p.providers.Find(ctx, adapter.By("providerId", providerID))
	if err != nil && !core.IsNotFound(err) {
		return nil, err
	}
	if err == nil {
		was := p.connectionOf(old)
		if organizationID != "" && was.organization() != organizationID {
			return nil, core.Fail(http.StatusConflict, CodeInUse)
		}
		if err := p.access(ctx, userID, old); err != nil {
			return nil, err
		}
		if was.owner() == next.owner() || p.opts.SharePersonalConnections && was.organization() == organizationID {
			return old, nil
		}
	}
	if err := p.ssoOwner(ctx, providerID, organizationID); err != nil {
		return nil, err
	}
	// Accounts of the provider are users of the one to whom its id has belonged.
	n, err := p.auth.DB().Count(ctx, core.ModelAccount, adapter.By("providerId", providerID))
	if err != nil || n == 0 {
		return old, err
	}
	n, err = p.provisioned.Count(ctx, adapter.By("providerId", providerID).And("owner", next.owner()))
	if err == nil && n == 0 {
		err = core.Fail(http.StatusConflict, CodeInUse)
	}
	return old, err
}

// modelSSO is the table of the plugin sso.
const modelSSO = "ssoProvider"

// ssoOwner refuses the id of a provider for single sign-on that is not of the same
// organization: its accounts let users in.
func (p *Plugin) ssoOwner(ctx context.Context, providerID, organizationID string) error {
	if _, ok := p.auth.Schema().Table(modelSSO); !ok {
		return nil
	}
	rec, err := p.auth.DB().FindOne(ctx, adapter.Find{Model: modelSSO, Where: adapter.By("providerId", providerID)})
	if core.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if owner, _ := rec["organizationId"].(string); organizationID == "" || owner != organizationID {
		return core.Fail(http.StatusBadRequest, CodeReserved)
	}
	return nil
}

// access refuses a user who may not manage a connection.
func (p *Plugin) access(ctx context.Context, userID string, row *Provider) error {
	conn := p.connectionOf(row)
	if orgID := conn.organization(); orgID != "" {
		if p.org == nil {
			return core.Fail(http.StatusForbidden, CodeOrganizationsMissing)
		}
		m, err := p.org.Membership(ctx, userID, orgID)
		if missing(err) {
			return core.Fail(http.StatusForbidden, CodeMustBeMember)
		}
		if err != nil {
			return err
		}
		if !hasRole(m, p.requiredRoles()) {
			return core.Fail(http.StatusForbidden, CodeInsufficientRole)
		}
		return nil
	}
	if !p.opts.SharePersonalConnections && conn.userID != userID {
		return core.Fail(http.StatusForbidden, CodeMustBeOwner)
	}
	return nil
}

func (p *Plugin) listConnections(c *core.Ctx, _ *core.NoInput) (ConnectionsReply, error) {
	userID := c.Session().User.ID
	out := ConnectionsReply{Providers: []Connection{}}
	var orgs []string
	if p.org != nil {
		members, err := p.org.Memberships(c, userID)
		if err != nil {
			return out, err
		}
		for _, m := range members {
			if hasRole(m, p.requiredRoles()) {
				orgs = append(orgs, m.OrganizationID)
			}
		}
	}
	w := adapter.Where{{Field: "organizationId", Op: adapter.In, Value: orgs, Or: true}}
	if p.opts.SharePersonalConnections {
		w = append(w, adapter.Cond{Field: "organizationId", Value: nil, Or: true})
	} else {
		w = append(w, adapter.Cond{Field: "userId", Value: userID, Or: true})
	}
	rows, err := p.providers.List(c, adapter.Find{Where: w})
	if err != nil {
		return out, err
	}
	for _, row := range rows {
		if conn := p.connectionOf(row); conn.organization() == "" || slices.Contains(orgs, conn.organization()) {
			out.Providers = append(out.Providers, *conn)
		}
	}
	return out, nil
}

// manageable finds a connection that a user may manage.
func (p *Plugin) manageable(ctx context.Context, userID, providerID string) (*Provider, error) {
	if !wire.ValidText(providerID) {
		return nil, core.Fail(http.StatusNotFound, CodeProviderNotFound)
	}
	row, err := p.providers.Find(ctx, adapter.By("providerId", providerID))
	if core.IsNotFound(err) {
		return nil, core.Fail(http.StatusNotFound, CodeProviderNotFound)
	}
	if err == nil {
		err = p.access(ctx, userID, row)
	}
	return row, err
}

func (p *Plugin) getConnection(c *core.Ctx, in *ConnectionQuery) (Connection, error) {
	row, err := p.manageable(c, c.Session().User.ID, in.ProviderID)
	if err != nil {
		return Connection{}, err
	}
	return *p.connectionOf(row), nil
}

func (p *Plugin) deleteConnection(c *core.Ctx, in *ConnectionInput) (core.SuccessReply, error) {
	u := &c.Session().User
	row, err := p.manageable(c, u.ID, in.ProviderID)
	if err != nil {
		return core.SuccessReply{}, err
	}
	n, err := p.providers.Delete(c, adapter.By("id", row.ID))
	if err == nil && n == 0 {
		err = core.Fail(http.StatusNotFound, CodeProviderNotFound)
	}
	if err != nil {
		return core.SuccessReply{}, err
	}
	c.Emit(core.Event{Type: EventConnectionDeleted, UserID: u.ID, Detail: connectionDetail(p.connectionOf(row))})
	return core.SuccessReply{Success: true}, nil
}

// organizationDeleted removes the connections of an organization with what they keep.
func (p *Plugin) organizationDeleted(ctx context.Context, organizationID string) error {
	rows, err := p.providers.List(ctx, adapter.Find{Where: adapter.By("organizationId", organizationID)})
	if err != nil {
		return err
	}
	for _, row := range rows {
		of := adapter.By("providerId", row.ProviderID)
		if p.groupRows != nil {
			if _, err := p.groupRows.Delete(ctx, of); err != nil {
				return err
			}
		}
		if _, err := p.provisioned.Delete(ctx, of); err != nil {
			return err
		}
		if _, err := p.providers.Delete(ctx, adapter.By("id", row.ID)); err != nil {
			return err
		}
	}
	return nil
}

func validText(s string) bool { return wire.ValidText(s) }
