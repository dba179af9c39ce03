package admin

import (
	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/schema"
)

// The handles on the fields that the plugin adds. Those by which the kernel and other plugins
// know a ban and an impersonation are in package core: core.Banned, core.BanExpires,
// core.ImpersonatedBy.
var (
	// Role is the handle on user.role: the names of the user's roles, with commas between
	// them. Plugin.Roles takes it apart.
	Role = core.Field[string]{Name: "role"}
	// BanReason is the handle on user.banReason.
	BanReason = core.Field[string]{Name: "banReason"}
)

// maxReason is how many characters the reason of a ban may have.
const maxReason = 1000

// fields are those of users and sessions. The index on the creation of users is for lists of
// users, and the one on roles for administrators among many users.
func (o *Options) fields() []schema.Table {
	return []schema.Table{
		{Model: core.ModelUser, Indexed: []string{"createdAt"}, Fields: []schema.Field{
			{Name: Role.Name, Type: schema.String, Optional: true, NoInput: true, Index: true, Sortable: true, Line: true, Column: o.Columns[Role.Name]},
			{Name: core.Banned.Name, Type: schema.Boolean, Optional: true, NoInput: true, Default: schema.Value(false), Column: o.Columns[core.Banned.Name]},
			{Name: BanReason.Name, Type: schema.String, Optional: true, NoInput: true, MaxLength: maxReason, Column: o.Columns[BanReason.Name]},
			{Name: core.BanExpires.Name, Type: schema.Date, Optional: true, NoInput: true, Column: o.Columns[core.BanExpires.Name]},
		}},
		{Model: core.ModelSession, Fields: []schema.Field{
			{Name: core.ImpersonatedBy.Name, Type: schema.String, Optional: true, NoInput: true, Column: o.Columns[core.ImpersonatedBy.Name]},
		}},
	}
}
