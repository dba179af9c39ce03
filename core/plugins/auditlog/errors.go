package auditlog

import "github.com/advantch/kernia-go/core"

// The codes of the plugin.
var (
	CodeForbidden = core.ErrorCode{Code: "AUDIT_LOG_FORBIDDEN", Message: "You are not allowed to list these audit records"}
	// CodeNoOrganization is the answer to a request that names no organization, when the
	// session has no active one.
	CodeNoOrganization = core.ErrorCode{Code: "AUDIT_LOG_NO_ORGANIZATION", Message: "Name an organization, or make one active"}
)

func codes() []core.ErrorCode { return []core.ErrorCode{CodeForbidden, CodeNoOrganization} }
