package sso

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/plugins/organization"
)

// provision tells the application of a user, and makes the user a member of the organization of
// the provider.
func (p *Plugin) provision(ctx context.Context, pr *provider, e *Arrival) error {
	if !pr.isDefault && (p.opts.ProvisionUser != nil || p.opts.Organizations.RoleOf != nil) {
		// The application hears of nobody whose provider is another one by now.
		now, err := p.findRow(ctx, pr.row.ProviderID)
		if err := stillIs(now, pr.row, err); err != nil {
			return err
		}
	}
	if f := p.opts.ProvisionUser; f != nil && (e.IsNew || p.opts.ProvisionUserOnEveryLogin) {
		if err := f(ctx, e); err != nil {
			return err
		}
	}
	if err := p.join(ctx, e); err != nil {
		return err
	}
	return p.unchanged(ctx, pr, e)
}

// unchanged refuses a sign-in whose provider has been changed or removed since it was read. Until the
// sign-in is committed, nobody changes it. It comes last: other sign-ins by the provider wait from
// here on, and not for what the application does.
func (p *Plugin) unchanged(ctx context.Context, pr *provider, e *Arrival) error {
	if pr.isDefault {
		return nil
	}
	if !e.IsNew { // every transaction that locks both locks the user first
		if err := p.auth.Store().LockUser(ctx, e.User.ID); err != nil {
			return err
		}
	}
	now, err := p.lock(ctx, pr.row)
	return stillIs(now, pr.row, err)
}

// stillIs refuses a provider that was read again, and is not what it was.
func stillIs(now, was *Row, err error) error {
	if core.IsNotFound(err) || err == nil && (now == nil || !same(now, was) || now.verified() != was.verified()) {
		return core.Fail(http.StatusConflict, CodeChanged)
	}
	return err
}

// lock makes transactions that change a provider or sign in by it take turns, and returns its row as
// it is now. It writes the one field that never changes: another could be written back as it was
// before somebody else's write.
func (p *Plugin) lock(ctx context.Context, row *Row) (*Row, error) {
	return p.providers.Update(ctx, adapter.By("id", row.ID), adapter.Record{"providerId": row.ProviderID})
}

// join makes a user a member. What the organization refuses, such as one member more than it may
// have, does not refuse the sign-in.
func (p *Plugin) join(ctx context.Context, e *Arrival) error {
	orgID := e.Provider.OrganizationID
	if orgID == "" || p.org == nil || p.opts.Organizations.Disabled {
		return nil
	}
	switch _, err := p.org.Membership(ctx, e.User.ID, orgID); {
	case err == nil:
		return nil
	case !core.IsNotFound(err) && !errors.Is(err, adapter.ErrBadValue):
		return err
	}
	role := p.opts.Organizations.Role
	if f := p.opts.Organizations.RoleOf; f != nil {
		var err error
		if role, err = f(ctx, e); err != nil {
			return err
		}
	}
	store := p.auth.Store()
	if err := store.LockUser(ctx, e.User.ID); err != nil {
		return err
	}
	err := store.Tx(ctx, func(ctx context.Context) error {
		_, err := p.org.Add(ctx, organization.NewMember{OrganizationID: orgID, UserID: e.User.ID, Roles: strings.Split(role, ",")})
		return err
	})
	if refusal, ok := errors.AsType[*core.Error](err); ok && refusal.Status < http.StatusInternalServerError {
		if !core.HasCode(err, organization.CodeUserIsAlreadyAMemberOfThisOrganization) { // another request was quicker
			p.auth.Logger().WarnContext(ctx, "sso: a user has not become a member of the organization of the provider",
				"provider", e.Provider.ProviderID, "organization", orgID, "code", refusal.Code)
		}
		return nil
	}
	return err
}

// joinByDomain makes a user who has signed in by a social provider a member of the organization
// that has proven the domain of the address, if the user has proven the address.
func (p *Plugin) joinByDomain(c *core.Ctx) error {
	data := c.Issued()
	if data == nil || p.org == nil || !p.opts.Domains.Enabled || p.opts.Organizations.Disabled {
		return nil
	}
	u, err := p.auth.Store().FindUser(c, data.User.ID)
	if err != nil || !u.EmailVerified || strings.Count(u.Email, "@") != 1 {
		return ignoreMissing(err)
	}
	rows, err := p.rowsOf(c, domainOf(u.Email), true)
	if err != nil {
		return err
	}
	var target *Row
	for _, row := range rows {
		if value(row.OrganizationID) == "" {
			continue
		}
		if target != nil && *target.OrganizationID != *row.OrganizationID {
			p.auth.Logger().WarnContext(c, "sso: a domain is that of several organizations, and the user has become a member of none", "user", u.ID)
			return nil
		}
		if target == nil {
			target = row
		}
	}
	if target == nil {
		return nil
	}
	invited, err := p.auth.DB().Count(c, organization.ModelInvitation, append(adapter.By("organizationId", *target.OrganizationID).
		And("email", core.NormalizeEmail(u.Email)).And("status", "pending"), adapter.Cond{Field: "expiresAt", Op: adapter.Gt, Value: p.auth.Now()}))
	if err != nil || invited > 0 {
		return err // the invitation says with which role
	}
	if target, err = p.findRow(c, target.ProviderID); target == nil || err != nil {
		return err
	}
	return p.auth.Store().Tx(c, func(ctx context.Context) error {
		// The proof may be somebody else's since it was looked up.
		locked, err := p.lock(ctx, target)
		if core.IsNotFound(err) || err == nil && (!same(locked, target) || locked.DomainVerified == nil || !*locked.DomainVerified) {
			return nil
		}
		if err != nil {
			return err
		}
		return p.join(ctx, &Arrival{User: u, Provider: p.shown(target)})
	})
}

func ignoreMissing(err error) error {
	if core.IsNotFound(err) {
		return nil
	}
	return err
}
