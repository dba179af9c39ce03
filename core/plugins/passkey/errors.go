package passkey

import "github.com/advantch/kernia-go/core"

// The error codes of Better Auth 1.6, in its order. Only the client produces
// REGISTRATION_CANCELLED, AUTH_CANCELLED and UNKNOWN_ERROR; no route answers with
// them.
var (
	CodeChallengeNotFound    = core.ErrorCode{Code: "CHALLENGE_NOT_FOUND", Message: "Challenge not found"}
	CodeNotAllowed           = core.ErrorCode{Code: "YOU_ARE_NOT_ALLOWED_TO_REGISTER_THIS_PASSKEY", Message: "You are not allowed to register this passkey"}
	CodeRegistrationFailed   = core.ErrorCode{Code: "FAILED_TO_VERIFY_REGISTRATION", Message: "Failed to verify registration"}
	CodePasskeyNotFound      = core.ErrorCode{Code: "PASSKEY_NOT_FOUND", Message: "Passkey not found"}
	CodeAuthenticationFailed = core.ErrorCode{Code: "AUTHENTICATION_FAILED", Message: "Authentication failed"}
	CodeUnableToCreate       = core.ErrorCode{Code: "UNABLE_TO_CREATE_SESSION", Message: "Unable to create session"}
	CodeFailedToUpdate       = core.ErrorCode{Code: "FAILED_TO_UPDATE_PASSKEY", Message: "Failed to update passkey"}
	CodePreviouslyRegistered = core.ErrorCode{Code: "PREVIOUSLY_REGISTERED", Message: "Previously registered"}
	CodeRegistrationCanceled = core.ErrorCode{Code: "REGISTRATION_CANCELLED", Message: "Registration cancelled"}
	CodeAuthCanceled         = core.ErrorCode{Code: "AUTH_CANCELLED", Message: "Auth cancelled"}
	CodeUnknownError         = core.ErrorCode{Code: "UNKNOWN_ERROR", Message: "Unknown error"}
	CodeSessionRequired      = core.ErrorCode{Code: "SESSION_REQUIRED", Message: "Passkey registration requires an authenticated session"}
	CodeResolveUserRequired  = core.ErrorCode{Code: "RESOLVE_USER_REQUIRED", Message: "Passkey registration requires either an authenticated session or a resolveUser callback when requireSession is false"}
	CodeResolvedUserInvalid  = core.ErrorCode{Code: "RESOLVED_USER_INVALID", Message: "Resolved user is invalid"}

	// CodeLastPasskey does not exist in Better Auth 1.6, which deletes the last
	// passkey.
	CodeLastPasskey = core.ErrorCode{Code: "FAILED_TO_DELETE_LAST_PASSKEY", Message: "You can't delete your last passkey: there is no other way to sign in"}
)

func errorCodes() []core.ErrorCode {
	return []core.ErrorCode{
		CodeChallengeNotFound, CodeNotAllowed, CodeRegistrationFailed, CodePasskeyNotFound, CodeAuthenticationFailed,
		CodeUnableToCreate, CodeFailedToUpdate, CodePreviouslyRegistered, CodeRegistrationCanceled, CodeAuthCanceled,
		CodeUnknownError, CodeSessionRequired, CodeResolveUserRequired, CodeResolvedUserInvalid, CodeLastPasskey,
	}
}
