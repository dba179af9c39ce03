package core

import "net/http"

// API holds the operations of the core. Each can be called from Go with Call.
type API struct {
	GetSession          *Op[GetSessionInput, *SessionReply]
	SignOut             *Op[NoInput, SuccessReply]
	VerifyEmail         *Op[VerifyEmailInput, VerifyEmailReply]
	SendVerification    *Op[SendVerificationInput, StatusReply]
	ChangeEmail         *Op[ChangeEmailInput, StatusReply]
	UpdateSession       *Op[UpdateSessionInput, UpdateSessionReply]
	UpdateUser          *Op[UpdateUserInput, StatusReply]
	DeleteUser          *Op[DeleteUserInput, DeleteUserReply]
	DeleteUserCallback  *Op[DeleteUserCallbackInput, DeleteUserReply]
	ListSessions        *Op[NoInput, []*Session]
	RevokeSession       *Op[RevokeSessionInput, StatusReply]
	RevokeSessions      *Op[NoInput, StatusReply]
	RevokeOtherSessions *Op[NoInput, StatusReply]
	ListAccounts        *Op[NoInput, []ListedAccount]
	UnlinkAccount       *Op[UnlinkAccountInput, StatusReply]
	OK                  *Op[NoInput, OKReply]
	Error               *Op[ErrorPageInput, *Raw]
}

// API holds the core's operations for calls from Go. Those of a plugin are fields of
// the plugin.
func (a *Auth) API() API { return a.api }

// StatusReply is {"status":…}.
type StatusReply struct {
	Status bool `json:"status"`
}

// SuccessReply is {"success":…}.
type SuccessReply struct {
	Success bool `json:"success"`
}

func newAPI() API {
	return API{
		GetSession: Get("getSession", "/get-session", getSession, WithMethods("GET", "POST"), MayBeNull(), Fails(http.StatusMethodNotAllowed),
			Doc("Get the current session")),
		SignOut: Post("signOut", "/sign-out", signOut, Use(foreignForm), Doc("Sign out the current user")),
		VerifyEmail: Get("verifyEmail", "/verify-email", verifyEmail, Use(TrustedTarget("query", "callbackURL")), MayRedirect(),
			Doc("Verify the e-mail address of a user")),
		SendVerification: Post("sendVerificationEmail", "/send-verification-email", sendVerificationEmail,
			Doc("Send a verification mail")),
		ChangeEmail: Post("changeEmail", "/change-email", changeEmail, Use(RequireStoredSession, InPerson),
			Doc("Change the e-mail address of the current user")),
		UpdateSession: Post("updateSession", "/update-session", updateSession, Use(RequireStoredSession), TakesFields(ModelSession, true),
			Doc("Update the current session")),
		UpdateUser: Post("updateUser", "/update-user", updateUser, Use(RequireStoredSession), Fails(http.StatusUnprocessableEntity), TakesFields(ModelUser, true, "name", "image"),
			Doc("Update the current user")),
		DeleteUser: Post("deleteUser", "/delete-user", deleteUser, Use(RequireStoredSession, InPerson), Hashes(ByUser), Doc("Delete the current user")),
		DeleteUserCallback: Get("deleteUserCallback", "/delete-user/callback", deleteUserCallback,
			Use(TrustedTarget("query", "callbackURL"), InPerson), MayRedirect(), Doc("Complete a deletion by the link in a mail")),
		ListSessions: Get("listSessions", "/list-sessions", listSessions, Use(RequireFresh), DocID("listUserSessions"),
			Doc("List the active sessions of the current user")),
		RevokeSession: Post("revokeSession", "/revoke-session", revokeSession, Use(RequireStoredSession),
			Doc("Revoke one session")),
		RevokeSessions: Post("revokeSessions", "/revoke-sessions", revokeSessions, Use(RequireStoredSession),
			Doc("Revoke all sessions of the current user")),
		RevokeOtherSessions: Post("revokeOtherSessions", "/revoke-other-sessions", revokeOtherSessions, Use(RequireStoredSession),
			Doc("Revoke all sessions of the current user but this one")),
		ListAccounts: Get("listUserAccounts", "/list-accounts", listAccounts, Use(RequireSession),
			Doc("List the accounts of the current user")),
		UnlinkAccount: Post("unlinkAccount", "/unlink-account", unlinkAccount, Use(RequireFresh, InPerson), Doc("Unlink an account")),
		OK:            Get("ok", "/ok", ok, Doc("Check that the server works")),
		Error:         Get("error", "/error", errorPage, Answers("text/html"), MayRedirect(), Doc("Show an error to a person")),
	}
}

// OKReply is {"ok":true}.
type OKReply struct {
	OK bool `json:"ok"`
}

func ok(*Ctx, *NoInput) (OKReply, error) { return OKReply{true}, nil }
