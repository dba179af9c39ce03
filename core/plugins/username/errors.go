package username

import "github.com/advantch/kernia-go/core"

// The error codes of the plugin. It also answers with EMAIL_NOT_VERIFIED of the core.
// CodeUsernameImmutable comes from Better Auth 1.7.
var (
	CodeInvalidUsernameOrPassword = core.ErrorCode{Code: "INVALID_USERNAME_OR_PASSWORD", Message: "Invalid username or password"}
	CodeUnexpectedError           = core.ErrorCode{Code: "UNEXPECTED_ERROR", Message: "Unexpected error"}
	CodeUsernameTaken             = core.ErrorCode{Code: "USERNAME_IS_ALREADY_TAKEN", Message: "Username is already taken. Please try another."}
	CodeUsernameTooShort          = core.ErrorCode{Code: "USERNAME_TOO_SHORT", Message: "Username is too short"}
	CodeUsernameTooLong           = core.ErrorCode{Code: "USERNAME_TOO_LONG", Message: "Username is too long"}
	CodeInvalidUsername           = core.ErrorCode{Code: "INVALID_USERNAME", Message: "Username is invalid"}
	CodeInvalidDisplayUsername    = core.ErrorCode{Code: "INVALID_DISPLAY_USERNAME", Message: "Display username is invalid"}
	CodeUsernameImmutable         = core.ErrorCode{Code: "USERNAME_IS_IMMUTABLE", Message: "Username cannot be updated"}
)
