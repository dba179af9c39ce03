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

// isReserved reports whether an id, in any letter case, is that of a provider that is no directory.
func (p *Plugin) isReserved(providerID string) bool {
	is := func(known string) bool { return strings.EqualFold(known, providerID) }
	for _, plugin := range p.auth.Plugins() {
		if s, ok := plugin.(source); ok && slices.ContainsFunc(s.Providers(), func(known *oauth.Provider) bool { return is(known.ID()) }) {
			return true
		}
	}
	for _, m := range p.auth.SignInMethods() {
		if is(m.Name) {
			return true
		}
	}
	return slices.ContainsFunc(reserved, is) ||
		slices.ContainsFunc(p.opts.Connections, func(s StaticConnection) bool { return is(s.ProviderID) })
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
		if event.Provider, err = p.providers.Create(ctx, row); err != nil {
			return err
		}
		return p.emit(ctx, p.connectionOf(event.Provider), EventTokenGenerated, u.ID)
	})
	if errors.Is(err, adapter.ErrUnique) {
		return TokenReply{}, core.Fail(http.StatusConflict, CodeInUse) // another call was quicker
	}
	if err != nil {
		return TokenReply{}, err
	}
	event.Connection = p.connectionOf(event.Provider)
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
	next := &Connection{ProviderID: providerID}
	if !p.opts.SharePersonalConnections {
		next.userID = userID // shared ones have no owner of their own, nor a column for one
	}
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
		if was.owner() == next.owner() {
			return old, nil
		}
	}
	if err := p.ssoOwner(ctx, providerID, organizationID); err != nil {
		return nil, err
	}
	return old, p.unclaimed(ctx, next)
}

// unclaimed refuses an id whose users or groups, also those who have left, are those of another
// owner, or of nobody who is known: accounts of the provider are users of the one to whom its id
// has belonged.
func (p *Plugin) unclaimed(ctx context.Context, next *Connection) error {
	inUse := core.Fail(http.StatusConflict, CodeInUse)
	foreign := append(adapter.By("providerId", next.ProviderID), adapter.Cond{Field: "owner", Op: adapter.Ne, Value: next.owner()})
	_, err := p.provisioned.Find(ctx, foreign)
	if core.IsNotFound(err) && p.groupRows != nil {
		_, err = p.groupRows.Find(ctx, foreign)
	}
	if err == nil {
		return inUse
	}
	if !core.IsNotFound(err) {
		return err
	}
	for offset := 0; ; offset += scanPage {
		accounts, err := p.accounts(ctx, next, scanPage, offset)
		if err != nil || len(accounts) == 0 {
			return err
		}
		ids := make([]string, len(accounts))
		for i, acc := range accounts {
			ids[i] = acc.UserID
		}
		rows, err := p.rowsOf(ctx, next, ids)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(ids, func(id string) bool { return rows[id] == nil }) {
			return inUse
		}
	}
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
	if err = p.end(c, p.connectionOf(row)); missing(err) {
		err = core.Fail(http.StatusNotFound, CodeProviderNotFound)
	}
	return core.SuccessReply{Success: err == nil}, err
}
