package electron

import "github.com/advantch/kernia-go/core"

// The error codes of the plugin. CodePKCEMethod comes from later releases of Better Auth
// 1.6.
var (
	CodeClientID         = core.ErrorCode{Code: "INVALID_CLIENT_ID", Message: "Invalid client ID"}
	CodeInvalidToken     = core.ErrorCode{Code: "INVALID_TOKEN", Message: "Invalid or expired token."}
	CodeStateMismatch    = core.ErrorCode{Code: "STATE_MISMATCH", Message: "state mismatch"}
	CodeChallengeMissing = core.ErrorCode{Code: "MISSING_CODE_CHALLENGE", Message: "missing code challenge"}
	CodeVerifier         = core.ErrorCode{Code: "INVALID_CODE_VERIFIER", Message: "Invalid code verifier"}
	CodeStateMissing     = core.ErrorCode{Code: "MISSING_STATE", Message: "state is required"}
	CodePKCEMissing      = core.ErrorCode{Code: "MISSING_PKCE", Message: "pkce is required"}
	CodePKCEMethod       = core.ErrorCode{Code: "INVALID_PKCE_METHOD", Message: "PKCE method must be S256"}
)
