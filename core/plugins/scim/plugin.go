// Package scim lets the directory of a company provision users (SCIM 2.0: RFC 7643, RFC 7644):
// it creates, finds, changes, deactivates and removes them, and keeps groups, which can be the
// teams or the roles of an organization. A user with a session makes the token of a connection.
// See https://better-auth.com/docs/plugins/scim. Plugin id: "scim".
//
// A directory reaches only the users and groups of its own connection, and changes the profile
// of a user only while it controls the user: see Options.Controls.
package scim

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/admin"
	"github.com/advantch/kernia-go/core/plugins/organization"
	"github.com/advantch/kernia-go/core/plugins/scim/document"
	"github.com/advantch/kernia-go/core/ratelimit"
	"github.com/advantch/kernia-go/core/schema"
)

// ID is the plugin's id.
const ID = "scim"

// Options configures the plugin.
type Options struct {
	// Connections are connections of the application itself, which are in no table
	// (defaultSCIM).
	Connections []StaticConnection
	// RequiredRoles are the roles of which a member of an organization needs one to manage its
	// connections. Default: "admin" and the creator's role. An empty list that is not nil lets
	// every member.
	RequiredRoles []string
	// Tokens says how tokens are stored. Default: as a hash.
	Tokens TokenStorage
	// SharePersonalConnections lets every user manage the connections without an organization,
	// whoever made them, as Better Auth 1.6 does without providerOwnership. Default: only the
	// user who made it. The table then has no column userId.
	SharePersonalConnections bool
	// BeforeToken may refuse a new token with an error (beforeSCIMTokenGenerated).
	BeforeToken func(ctx context.Context, e *TokenEvent) error
	// AfterToken is told of a new token (afterSCIMTokenGenerated).
	AfterToken func(ctx context.Context, e *TokenEvent) error
	// LinkExistingUsers makes a user who exists already, with a verified address, one of the
	// connection when the directory creates a user with that address. Default: 409. A directory
	// never controls a user whom it has not made.
	LinkExistingUsers bool
	// Controls lets a directory change the profile of a user, block the user's sign-ins and
	// delete the user although Kernia would not: see the page of the plugin. Default: nobody
	// else.
	Controls func(ctx context.Context, conn *Connection, u *core.User) (bool, error)
	// MemberRole is the role of users in the organization of the connection. Default "member".
	MemberRole string
	// Groups adds the routes of groups. Default: there are none, as in Better Auth 1.6.
	Groups *Groups
	// MaxScan is how many users or groups a filter may look at that no index serves. Default
	// 10000. A filter that would look at more is answered with 400 tooMany.
	MaxScan int
	// Table is the name of the table of connections, and Columns the names of its columns by
	// field.
	Table   string
	Columns map[string]string
}

// StaticConnection is a connection of the application itself. Without an organization it
// controls all its users.
type StaticConnection struct {
	ProviderID     string
	Token          string // its secret part: Plugin.BearerToken makes the token of it
	OrganizationID string
}

// Groups configures groups. Without Teams and Roles they are kept, and grant nothing.
type Groups struct {
	// Teams makes each group of a connection with an organization a team of it.
	Teams bool
	// Roles are the roles that a group gives its members in the organization of the connection,
	// beside MemberRole. It is called while rows are locked: ask no other system.
	Roles func(ctx context.Context, conn *Connection, g *Group) ([]string, error)
}

// Plugin is the installed plugin; get it with From. Its operations can be called from Go.
type Plugin struct {
	GenerateToken    *core.Op[GenerateTokenInput, TokenReply]
	ListConnections  *core.Op[core.NoInput, ConnectionsReply]
	GetConnection    *core.Op[ConnectionQuery, Connection]
	DeleteConnection *core.Op[ConnectionInput, core.SuccessReply]

	GetUser    *core.Op[GetInput, *Resource]
	CreateUser *core.Op[CreateInput, *Resource]
	PatchUser  *core.Op[ChangeInput, *Resource]
	DeleteUser *core.Op[DeleteInput, *core.Raw]
	UpdateUser *core.Op[ChangeInput, *Resource]
	ListUsers  *core.Op[ListInput, *List]

	// With Options.Groups only; nil otherwise.
	GetGroup    *core.Op[GroupGetInput, *GroupResource]
	CreateGroup *core.Op[CreateInput, *GroupResource]
	PatchGroup  *core.Op[GroupChangeInput, *GroupResource]
	DeleteGroup *core.Op[GroupDeleteInput, *core.Raw]
	UpdateGroup *core.Op[GroupChangeInput, *GroupResource]
	ListGroups  *core.Op[ListInput, *GroupList]

	ServiceProviderConfig *core.Op[core.NoInput, ServiceProviderConfig]
	ListSchemas           *core.Op[DiscoveryInput, Listing]
	GetSchema             *core.Op[SchemaInput, Described]
	ListResourceTypes     *core.Op[DiscoveryInput, Listing]
	GetResourceType       *core.Op[ResourceTypeInput, Described]

	opts   Options
	users  *document.Kind
	groups *document.Kind
	auth   *core.Auth

	org     *organization.Plugin
	admin   *admin.Plugin
	reasons bool // the user table has the reason of a ban

	providers   *core.Table[Provider]
	provisioned *core.Table[Provisioned]
	groupRows   *core.Table[Group]
	memberRows  *core.Table[GroupMember]
}

const (
	mediaType  = "application/scim+json"
	usersPath  = "/scim/v2/Users"
	groupsPath = "/scim/v2/Groups"
)

// New makes the plugin.
func New(o Options) *Plugin {
	if o.MemberRole == "" {
		o.MemberRole = "member"
	}
	if o.MaxScan == 0 {
		o.MaxScan = 10000
	}
	p := &Plugin{opts: o, users: document.Users(), groups: document.Groups()}
	session := core.Use(core.RequireStoredSession)
	p.GenerateToken = core.Post("generateSCIMToken", "/scim/generate-token", p.generateToken, core.Use(core.RequireStoredSession, core.InPerson),
		core.Status(http.StatusCreated), core.Fails(http.StatusConflict), core.Doc("Generates a new SCIM token for the given provider"))
	p.ListConnections = core.Get("listSCIMProviderConnections", "/scim/list-provider-connections", p.listConnections, session,
		core.Doc("List SCIM providers"))
	p.GetConnection = core.Get("getSCIMProviderConnection", "/scim/get-provider-connection", p.getConnection, session,
		core.Doc("Get SCIM provider details"))
	p.DeleteConnection = core.Post("deleteSCIMProviderConnection", "/scim/delete-provider-connection", p.deleteConnection, core.Use(core.RequireStoredSession, core.InPerson),
		core.Doc("Delete SCIM provider"))

	user := usersPath + "/:userId"
	p.GetUser = core.Get("getSCIMUser", user, p.getUser, protocol("Get SCIM user details")...)
	p.CreateUser = core.Post("createSCIMUser", usersPath, p.createUser, protocol("Create SCIM user.", core.Status(http.StatusCreated))...)
	p.PatchUser = core.Patch("patchSCIMUser", user, p.patchUser, protocol("Patch SCIM user", core.Status(http.StatusNoContent))...)
	p.DeleteUser = core.Delete("deleteSCIMUser", user, p.deleteUser, protocol("Delete SCIM user", core.Status(http.StatusNoContent))...)
	p.UpdateUser = core.Put("updateSCIMUser", user, p.updateUser, protocol("Update SCIM user.")...)
	p.ListUsers = core.Get("listSCIMUsers", usersPath, p.listUsers, protocol("List SCIM users")...)
	if o.Groups != nil {
		group := groupsPath + "/:groupId"
		p.GetGroup = core.Get("getSCIMGroup", group, p.getGroup, protocol("Get a SCIM group")...)
		p.CreateGroup = core.Post("createSCIMGroup", groupsPath, p.createGroup, protocol("Create a SCIM group", core.Status(http.StatusCreated))...)
		p.PatchGroup = core.Patch("patchSCIMGroup", group, p.patchGroup, protocol("Patch a SCIM group", core.Status(http.StatusNoContent))...)
		p.DeleteGroup = core.Delete("deleteSCIMGroup", group, p.deleteGroup, protocol("Delete a SCIM group", core.Status(http.StatusNoContent))...)
		p.UpdateGroup = core.Put("updateSCIMGroup", group, p.updateGroup, protocol("Replace a SCIM group")...)
		p.ListGroups = core.Get("listSCIMGroups", groupsPath, p.listGroups, protocol("List SCIM groups")...)
	}
	p.ServiceProviderConfig = core.Get("getSCIMServiceProviderConfig", "/scim/v2/ServiceProviderConfig", p.serviceProviderConfig, protocol("SCIM Service Provider Configuration")...)
	p.ListSchemas = core.Get("getSCIMSchemas", "/scim/v2/Schemas", p.listSchemas, protocol("SCIM Service Provider Configuration Schemas")...)
	p.GetSchema = core.Get("getSCIMSchema", "/scim/v2/Schemas/:schemaId", p.getSchema, protocol("SCIM a Service Provider Configuration Schema")...)
	p.ListResourceTypes = core.Get("getSCIMResourceTypes", "/scim/v2/ResourceTypes", p.listResourceTypes, protocol("SCIM Service Provider Supported Resource Types")...)
	p.GetResourceType = core.Get("getSCIMResourceType", "/scim/v2/ResourceTypes/:resourceTypeId", p.getResourceType, protocol("SCIM Service Provider Supported Resource Type")...)
	return p
}

// protocol are the options of the operations that directories call.
func protocol(doc string, more ...core.Option) []core.Option {
	return append([]core.Option{core.Doc(doc), core.Accept(mediaType, "application/json"), core.Answers(mediaType),
		core.ErrorsAs(mediaType, ErrorReply{}, asProtocol), core.Fails(http.StatusConflict, http.StatusPreconditionFailed)}, more...)
}

// From returns the plugin installed in a.
func From(a *core.Auth) (*Plugin, bool) { return core.PluginOf[*Plugin](a) }

// ID returns "scim".
func (p *Plugin) ID() string { return ID }

// Manifest checks the options and lists what the plugin adds.
func (p *Plugin) Manifest(env core.Env) (core.Manifest, error) {
	if err := p.check(env); err != nil {
		return core.Manifest{}, err
	}
	m := core.Manifest{
		Tables:  p.tables(),
		Store:   core.StoreHooks{User: core.ModelHooks[core.User]{AfterUpdate: p.userChanged, BeforeDelete: p.makerDeleted}},
		Errors:  codes,
		Init:    p.bind,
		OpenAPI: core.OpenAPIPart{Tag: "SCIM"},
		// Entra ID sends 25 requests a second for one tenant.
		RateLimits: []ratelimit.PathRule{{
			Match: []ratelimit.Match{{Prefix: "/scim/v2/"}},
			Rule:  ratelimit.Rule{Window: 10 * time.Second, Max: 600},
		}},
	}
	if !env.HasPlugin(admin.ID) {
		m.Extend = []schema.Table{banField()}
		m.SignInWatch, m.SessionGate = p.watch, p.sessionGate
		m.Store.Session.BeforeCreate = p.sessionMade
	}
	return m, nil
}

func (p *Plugin) check(env core.Env) error {
	o := &p.opts
	if err := o.Tokens.check(); err != nil {
		return err
	}
	seen := map[string]bool{}
	for i, c := range o.Connections {
		switch {
		case c.ProviderID == "" || strings.Contains(c.ProviderID, ":"):
			return fmt.Errorf("Options.Connections[%d].ProviderID is %q: give an id without a colon", i, c.ProviderID)
		case len(c.Token) < minToken && env.Compat != core.CompatBetterAuth:
			return fmt.Errorf("Options.Connections[%d].Token has %d characters: give at least %d random ones", i, len(c.Token), minToken)
		case c.Token == "" || strings.Contains(c.Token, ":"):
			return fmt.Errorf("Options.Connections[%d].Token is empty or has a colon: give random letters and digits", i)
		case seen[strings.ToLower(c.ProviderID)]:
			return fmt.Errorf("Options.Connections lists %q twice: give each connection an id of its own, also those of different organizations", c.ProviderID)
		case c.OrganizationID != "" && !env.HasPlugin(organization.ID):
			return fmt.Errorf("Options.Connections[%d] has an organization: add the plugin %q", i, organization.ID)
		}
		seen[strings.ToLower(c.ProviderID)] = true
	}
	if o.MaxScan < 0 {
		return errors.New("Options.MaxScan is negative: give a number, or 0 for 10000")
	}
	if g := o.Groups; g != nil && (g.Teams || g.Roles != nil) && !env.HasPlugin(organization.ID) {
		return fmt.Errorf("Options.Groups makes teams or roles of groups: add the plugin %q", organization.ID)
	}
	for name := range o.Columns {
		if !slices.ContainsFunc(p.providerTable().Fields, func(f schema.Field) bool { return f.Name == name }) {
			return fmt.Errorf("Options.Columns has %q, which is no field of the table %q", name, ModelProvider)
		}
	}
	return nil
}

func (p *Plugin) bind(_ context.Context, a *core.Auth) error {
	p.auth = a
	p.admin, _ = core.PluginOf[*admin.Plugin](a)
	if users, ok := a.Schema().Table(core.ModelUser); ok {
		_, p.reasons = users.Field(admin.BanReason.Name)
	}
	var errs []error
	var err error
	p.providers, err = core.TableOf[Provider](a, ModelProvider)
	errs = append(errs, err)
	p.provisioned, err = core.TableOf[Provisioned](a, ModelUser)
	errs = append(errs, err)
	if p.opts.Groups != nil {
		p.groupRows, err = core.TableOf[Group](a, ModelGroup)
		errs = append(errs, err)
		p.memberRows, err = core.TableOf[GroupMember](a, ModelGroupMember)
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	var ok bool
	if p.org, ok = core.PluginOf[*organization.Plugin](a); ok {
		if g := p.opts.Groups; g != nil && g.Teams && !p.org.HasTeams() {
			return errors.New("Options.Groups.Teams needs teams: enable them in the options of the plugin organization")
		}
		if slices.Contains(strings.Split(p.opts.MemberRole, ","), p.org.CreatorRole()) {
			return fmt.Errorf("Options.MemberRole is %q, the role of owners: give another one, because a directory makes no owners", p.opts.MemberRole)
		}
		p.org.BeforeDeletion(p.organizationDeleted)
		p.org.AddHooks(organization.Hooks{BeforeRemoveMember: p.memberLeft, BeforeLeave: p.memberLeft})
	}
	return nil
}
