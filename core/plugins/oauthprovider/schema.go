package oauthprovider

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/schema"
)

// The logical names of the plugin's tables.
const (
	ModelClient  = "oauthClient"
	ModelRefresh = "oauthRefreshToken"
	ModelAccess  = "oauthAccessToken"
	ModelConsent = "oauthConsent"
	// ModelAssertion keeps the ids of assertions and proofs, which count once.
	ModelAssertion = "oauthClientAssertion"
)

// tableOf is a table that can be asked for its fields.
type tableOf struct{ schema.Table }

func (t tableOf) has(name string) bool {
	return slices.ContainsFunc(t.Fields, func(f schema.Field) bool { return f.Name == name })
}

// maxClientID bounds ids of clients, which may be URLs in later protocols. It is that of a key
// in MySQL.
const maxClientID = 255

// tables are those of Better Auth 1.6, with columns of 1.7 that are optional: expiresAt is of
// neither. A server of Better Auth 1.6 leaves them null.
func (o *Options) tables() []tableOf {
	client := func() *schema.Reference { return &schema.Reference{Model: ModelClient, Field: "clientId"} }
	user := func() *schema.Reference { return &schema.Reference{Model: core.ModelUser} }
	session := func() *schema.Reference {
		return &schema.Reference{Model: core.ModelSession, OnDelete: "set null"}
	}
	text := func(names ...string) (out []schema.Field) {
		for _, n := range names {
			out = append(out, schema.Field{Name: n, Type: schema.String, Optional: true})
		}
		return out
	}
	tables := []tableOf{
		{schema.Table{Model: ModelClient, Fields: slices.Concat(
			[]schema.Field{
				{Name: "clientId", Type: schema.String, Unique: true, MaxLength: maxClientID},
				{Name: "clientSecret", Type: schema.String, Optional: true, Hidden: true},
				{Name: "disabled", Type: schema.Boolean, Optional: true, Default: schema.Value(false)},
				{Name: "skipConsent", Type: schema.Boolean, Optional: true},
				{Name: "enableEndSession", Type: schema.Boolean, Optional: true},
				{Name: "subjectType", Type: schema.String, Optional: true},
				{Name: "scopes", Type: schema.StringArray, Optional: true},
				{Name: "userId", Type: schema.String, Optional: true, References: user(), Index: true},
				{Name: "createdAt", Type: schema.Date, Optional: true},
				{Name: "updatedAt", Type: schema.Date, Optional: true},
			},
			text("name", "uri", "icon"),
			[]schema.Field{{Name: "contacts", Type: schema.StringArray, Optional: true}},
			text("tos", "policy", "softwareId", "softwareVersion", "softwareStatement"),
			[]schema.Field{
				{Name: "redirectUris", Type: schema.StringArray},
				{Name: "postLogoutRedirectUris", Type: schema.StringArray, Optional: true},
			},
			text("tokenEndpointAuthMethod"),
			[]schema.Field{
				{Name: "grantTypes", Type: schema.StringArray, Optional: true},
				{Name: "responseTypes", Type: schema.StringArray, Optional: true},
				{Name: "public", Type: schema.Boolean, Optional: true},
			},
			text("type"),
			[]schema.Field{{Name: "requirePKCE", Type: schema.Boolean, Optional: true}},
			text("referenceId"),
			[]schema.Field{
				{Name: "metadata", Type: schema.JSON, Optional: true},
				{Name: "expiresAt", Type: schema.Date, Optional: true},
			},
		)}},
		{schema.Table{Model: ModelRefresh, Fields: []schema.Field{
			{Name: "token", Type: schema.String, Unique: true, Hidden: true},
			{Name: "clientId", Type: schema.String, References: client(), Index: true, MaxLength: maxClientID},
			{Name: "sessionId", Type: schema.String, Optional: true, References: session(), Index: true},
			{Name: "userId", Type: schema.String, References: user(), Index: true},
			{Name: "referenceId", Type: schema.String, Optional: true},
			{Name: "expiresAt", Type: schema.Date},
			{Name: "createdAt", Type: schema.Date},
			{Name: "revoked", Type: schema.Date, Optional: true},
			{Name: "authTime", Type: schema.Date, Optional: true},
			{Name: "scopes", Type: schema.StringArray},
			{Name: "authorizationCodeId", Type: schema.String, Optional: true, Index: true, Hidden: true},
			{Name: "resources", Type: schema.StringArray, Optional: true},
		}}},
		{schema.Table{Model: ModelAccess, Fields: []schema.Field{
			{Name: "token", Type: schema.String, Unique: true, Hidden: true},
			{Name: "clientId", Type: schema.String, References: client(), Index: true, MaxLength: maxClientID},
			{Name: "sessionId", Type: schema.String, Optional: true, References: session(), Index: true},
			{Name: "userId", Type: schema.String, Optional: true, References: user(), Index: true},
			{Name: "referenceId", Type: schema.String, Optional: true},
			{Name: "refreshId", Type: schema.String, Optional: true, References: &schema.Reference{Model: ModelRefresh}, Index: true},
			{Name: "expiresAt", Type: schema.Date},
			{Name: "createdAt", Type: schema.Date},
			{Name: "scopes", Type: schema.StringArray},
			{Name: "authorizationCodeId", Type: schema.String, Optional: true, Index: true, Hidden: true},
			{Name: "resources", Type: schema.StringArray, Optional: true},
		}}},
		{schema.Table{Model: ModelConsent, Fields: []schema.Field{
			{Name: "clientId", Type: schema.String, References: client(), Index: true, MaxLength: maxClientID},
			{Name: "userId", Type: schema.String, Optional: true, References: user(), Index: true},
			{Name: "referenceId", Type: schema.String, Optional: true},
			{Name: "scopes", Type: schema.StringArray},
			{Name: "createdAt", Type: schema.Date},
			{Name: "updatedAt", Type: schema.Date},
		}}},
	}
	o.further(tables)
	if o.PrivateKeyJWT || o.DPoP {
		tables = append(tables, tableOf{schema.Table{Model: ModelAssertion, Fields: []schema.Field{
			{Name: "jti", Type: schema.String, Optional: true, Unique: true, MaxLength: 64, Hidden: true},
			{Name: "expiresAt", Type: schema.Date},
		}}})
	}
	for i := range tables {
		t := &tables[i]
		t.Name = o.Tables[t.Model]
		for f := range t.Fields {
			t.Fields[f].Column = o.Columns[t.Model][t.Fields[f].Name]
		}
	}
	return tables
}

// further adds the columns of Better Auth 1.7 that options ask for.
func (o *Options) further(tables []tableOf) {
	add := func(model string, fields ...schema.Field) {
		at := slices.IndexFunc(tables, func(t tableOf) bool { return t.Model == model })
		tables[at].Fields = append(tables[at].Fields, fields...)
	}
	if o.PrivateKeyJWT {
		add(ModelClient, schema.Field{Name: "jwks", Type: schema.String, Optional: true}, schema.Field{Name: "jwksUri", Type: schema.String, Optional: true})
	}
	if o.BackChannelLogout {
		add(ModelClient, schema.Field{Name: "backchannelLogoutUri", Type: schema.String, Optional: true}, schema.Field{Name: "backchannelLogoutSessionRequired", Type: schema.Boolean, Optional: true})
	}
	if o.DPoP {
		add(ModelClient, schema.Field{Name: "dpopBoundAccessTokens", Type: schema.Boolean, Optional: true})
		for _, model := range []string{ModelRefresh, ModelAccess} {
			add(model, schema.Field{Name: "confirmation", Type: schema.JSON, Optional: true, Hidden: true})
		}
	}
}

// clientRow is a row of oauthClient.
type clientRow struct {
	core.Row
	ClientID          string          `row:"clientId"`
	ClientSecret      *string         `row:"clientSecret"`
	Disabled          *bool           `row:"disabled"`
	SkipConsent       *bool           `row:"skipConsent"`
	EnableEndSession  *bool           `row:"enableEndSession"`
	SubjectType       *string         `row:"subjectType"`
	Scopes            []string        `row:"scopes"`
	UserID            *string         `row:"userId"`
	CreatedAt         *time.Time      `row:"createdAt"`
	UpdatedAt         *time.Time      `row:"updatedAt"`
	Name              *string         `row:"name"`
	URI               *string         `row:"uri"`
	Icon              *string         `row:"icon"`
	Contacts          []string        `row:"contacts"`
	Terms             *string         `row:"tos"`
	Policy            *string         `row:"policy"`
	SoftwareID        *string         `row:"softwareId"`
	SoftwareVersion   *string         `row:"softwareVersion"`
	SoftwareStatement *string         `row:"softwareStatement"`
	RedirectURIs      []string        `row:"redirectUris"`
	PostLogoutURIs    []string        `row:"postLogoutRedirectUris"`
	AuthMethod        *string         `row:"tokenEndpointAuthMethod"`
	GrantTypes        []string        `row:"grantTypes"`
	ResponseTypes     []string        `row:"responseTypes"`
	Public            *bool           `row:"public"`
	Type              *string         `row:"type"`
	RequirePKCE       *bool           `row:"requirePKCE"`
	ReferenceID       *string         `row:"referenceId"`
	Metadata          json.RawMessage `row:"metadata"`
	ExpiresAt         *time.Time      `row:"expiresAt"` // of the secret
	JWKS              *string         `row:"jwks,optional"`
	JWKSURI           *string         `row:"jwksUri,optional"`
	LogoutURI         *string         `row:"backchannelLogoutUri,optional"`
	LogoutSession     *bool           `row:"backchannelLogoutSessionRequired,optional"`
	BoundTokens       *bool           `row:"dpopBoundAccessTokens,optional"`
}

// refreshRow is a row of oauthRefreshToken.
type refreshRow struct {
	core.Row
	Token        string          `row:"token"`
	ClientID     string          `row:"clientId"`
	SessionID    *string         `row:"sessionId"`
	UserID       string          `row:"userId"`
	ReferenceID  *string         `row:"referenceId"`
	ExpiresAt    time.Time       `row:"expiresAt"`
	CreatedAt    time.Time       `row:"createdAt"`
	Revoked      *time.Time      `row:"revoked"`
	AuthTime     *time.Time      `row:"authTime"`
	Scopes       []string        `row:"scopes"`
	CodeID       *string         `row:"authorizationCodeId"`
	Resources    []string        `row:"resources"`
	Confirmation json.RawMessage `row:"confirmation,optional"`
}

// accessRow is a row of oauthAccessToken.
type accessRow struct {
	core.Row
	Token        string          `row:"token"`
	ClientID     string          `row:"clientId"`
	SessionID    *string         `row:"sessionId"`
	UserID       *string         `row:"userId"`
	ReferenceID  *string         `row:"referenceId"`
	RefreshID    *string         `row:"refreshId"`
	ExpiresAt    time.Time       `row:"expiresAt"`
	CreatedAt    time.Time       `row:"createdAt"`
	Scopes       []string        `row:"scopes"`
	CodeID       *string         `row:"authorizationCodeId"`
	Resources    []string        `row:"resources"`
	Confirmation json.RawMessage `row:"confirmation,optional"`
}

// assertionRow is a row of oauthClientAssertion.
type assertionRow struct {
	core.Row
	JTI       *string   `row:"jti"`
	ExpiresAt time.Time `row:"expiresAt"`
}

// Consent is a row of oauthConsent: what a user has allowed a client.
type Consent struct {
	core.Row
	ClientID    string    `row:"clientId"`
	UserID      *string   `row:"userId"`
	ReferenceID *string   `row:"referenceId"`
	Scopes      []string  `row:"scopes"`
	CreatedAt   time.Time `row:"createdAt"`
	UpdatedAt   time.Time `row:"updatedAt"`
}
