package organization

import "github.com/advantch/kernia-go/core"

// The error codes of the plugin, in the order of Better Auth 1.6.
var (
	CodeYouAreNotAllowedToCreateANewOrganization                      = core.ErrorCode{Code: "YOU_ARE_NOT_ALLOWED_TO_CREATE_A_NEW_ORGANIZATION", Message: "You are not allowed to create a new organization"}
	CodeYouHaveReachedTheMaximumNumberOfOrganizations                 = core.ErrorCode{Code: "YOU_HAVE_REACHED_THE_MAXIMUM_NUMBER_OF_ORGANIZATIONS", Message: "You have reached the maximum number of organizations"}
	CodeOrganizationAlreadyExists                                     = core.ErrorCode{Code: "ORGANIZATION_ALREADY_EXISTS", Message: "Organization already exists"}
	CodeOrganizationSlugAlreadyTaken                                  = core.ErrorCode{Code: "ORGANIZATION_SLUG_ALREADY_TAKEN", Message: "Organization slug already taken"}
	CodeOrganizationNotFound                                          = core.ErrorCode{Code: "ORGANIZATION_NOT_FOUND", Message: "Organization not found"}
	CodeUserIsNotAMemberOfTheOrganization                             = core.ErrorCode{Code: "USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION", Message: "User is not a member of the organization"}
	CodeYouAreNotAllowedToUpdateThisOrganization                      = core.ErrorCode{Code: "YOU_ARE_NOT_ALLOWED_TO_UPDATE_THIS_ORGANIZATION", Message: "You are not allowed to update this organization"}
	CodeYouAreNotAllowedToDeleteThisOrganization                      = core.ErrorCode{Code: "YOU_ARE_NOT_ALLOWED_TO_DELETE_THIS_ORGANIZATION", Message: "You are not allowed to delete this organization"}
	CodeNoActiveOrganization                                          = core.ErrorCode{Code: "NO_ACTIVE_ORGANIZATION", Message: "No active organization"}
	CodeUserIsAlreadyAMemberOfThisOrganization                        = core.ErrorCode{Code: "USER_IS_ALREADY_A_MEMBER_OF_THIS_ORGANIZATION", Message: "User is already a member of this organization"}
	CodeMemberNotFound                                                = core.ErrorCode{Code: "MEMBER_NOT_FOUND", Message: "Member not found"}
	CodeRoleNotFound                                                  = core.ErrorCode{Code: "ROLE_NOT_FOUND", Message: "Role not found"}
	CodeYouAreNotAllowedToCreateANewTeam                              = core.ErrorCode{Code: "YOU_ARE_NOT_ALLOWED_TO_CREATE_A_NEW_TEAM", Message: "You are not allowed to create a new team"}
	CodeTeamAlreadyExists                                             = core.ErrorCode{Code: "TEAM_ALREADY_EXISTS", Message: "Team already exists"}
	CodeTeamNotFound                                                  = core.ErrorCode{Code: "TEAM_NOT_FOUND", Message: "Team not found"}
	CodeYouCannotLeaveTheOrganizationAsTheOnlyOwner                   = core.ErrorCode{Code: "YOU_CANNOT_LEAVE_THE_ORGANIZATION_AS_THE_ONLY_OWNER", Message: "You cannot leave the organization as the only owner"}
	CodeYouCannotLeaveTheOrganizationWithoutAnOwner                   = core.ErrorCode{Code: "YOU_CANNOT_LEAVE_THE_ORGANIZATION_WITHOUT_AN_OWNER", Message: "You cannot leave the organization without an owner"}
	CodeYouAreNotAllowedToDeleteThisMember                            = core.ErrorCode{Code: "YOU_ARE_NOT_ALLOWED_TO_DELETE_THIS_MEMBER", Message: "You are not allowed to delete this member"}
	CodeYouAreNotAllowedToInviteUsersToThisOrganization               = core.ErrorCode{Code: "YOU_ARE_NOT_ALLOWED_TO_INVITE_USERS_TO_THIS_ORGANIZATION", Message: "You are not allowed to invite users to this organization"}
	CodeUserIsAlreadyInvitedToThisOrganization                        = core.ErrorCode{Code: "USER_IS_ALREADY_INVITED_TO_THIS_ORGANIZATION", Message: "User is already invited to this organization"}
	CodeInvitationNotFound                                            = core.ErrorCode{Code: "INVITATION_NOT_FOUND", Message: "Invitation not found"}
	CodeYouAreNotTheRecipientOfTheInvitation                          = core.ErrorCode{Code: "YOU_ARE_NOT_THE_RECIPIENT_OF_THE_INVITATION", Message: "You are not the recipient of the invitation"}
	CodeEmailVerificationRequiredBeforeAcceptingOrRejectingInvitation = core.ErrorCode{Code: "EMAIL_VERIFICATION_REQUIRED_BEFORE_ACCEPTING_OR_REJECTING_INVITATION", Message: "Email verification required before accepting or rejecting invitation"}
	CodeEmailVerificationRequiredForInvitation                        = core.ErrorCode{Code: "EMAIL_VERIFICATION_REQUIRED_FOR_INVITATION", Message: "Email verification required to view or list invitations for the session email"}
	CodeYouAreNotAllowedToCancelThisInvitation                        = core.ErrorCode{Code: "YOU_ARE_NOT_ALLOWED_TO_CANCEL_THIS_INVITATION", Message: "You are not allowed to cancel this invitation"}
	CodeInviterIsNoLongerAMemberOfTheOrganization                     = core.ErrorCode{Code: "INVITER_IS_NO_LONGER_A_MEMBER_OF_THE_ORGANIZATION", Message: "Inviter is no longer a member of the organization"}
	CodeYouAreNotAllowedToInviteUserWithThisRole                      = core.ErrorCode{Code: "YOU_ARE_NOT_ALLOWED_TO_INVITE_USER_WITH_THIS_ROLE", Message: "You are not allowed to invite a user with this role"}
	CodeFailedToRetrieveInvitation                                    = core.ErrorCode{Code: "FAILED_TO_RETRIEVE_INVITATION", Message: "Failed to retrieve invitation"}
	CodeYouHaveReachedTheMaximumNumberOfTeams                         = core.ErrorCode{Code: "YOU_HAVE_REACHED_THE_MAXIMUM_NUMBER_OF_TEAMS", Message: "You have reached the maximum number of teams"}
	CodeUnableToRemoveLastTeam                                        = core.ErrorCode{Code: "UNABLE_TO_REMOVE_LAST_TEAM", Message: "Unable to remove last team"}
	CodeYouAreNotAllowedToUpdateThisMember                            = core.ErrorCode{Code: "YOU_ARE_NOT_ALLOWED_TO_UPDATE_THIS_MEMBER", Message: "You are not allowed to update this member"}
	CodeOrganizationMembershipLimitReached                            = core.ErrorCode{Code: "ORGANIZATION_MEMBERSHIP_LIMIT_REACHED", Message: "Organization membership limit reached"}
	CodeYouAreNotAllowedToCreateTeamsInThisOrganization               = core.ErrorCode{Code: "YOU_ARE_NOT_ALLOWED_TO_CREATE_TEAMS_IN_THIS_ORGANIZATION", Message: "You are not allowed to create teams in this organization"}
	CodeYouAreNotAllowedToDeleteTeamsInThisOrganization               = core.ErrorCode{Code: "YOU_ARE_NOT_ALLOWED_TO_DELETE_TEAMS_IN_THIS_ORGANIZATION", Message: "You are not allowed to delete teams in this organization"}
	CodeYouAreNotAllowedToUpdateThisTeam                              = core.ErrorCode{Code: "YOU_ARE_NOT_ALLOWED_TO_UPDATE_THIS_TEAM", Message: "You are not allowed to update this team"}
	CodeYouAreNotAllowedToDeleteThisTeam                              = core.ErrorCode{Code: "YOU_ARE_NOT_ALLOWED_TO_DELETE_THIS_TEAM", Message: "You are not allowed to delete this team"}
	CodeInvitationLimitReached                                        = core.ErrorCode{Code: "INVITATION_LIMIT_REACHED", Message: "Invitation limit reached"}
	CodeTeamMemberLimitReached                                        = core.ErrorCode{Code: "TEAM_MEMBER_LIMIT_REACHED", Message: "Team member limit reached"}
	CodeUserIsNotAMemberOfTheTeam                                     = core.ErrorCode{Code: "USER_IS_NOT_A_MEMBER_OF_THE_TEAM", Message: "User is not a member of the team"}
	CodeYouCanNotAccessTheMembersOfThisTeam                           = core.ErrorCode{Code: "YOU_CAN_NOT_ACCESS_THE_MEMBERS_OF_THIS_TEAM", Message: "You are not allowed to list the members of this team"}
	CodeYouDoNotHaveAnActiveTeam                                      = core.ErrorCode{Code: "YOU_DO_NOT_HAVE_AN_ACTIVE_TEAM", Message: "You do not have an active team"}
	CodeYouAreNotAllowedToCreateANewTeamMember                        = core.ErrorCode{Code: "YOU_ARE_NOT_ALLOWED_TO_CREATE_A_NEW_TEAM_MEMBER", Message: "You are not allowed to create a new member"}
	CodeYouAreNotAllowedToRemoveATeamMember                           = core.ErrorCode{Code: "YOU_ARE_NOT_ALLOWED_TO_REMOVE_A_TEAM_MEMBER", Message: "You are not allowed to remove a team member"}
	CodeYouAreNotAllowedToAccessThisOrganization                      = core.ErrorCode{Code: "YOU_ARE_NOT_ALLOWED_TO_ACCESS_THIS_ORGANIZATION", Message: "You are not allowed to access this organization as an owner"}
	CodeYouAreNotAMemberOfThisOrganization                            = core.ErrorCode{Code: "YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION", Message: "You are not a member of this organization"}
	CodeMissingAccessControl                                          = core.ErrorCode{Code: "MISSING_AC_INSTANCE", Message: "Dynamic Access Control requires a pre-defined ac instance on the server auth plugin. Read server logs for more information"}
	CodeYouMustBeInAnOrganizationToCreateARole                        = core.ErrorCode{Code: "YOU_MUST_BE_IN_AN_ORGANIZATION_TO_CREATE_A_ROLE", Message: "You must be in an organization to create a role"}
	CodeYouAreNotAllowedToCreateARole                                 = core.ErrorCode{Code: "YOU_ARE_NOT_ALLOWED_TO_CREATE_A_ROLE", Message: "You are not allowed to create a role"}
	CodeYouAreNotAllowedToUpdateARole                                 = core.ErrorCode{Code: "YOU_ARE_NOT_ALLOWED_TO_UPDATE_A_ROLE", Message: "You are not allowed to update a role"}
	CodeYouAreNotAllowedToDeleteARole                                 = core.ErrorCode{Code: "YOU_ARE_NOT_ALLOWED_TO_DELETE_A_ROLE", Message: "You are not allowed to delete a role"}
	CodeYouAreNotAllowedToReadARole                                   = core.ErrorCode{Code: "YOU_ARE_NOT_ALLOWED_TO_READ_A_ROLE", Message: "You are not allowed to read a role"}
	CodeYouAreNotAllowedToListARole                                   = core.ErrorCode{Code: "YOU_ARE_NOT_ALLOWED_TO_LIST_A_ROLE", Message: "You are not allowed to list a role"}
	CodeYouAreNotAllowedToGetARole                                    = core.ErrorCode{Code: "YOU_ARE_NOT_ALLOWED_TO_GET_A_ROLE", Message: "You are not allowed to get a role"}
	CodeTooManyRoles                                                  = core.ErrorCode{Code: "TOO_MANY_ROLES", Message: "This organization has too many roles"}
	CodeInvalidResource                                               = core.ErrorCode{Code: "INVALID_RESOURCE", Message: "The provided permission includes an invalid resource"}
	CodeRoleNameIsAlreadyTaken                                        = core.ErrorCode{Code: "ROLE_NAME_IS_ALREADY_TAKEN", Message: "That role name is already taken"}
	CodeCannotDeleteAPreDefinedRole                                   = core.ErrorCode{Code: "CANNOT_DELETE_A_PRE_DEFINED_ROLE", Message: "Cannot delete a pre-defined role"}
	CodeRoleIsAssignedToMembers                                       = core.ErrorCode{Code: "ROLE_IS_ASSIGNED_TO_MEMBERS", Message: "Cannot delete a role that is assigned to members. Please reassign the members to a different role first"}
)

// Codes that Better Auth 1.6 has outside its list of codes, or has no name for.
var (
	CodeOrganizationDeletionDisabled   = core.ErrorCode{Code: "ORGANIZATION_DELETION_DISABLED", Message: "Organization deletion is disabled"}
	CodeInvalidTeamID                  = core.ErrorCode{Code: "INVALID_TEAM_ID", Message: "Invalid team id"}
	CodeInviterMayNoLongerGiveThisRole = core.ErrorCode{Code: "INVITER_MAY_NO_LONGER_GIVE_THIS_ROLE", Message: "The inviter may no longer give this role"}
	CodeMissingPermission              = core.ErrorCode{Code: "MISSING_PERMISSION", Message: "You do not have the permission that this needs"}
	CodeInvalidRoleName                = core.ErrorCode{Code: "INVALID_ROLE_NAME", Message: "The name of a role may not be empty, longer than 64 characters, or have a comma or space around it"}
)

func errorCodes() []core.ErrorCode {
	return []core.ErrorCode{
		CodeYouAreNotAllowedToCreateANewOrganization,
		CodeYouHaveReachedTheMaximumNumberOfOrganizations,
		CodeOrganizationAlreadyExists,
		CodeOrganizationSlugAlreadyTaken,
		CodeOrganizationNotFound,
		CodeUserIsNotAMemberOfTheOrganization,
		CodeYouAreNotAllowedToUpdateThisOrganization,
		CodeYouAreNotAllowedToDeleteThisOrganization,
		CodeNoActiveOrganization,
		CodeUserIsAlreadyAMemberOfThisOrganization,
		CodeMemberNotFound,
		CodeRoleNotFound,
		CodeYouAreNotAllowedToCreateANewTeam,
		CodeTeamAlreadyExists,
		CodeTeamNotFound,
		CodeYouCannotLeaveTheOrganizationAsTheOnlyOwner,
		CodeYouCannotLeaveTheOrganizationWithoutAnOwner,
		CodeYouAreNotAllowedToDeleteThisMember,
		CodeYouAreNotAllowedToInviteUsersToThisOrganization,
		CodeUserIsAlreadyInvitedToThisOrganization,
		CodeInvitationNotFound,
		CodeYouAreNotTheRecipientOfTheInvitation,
		CodeEmailVerificationRequiredBeforeAcceptingOrRejectingInvitation,
		CodeEmailVerificationRequiredForInvitation,
		CodeYouAreNotAllowedToCancelThisInvitation,
		CodeInviterIsNoLongerAMemberOfTheOrganization,
		CodeYouAreNotAllowedToInviteUserWithThisRole,
		CodeFailedToRetrieveInvitation,
		CodeYouHaveReachedTheMaximumNumberOfTeams,
		CodeUnableToRemoveLastTeam,
		CodeYouAreNotAllowedToUpdateThisMember,
		CodeOrganizationMembershipLimitReached,
		CodeYouAreNotAllowedToCreateTeamsInThisOrganization,
		CodeYouAreNotAllowedToDeleteTeamsInThisOrganization,
		CodeYouAreNotAllowedToUpdateThisTeam,
		CodeYouAreNotAllowedToDeleteThisTeam,
		CodeInvitationLimitReached,
		CodeTeamMemberLimitReached,
		CodeUserIsNotAMemberOfTheTeam,
		CodeYouCanNotAccessTheMembersOfThisTeam,
		CodeYouDoNotHaveAnActiveTeam,
		CodeYouAreNotAllowedToCreateANewTeamMember,
		CodeYouAreNotAllowedToRemoveATeamMember,
		CodeYouAreNotAllowedToAccessThisOrganization,
		CodeYouAreNotAMemberOfThisOrganization,
		CodeMissingAccessControl,
		CodeYouMustBeInAnOrganizationToCreateARole,
		CodeYouAreNotAllowedToCreateARole,
		CodeYouAreNotAllowedToUpdateARole,
		CodeYouAreNotAllowedToDeleteARole,
		CodeYouAreNotAllowedToReadARole,
		CodeYouAreNotAllowedToListARole,
		CodeYouAreNotAllowedToGetARole,
		CodeTooManyRoles,
		CodeInvalidResource,
		CodeRoleNameIsAlreadyTaken,
		CodeCannotDeleteAPreDefinedRole,
		CodeRoleIsAssignedToMembers,
		CodeOrganizationDeletionDisabled, CodeInvalidTeamID, CodeInviterMayNoLongerGiveThisRole, CodeMissingPermission, CodeInvalidRoleName,
	}
}
