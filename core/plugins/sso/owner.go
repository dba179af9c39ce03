package sso

import (
	"context"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/plugins/organization"
)

// organizationDeleted removes the providers of an organization. Their accounts stay, so that no
// other provider gets the ids: they let nobody in.
func (p *Plugin) organizationDeleted(ctx context.Context, organizationID string) error {
	rows, err := p.providers.List(ctx, adapter.Find{Where: adapter.By("organizationId", organizationID), Select: briefly})
	if err != nil {
		return err
	}
	return p.discard(ctx, rows)
}

// userDeleted gives the providers of a user's organizations to others who manage them. The reference
// of the table would delete them with the user, and the organization could sign in no more.
// Providers that are nobody else's go.
func (p *Plugin) userDeleted(ctx context.Context, u *core.User) error {
	rows, err := p.providers.List(ctx, adapter.Find{Where: adapter.By("userId", u.ID), Select: briefly})
	if err != nil {
		return err
	}
	if len(rows) == 0 {
		return nil
	}
	if err := p.auth.Store().LockUser(ctx, u.ID); err != nil {
		return ignoreMissing(err)
	}
	var gone []*Row
	for _, row := range rows {
		heir := ""
		if orgID := value(row.OrganizationID); orgID != "" && p.org != nil {
			if heir, err = p.heir(ctx, orgID, u.ID); err != nil {
				return err
			}
		}
		if heir == "" {
			gone = append(gone, row)
			continue
		}
		if _, err := p.providers.Update(ctx, adapter.By("id", row.ID), adapter.Record{"userId": heir}); err != nil && !core.IsNotFound(err) {
			return err
		}
	}
	return p.discard(ctx, gone)
}

// heir is somebody else who manages the providers of an organization: an owner before an admin, or ""
// for nobody.
func (p *Plugin) heir(ctx context.Context, orgID, userID string) (string, error) {
	for _, role := range []string{p.org.CreatorRole(), "owner", "admin"} {
		recs, err := p.auth.DB().FindMany(ctx, adapter.Find{Model: organization.ModelMember, Limit: maxCandidates, Select: []string{"userId", "role"}, Where: append(
			adapter.By("organizationId", orgID), adapter.Cond{Field: "role", Op: adapter.Contains, Value: role}, adapter.Cond{Field: "userId", Op: adapter.Ne, Value: userID})})
		if err != nil {
			return "", err
		}
		for _, rec := range recs {
			roles, _ := rec["role"].(string)
			if heir, _ := rec["userId"].(string); p.manages(&organization.Member{Role: roles}) {
				return heir, nil
			}
		}
	}
	return "", nil
}

// discard removes providers and says so.
func (p *Plugin) discard(ctx context.Context, rows []*Row) error {
	for _, row := range rows {
		if _, err := p.providers.Delete(ctx, adapter.By("id", row.ID)); err != nil {
			return err
		}
		if c, ok := core.CtxFrom(ctx); ok {
			if err := c.EmitIn(ctx, core.Event{Type: EventProviderDeleted, UserID: row.UserID, OrganizationID: value(row.OrganizationID), SubjectID: row.ID,
				Detail: detail(row.ProviderID)}); err != nil {
				return err
			}
		}
	}
	return nil
}
