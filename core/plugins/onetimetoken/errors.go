package onetimetoken

import "github.com/advantch/kernia-go/core"

// The error codes of the plugin, beside core.CodeInvalidToken. Better Auth 1.6 has the
// messages alone.
var (
	CodeClientDisabled  = core.ErrorCode{Code: "CLIENT_REQUESTS_ARE_DISABLED", Message: "Client requests are disabled"}
	CodeSessionNotFound = core.ErrorCode{Code: "SESSION_NOT_FOUND", Message: "Session not found"}
	CodeSessionExpired  = core.ErrorCode{Code: "SESSION_EXPIRED", Message: "Session expired"}
)
