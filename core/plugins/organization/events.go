package organization

import "github.com/advantch/kernia-go/core"

// The security events of the plugin. UserID is the user whom the event is about,
// such as the creator or the member; in other events it is the user who acted.
const (
	EventOrganizationCreated core.EventType = "organization.created"
	EventOrganizationUpdated core.EventType = "organization.updated"
	EventOrganizationDeleted core.EventType = "organization.deleted"
	EventMemberAdded         core.EventType = "organization.member-added"
	EventMemberRemoved       core.EventType = "organization.member-removed"
	EventMemberRoleChanged   core.EventType = "organization.member-role-changed"
	EventInvitationCreated   core.EventType = "organization.invitation-created"
	EventInvitationCanceled  core.EventType = "organization.invitation-canceled"
	EventInvitationRejected  core.EventType = "organization.invitation-rejected"
	EventTeamCreated         core.EventType = "organization.team-created"
	EventTeamUpdated         core.EventType = "organization.team-updated"
	EventTeamDeleted         core.EventType = "organization.team-deleted"
	EventTeamMemberAdded     core.EventType = "organization.team-member-added"
	EventTeamMemberRemoved   core.EventType = "organization.team-member-removed"
	EventRoleCreated         core.EventType = "organization.role-created"
	EventRoleUpdated         core.EventType = "organization.role-updated"
	EventRoleDeleted         core.EventType = "organization.role-deleted"
)
