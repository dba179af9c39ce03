package social

import "github.com/advantch/kernia-go/core"

// The codes that only routes of this package answer with.
var (
	CodeOAuthLinkError         = core.ErrorCode{Code: "OAUTH_LINK_ERROR", Message: ""}
	CodeLinkingNotAllowed      = core.ErrorCode{Code: "LINKING_NOT_ALLOWED", Message: "Account not linked - linking not allowed"}
	CodeLinkingDifferentEmails = core.ErrorCode{Code: "LINKING_DIFFERENT_EMAILS_NOT_ALLOWED", Message: "Account not linked - different emails not allowed"}
	CodeLinkingFailed          = core.ErrorCode{Code: "LINKING_FAILED", Message: "Account not linked - unable to create account"}
	CodeRefreshNotSupported    = core.ErrorCode{Code: "TOKEN_REFRESH_NOT_SUPPORTED", Message: ""}
	CodeProviderNotSupported   = core.ErrorCode{Code: "PROVIDER_NOT_SUPPORTED", Message: ""}
	CodeRefreshTokenNotFound   = core.ErrorCode{Code: "REFRESH_TOKEN_NOT_FOUND", Message: "Refresh token not found"}
	CodeFailedToGetToken       = core.ErrorCode{Code: "FAILED_TO_GET_ACCESS_TOKEN", Message: "Failed to get a valid access token"}
	CodeFailedToRefreshToken   = core.ErrorCode{Code: "FAILED_TO_REFRESH_ACCESS_TOKEN", Message: "Failed to refresh access token"}
	CodeProviderNotConfigured  = core.ErrorCode{Code: "PROVIDER_NOT_CONFIGURED", Message: ""}
	CodeAccessTokenNotFound    = core.ErrorCode{Code: "ACCESS_TOKEN_NOT_FOUND", Message: "Access token not found"}
	CodeUserOrSessionRequired  = core.ErrorCode{Code: "USER_ID_OR_SESSION_REQUIRED", Message: "Either userId or session is required"}
)

func codes() []core.ErrorCode {
	return []core.ErrorCode{
		CodeOAuthLinkError, CodeLinkingNotAllowed, CodeLinkingDifferentEmails, CodeLinkingFailed, CodeRefreshNotSupported, CodeProviderNotSupported,
		CodeRefreshTokenNotFound, CodeFailedToGetToken, CodeFailedToRefreshToken, CodeProviderNotConfigured, CodeAccessTokenNotFound,
		CodeUserOrSessionRequired,
	}
}

// named is a code with a message of the call's.
func named(status int, code core.ErrorCode, message string) *core.Error {
	code.Message = message
	return core.Fail(status, code)
}
