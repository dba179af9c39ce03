package main

import (
	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/adminconfig"
)

// The plugin is Kernia's own: its options are named like those of Kernia for Python, in
// Better Auth's spelling.
func init() { factories["adminConfig"] = (*instance).adminConfig }

func (i *instance) adminConfig(s *section) core.Plugin {
	o := adminconfig.Options{
		AdminUserIDs: s.texts("adminUserIds"), AdminRoles: s.texts("adminRoles"), AllowAnyAuthenticated: s.flag("allowAnyAuthenticated"),
		AlwaysAllow: s.texts("alwaysAllow"),
	}
	methods := s.sub("defaultAuthMethods")
	for _, m := range methods.object.Members() {
		one := methods.sub(m.Name)
		if o.DefaultAuthMethods == nil {
			o.DefaultAuthMethods = map[string]adminconfig.AuthMethod{}
		}
		o.DefaultAuthMethods[m.Name] = adminconfig.AuthMethod{Enabled: one.flag("enabled"), Label: one.text("label")}
	}
	return adminconfig.New(o)
}
