package scim

import (
	"context"

	"github.com/advantch/kernia-go/core"
)

// The security events of the plugin. Detail names the connection, and OrganizationID its
// organization.
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

// emit reports an event of a connection in the transaction that causes it. A function of the
// server that is no call has nobody to tell.
func (p *Plugin) emit(ctx context.Context, conn *Connection, t core.EventType, userID string) error {
	return p.report(ctx, conn, core.Event{Type: t, UserID: userID})
}

func (p *Plugin) emitGroup(ctx context.Context, conn *Connection, t core.EventType, groupID string) error {
	return p.report(ctx, conn, core.Event{Type: t, SubjectID: groupID})
}

func (p *Plugin) report(ctx context.Context, conn *Connection, e core.Event) error {
	c, ok := core.CtxFrom(ctx)
	if !ok {
		return nil
	}
	e.OrganizationID, e.Detail = conn.organization(), connectionDetail(conn)
	return c.EmitIn(ctx, e)
}
