package main

import (
	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/auditlog"
)

// The plugin is Kernia's own.
func init() { factories["auditLog"] = auditLogPlugin }

func auditLogPlugin(_ *instance, s *section) core.Plugin {
	return auditlog.New(auditlog.Options{
		Required: s.flag("required"), OmitIPAddress: s.flag("omitIPAddress"), OmitUserAgent: s.flag("omitUserAgent"),
		OrganizationAddresses: s.flag("organizationAddresses"),
	})
}
