package admin

import (
	"net/http"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/access"
	"github.com/advantch/kernia-go/core/validate"
	"github.com/advantch/kernia-go/core/wire"
)

// HasPermissionInput is the body of has-permission: permissions, or its older name
// permission, which Better Auth 1.6 accepts and refuses to check. Clients ask about
// themselves; UserID and Role are for the application itself.
type HasPermissionInput struct {
	UserID      *string            `json:"userId" zod:"coerce" doc:"The user to ask about. Server only"`
	Role        *string            `json:"role" doc:"The role to ask about. Server only"`
	Permission  access.Permissions `json:"permission,omitempty" validate:"and" doc:"Not used any more"`
	Permissions access.Permissions `json:"permissions,omitempty" validate:"and" doc:"Actions by resource"`
}

// DecodeAnd requires either permission or permissions.
func (in *HasPermissionInput) DecodeAnd(v wire.Value, issues *validate.Issues) {
	in.Permission, in.Permissions = access.ReadAsked(v, issues)
}

// HasPermissionReply is {"error":null,"success":…}.
type HasPermissionReply struct {
	Error   *string `json:"error"` // always null
	Success bool    `json:"success"`
}

func (p *Plugin) userHasPermission(c *core.Ctx, in *HasPermissionInput) (HasPermissionReply, error) {
	if in.Permissions == nil {
		return HasPermissionReply{}, errNoPermissions
	}
	if !c.FromServer() {
		data, err := c.StoredSession()
		if err != nil {
			return HasPermissionReply{}, err
		}
		if data == nil {
			return HasPermissionReply{}, core.Fail(http.StatusUnauthorized, core.CodeUnauthorized)
		}
		return HasPermissionReply{Success: p.HasPermission(&data.User, in.Permissions)}, nil
	}
	userID, role := validate.Value(in.UserID), validate.Value(in.Role)
	switch {
	case role != "":
		return HasPermissionReply{Success: p.granted(userID, access.Split(role), in.Permissions)}, nil
	case userID == "":
		return HasPermissionReply{}, errNobodyNamed
	}
	u, err := p.auth.Store().FindUser(c, userID)
	if core.IsNotFound(err) {
		return HasPermissionReply{}, errUserNotFound
	}
	if err != nil {
		return HasPermissionReply{}, err
	}
	return HasPermissionReply{Success: p.HasPermission(u, in.Permissions)}, nil
}
