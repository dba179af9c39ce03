package organization

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/access"
	"github.com/advantch/kernia-go/core/wire"
)

// Organization is a row of the organization table.
type Organization struct {
	core.Row
	Name      string          `row:"name"`
	Slug      string          `row:"slug"` // unique
	Logo      *string         `row:"logo"`
	CreatedAt time.Time       `row:"createdAt"`
	Metadata  json.RawMessage `row:"metadata"` // a JSON object, or nil; most routes return it as text
}

// Member is a row of the member table: a user in an organization.
type Member struct {
	core.Row
	OrganizationID string    `row:"organizationId"`
	UserID         string    `row:"userId"`
	Role           string    `row:"role"` // one role, or several between commas; see Roles
	CreatedAt      time.Time `row:"createdAt"`
}

// Roles lists the member's roles.
func (m *Member) Roles() []string { return access.Split(m.Role) }

// MemberUser is a member with its user.
type MemberUser struct {
	Member
	User *core.User
}

// AppendJSON appends the member with the user's id, name, email and image.
func (m *MemberUser) AppendJSON(dst []byte) []byte {
	return core.AppendRow(dst, &m.Member, core.RowMember{Name: "user", Value: appendUser(nil, m.User)})
}

// MarshalJSON is AppendJSON for encoding/json.
func (m MemberUser) MarshalJSON() ([]byte, error) { return m.AppendJSON(nil), nil }

// memberUser describes what appendUser appends.
type memberUser struct {
	ID    string  `json:"id"`
	Name  string  `json:"name"`
	Email string  `json:"email"`
	Image *string `json:"image"`
}

// OpenAPIForm describes the JSON form.
func (*MemberUser) OpenAPIForm() any {
	return struct {
		*Member
		User memberUser `json:"user"`
	}{}
}

// appendUser appends what members see of each other.
func appendUser(dst []byte, u *core.User) []byte {
	dst = append(dst, `{"id":`...)
	dst = wire.AppendString(dst, u.ID)
	dst = append(dst, `,"name":`...)
	dst = wire.AppendString(dst, u.Name)
	dst = append(dst, `,"email":`...)
	dst = wire.AppendString(dst, u.Email)
	dst = append(dst, `,"image":`...)
	if u.Image == nil {
		dst = append(dst, "null"...)
	} else {
		dst = wire.AppendString(dst, *u.Image)
	}
	return append(dst, '}')
}

// Status is the state of an invitation.
type Status string

// The states of an invitation.
const (
	StatusPending  Status = "pending"
	StatusAccepted Status = "accepted"
	StatusRejected Status = "rejected"
	StatusCanceled Status = "canceled"
)

// Invitation is a row of the invitation table.
type Invitation struct {
	core.Row
	OrganizationID string    `row:"organizationId"`
	Email          string    `row:"email"` // lower case
	Role           string    `row:"role"`
	TeamID         *string   `row:"teamId,optional"` // several between commas; see TeamIDs
	Status         Status    `row:"status"`
	ExpiresAt      time.Time `row:"expiresAt"`
	CreatedAt      time.Time `row:"createdAt"`
	InviterID      string    `row:"inviterId"`
}

// TeamIDs lists the teams that the invited user will join.
func (i *Invitation) TeamIDs() []string {
	if i.TeamID == nil || *i.TeamID == "" {
		return nil
	}
	return strings.Split(*i.TeamID, ",")
}

// InvitationMail is an invitation for SendInvitation to send. The link is the
// application's own: a page that calls accept-invitation with the id.
type InvitationMail struct {
	ID           string // of the invitation
	Email        string // the recipient, lower case
	Role         string
	Organization *Organization
	Inviter      *MemberUser
	Invitation   *Invitation
}

// Team is a row of the team table.
type Team struct {
	core.Row
	Name           string     `row:"name"`
	OrganizationID string     `row:"organizationId"`
	CreatedAt      time.Time  `row:"createdAt"`
	UpdatedAt      *time.Time `row:"updatedAt"`
}

// TeamMember is a row of the teamMember table.
type TeamMember struct {
	core.Row
	TeamID    string     `row:"teamId"`
	UserID    string     `row:"userId"`
	CreatedAt *time.Time `row:"createdAt"`
}

// OrganizationRole is a row of the organizationRole table: a role that an
// organization has made for itself.
type OrganizationRole struct {
	core.Row
	OrganizationID string          `row:"organizationId"`
	Role           string          `row:"role"`            // lower case
	Permission     json.RawMessage `row:"permission,json"` // {"resource":["action"]}
	CreatedAt      time.Time       `row:"createdAt"`
	UpdatedAt      *time.Time      `row:"updatedAt"`
}
