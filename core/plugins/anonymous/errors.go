package anonymous

import "github.com/advantch/kernia-go/core"

// The error codes of the plugin. It also answers with FAILED_TO_CREATE_USER of the core.
var (
	CodeInvalidEmailFormat     = core.ErrorCode{Code: "INVALID_EMAIL_FORMAT", Message: "Email was not generated in a valid format"}
	CodeCouldNotCreateSession  = core.ErrorCode{Code: "COULD_NOT_CREATE_SESSION", Message: "Could not create session"}
	CodeAnonymousAgain         = core.ErrorCode{Code: "ANONYMOUS_USERS_CANNOT_SIGN_IN_AGAIN_ANONYMOUSLY", Message: "Anonymous users cannot sign in again anonymously"}
	CodeFailedToDelete         = core.ErrorCode{Code: "FAILED_TO_DELETE_ANONYMOUS_USER", Message: "Failed to delete anonymous user"}
	CodeFailedToDeleteSessions = core.ErrorCode{Code: "FAILED_TO_DELETE_ANONYMOUS_USER_SESSIONS", Message: "Failed to delete anonymous user sessions"}
	CodeNotAnonymous           = core.ErrorCode{Code: "USER_IS_NOT_ANONYMOUS", Message: "User is not anonymous"}
	CodeDeleteDisabled         = core.ErrorCode{Code: "DELETE_ANONYMOUS_USER_DISABLED", Message: "Deleting anonymous users is disabled"}
)
