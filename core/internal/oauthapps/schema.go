package oauthapps

import (
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/schema"
)

// The logical names of the tables.
const (
	ModelClient  = "oauthApplication"
	ModelToken   = "oauthAccessToken"
	ModelConsent = "oauthConsent"
)

// maxClientID bounds ids of clients. It is that of a key in MySQL.
const maxClientID = 255

// Names rename tables and columns in the database.
type Names struct {
	Tables  map[string]string            // by model
	Columns map[string]map[string]string // by model and field
}

// Tables are those of Better Auth 1.6. The columns sessionId, authorizationCodeId, revoked,
// authTime and resources are not among its own: they are optional, and a server of Better Auth
// leaves them null.
func Tables(n Names) []schema.Table {
	client := func() *schema.Reference { return &schema.Reference{Model: ModelClient, Field: "clientId"} }
	user := func() *schema.Reference { return &schema.Reference{Model: core.ModelUser} }
	tables := []schema.Table{
		{Model: ModelClient, Fields: []schema.Field{
			{Name: "name", Type: schema.String},
			{Name: "icon", Type: schema.String, Optional: true},
			{Name: "metadata", Type: schema.String, Optional: true},
			{Name: "clientId", Type: schema.String, Unique: true, MaxLength: maxClientID},
			{Name: "clientSecret", Type: schema.String, Optional: true, Hidden: true},
			{Name: "redirectUrls", Type: schema.String},
			{Name: "type", Type: schema.String},
			{Name: "disabled", Type: schema.Boolean, Optional: true, Default: schema.Value(false)},
			{Name: "userId", Type: schema.String, Optional: true, References: user(), Index: true},
			{Name: "createdAt", Type: schema.Date},
			{Name: "updatedAt", Type: schema.Date},
		}},
		{Model: ModelToken, Fields: []schema.Field{
			{Name: "accessToken", Type: schema.String, Unique: true, Hidden: true},
			{Name: "refreshToken", Type: schema.String, Unique: true, Hidden: true},
			{Name: "accessTokenExpiresAt", Type: schema.Date},
			{Name: "refreshTokenExpiresAt", Type: schema.Date},
			{Name: "clientId", Type: schema.String, References: client(), Index: true, MaxLength: maxClientID},
			{Name: "userId", Type: schema.String, Optional: true, References: user(), Index: true},
			{Name: "scopes", Type: schema.String},
			{Name: "createdAt", Type: schema.Date},
			{Name: "updatedAt", Type: schema.Date},
			{Name: "sessionId", Type: schema.String, Optional: true, References: &schema.Reference{Model: core.ModelSession, OnDelete: "set null"}, Index: true},
			{Name: "authorizationCodeId", Type: schema.String, Optional: true, Index: true, Hidden: true},
			{Name: "revoked", Type: schema.Date, Optional: true},
			{Name: "authTime", Type: schema.Date, Optional: true},
			{Name: "resources", Type: schema.StringArray, Optional: true},
		}},
		{Model: ModelConsent, Fields: []schema.Field{
			{Name: "clientId", Type: schema.String, References: client(), Index: true, MaxLength: maxClientID},
			{Name: "userId", Type: schema.String, References: user(), Index: true},
			{Name: "scopes", Type: schema.String},
			{Name: "createdAt", Type: schema.Date},
			{Name: "updatedAt", Type: schema.Date},
			{Name: "consentGiven", Type: schema.Boolean},
		}},
	}
	for i := range tables {
		t := &tables[i]
		t.Name = n.Tables[t.Model]
		for f := range t.Fields {
			t.Fields[f].Column = n.Columns[t.Model][t.Fields[f].Name]
		}
	}
	return tables
}

// clientRow is a row of oauthApplication.
type clientRow struct {
	core.Row
	Name         string    `row:"name"`
	Icon         *string   `row:"icon"`
	Metadata     *string   `row:"metadata"` // the text of a JSON object
	ClientID     string    `row:"clientId"`
	ClientSecret *string   `row:"clientSecret"`
	RedirectURLs string    `row:"redirectUrls"` // separated by commas
	Type         string    `row:"type"`
	Disabled     *bool     `row:"disabled"`
	UserID       *string   `row:"userId"`
	CreatedAt    time.Time `row:"createdAt"`
	UpdatedAt    time.Time `row:"updatedAt"`
}

// tokenRow is a row of oauthAccessToken: an access token, and the refresh token that was issued
// with it. Neither column may be null or repeat itself, so that a token that does not exist is a
// hash of nothing.
type tokenRow struct {
	core.Row
	AccessToken      string     `row:"accessToken"`
	RefreshToken     string     `row:"refreshToken"`
	AccessExpiresAt  time.Time  `row:"accessTokenExpiresAt"`
	RefreshExpiresAt time.Time  `row:"refreshTokenExpiresAt"`
	ClientID         string     `row:"clientId"`
	UserID           *string    `row:"userId"`
	Scopes           string     `row:"scopes"` // separated by spaces
	CreatedAt        time.Time  `row:"createdAt"`
	UpdatedAt        time.Time  `row:"updatedAt"`
	SessionID        *string    `row:"sessionId"`
	CodeID           *string    `row:"authorizationCodeId"`
	Revoked          *time.Time `row:"revoked"`
	AuthTime         *time.Time `row:"authTime"`
	Resources        []string   `row:"resources"`
}

// consentRow is a row of oauthConsent.
type consentRow struct {
	core.Row
	ClientID  string    `row:"clientId"`
	UserID    string    `row:"userId"`
	Scopes    string    `row:"scopes"` // separated by spaces
	CreatedAt time.Time `row:"createdAt"`
	UpdatedAt time.Time `row:"updatedAt"`
	Given     bool      `row:"consentGiven"`
}
