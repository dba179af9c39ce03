package adminconfig

import (
	"net/http"

	"github.com/advantch/kernia-go/core"
)

// The codes of the plugin.
var (
	CodeMethodDisabled = core.ErrorCode{Code: "AUTH_METHOD_DISABLED", Message: "This sign-in method is disabled"}
	CodeForbidden      = core.ErrorCode{Code: "ADMIN_CONFIG_FORBIDDEN", Message: "You are not allowed to manage the configuration"}
	CodeNotFound       = core.ErrorCode{Code: "ADMIN_CONFIG_NOT_FOUND", Message: "Configuration not found"}
	// CodeConflict is the answer to a change of something that somebody else has changed
	// since it was read.
	CodeConflict = core.ErrorCode{Code: "ADMIN_CONFIG_CONFLICT", Message: "The configuration has been changed meanwhile: read it again"}
	// CodeLastMethod is the answer to a change that would lock its author out.
	CodeLastMethod = core.ErrorCode{Code: "ADMIN_CONFIG_LAST_METHOD", Message: "This would leave you no method to sign in with"}
	// CodeMethodRequired is the answer to switching off a method of Options.AlwaysAllow.
	CodeMethodRequired = core.ErrorCode{Code: "ADMIN_CONFIG_METHOD_REQUIRED", Message: "This sign-in method cannot be disabled"}
)

func codes() []core.ErrorCode {
	return []core.ErrorCode{CodeMethodDisabled, CodeForbidden, CodeNotFound, CodeConflict, CodeLastMethod, CodeMethodRequired}
}

// invalid is the answer to a body that does not fit. where is the path of a member below
// the body.
func invalid(where, what string) error {
	return &core.Error{Status: http.StatusBadRequest, Code: core.CodeValidationError.Code, Message: "[body." + where + "] Invalid input: " + what}
}
