package sso

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/wire"
)

// provider is a provider of the table or of the options.
type provider struct {
	Provider
	oidc      *OIDCConfig // at most one of the two is set, for a provider of this plugin's making
	saml      *SAMLConfig
	isDefault bool
	key       *ClientKey // of one of the options; nil otherwise
	row       *Row       // nil for one of the options
}

// defaultUser is the owner of the providers of the options, as Better Auth names it.
const defaultUser = "default"

func (p *Plugin) defaultOf(d *DefaultProvider) *provider {
	out := &provider{Provider: Provider{ProviderID: d.ProviderID, Domain: d.Domain, UserID: defaultUser, DomainVerified: p.opts.Domains.Enabled, SAML: d.SAML != nil},
		oidc: d.OIDC, saml: d.SAML, isDefault: true, key: d.PrivateKey}
	if d.OIDC != nil {
		out.Issuer = d.OIDC.Issuer
	} else {
		out.Issuer = d.SAML.Issuer
	}
	return out
}

// find returns the provider with an id, or nil.
func (p *Plugin) find(ctx context.Context, id string) (*provider, error) {
	for i := range p.opts.Defaults {
		if p.opts.Defaults[i].ProviderID == id {
			return p.defaultOf(&p.opts.Defaults[i]), nil
		}
	}
	if p.configured(id) {
		return nil, nil // a row with the id of another way to sign in would let its owner into the accounts
	}
	row, err := p.findRow(ctx, id)
	if row == nil || err != nil {
		return nil, err
	}
	return p.of(row)
}

// findRow returns the row of a provider, or nil.
func (p *Plugin) findRow(ctx context.Context, id string) (*Row, error) {
	if !wire.ValidText(id) || len(id) > maxText {
		return nil, nil
	}
	row, err := p.providers.Find(ctx, adapter.By("providerId", id))
	if core.IsNotFound(err) {
		return nil, nil
	}
	return row, err
}

// maxText bounds ids and domains that are looked up, in bytes.
const maxText = 255

// shown is a row without its configuration.
func (p *Plugin) shown(row *Row) *Provider {
	return &Provider{ProviderID: row.ProviderID, Issuer: row.Issuer, Domain: row.Domain, OrganizationID: value(row.OrganizationID), UserID: row.UserID,
		DomainVerified: p.opts.Domains.Enabled && row.verified(), SAML: value(row.SAML) != ""}
}

// of reads a row.
func (p *Plugin) of(row *Row) (*provider, error) {
	out := &provider{Provider: *p.shown(row), row: row}
	oidc, err := p.open(row.OIDC)
	if err != nil {
		return nil, err
	}
	if oidc != nil {
		out.oidc = readOIDC(wire.ObjectOf(oidc))
	}
	saml, err := p.open(row.SAML)
	if err != nil {
		return nil, err
	}
	if saml != nil {
		out.saml = readSAML(wire.ObjectOf(saml))
	}
	out.SAML = out.saml != nil
	return out, nil
}

func (r *Row) verified() bool { return r.DomainVerified != nil && *r.DomainVerified }

func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// usableNow refuses a provider whose domain is not proven.
func (p *Plugin) usableNow(pr *provider) error {
	if p.opts.Domains.Enabled && !pr.DomainVerified {
		return core.Fail(http.StatusUnauthorized, CodeDomainNotVerified)
	}
	return nil
}

// byDomain finds the provider of a domain: one that has it, or one above it. Those whose domains are
// proven come first, then the nearest, then the first by id.
func (p *Plugin) byDomain(ctx context.Context, domain string) (*Row, error) {
	var rows []*Row
	var err error
	if p.opts.Domains.Enabled {
		rows, err = p.rowsOf(ctx, domain, true)
	}
	if len(rows) == 0 && err == nil {
		rows, err = p.rowsOf(ctx, domain, false)
	}
	if len(rows) == 0 || err != nil {
		return nil, err
	}
	best := slices.MinFunc(rows, func(a, b *Row) int {
		return cmp.Or(len(nearest(domain, b.Domain))-len(nearest(domain, a.Domain)), strings.Compare(a.ProviderID, b.ProviderID))
	})
	return p.findRow(ctx, best.ProviderID)
}

// maxCandidates bounds how many rows are read for a domain at once.
const maxCandidates = 100

// rowsOf lists the providers of a domain and of the domains above it, without their configurations.
// Anybody may ask, so it takes few statements, and most of them know the domain exactly.
func (p *Plugin) rowsOf(ctx context.Context, domain string, onlyVerified bool) ([]*Row, error) {
	if domain = strings.ToLower(domain); !isDomain(domain) {
		return nil, nil
	}
	labels := strings.Split(domain, ".")
	var levels []string
	for i := max(0, len(labels)-maxLabels); i < len(labels)-1; i++ {
		levels = append(levels, strings.Join(labels[i:], "."))
	}
	var rows []*Row
	add := func(w adapter.Where) error {
		if onlyVerified {
			w = w.And("domainVerified", true)
		}
		found, err := p.providers.List(ctx, adapter.Find{Where: w, Select: p.brief(), Sort: []adapter.Sort{{Field: "providerId"}}, Limit: maxCandidates})
		for _, row := range found {
			if nearest(domain, row.Domain) != "" && !slices.ContainsFunc(rows, func(known *Row) bool { return known.ID == row.ID }) {
				rows = append(rows, row)
			}
		}
		return err
	}
	// Those that have one of the domains alone come first: others that only contain its text, as many as
	// somebody likes to register, do not hide them.
	if err := add(adapter.Where{{Field: "domain", Op: adapter.In, Value: levels}}); err != nil {
		return nil, err
	}
	// Those that have it among others.
	for _, above := range levels {
		if err := add(adapter.Where{{Field: "domain", Op: adapter.Contains, Value: above}, {Field: "domain", Op: adapter.Contains, Value: ","}}); err != nil {
			return nil, err
		}
		// The nearest counts. Of proven ones all are wanted: one domain may be that of several organizations.
		if !onlyVerified && slices.ContainsFunc(rows, func(row *Row) bool { return len(nearest(domain, row.Domain)) >= len(above) }) {
			break
		}
	}
	return rows, nil
}

// brief are the fields that say whose a provider is. The configurations are long.
func (p *Plugin) brief() []string {
	if p.opts.Domains.Enabled {
		return slices.Concat(briefly, []string{"domainVerified"})
	}
	return briefly
}

var briefly = []string{"id", "providerId", "userId", "organizationId", "domain", "issuer"}

// maxLabels is how many labels of a domain are looked at, from its end: so an address asks for four
// domains at most.
const maxLabels = 5

// domains splits a list.
func domains(list string) []string {
	var out []string
	for d := range strings.SplitSeq(strings.ToLower(list), ",") {
		if d = strings.TrimSpace(d); d != "" {
			out = append(out, d)
		}
	}
	return out
}

// nearest is the longest domain of a list that another one is, or is below; "" for none.
func nearest(domain, list string) string {
	best := ""
	for _, d := range domains(list) {
		if (domain == d || strings.HasSuffix(domain, "."+d)) && len(d) > len(best) {
			best = d
		}
	}
	return best
}

// domainOf is the domain of an address.
func domainOf(email string) string {
	at := strings.LastIndexByte(email, '@')
	if at < 0 {
		return ""
	}
	return strings.ToLower(email[at+1:])
}

// vouches reports whether a provider has proven the domain of an address.
func (pr *provider) vouches(email string) bool {
	d := domainOf(email)
	return pr.DomainVerified && d != "" && strings.Count(email, "@") == 1 && nearest(d, pr.Domain) != ""
}

// foreign reports whether an address is none that a provider may speak for: where domains are proven,
// one that users have registered speaks for its own. Otherwise one tenant could take the addresses of
// another before its people arrive.
func (p *Plugin) foreign(pr *provider, email string) bool {
	return p.opts.Domains.Enabled && !pr.isDefault && !pr.vouches(email)
}

// isDomain tells a name of at least two labels. A single label is no company's.
func isDomain(s string) bool {
	if len(s) > 253 || !strings.Contains(s, ".") {
		return false
	}
	label := ""
	for label = range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	return strings.Trim(label, "0123456789") != ""
}

// readDomains checks the domains of a provider and writes them in one form.
func readDomains(list string) (string, error) {
	all := domains(list)
	if len(all) == 0 || len(all) > maxDomains || slices.ContainsFunc(all, func(d string) bool { return !isDomain(d) }) {
		return "", core.Fail(http.StatusBadRequest, CodeInvalidDomain)
	}
	slices.Sort(all)
	if len(slices.Compact(slices.Clone(all))) != len(all) || len(list) > maxText {
		return "", core.Fail(http.StatusBadRequest, CodeInvalidDomain)
	}
	return strings.ToLower(strings.TrimSpace(list)), nil
}

// maxDomains is how many domains a provider may have.
const maxDomains = 20
