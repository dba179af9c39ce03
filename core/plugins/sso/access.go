package sso

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/plugins/organization"
)

// manages reports whether a member may manage the providers of the organization.
func (p *Plugin) manages(m *organization.Member) bool {
	return slices.ContainsFunc(m.Roles(), func(r string) bool { return r == "owner" || r == "admin" || r == p.org.CreatorRole() })
}

// membership returns a user's membership, or nil.
func (p *Plugin) membership(ctx context.Context, userID, orgID string) (*organization.Member, error) {
	m, err := p.org.Membership(ctx, userID, orgID)
	if core.IsNotFound(err) || errors.Is(err, adapter.ErrBadValue) {
		return nil, nil
	}
	return m, err
}

// mayManage reports whether a user may manage a provider: an owner or admin of its organization,
// or, without one, whoever has registered it.
func (p *Plugin) mayManage(ctx context.Context, userID string, row *Row) (bool, error) {
	orgID := value(row.OrganizationID)
	if orgID == "" || p.org == nil {
		return row.UserID == userID, nil
	}
	m, err := p.membership(ctx, userID, orgID)
	return m != nil && p.manages(m), err
}

// manageable finds a provider that the caller may manage.
func (p *Plugin) manageable(c *core.Ctx, ctx context.Context, providerID string) (*Row, error) {
	row, err := p.findRow(ctx, providerID)
	if err != nil {
		return nil, err
	}
	if row == nil {
		return nil, errNoSuch()
	}
	ok, err := p.mayManage(ctx, c.Session().User.ID, row)
	if err == nil && !ok {
		err = core.Fail(http.StatusForbidden, CodeNoAccess)
	}
	return row, err
}

// builtIn are ids of providers of accounts that are none of single sign-on.
var builtIn = []string{core.ProviderCredential, "email-otp", "magic-link", "phone-number", "anonymous", "siwe", "passkey", "email", "username", "sso",
	"apple", "atlassian", "cognito", "cloudflare", "discord", "dropbox", "facebook", "figma", "github", "gitlab", "google", "huggingface", "kakao", "kick",
	"line", "linear", "linkedin", "microsoft", "naver", "notion", "paybin", "paypal", "polar", "railway", "reddit", "roblox", "salesforce", "slack",
	"spotify", "tiktok", "twitch", "twitter", "vercel", "vk", "wechat", "zoom"}

// modelDirectory is the table of the plugin scim.
const modelDirectory = "scimProvider"

// configured reports whether the accounts of an id are those of a way to sign in that the application
// has. A row may have the id from before.
func (p *Plugin) configured(id string) bool {
	if slices.Contains(builtIn, id) || slices.ContainsFunc(p.opts.Defaults, func(d DefaultProvider) bool { return d.ProviderID == id }) {
		return true
	}
	if _, ok := oauth.From(p.auth).Provider(id); ok {
		return true
	}
	return slices.ContainsFunc(p.auth.SignInMethods(), func(m core.SignInMethod) bool { return m.Name == id })
}

// reserved reports whether an id is another provider's: whoever registered one with it would get
// its accounts, or the trust that the application has in it.
func (p *Plugin) reserved(ctx context.Context, c *core.Ctx, id string) (bool, error) {
	if p.configured(id) {
		return true, nil
	}
	linking := p.auth.Account().Linking
	if slices.Contains(linking.TrustedProviders, id) {
		return true, nil
	}
	if f := linking.TrustedProvidersFunc; f != nil {
		more, err := f(ctx, c.Req)
		if err != nil || slices.Contains(more, id) {
			return true, err
		}
	}
	if taken, err := p.directory(ctx, id); taken || err != nil {
		return true, err
	}
	// Accounts are those of a provider that is gone.
	n, err := p.auth.DB().Count(ctx, core.ModelAccount, adapter.By("providerId", id))
	return n > 0, err
}

// directory reports whether a connection of the plugin scim has an id.
func (p *Plugin) directory(ctx context.Context, id string) (bool, error) {
	if _, ok := p.auth.Schema().Table(modelDirectory); !ok {
		return false, nil
	}
	n, err := p.auth.DB().Count(ctx, modelDirectory, adapter.By("providerId", id))
	return n > 0, err
}
