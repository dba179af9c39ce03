package siwe

import (
	"net/http"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/wire"
)

// The error codes of the plugin. Those of the messages and SIWE_INVALID_NONCE are Better
// Auth 1.7's.
var (
	CodeInvalidNonce     = core.ErrorCode{Code: "UNAUTHORIZED_INVALID_OR_EXPIRED_NONCE", Message: "Unauthorized: Invalid or expired nonce"}
	CodeInvalidSignature = core.ErrorCode{Code: "UNAUTHORIZED_INVALID_SIWE_SIGNATURE", Message: "Unauthorized: Invalid SIWE signature"}
	CodeMismatch         = core.ErrorCode{Code: "UNAUTHORIZED_SIWE_MESSAGE_MISMATCH", Message: "Unauthorized: SIWE message does not match the expected nonce, domain, address, or chain ID"}
	CodeExpired          = core.ErrorCode{Code: "UNAUTHORIZED_SIWE_MESSAGE_EXPIRED", Message: "Unauthorized: SIWE message has expired"}
	CodeNotYetValid      = core.ErrorCode{Code: "UNAUTHORIZED_SIWE_MESSAGE_NOT_YET_VALID", Message: "Unauthorized: SIWE message is not yet valid"}
	CodeBadNonce         = core.ErrorCode{Code: "SIWE_INVALID_NONCE", Message: "SIWE getNonce must return an ERC-4361 nonce: 8-250 alphanumeric characters."}
	CodeFailed           = core.ErrorCode{Code: "SOMETHING_WENT_WRONG_PLEASE_TRY_AGAIN_LATER", Message: "Something went wrong. Please try again later."}
	CodeEmailRequired    = core.ErrorCode{Code: core.CodeValidationError.Code, Message: "[body.email] Email is required when the anonymous plugin option is disabled."}
	codeAddressRequired  = core.ErrorCode{Code: core.CodeValidationError.Code, Message: "[body.walletAddress] walletAddress or address is required"}
)

// refuse is a 401 in Better Auth's form, which repeats the status in the body.
func refuse(code core.ErrorCode) *core.Error {
	e := core.Fail(http.StatusUnauthorized, code)
	e.Body = wire.ObjectOf(wire.NewObject(
		wire.Member{Name: "message", Value: wire.String(code.Message)},
		wire.Member{Name: "status", Value: wire.Number(http.StatusUnauthorized)},
		wire.Member{Name: "code", Value: wire.String(code.Code)},
	))
	return e
}

// failed is the answer when something other than the caller's input is at fault. The
// cause goes to the log.
func failed(cause error) *core.Error {
	e := refuse(CodeFailed)
	e.Cause = cause
	return e
}
