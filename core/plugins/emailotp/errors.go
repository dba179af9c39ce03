package emailotp

import "github.com/advantch/kernia-go/core"

// The error codes of the plugin, those of Better Auth 1.6.
var (
	CodeOTPExpired      = core.ErrorCode{Code: "OTP_EXPIRED", Message: "OTP expired"}
	CodeInvalidOTP      = core.ErrorCode{Code: "INVALID_OTP", Message: "Invalid OTP"}
	CodeTooManyAttempts = core.ErrorCode{Code: "TOO_MANY_ATTEMPTS", Message: "Too many attempts"}
)

// Better Auth 1.6 has these messages without codes of their own.
const (
	textInvalidType    = "Invalid OTP type"
	textHashed         = "OTP is hashed, cannot return the plain text OTP"
	textChangeDisabled = "Change email with OTP is disabled"
	textSameEmail      = "Email is the same"
	textNeedsCurrent   = "OTP is required to verify current email"
	textEmailInUse     = "Email already in use"
)
