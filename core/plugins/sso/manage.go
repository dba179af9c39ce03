package sso

import (
	"context"
	"net/http"
	"slices"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/wire"
)

func (p *Plugin) list(c *core.Ctx, _ *core.NoInput) (ProvidersReply, error) {
	userID := c.Session().User.ID
	out := ProvidersReply{Providers: []ProviderReply{}}
	rows, err := p.providers.List(c, adapter.Find{Where: adapter.By("userId", userID), Limit: maxListed})
	if err != nil {
		return out, err
	}
	if p.org != nil {
		members, err := p.org.Memberships(c, userID)
		if err != nil {
			return out, err
		}
		for _, m := range members {
			if !p.manages(m) {
				continue
			}
			more, err := p.providers.List(c, adapter.Find{Where: adapter.By("organizationId", m.OrganizationID), Limit: maxListed})
			if err != nil {
				return out, err
			}
			for _, row := range more {
				if !slices.ContainsFunc(rows, func(known *Row) bool { return known.ID == row.ID }) {
					rows = append(rows, row)
				}
			}
		}
	}
	for _, row := range rows {
		ok, err := p.mayManage(c, userID, row)
		if err != nil {
			return out, err
		}
		if !ok {
			continue
		}
		shown, err := p.view(c, row)
		if err != nil {
			return out, err
		}
		out.Providers = append(out.Providers, shown)
	}
	return out, nil
}

// maxListed bounds a list.
const maxListed = 1000

func (p *Plugin) get(c *core.Ctx, in *ProviderQuery) (ProviderReply, error) {
	row, err := p.manageable(c, c, in.ProviderID)
	if err != nil {
		return ProviderReply{}, err
	}
	return p.view(c, row)
}

func (p *Plugin) update(c *core.Ctx, in *UpdateInput) (ProviderReply, error) {
	none := ProviderReply{}
	if (in.Issuer == nil || *in.Issuer == "") && value(in.Domain) == "" && in.OIDC == nil && in.SAML == nil {
		return none, core.Fail(http.StatusBadRequest, CodeNothing)
	}
	before, err := p.manageable(c, c, in.ProviderID)
	if err != nil {
		return none, err
	}
	set, boundary, err := p.changes(c, before, in)
	if err != nil {
		return none, err
	}
	var row *Row
	err = p.auth.Store().Tx(c, func(ctx context.Context) error {
		locked, err := p.lock(ctx, before)
		if core.IsNotFound(err) {
			return errNoSuch()
		}
		if err != nil {
			return err
		}
		// What was checked without the lock must still be so.
		if !same(locked, before) {
			return core.Fail(http.StatusConflict, CodeChanged)
		}
		if boundary {
			n, err := p.auth.DB().Count(ctx, core.ModelAccount, adapter.By("providerId", in.ProviderID))
			if err != nil {
				return err
			}
			if n > 0 {
				return core.Fail(http.StatusConflict, CodeLinked)
			}
		}
		if _, moved := set["domain"]; (moved || boundary) && p.opts.Domains.Enabled {
			// A token that was published for other domains proves nothing of these, and what was proven
			// of one identity provider is not of the next.
			set["domainVerified"] = false
			if err := p.auth.Store().DeleteVerification(ctx, p.identifier(in.ProviderID)); err != nil && !core.IsNotFound(err) {
				return err
			}
		}
		if row, err = p.providers.Update(ctx, adapter.By("id", before.ID), set); err != nil {
			return err
		}
		return c.EmitIn(ctx, core.Event{Type: EventProviderUpdated, UserID: c.Session().User.ID, OrganizationID: value(row.OrganizationID), SubjectID: row.ID,
			Detail: detail(row.ProviderID)})
	})
	if err != nil {
		return none, err
	}
	return p.view(c, row)
}

func same(a, b *Row) bool {
	return a.ProviderID == b.ProviderID && a.Issuer == b.Issuer && a.Domain == b.Domain && value(a.OIDC) == value(b.OIDC) && value(a.SAML) == value(b.SAML) &&
		value(a.OrganizationID) == value(b.OrganizationID) && a.UserID == b.UserID
}

// changes are the columns that an update writes. boundary says that the provider would then be able
// to say other things of the users who have its accounts.
func (p *Plugin) changes(c *core.Ctx, row *Row, in *UpdateInput) (set adapter.Record, boundary bool, err error) {
	set = adapter.Record{}
	issuer := ""
	if in.Issuer != nil {
		issuer = string(*in.Issuer)
		set["issuer"] = issuer
		boundary = issuer != row.Issuer
	}
	if in.Domain != nil {
		domain, err := readDomains(*in.Domain)
		if err != nil {
			return nil, false, err
		}
		if set["domain"] = domain; domain == row.Domain {
			delete(set, "domain")
		}
	}
	if in.SAML != nil {
		text, moved, err := p.changedSAML(c, row, issuer, in.SAML)
		if err != nil {
			return nil, false, err
		}
		set["samlConfig"], boundary = *text, boundary || moved
	}
	if in.OIDC != nil {
		text, moved, err := p.changedOIDC(c, row, issuer, in.OIDC)
		if err != nil {
			return nil, false, err
		}
		set["oidcConfig"], boundary = *text, boundary || moved
	}
	return set, boundary, nil
}

// merge writes members over others. The issuer comes last, as in Better Auth.
func merge(current, updates *wire.Object, issuer string) *wire.Object {
	v := wire.ObjectOf(current).Clone()
	out, _ := v.Obj()
	for _, m := range updates.Members() {
		out.Set(m.Name, m.Value)
	}
	out.Set("issuer", wire.String(issuer))
	return out
}

func (p *Plugin) changedOIDC(c *core.Ctx, row *Row, issuer string, in *OIDCUpdate) (text *string, boundary bool, err error) {
	updates, err := object(*in)
	if err != nil {
		return nil, false, err
	}
	if err := p.checkEndpoints(c, readOIDC(wire.ObjectOf(updates))); err != nil {
		return nil, false, answered(err)
	}
	current, err := p.open(row.OIDC)
	if err != nil {
		return nil, false, err
	}
	if current == nil {
		return nil, false, core.Fail(http.StatusBadRequest, CodeNotOIDC)
	}
	v := wire.ObjectOf(current)
	merged := merge(current, updates, or(issuer, or(textOf(v, "issuer"), row.Issuer)))
	if _, ok := merged.Get("pkce"); !ok {
		merged.Set("pkce", wire.Bool(true))
	}
	was, now := readOIDC(v), readOIDC(wire.ObjectOf(merged))
	boundary = was.Issuer != now.Issuer || was.ClientID != now.ClientID || was.Mapping.identity("sub", "email", "email_verified") != now.Mapping.identity("sub", "email", "email_verified")
	for i, e := range was.endpoints() {
		boundary = boundary || e[1] != now.endpoints()[i][1]
	}
	if err := p.usableOIDC(row.ProviderID, or(issuer, row.Issuer), merged); err != nil {
		return nil, false, err
	}
	text, err = p.stored(merged, maxConfig)
	return text, boundary, err
}

func (p *Plugin) changedSAML(c *core.Ctx, row *Row, issuer string, in *SAMLUpdate) (text *string, boundary bool, err error) {
	if p.opts.SAML == nil {
		return nil, false, core.Fail(http.StatusBadRequest, CodeNoSAML)
	}
	if in.IDP != nil {
		if err := p.checkMetadata(in.IDP.Metadata); err != nil {
			return nil, false, err
		}
	}
	if in.SP != nil {
		if err := p.checkOwnMetadata(in.SP.Metadata); err != nil {
			return nil, false, err
		}
	}
	updates, err := object(*in)
	if err != nil {
		return nil, false, err
	}
	current, err := p.open(row.SAML)
	if err != nil {
		return nil, false, err
	}
	if current == nil {
		return nil, false, core.Fail(http.StatusBadRequest, CodeNotSAML)
	}
	v := wire.ObjectOf(current)
	merged := merge(current, updates, or(issuer, or(textOf(v, "issuer"), row.Issuer)))
	if at, ok := merged.Get("idpInitiatedCallbackUrl"); ok && at.IsNull() {
		merged.Delete("idpInitiatedCallbackUrl")
	}
	if err := p.usableSAML(c, row.ProviderID, or(issuer, row.Issuer), merged); err != nil {
		return nil, false, err
	}
	was, now := readSAML(v), readSAML(wire.ObjectOf(merged))
	boundary = was.Issuer != now.Issuer || was.Certificate != now.Certificate || was.EntryPoint != now.EntryPoint || was.Audience != now.Audience ||
		was.IDP.Metadata != now.IDP.Metadata || was.IDP.EntityID != now.IDP.EntityID || was.IDP.Certificate != now.IDP.Certificate ||
		!slices.Equal(was.IDP.SSO, now.IDP.SSO) || was.SP.EntityID != now.SP.EntityID || was.SP.Metadata != now.SP.Metadata ||
		was.Mapping.identity("nameID", "email", "") != now.Mapping.identity("nameID", "email", "") || was.IdentifierFormat != now.IdentifierFormat
	text, err = p.stored(merged, maxConfig+p.opts.SAMLRules.MaxMetadata)
	return text, boundary, err
}

func (p *Plugin) remove(c *core.Ctx, in *ProviderInput) (core.SuccessReply, error) {
	before, err := p.manageable(c, c, in.ProviderID)
	if err != nil {
		return core.SuccessReply{}, err
	}
	err = p.auth.Store().Tx(c, func(ctx context.Context) error {
		if _, err := p.lock(ctx, before); core.IsNotFound(err) {
			return errNoSuch()
		} else if err != nil {
			return err
		}
		// Whoever registers the id next must not get the accounts. Those of a directory or of
		// another way to sign in with the same id are its own, and keep the id from being registered.
		kept, err := p.directory(ctx, in.ProviderID)
		if err != nil {
			return err
		}
		if !kept && !p.configured(in.ProviderID) {
			if _, err := p.auth.DB().DeleteMany(ctx, core.ModelAccount, adapter.By("providerId", in.ProviderID)); err != nil {
				return err
			}
		}
		if _, err := p.providers.Delete(ctx, adapter.By("id", before.ID)); err != nil {
			return err
		}
		return c.EmitIn(ctx, core.Event{Type: EventProviderDeleted, UserID: c.Session().User.ID, OrganizationID: value(before.OrganizationID), SubjectID: before.ID,
			Detail: detail(before.ProviderID)})
	})
	return core.SuccessReply{Success: err == nil}, err
}
