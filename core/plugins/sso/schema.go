package sso

import (
	"context"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
)

// ModelProvider is the logical name of the table.
const ModelProvider = "ssoProvider"

// modelAssertion is the logical name of the table of messages that were used. It is Kernia's own:
// its key lets one of many deliveries of a message through.
const modelAssertion = "ssoAssertion"

type usedRow struct {
	core.Row
	Key       string    `row:"key"` // a hash of the provider and the id of the message
	ExpiresAt time.Time `row:"expiresAt"`
}

func usedTable() schema.Table {
	return schema.Table{Model: modelAssertion, Fields: []schema.Field{
		{Name: "key", Type: schema.String, Unique: true, MaxLength: 64, NoInput: true},
		{Name: "expiresAt", Type: schema.Date, Index: true, NoInput: true},
	}}
}

// Row is a row of the table of providers. OIDC and SAML are JSON, whose secrets are encrypted
// unless a Better Auth server shares the database.
type Row struct {
	core.Row
	Issuer         string  `row:"issuer"`
	OIDC           *string `row:"oidcConfig"`
	SAML           *string `row:"samlConfig"`
	UserID         string  `row:"userId"`     // who has registered it
	ProviderID     string  `row:"providerId"` // unique; the provider of the accounts of its users
	OrganizationID *string `row:"organizationId"`
	Domain         string  `row:"domain"` // several are separated by commas
	DomainVerified *bool   `row:"domainVerified,optional"`
}

func (p *Plugin) table() schema.Table {
	t := schema.Table{Model: ModelProvider, Name: p.opts.Table, Fields: []schema.Field{
		{Name: "issuer", Type: schema.String},
		{Name: "oidcConfig", Type: schema.String, Optional: true, Secret: true, MaxLength: maxConfig},
		{Name: "samlConfig", Type: schema.String, Optional: true, Secret: true, MaxLength: 2*p.opts.SAMLRules.MaxMetadata + maxConfig},
		{Name: "userId", Type: schema.String, Index: true, References: &schema.Reference{Model: core.ModelUser}},
		{Name: "providerId", Type: schema.String, Unique: true, Sortable: true},
		{Name: "organizationId", Type: schema.String, Optional: true, Index: true},
		{Name: "domain", Type: schema.String, Sortable: true},
	}}
	if p.opts.Domains.Enabled {
		t.Fields = append(t.Fields, schema.Field{Name: "domainVerified", Type: schema.Boolean, Optional: true})
	}
	for i := range t.Fields {
		t.Fields[i].Column = p.opts.Columns[t.Fields[i].Name]
		t.Fields[i].NoInput = true
	}
	return t
}

// maxConfig bounds the JSON of a configuration without metadata, in characters.
const maxConfig = 64 << 10

// tables are those of the plugin. Without SAML there is only Better Auth's.
func (p *Plugin) tables() []schema.Table {
	if p.opts.SAML == nil {
		return []schema.Table{p.table()}
	}
	return []schema.Table{p.table(), usedTable()}
}

// deleteExpired forgets messages that can no longer be replayed.
func (p *Plugin) deleteExpired(ctx context.Context, now time.Time) error {
	if p.used == nil {
		return nil
	}
	_, err := p.used.Delete(ctx, adapter.Where{{Field: "expiresAt", Op: adapter.Lt, Value: now}})
	return err
}
