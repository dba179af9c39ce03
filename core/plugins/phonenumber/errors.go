package phonenumber

import "github.com/advantch/kernia-go/core"

// The error codes of the plugin, in the order of Better Auth 1.6.
var (
	CodeInvalidPhoneNumber           = core.ErrorCode{Code: "INVALID_PHONE_NUMBER", Message: "Invalid phone number"}
	CodeExists                       = core.ErrorCode{Code: "PHONE_NUMBER_EXIST", Message: "Phone number already exists"}
	CodeNotExists                    = core.ErrorCode{Code: "PHONE_NUMBER_NOT_EXIST", Message: "phone number isn't registered"}
	CodeInvalidPhoneNumberOrPassword = core.ErrorCode{Code: "INVALID_PHONE_NUMBER_OR_PASSWORD", Message: "Invalid phone number or password"}
	CodeUnexpected                   = core.ErrorCode{Code: "UNEXPECTED_ERROR", Message: "Unexpected error"}
	CodeOTPNotFound                  = core.ErrorCode{Code: "OTP_NOT_FOUND", Message: "OTP not found"}
	CodeOTPExpired                   = core.ErrorCode{Code: "OTP_EXPIRED", Message: "OTP expired"}
	CodeInvalidOTP                   = core.ErrorCode{Code: "INVALID_OTP", Message: "Invalid OTP"}
	CodeNotVerified                  = core.ErrorCode{Code: "PHONE_NUMBER_NOT_VERIFIED", Message: "Phone number not verified"}
	CodeCannotBeUpdated              = core.ErrorCode{Code: "PHONE_NUMBER_CANNOT_BE_UPDATED", Message: "Phone number cannot be updated"}
	CodeSendOTPNotImplemented        = core.ErrorCode{Code: "SEND_OTP_NOT_IMPLEMENTED", Message: "sendOTP not implemented"}
	CodeTooManyAttempts              = core.ErrorCode{Code: "TOO_MANY_ATTEMPTS", Message: "Too many attempts"}
)

// Codes of Better Auth 1.7.
var (
	CodeCannotBeSet         = core.ErrorCode{Code: "PHONE_NUMBER_CANNOT_BE_SET", Message: "Phone number can only be set by verifying it"}
	CodePendingVerification = core.ErrorCode{Code: "PHONE_NUMBER_PENDING_VERIFICATION", Message: "Phone number requires account ownership proof"}
)

// EventVerified is the security event of a number that was verified.
const EventVerified core.EventType = "phone-number.verified"
