package scim

import (
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/schema"
)

// The logical names of the tables. The first is that of Better Auth 1.6; the others are
// Kernia's own, and keep what 1.6 forgets.
const (
	ModelProvider    = "scimProvider"
	ModelUser        = "scimUser"
	ModelGroup       = "scimGroup"
	ModelGroupMember = "scimGroupMember"
)

// Provider is a row of the table of connections.
type Provider struct {
	core.Row
	ProviderID     string  `row:"providerId"` // unique; the provider of the accounts of its users
	Token          string  `row:"scimToken"`  // as Options.Tokens stores it
	OrganizationID *string `row:"organizationId"`
	UserID         *string `row:"userId,optional"` // who made it
}

// Provisioned is a row of the table of users: what a connection has said of one of its users.
// The user's own row and account count where they differ. A row without an account is that of a
// user whom the directory has removed.
type Provisioned struct {
	core.Row
	ProviderID  string    `row:"providerId"`
	UserID      string    `row:"userId"`
	AccountID   string    `row:"accountId"`   // that of the account: externalId, or else the user name
	UserName    string    `row:"userName"`    // as it was sent
	UserNameKey string    `row:"userNameKey"` // for comparison: in lower case
	Emails      string    `row:"emails"`      // all addresses in lower case, each between line feeds
	Email       string    `row:"email"`       // what the directory has said last
	Name        string    `row:"name"`        // what the directory has said last
	Active      bool      `row:"active"`
	Made        bool      `row:"made"`       // the connection has made the user
	Owner       string    `row:"owner"`      // whose connection it is: see Connection.owner
	Role        *string   `row:"role"`       // in the organization, while the membership is suspended
	Ban         *string   `row:"ban"`        // JSON of what the ban of the deactivation covers; nil when it bans nobody
	Attributes  string    `row:"attributes"` // JSON
	CreatedAt   time.Time `row:"createdAt"`
	UpdatedAt   time.Time `row:"updatedAt"`
}

// Group is a row of the table of groups.
type Group struct {
	core.Row
	ProviderID     string    `row:"providerId"`
	Owner          string    `row:"owner"` // whose connection it is: see Connection.owner
	DisplayName    string    `row:"displayName"`
	DisplayNameKey string    `row:"displayNameKey"` // for comparison: in lower case
	ExternalID     *string   `row:"externalId"`
	TeamID         *string   `row:"teamId"` // of the team that the group is
	CreatedAt      time.Time `row:"createdAt"`
	UpdatedAt      time.Time `row:"updatedAt"`
}

// GroupMember is a row of the table of members of groups.
type GroupMember struct {
	core.Row
	GroupID   string    `row:"groupId"`
	UserID    string    `row:"userId"`
	CreatedAt time.Time `row:"createdAt"`
}

func (p *Plugin) providerTable() schema.Table {
	t := schema.Table{Model: ModelProvider, Name: p.opts.Table, Fields: []schema.Field{
		{Name: "providerId", Type: schema.String, Unique: true, Sortable: true},
		{Name: "scimToken", Type: schema.String, Unique: true, Hidden: true},
		{Name: "organizationId", Type: schema.String, Optional: true, Index: true},
	}}
	if !p.opts.SharePersonalConnections {
		t.Fields = append(t.Fields, schema.Field{Name: "userId", Type: schema.String, Optional: true, Index: true})
	}
	for i := range t.Fields {
		t.Fields[i].Column = p.opts.Columns[t.Fields[i].Name]
		t.Fields[i].NoInput = true
	}
	return t
}

// maxBan bounds the JSON of a covered ban, in characters. The reason of a ban has at most 1000.
const maxBan = 8 << 10

// maxAttributes bounds the JSON of the attributes of a user, in characters.
const maxAttributes = 64 << 10

func (p *Plugin) tables() []schema.Table {
	user := &schema.Reference{Model: core.ModelUser}
	tables := []schema.Table{p.providerTable(), {Model: ModelUser, Fields: []schema.Field{
		{Name: "providerId", Type: schema.String, Index: true},
		{Name: "userId", Type: schema.String, Index: true, References: user},
		{Name: "accountId", Type: schema.String, Sortable: true},
		{Name: "userName", Type: schema.String, Sortable: true},
		{Name: "userNameKey", Type: schema.String, Sortable: true},
		{Name: "emails", Type: schema.String, MaxLength: 16 << 10},
		{Name: "email", Type: schema.String},
		{Name: "name", Type: schema.String},
		{Name: "active", Type: schema.Boolean},
		{Name: "made", Type: schema.Boolean},
		{Name: "owner", Type: schema.String, Index: true},
		{Name: "role", Type: schema.String, Optional: true},
		{Name: "ban", Type: schema.String, Optional: true, MaxLength: maxBan},
		{Name: "attributes", Type: schema.String, MaxLength: maxAttributes},
		{Name: "createdAt", Type: schema.Date, Default: schema.Now},
		{Name: "updatedAt", Type: schema.Date, Default: schema.Now, OnUpdate: schema.Now},
		// What differs between users comes first: a plan that PostgreSQL has made for a small table, and
		// keeps, stays quick in a large one whichever of these it uses.
	}, Unique: [][]string{{"userNameKey", "providerId"}, {"userId", "providerId"}, {"accountId", "providerId"}}}}
	if p.opts.Groups != nil {
		tables = append(tables, schema.Table{Model: ModelGroup, Fields: []schema.Field{
			{Name: "providerId", Type: schema.String, Sortable: true},
			{Name: "owner", Type: schema.String, Index: true},
			{Name: "displayName", Type: schema.String, Sortable: true},
			{Name: "displayNameKey", Type: schema.String, Sortable: true},
			{Name: "externalId", Type: schema.String, Optional: true, Index: true},
			{Name: "teamId", Type: schema.String, Optional: true},
			{Name: "createdAt", Type: schema.Date, Default: schema.Now},
			{Name: "updatedAt", Type: schema.Date, Default: schema.Now, OnUpdate: schema.Now},
		}, Unique: [][]string{{"providerId", "displayNameKey"}}}, schema.Table{Model: ModelGroupMember, Fields: []schema.Field{
			{Name: "groupId", Type: schema.String, References: &schema.Reference{Model: ModelGroup}},
			{Name: "userId", Type: schema.String, Index: true, References: user},
			{Name: "createdAt", Type: schema.Date, Default: schema.Now},
		}, Unique: [][]string{{"groupId", "userId"}}})
	}
	for i := range tables {
		for j := range tables[i].Fields {
			tables[i].Fields[j].NoInput = true
		}
	}
	return tables
}

// banField is the mark of a deactivated user where the plugin admin does not bring it. Other
// plugins, such as api-key, refuse users with it.
func banField() schema.Table {
	return schema.Table{Model: core.ModelUser, Fields: []schema.Field{
		{Name: core.Banned.Name, Type: schema.Boolean, Optional: true, NoInput: true, Hidden: true},
	}}
}
