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
	Metadata  json.RawMessage `row:"metadata"` // a JSON object, or nil
}

// AppendJSON appends the organization as most routes answer it: metadata is a text
// that holds JSON.
func (o *Organization) AppendJSON(dst []byte) []byte { return core.AppendRow(dst, o) }

// MarshalJSON is AppendJSON for encoding/json.
func (o Organization) MarshalJSON() ([]byte, error) { return o.AppendJSON(nil), nil }

// OpenAPIName names the component that describes an organization.
func (*Organization) OpenAPIName() string { return "Organization" }

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

// AppendJSON appends the member.
func (m *Member) AppendJSON(dst []byte) []byte { return core.AppendRow(dst, m) }

// MarshalJSON is AppendJSON for encoding/json.
func (m Member) MarshalJSON() ([]byte, error) { return m.AppendJSON(nil), nil }

// OpenAPIName names the component that describes a member.
func (*Member) OpenAPIName() string { return "Member" }

// MemberUser is a member with its user.
type MemberUser struct {
	Member
	User *core.User
}

// AppendJSON appends the member, and of the user id, name, email and image.
func (m *MemberUser) AppendJSON(dst []byte) []byte {
	return core.AppendRow(dst, &m.Member, core.RowMember{Name: "user", Value: appendUser(nil, m.User)})
}

// MarshalJSON is AppendJSON for encoding/json.
func (m MemberUser) MarshalJSON() ([]byte, error) { return m.AppendJSON(nil), nil }

// OpenAPIForm says what the JSON form holds, added fields aside.
func (*MemberUser) OpenAPIForm() any {
	type user struct {
		ID    string  `json:"id"`
		Name  string  `json:"name"`
		Email string  `json:"email"`
		Image *string `json:"image"`
	}
	return struct {
		OrganizationID string    `json:"organizationId"`
		UserID         string    `json:"userId"`
		Role           string    `json:"role"`
		CreatedAt      time.Time `json:"createdAt"`
		ID             string    `json:"id"`
		User           user      `json:"user"`
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

// Status is where an invitation stands.
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

// TeamIDs lists the teams that the invitation leads to.
func (i *Invitation) TeamIDs() []string {
	if i.TeamID == nil || *i.TeamID == "" {
		return nil
	}
	return strings.Split(*i.TeamID, ",")
}

// AppendJSON appends the invitation.
func (i *Invitation) AppendJSON(dst []byte) []byte { return core.AppendRow(dst, i) }

// MarshalJSON is AppendJSON for encoding/json.
func (i Invitation) MarshalJSON() ([]byte, error) { return i.AppendJSON(nil), nil }

// OpenAPIName names the component that describes an invitation.
func (*Invitation) OpenAPIName() string { return "Invitation" }

// InvitationMail is what SendInvitation has to send. The link is the application's
// own: a page that calls accept-invitation with the id.
type InvitationMail struct {
	ID           string // of the invitation
	Email        string // whom to send it to, lower case
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

// AppendJSON appends the team.
func (t *Team) AppendJSON(dst []byte) []byte { return core.AppendRow(dst, t) }

// MarshalJSON is AppendJSON for encoding/json.
func (t Team) MarshalJSON() ([]byte, error) { return t.AppendJSON(nil), nil }

// OpenAPIName names the component that describes a team.
func (*Team) OpenAPIName() string { return "Team" }

// TeamMember is a row of the teamMember table.
type TeamMember struct {
	core.Row
	TeamID    string     `row:"teamId"`
	UserID    string     `row:"userId"`
	CreatedAt *time.Time `row:"createdAt"`
}

// AppendJSON appends the team member.
func (t *TeamMember) AppendJSON(dst []byte) []byte { return core.AppendRow(dst, t) }

// MarshalJSON is AppendJSON for encoding/json.
func (t TeamMember) MarshalJSON() ([]byte, error) { return t.AppendJSON(nil), nil }

// OpenAPIName names the component that describes a team member.
func (*TeamMember) OpenAPIName() string { return "TeamMember" }

// OrganizationRole is a row of the organizationRole table: a role that an
// organization has made for itself.
type OrganizationRole struct {
	core.Row
	OrganizationID string          `row:"organizationId"`
	Role           string          `row:"role"`       // lower case
	Permission     json.RawMessage `row:"permission"` // {"resource":["action"]}
	CreatedAt      time.Time       `row:"createdAt"`
	UpdatedAt      *time.Time      `row:"updatedAt"`
}

// AppendJSON appends the role, its permission as an object.
func (r *OrganizationRole) AppendJSON(dst []byte) []byte {
	permission := []byte(r.Permission)
	if len(permission) == 0 || !json.Valid(permission) {
		permission = []byte("null")
	}
	return core.AppendRow(dst, r, core.RowMember{Name: "permission", Value: permission})
}

// MarshalJSON is AppendJSON for encoding/json.
func (r OrganizationRole) MarshalJSON() ([]byte, error) { return r.AppendJSON(nil), nil }

// OpenAPIName names the component that describes such a role.
func (*OrganizationRole) OpenAPIName() string { return "OrganizationRole" }
