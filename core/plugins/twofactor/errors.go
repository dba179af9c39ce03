package twofactor

import "github.com/advantch/kernia-go/core"

// The error codes of the plugin, in the order of Better Auth 1.6.
var (
	CodeOTPNotEnabled         = core.ErrorCode{Code: "OTP_NOT_ENABLED", Message: "OTP not enabled"}
	CodeOTPHasExpired         = core.ErrorCode{Code: "OTP_HAS_EXPIRED", Message: "OTP has expired"}
	CodeTOTPNotEnabled        = core.ErrorCode{Code: "TOTP_NOT_ENABLED", Message: "TOTP not enabled"}
	CodeTwoFactorNotEnabled   = core.ErrorCode{Code: "TWO_FACTOR_NOT_ENABLED", Message: "Two factor isn't enabled"}
	CodeBackupCodesNotEnabled = core.ErrorCode{Code: "BACKUP_CODES_NOT_ENABLED", Message: "Backup codes aren't enabled"}
	CodeInvalidBackupCode     = core.ErrorCode{Code: "INVALID_BACKUP_CODE", Message: "Invalid backup code"}
	CodeInvalidCode           = core.ErrorCode{Code: "INVALID_CODE", Message: "Invalid code"}
	CodeTooManyAttempts       = core.ErrorCode{Code: "TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE", Message: "Too many attempts. Please request a new code."}
	CodeInvalidCookie         = core.ErrorCode{Code: "INVALID_TWO_FACTOR_COOKIE", Message: "Invalid two factor cookie"}
)

// Codes that Better Auth 1.6 has outside its list of codes.
var (
	CodeOTPNotConfigured  = core.ErrorCode{Code: "OTP_NOT_CONFIGURED", Message: "otp isn't configured"}
	CodeTOTPNotConfigured = core.ErrorCode{Code: "TOTP_NOT_CONFIGURED", Message: "totp isn't configured"}

	codeNoSession = core.ErrorCode{Code: core.CodeFailedToCreateSession.Code, Message: "failed to create session"}
)

// CodeAccountLocked comes from later releases of Better Auth; Better Auth 1.6
// has no limit for an account.
var CodeAccountLocked = core.ErrorCode{Code: "ACCOUNT_TEMPORARILY_LOCKED",
	Message: "Too many failed verification attempts. Your account is temporarily locked. Please try again later."}

// The security events of the plugin.
const (
	EventEnabled     core.EventType = "two-factor.enabled"
	EventDisabled    core.EventType = "two-factor.disabled"
	EventChallenged  core.EventType = "two-factor.challenged" // a sign-in waits for its second step
	EventFailed      core.EventType = "two-factor.failed"     // a wrong code
	EventLocked      core.EventType = "two-factor.locked"     // the account, for Lockout.Duration
	EventBackupCodes core.EventType = "two-factor.backup-codes"
	EventBackupUsed  core.EventType = "two-factor.backup-code-used"
	EventTrusted     core.EventType = "two-factor.device-trusted"
)
