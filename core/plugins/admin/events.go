package admin

import "github.com/advantch/kernia-go/core"

// The security events of the plugin. UserID is the user whom the event is about, and ActorID
// the administrator, "" for the application itself.
const (
	EventUserCreated          core.EventType = "admin.user-created"
	EventUserUpdated          core.EventType = "admin.user-updated"
	EventUserRemoved          core.EventType = "admin.user-removed"
	EventRoleChanged          core.EventType = "admin.role-changed"
	EventPasswordSet          core.EventType = "admin.password-set"
	EventUserBanned           core.EventType = "admin.user-banned"
	EventUserUnbanned         core.EventType = "admin.user-unbanned"
	EventSessionRevoked       core.EventType = "admin.session-revoked"
	EventSessionsRevoked      core.EventType = "admin.sessions-revoked"
	EventImpersonationStarted core.EventType = "admin.impersonation-started"
	EventImpersonationEnded   core.EventType = "admin.impersonation-ended"
	// EventBannedSignIn is a sign-in that was refused because of a ban.
	EventBannedSignIn core.EventType = "admin.banned-sign-in"
)
