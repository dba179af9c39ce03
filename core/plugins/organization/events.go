package organization

import "github.com/advantch/kernia-go/core"

// The security events of the plugin. UserID is whom the event is about: the creator,
// the member; for the rest it is whoever acted.
const (
	EventOrganizationCreated core.EventType = "organization.created"
	EventOrganizationUpdated core.EventType = "organization.updated"
	EventOrganizationDeleted core.EventType = "organization.deleted"
	EventMemberAdded         core.EventType = "organization.member-added"
	EventMemberRemoved       core.EventType = "organization.member-removed"
	EventMemberRoleChanged   core.EventType = "organization.member-role-changed"
	EventInvitationCreated   core.EventType = "organization.invitation-created"
	EventInvitationCanceled  core.EventType = "organization.invitation-canceled"
	EventRoleCreated         core.EventType = "organization.role-created"
	EventRoleUpdated         core.EventType = "organization.role-updated"
	EventRoleDeleted         core.EventType = "organization.role-deleted"
)
