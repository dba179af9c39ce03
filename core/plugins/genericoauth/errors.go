package genericoauth

import (
	"net/http"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/oauth"
)

// The codes of the plugin. Those of the issuer are answered as the error parameter of a
// redirect, in lower case.
var (
	CodeConfiguration    = oauth.CodeConfiguration
	CodeTokenURLNotFound = core.ErrorCode{Code: "TOKEN_URL_NOT_FOUND", Message: "Invalid OAuth configuration. Token URL not found."}
	CodeProviderConfig   = core.ErrorCode{Code: "PROVIDER_CONFIG_NOT_FOUND", Message: "No config found for provider"}
	CodeProviderID       = core.ErrorCode{Code: "PROVIDER_ID_REQUIRED", Message: "Provider ID is required"}
	CodeConfig           = core.ErrorCode{Code: "INVALID_OAUTH_CONFIG", Message: "Invalid OAuth configuration."}
	CodeSessionRequired  = core.ErrorCode{Code: "SESSION_REQUIRED", Message: "Session is required"}
	CodeIssuerMismatch   = core.ErrorCode{Code: "ISSUER_MISMATCH", Message: "OAuth issuer mismatch. The authorization server issuer does not match the expected value (RFC 9207)."}
	CodeIssuerMissing    = core.ErrorCode{Code: "ISSUER_MISSING", Message: "OAuth issuer parameter missing. The authorization server did not include the required iss parameter (RFC 9207)."}
)

func codes() []core.ErrorCode {
	return []core.ErrorCode{
		CodeConfiguration, CodeTokenURLNotFound, CodeProviderConfig, CodeProviderID, CodeConfig, CodeSessionRequired, CodeIssuerMismatch, CodeIssuerMissing,
	}
}

// unknown has Better Auth's text, which is the code and not its message.
func unknown(id string) *core.Error {
	code := CodeProviderConfig
	code.Message = code.Code + " " + id
	return core.Fail(http.StatusBadRequest, code)
}
