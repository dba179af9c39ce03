package scim

import "github.com/advantch/kernia-go/core"

// The security events of the plugin. Detail names the connection.
const (
	EventTokenGenerated    core.EventType = "scim.token-generated"
	EventConnectionDeleted core.EventType = "scim.connection-deleted"
	EventUserCreated       core.EventType = "scim.user-created"
	EventUserLinked        core.EventType = "scim.user-linked" // a user who existed before
	EventUserUpdated       core.EventType = "scim.user-updated"
	EventUserDeactivated   core.EventType = "scim.user-deactivated"
	EventUserReactivated   core.EventType = "scim.user-reactivated"
	EventUserDeleted       core.EventType = "scim.user-deleted"
	EventUserUnlinked      core.EventType = "scim.user-unlinked" // the user stays
	EventGroupCreated      core.EventType = "scim.group-created"
	EventGroupUpdated      core.EventType = "scim.group-updated"
	EventGroupDeleted      core.EventType = "scim.group-deleted"
	// EventSignInRefused is a sign-in of a deactivated user.
	EventSignInRefused core.EventType = "scim.sign-in-refused"
)

func connectionDetail(conn *Connection) string { return "connection " + conn.ProviderID }
