package core

import (
	"errors"
	"net/http"
	"strings"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/storage"
	"github.com/advantch/kernia-go/core/wire"
)

// ErrorCode is a machine-readable code with its message, as on the wire.
type ErrorCode struct{ Code, Message string }

// Error is an answer other than success. It renders as
// {"message":…,"code":…} followed by Details in order, unless it has a Body of its own.
type Error struct {
	Status  int
	Code    string
	Message string
	Details []Detail      // further members of the body
	Header  []HeaderField // for example Location or Retry-After
	NoBody  bool          // an empty body, as Better Auth sends with redirects and unknown routes
	Cause   error         // for the log, never sent

	// Body replaces the whole body, for protocols with their own error format, such as
	// OAuth (OAuthError) and SCIM. Code and Message are then used only by Is and in
	// the log.
	Body        wire.Appender
	ContentType string // of Body; default application/json
}

// Detail is a further member of an error body.
type Detail struct {
	Name  string
	Value wire.Value
}

func (e *Error) Error() string {
	if e.Code == "" {
		return http.StatusText(e.Status)
	}
	return e.Code + ": " + e.Message
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Because sets the cause and returns e.
func (e *Error) Because(cause error) *Error {
	e.Cause = cause
	return e
}

// Is reports whether target is an *Error of the same status and code.
func (e *Error) Is(target error) bool {
	var t *Error
	return errors.As(target, &t) && t.Status == e.Status && t.Code == e.Code
}

// HasCode reports whether err is, or wraps, an *Error with this code, whatever its
// status:
//
//	if core.HasCode(err, organization.CodeMemberNotFound) {
func HasCode(err error, code ErrorCode) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == code.Code
}

// ErrNotFound is returned for a row, value or user that does not exist. It is
// adapter.ErrNotFound.
var ErrNotFound = adapter.ErrNotFound

// IsNotFound reports whether err says that something does not exist: ErrNotFound, or
// storage.ErrNotFound of the secondary storage. After any other error it is unknown
// whether it exists.
func IsNotFound(err error) bool {
	return errors.Is(err, ErrNotFound) || errors.Is(err, storage.ErrNotFound)
}

// AppendJSON appends the body.
func (e *Error) AppendJSON(dst []byte) []byte {
	dst = append(dst, `{"message":`...)
	dst = wire.AppendString(dst, e.Message)
	dst = append(dst, `,"code":`...)
	dst = wire.AppendString(dst, e.Code)
	for _, d := range e.Details {
		dst = append(dst, ',')
		dst = wire.AppendString(dst, d.Name)
		dst = append(dst, ':')
		dst = d.Value.AppendJSON(dst)
	}
	return append(dst, '}')
}

// OAuthError makes an error answer in the form of OAuth 2.0 (RFC 6749 §5.2):
// {"error":code,"error_description":description}. An empty description is left out.
// The HTTP status is 400, or 401 with a WWW-Authenticate header for invalid_client.
func OAuthError(status int, code, description string) *Error {
	return &Error{Status: status, Code: code, Message: description, Body: oauthBody{code, description}}
}

type oauthBody struct{ code, description string }

func (b oauthBody) AppendJSON(dst []byte) []byte {
	dst = append(dst, `{"error":`...)
	dst = wire.AppendString(dst, b.code)
	if b.description != "" {
		dst = append(dst, `,"error_description":`...)
		dst = wire.AppendString(dst, b.description)
	}
	return append(dst, '}')
}

// Fail makes an error answer.
func Fail(status int, code ErrorCode) *Error {
	return &Error{Status: status, Code: code.Code, Message: code.Message}
}

// FailText makes an error answer whose code is derived from its message. Better
// Auth 1.6 sends some messages without a code; here every 4xx has one.
func FailText(status int, message string) *Error {
	code := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		case r == ' ':
			return '_'
		}
		return -1
	}, message)
	return &Error{Status: status, Code: code, Message: message}
}

// ErrAbort is returned by a store hook to give up a write without an error of
// its own. As in Better Auth 1.6, a creation then fails with the error that
// fits it, and an update or a deletion is answered as if there had been nothing
// to change.
var ErrAbort = errors.New("core: aborted by a store hook")

// The error codes of the core, in the order of Better Auth 1.6.
var (
	CodeUserNotFound               = ErrorCode{"USER_NOT_FOUND", "User not found"}
	CodeFailedToCreateUser         = ErrorCode{"FAILED_TO_CREATE_USER", "Failed to create user"}
	CodeFailedToCreateSession      = ErrorCode{"FAILED_TO_CREATE_SESSION", "Failed to create session"}
	CodeFailedToUpdateUser         = ErrorCode{"FAILED_TO_UPDATE_USER", "Failed to update user"}
	CodeFailedToGetSession         = ErrorCode{"FAILED_TO_GET_SESSION", "Failed to get session"}
	CodeInvalidPassword            = ErrorCode{"INVALID_PASSWORD", "Invalid password"}
	CodeInvalidEmail               = ErrorCode{"INVALID_EMAIL", "Invalid email"}
	CodeInvalidEmailOrPassword     = ErrorCode{"INVALID_EMAIL_OR_PASSWORD", "Invalid email or password"}
	CodeInvalidUser                = ErrorCode{"INVALID_USER", "Invalid user"}
	CodeSocialAccountAlreadyLinked = ErrorCode{"SOCIAL_ACCOUNT_ALREADY_LINKED", "Social account already linked"}
	CodeProviderNotFound           = ErrorCode{"PROVIDER_NOT_FOUND", "Provider not found"}
	CodeInvalidToken               = ErrorCode{"INVALID_TOKEN", "Invalid token"}
	CodeTokenExpired               = ErrorCode{"TOKEN_EXPIRED", "Token expired"}
	CodeIDTokenNotSupported        = ErrorCode{"ID_TOKEN_NOT_SUPPORTED", "id_token not supported"}
	CodeFailedToGetUserInfo        = ErrorCode{"FAILED_TO_GET_USER_INFO", "Failed to get user info"}
	CodeUserEmailNotFound          = ErrorCode{"USER_EMAIL_NOT_FOUND", "User email not found"}
	CodeEmailNotVerified           = ErrorCode{"EMAIL_NOT_VERIFIED", "Email not verified"}
	CodePasswordTooShort           = ErrorCode{"PASSWORD_TOO_SHORT", "Password too short"}
	CodePasswordTooLong            = ErrorCode{"PASSWORD_TOO_LONG", "Password too long"}
	CodeUserAlreadyExists          = ErrorCode{"USER_ALREADY_EXISTS", "User already exists."}
	CodeUserExistsUseAnotherEmail  = ErrorCode{"USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL", "User already exists. Use another email."}
	CodeEmailCanNotBeUpdated       = ErrorCode{"EMAIL_CAN_NOT_BE_UPDATED", "Email can not be updated"}
	CodeChangeEmailDisabled        = ErrorCode{"CHANGE_EMAIL_DISABLED", "Change email is disabled"}
	CodeCredentialAccountNotFound  = ErrorCode{"CREDENTIAL_ACCOUNT_NOT_FOUND", "Credential account not found"}
	CodeSessionExpired             = ErrorCode{"SESSION_EXPIRED", "Session expired. Re-authenticate to perform this action."}
	CodeFailedToUnlinkLastAccount  = ErrorCode{"FAILED_TO_UNLINK_LAST_ACCOUNT", "You can't unlink your last account"}
	CodeAccountNotFound            = ErrorCode{"ACCOUNT_NOT_FOUND", "Account not found"}
	CodeUserAlreadyHasPassword     = ErrorCode{"USER_ALREADY_HAS_PASSWORD", "User already has a password. Provide that to delete the account."}
	CodeCrossSiteLoginBlocked      = ErrorCode{"CROSS_SITE_NAVIGATION_LOGIN_BLOCKED", "Cross-site navigation login blocked. This request appears to be a CSRF attack."}
	CodeVerificationEmailDisabled  = ErrorCode{"VERIFICATION_EMAIL_NOT_ENABLED", "Verification email isn't enabled"}
	CodeEmailAlreadyVerified       = ErrorCode{"EMAIL_ALREADY_VERIFIED", "Email is already verified"}
	CodeEmailMismatch              = ErrorCode{"EMAIL_MISMATCH", "Email mismatch"}
	CodeSessionNotFresh            = ErrorCode{"SESSION_NOT_FRESH", "Session is not fresh"}
	CodeLinkedAccountExists        = ErrorCode{"LINKED_ACCOUNT_ALREADY_EXISTS", "Linked account already exists"}
	CodeInvalidOrigin              = ErrorCode{"INVALID_ORIGIN", "Invalid origin"}
	CodeInvalidCallbackURL         = ErrorCode{"INVALID_CALLBACK_URL", "Invalid callbackURL"}
	CodeInvalidRedirectURL         = ErrorCode{"INVALID_REDIRECT_URL", "Invalid redirectURL"}
	CodeInvalidErrorCallbackURL    = ErrorCode{"INVALID_ERROR_CALLBACK_URL", "Invalid errorCallbackURL"}
	CodeInvalidNewUserCallbackURL  = ErrorCode{"INVALID_NEW_USER_CALLBACK_URL", "Invalid newUserCallbackURL"}
	CodeMissingOrNullOrigin        = ErrorCode{"MISSING_OR_NULL_ORIGIN", "Missing or null Origin"}
	CodeCallbackURLRequired        = ErrorCode{"CALLBACK_URL_REQUIRED", "callbackURL is required"}
	CodeFailedToCreateVerification = ErrorCode{"FAILED_TO_CREATE_VERIFICATION", "Unable to create verification"}
	CodeFieldNotAllowed            = ErrorCode{"FIELD_NOT_ALLOWED", "Field not allowed to be set"}
	CodeValidationError            = ErrorCode{"VALIDATION_ERROR", "Validation Error"}
	CodeMissingField               = ErrorCode{"MISSING_FIELD", "Field is required"}
	CodeDeferSessionRequired       = ErrorCode{"METHOD_NOT_ALLOWED_DEFER_SESSION_REQUIRED", "POST method requires deferSessionRefresh to be enabled in session config"}
	CodeBodyMustBeAnObject         = ErrorCode{"BODY_MUST_BE_AN_OBJECT", "Body must be an object"}
	CodePasswordAlreadySet         = ErrorCode{"PASSWORD_ALREADY_SET", "User already has a password set"}

	CodeUnauthorized = ErrorCode{"UNAUTHORIZED", "Unauthorized"}
	// CodeCredentialsDisagree is Kernia's own: a request came with the cookie of one user
	// and a token or key of another.
	CodeCredentialsDisagree = ErrorCode{"CREDENTIALS_DISAGREE", "The credentials of the request are of different users"}
	CodeNotFound            = ErrorCode{"NOT_FOUND", "Not found"}
	CodeInternal            = ErrorCode{"INTERNAL_SERVER_ERROR", "Internal Server Error"}

	// Codes that Better Auth 1.6 has no name for.
	CodeInvalidJSON           = ErrorCode{"INVALID_JSON", "Invalid JSON in request body"}
	CodePayloadTooLarge       = ErrorCode{"PAYLOAD_TOO_LARGE", "Request body is too large"}
	CodeQueryTooLarge         = ErrorCode{"QUERY_TOO_LARGE", "Query has too many parameters"}
	CodeTooManyRequests       = ErrorCode{"TOO_MANY_REQUESTS", "Too many requests. Please try again later."}
	CodeNotWhileImpersonating = ErrorCode{"NOT_WHILE_IMPERSONATING", "This is not allowed while impersonating a user"}
	CodeServerBusy            = ErrorCode{"SERVER_BUSY", "The server is busy. Please try again."}
	CodeSessionUnavailable    = ErrorCode{"SESSION_UNAVAILABLE", "The session could not be read. Please try again."}
	CodeNotReady              = ErrorCode{"NOT_READY", "The server is not ready"}
	CodeInvalidHost           = ErrorCode{"INVALID_HOST", "Host is not allowed"}
	CodeInvalidCharacters     = ErrorCode{"INVALID_CHARACTERS", "Text holds characters that are not allowed"}
	CodeInvalidCredentials    = ErrorCode{"INVALID_CREDENTIALS", "Invalid email or password"}
	CodeEmailAlreadyInUse     = ErrorCode{"EMAIL_ALREADY_IN_USE", "User already exists. Use another email."}
	CodePasswordCompromised   = ErrorCode{"PASSWORD_COMPROMISED", "The password you entered has been compromised. Please choose a different password."}
)

var (
	errUnauthorized        = Fail(http.StatusUnauthorized, CodeUnauthorized)
	errCredentialsDisagree = Fail(http.StatusUnauthorized, CodeCredentialsDisagree)
)

// internalError hides a cause behind the generic 500.
func internalError(cause error) *Error {
	return &Error{Status: http.StatusInternalServerError, Code: CodeInternal.Code, Message: CodeInternal.Message, Cause: cause}
}

// asError turns any error into an answer: an *Error as it is, everything else
// the generic 500.
func asError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return internalError(err)
}
