package emailpassword

import (
	"net/http"

	"github.com/advantch/kernia-go/core"
)

// Error codes that Better Auth 1.6 has outside its list of codes.
var (
	CodeSignInDisabled        = core.ErrorCode{Code: "EMAIL_PASSWORD_DISABLED", Message: "Email and password is not enabled"}
	CodeSignUpDisabled        = core.ErrorCode{Code: "EMAIL_PASSWORD_SIGN_UP_DISABLED", Message: "Email and password sign up is not enabled"}
	CodeResetPasswordDisabled = core.ErrorCode{Code: "RESET_PASSWORD_DISABLED", Message: "Reset password isn't enabled"}
)

// wrongCredentials is the one answer to an unknown address, an account without
// password and a wrong password.
func wrongCredentials(a *core.Auth) *core.Error {
	if a.Compat() == core.CompatBetterAuth {
		return core.Fail(http.StatusUnauthorized, core.CodeInvalidEmailOrPassword)
	}
	return core.Fail(http.StatusUnauthorized, core.CodeInvalidCredentials)
}

// emailTaken answers a sign-up with a used address.
func emailTaken(a *core.Auth) error {
	if a.Compat() == core.CompatBetterAuth {
		return core.Fail(http.StatusUnprocessableEntity, core.CodeUserExistsUseAnotherEmail)
	}
	return core.Fail(http.StatusConflict, core.CodeEmailAlreadyInUse)
}
