package main

import (
	"context"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/access"
	"github.com/advantch/kernia-go/core/plugins/admin"
)

func init() { factories["admin"] = (*instance).admin }

func (i *instance) admin(s *section) core.Plugin {
	o := admin.Options{
		DefaultRole: s.text("defaultRole"), AdminUserIDs: s.texts("adminUserIds"),
		AllowRolesAboveOwn: true, // as there
		DefaultBanReason:   s.text("defaultBanReason"), AllowImpersonatingAdmins: s.flag("allowImpersonatingAdmins"),
	}
	if roles, ok := s.get("adminRoles").Str(); ok {
		o.AdminRoles = strings.Split(roles, ",")
	} else {
		o.AdminRoles = s.texts("adminRoles")
	}
	o.DefaultBanExpiresIn, _ = s.seconds("defaultBanExpiresIn")
	o.ImpersonationSessionDuration, _ = s.seconds("impersonationSessionDuration")
	if f := s.all.function(s.get("bannedUserMessage")); f != nil {
		o.BannedUserMessageFunc = func(ctx context.Context, u *core.User) (string, error) {
			v, err := f.call(ctx, encodeUser(u))
			text, _ := v.Str()
			return text, err
		}
	} else {
		o.BannedUserMessage = s.text("bannedUserMessage")
	}
	if statements := s.get("ac"); !statements.IsUndefined() {
		o.Access = access.NewControl(s.permissions("ac", "$ac", statements))
	}
	if roles, ok := s.get("roles").Obj(); ok {
		o.Roles = map[string]*access.Role{}
		for _, m := range roles.Members() {
			o.Roles[m.Name] = access.NewRole(s.permissions("roles."+m.Name, "$role", m.Value))
		}
	}
	schema := s.sub("schema")
	for _, model := range []string{core.ModelUser, core.ModelSession} {
		for field, column := range columns(schema.sub(model)) {
			if o.Columns == nil {
				o.Columns = map[string]string{}
			}
			o.Columns[field] = column
		}
	}
	return admin.New(o)
}
