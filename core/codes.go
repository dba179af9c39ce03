package core

// coreCodes lists the codes that routes of the core answer with.
func coreCodes() []ErrorCode {
	return []ErrorCode{
		CodeUserNotFound, CodeFailedToCreateUser, CodeFailedToCreateSession, CodeFailedToUpdateUser, CodeFailedToGetSession,
		CodeInvalidPassword, CodeInvalidEmail, CodeInvalidEmailOrPassword, CodeInvalidUser, CodeSocialAccountAlreadyLinked,
		CodeProviderNotFound, CodeInvalidToken, CodeTokenExpired, CodeIDTokenNotSupported, CodeFailedToGetUserInfo,
		CodeUserEmailNotFound, CodeEmailNotVerified, CodePasswordTooShort, CodePasswordTooLong, CodeUserAlreadyExists,
		CodeUserExistsUseAnotherEmail, CodeEmailCanNotBeUpdated, CodeChangeEmailDisabled, CodeCredentialAccountNotFound,
		CodeSessionExpired, CodeFailedToUnlinkLastAccount, CodeAccountNotFound, CodeUserAlreadyHasPassword,
		CodeCrossSiteLoginBlocked, CodeVerificationEmailDisabled, CodeEmailAlreadyVerified, CodeEmailMismatch,
		CodeSessionNotFresh, CodeLinkedAccountExists, CodeInvalidOrigin, CodeInvalidCallbackURL, CodeInvalidRedirectURL,
		CodeInvalidErrorCallbackURL, CodeInvalidNewUserCallbackURL, CodeMissingOrNullOrigin, CodeCallbackURLRequired,
		CodeFailedToCreateVerification, CodeFieldNotAllowed, CodeValidationError, CodeMissingField,
		CodeDeferSessionRequired, CodeBodyMustBeAnObject, CodePasswordAlreadySet, CodeUnauthorized, CodeCredentialsDisagree, CodeNotFound, CodeInternal,
		CodeInvalidJSON, CodePayloadTooLarge, CodeQueryTooLarge, CodeTooManyRequests, CodeNotWhileImpersonating, CodeServerBusy, CodeSessionUnavailable, CodeNotReady, CodeInvalidHost, CodeInvalidCharacters,
	}
}
