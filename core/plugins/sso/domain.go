package sso

import (
	"context"
	"crypto/subtle"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
)

const (
	tokenLength = 24
	tokenLife   = 7 * 24 * time.Hour
	dnsTimeout  = 10 * time.Second // for all domains of a provider
	maxLabel    = 63               // of a name in the DNS
)

// DomainTokenReply is {"domainVerificationToken":…}.
type DomainTokenReply struct {
	Token string `json:"domainVerificationToken"`
}

// identifier is the label of the record that proves a domain, and under which the token is kept.
func (p *Plugin) identifier(providerID string) string {
	return "_" + p.opts.Domains.TokenPrefix + "-" + providerID
}

func (p *Plugin) newToken(ctx context.Context, providerID string) (string, error) {
	token, err := p.auth.RandomString(tokenLength)
	if err != nil {
		return "", err
	}
	_, err = p.auth.Store().CreateVerification(ctx, p.identifier(providerID), token, p.auth.Now().Add(tokenLife))
	return token, err
}

// provable finds a provider whose domains the caller may prove, and which are not proven yet.
func (p *Plugin) provable(c *core.Ctx, id string) (*Row, error) {
	row, err := p.findRow(c, id)
	if err != nil {
		return nil, err
	}
	if row == nil {
		return nil, errNoSuch()
	}
	ok, err := p.mayManage(c, c.Session().User.ID, row)
	switch {
	case err != nil:
		return nil, err
	case !ok:
		return nil, core.Fail(http.StatusForbidden, CodeAccess)
	case row.verified():
		return nil, core.Fail(http.StatusConflict, CodeDomainVerified)
	}
	return row, nil
}

// pending is the token that proves the domains of a provider, or "".
func (p *Plugin) pending(ctx context.Context, id string) (string, error) {
	v, err := p.auth.Store().FindVerification(ctx, p.identifier(id))
	if core.IsNotFound(err) || err == nil && !v.ExpiresAt.After(p.auth.Now()) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return v.Value, nil
}

func (p *Plugin) requestVerification(c *core.Ctx, in *ProviderInput) (DomainTokenReply, error) {
	row, err := p.provable(c, in.ProviderID)
	if err != nil {
		return DomainTokenReply{}, err
	}
	token, err := p.pending(c, row.ProviderID)
	if err == nil && token == "" {
		token, err = p.newToken(c, row.ProviderID)
	}
	return DomainTokenReply{token}, err
}

func (p *Plugin) verifyDomain(c *core.Ctx, in *ProviderInput) (*core.Raw, error) {
	none := &core.Raw{Status: http.StatusNoContent}
	row, err := p.provable(c, in.ProviderID)
	if err != nil {
		return none, err
	}
	label := p.identifier(row.ProviderID)
	if len(label) > maxLabel {
		return none, core.Fail(http.StatusBadRequest, CodeIdentifier)
	}
	token, err := p.pending(c, row.ProviderID)
	if err != nil {
		return none, err
	}
	if token == "" {
		return none, core.Fail(http.StatusNotFound, CodeNoPending)
	}
	all := domains(row.Domain)
	if len(all) == 0 || len(all) > maxDomains {
		return none, core.Fail(http.StatusBadRequest, CodeInvalidDomain)
	}
	// One deadline for all of them: whoever registers the domains also has the servers that answer.
	ctx, cancel := context.WithTimeout(c, dnsTimeout)
	defer cancel()
	for _, d := range all {
		if !isDomain(d) {
			return none, core.Fail(http.StatusBadRequest, CodeInvalidDomain)
		}
		if !p.proven(ctx, label, d, token) {
			return none, core.Fail(http.StatusBadGateway, CodeUnproven)
		}
	}
	err = p.auth.Store().Tx(c, func(ctx context.Context) error {
		// The look-ups took as long as their servers liked. What was proven is the provider that was
		// read before them, by the token that it had then: a change of either proves nothing, and
		// somebody who may no longer manage the provider proves nothing too.
		locked, err := p.lock(ctx, row)
		if core.IsNotFound(err) || err == nil && !same(locked, row) {
			return core.Fail(http.StatusConflict, CodeChanged)
		}
		if err != nil {
			return err
		}
		switch still, err := p.pending(ctx, row.ProviderID); {
		case err != nil:
			return err
		case subtle.ConstantTimeCompare([]byte(still), []byte(token)) != 1:
			return core.Fail(http.StatusConflict, CodeChanged)
		}
		if _, err := p.manageable(c, ctx, row.ProviderID); err != nil {
			return err
		}
		updated, err := p.providers.Update(ctx, adapter.By("id", row.ID).And("domain", row.Domain).And("providerId", row.ProviderID), adapter.Record{"domainVerified": true})
		if core.IsNotFound(err) || err == nil && updated == nil {
			return core.Fail(http.StatusConflict, CodeChanged)
		}
		if err != nil {
			return err
		}
		if err := p.auth.Store().DeleteVerification(ctx, label); err != nil && !core.IsNotFound(err) {
			return err
		}
		if err := p.supersede(c, ctx, row); err != nil {
			return err
		}
		return c.EmitIn(ctx, core.Event{Type: EventDomainVerified, UserID: c.Session().User.ID, OrganizationID: value(row.OrganizationID), SubjectID: row.ID, Detail: detail(row.ProviderID)})
	})
	return none, err
}

// supersede ends the proofs of others that have proven one of the domains before: a domain changes
// hands, and whoever had it must not speak for its new people.
func (p *Plugin) supersede(c *core.Ctx, ctx context.Context, row *Row) error {
	for _, d := range domains(row.Domain) {
		rows, err := p.holders(ctx, d)
		if err != nil {
			return err
		}
		for _, other := range rows {
			if other.ID == row.ID || other.owner() == row.owner() {
				continue
			}
			_, err := p.providers.Update(ctx, adapter.By("id", other.ID).And("domainVerified", true), adapter.Record{"domainVerified": false})
			if core.IsNotFound(err) {
				continue
			}
			if err == nil {
				err = c.EmitIn(ctx, core.Event{Type: EventDomainLost, UserID: other.UserID, OrganizationID: value(other.OrganizationID), SubjectID: other.ID, Detail: detail(other.ProviderID)})
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// holders lists all providers that have proven a domain, alone or among others, in the order of
// their ids.
func (p *Plugin) holders(ctx context.Context, domain string) ([]*Row, error) {
	var rows []*Row
	for offset := 0; ; offset += maxCandidates {
		found, err := p.providers.List(ctx, adapter.Find{
			Where:  adapter.Where{{Field: "domain", Op: adapter.Contains, Value: domain}}.And("domainVerified", true),
			Select: p.brief(), Sort: []adapter.Sort{{Field: "providerId"}}, Limit: maxCandidates, Offset: offset,
		})
		if err != nil {
			return nil, err
		}
		for _, row := range found {
			if slices.Contains(domains(row.Domain), domain) {
				rows = append(rows, row)
			}
		}
		if len(found) < maxCandidates {
			return rows, nil
		}
	}
}

// owner is whose a provider is: an organization's or a user's.
func (r *Row) owner() [2]string {
	if orgID := value(r.OrganizationID); orgID != "" {
		return [2]string{orgID, ""}
	}
	return [2]string{"", r.UserID}
}

// proven looks for the record that holds a token, alone or after the name of the record.
func (p *Plugin) proven(ctx context.Context, label, domain, token string) bool {
	var resolver Resolver = net.DefaultResolver
	if p.opts.Domains.Resolver != nil {
		resolver = p.opts.Domains.Resolver
	}
	// The name ends with a dot, so that no search list is tried.
	records, err := resolver.LookupTXT(ctx, label+"."+domain+".")
	if err != nil {
		p.auth.Logger().WarnContext(ctx, "sso: the record that proves a domain cannot be looked up", "domain", domain, "error", err)
		return false
	}
	found := 0
	for _, r := range records[:min(len(records), maxRecords)] {
		r = strings.TrimSpace(r)
		found |= subtle.ConstantTimeCompare([]byte(r), []byte(token)) | subtle.ConstantTimeCompare([]byte(r), []byte(label+"="+token))
	}
	return found == 1
}

// maxRecords bounds how many records of a name are looked at.
const maxRecords = 100
