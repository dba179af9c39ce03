package admin

import "github.com/advantch/kernia-go/core"

// The error codes of the plugin.
var (
	CodeFailedToCreateUser            = core.ErrorCode{Code: "FAILED_TO_CREATE_USER", Message: "Failed to create user"}
	CodeUserExistsUseAnotherEmail     = core.ErrorCode{Code: "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL", Message: "User already exists. Use another email."}
	CodeCannotBanYourself             = core.ErrorCode{Code: "YOU_CANNOT_BAN_YOURSELF", Message: "You cannot ban yourself"}
	CodeNotAllowedToChangeRole        = core.ErrorCode{Code: "YOU_ARE_NOT_ALLOWED_TO_CHANGE_USERS_ROLE", Message: "You are not allowed to change users role"}
	CodeNotAllowedToCreateUsers       = core.ErrorCode{Code: "YOU_ARE_NOT_ALLOWED_TO_CREATE_USERS", Message: "You are not allowed to create users"}
	CodeNotAllowedToListUsers         = core.ErrorCode{Code: "YOU_ARE_NOT_ALLOWED_TO_LIST_USERS", Message: "You are not allowed to list users"}
	CodeNotAllowedToListUsersSessions = core.ErrorCode{Code: "YOU_ARE_NOT_ALLOWED_TO_LIST_USERS_SESSIONS", Message: "You are not allowed to list users sessions"}
	CodeNotAllowedToBanUsers          = core.ErrorCode{Code: "YOU_ARE_NOT_ALLOWED_TO_BAN_USERS", Message: "You are not allowed to ban users"}
	CodeNotAllowedToImpersonate       = core.ErrorCode{Code: "YOU_ARE_NOT_ALLOWED_TO_IMPERSONATE_USERS", Message: "You are not allowed to impersonate users"}
	CodeNotAllowedToRevokeSessions    = core.ErrorCode{Code: "YOU_ARE_NOT_ALLOWED_TO_REVOKE_USERS_SESSIONS", Message: "You are not allowed to revoke users sessions"}
	CodeNotAllowedToDeleteUsers       = core.ErrorCode{Code: "YOU_ARE_NOT_ALLOWED_TO_DELETE_USERS", Message: "You are not allowed to delete users"}
	CodeNotAllowedToSetPassword       = core.ErrorCode{Code: "YOU_ARE_NOT_ALLOWED_TO_SET_USERS_PASSWORD", Message: "You are not allowed to set users password"}
	// CodeBannedUser has Options.BannedUserMessage as its message.
	CodeBannedUser              = core.ErrorCode{Code: "BANNED_USER", Message: "You have been banned from this application"}
	CodeNotAllowedToGetUser     = core.ErrorCode{Code: "YOU_ARE_NOT_ALLOWED_TO_GET_USER", Message: "You are not allowed to get user"}
	CodeNoDataToUpdate          = core.ErrorCode{Code: "NO_DATA_TO_UPDATE", Message: "No data to update"}
	CodeNotAllowedToUpdateUsers = core.ErrorCode{Code: "YOU_ARE_NOT_ALLOWED_TO_UPDATE_USERS", Message: "You are not allowed to update users"}
	CodeCannotRemoveYourself    = core.ErrorCode{Code: "YOU_CANNOT_REMOVE_YOURSELF", Message: "You cannot remove yourself"}
	CodeNonExistentRole         = core.ErrorCode{Code: "YOU_ARE_NOT_ALLOWED_TO_SET_NON_EXISTENT_VALUE", Message: "You are not allowed to set a non-existent role value"}
	CodeCannotImpersonateAdmins = core.ErrorCode{Code: "YOU_CANNOT_IMPERSONATE_ADMINS", Message: "You cannot impersonate admins"}
	CodeInvalidRoleType         = core.ErrorCode{Code: "INVALID_ROLE_TYPE", Message: "Invalid role type"}

	// Codes of Better Auth 1.7.
	CodeNotAllowedToSetEmail = core.ErrorCode{Code: "YOU_ARE_NOT_ALLOWED_TO_SET_USERS_EMAIL", Message: "You are not allowed to update users email"}
	CodeNotAllowedToSetPhone = core.ErrorCode{Code: "YOU_ARE_NOT_ALLOWED_TO_SET_USERS_PHONE_NUMBER", Message: "You are not allowed to update users phone number"}
	CodePasswordInUpdate     = core.ErrorCode{
		Code: "PASSWORD_CANNOT_BE_UPDATED_VIA_UPDATE_USER", Message: "Password cannot be updated through update-user. Use the set-user-password endpoint instead",
	}
	CodeIDInUpdate = core.ErrorCode{Code: "USER_ID_CANNOT_BE_UPDATED", Message: "User id cannot be updated"}

	// Codes that Better Auth has no name for.
	CodeLastAdmin            = core.ErrorCode{Code: "LAST_ADMIN", Message: "The last administrator must stay: make another one first"}
	CodeAlreadyImpersonating = core.ErrorCode{Code: "ALREADY_IMPERSONATING", Message: "Stop impersonating before you impersonate somebody else"}
	CodeMissingPermission    = core.ErrorCode{Code: "MISSING_PERMISSION", Message: "You are not allowed to do this"}
)

// The errors of this plugin whose codes are made of their messages, as Better Auth's clients
// get them.
var (
	errNotImpersonating = core.FailText(400, "You are not impersonating anyone")
	errNoAdminSession   = core.FailText(403, "Failed to find admin session")
	errNoPermissions    = core.FailText(400, "invalid permission check. no permission(s) were passed.")
	errNobodyNamed      = core.FailText(400, "user id or role is required")
	errUserNotFound     = core.FailText(400, "user not found")
)

func errorCodes() []core.ErrorCode {
	return []core.ErrorCode{
		CodeFailedToCreateUser, CodeUserExistsUseAnotherEmail, CodeCannotBanYourself, CodeNotAllowedToChangeRole, CodeNotAllowedToCreateUsers,
		CodeNotAllowedToListUsers, CodeNotAllowedToListUsersSessions, CodeNotAllowedToBanUsers, CodeNotAllowedToImpersonate,
		CodeNotAllowedToRevokeSessions, CodeNotAllowedToDeleteUsers, CodeNotAllowedToSetPassword, CodeBannedUser, CodeNotAllowedToGetUser,
		CodeNoDataToUpdate, CodeNotAllowedToUpdateUsers, CodeCannotRemoveYourself, CodeNonExistentRole, CodeCannotImpersonateAdmins,
		CodeInvalidRoleType, CodeNotAllowedToSetEmail, CodeNotAllowedToSetPhone, CodePasswordInUpdate, CodeIDInUpdate,
		CodeLastAdmin, CodeAlreadyImpersonating, CodeMissingPermission,
	}
}
