package deviceauthorization

import (
	"context"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
)

// ModelDeviceCode is the logical name of the plugin's table.
const ModelDeviceCode = "deviceCode"

// The columns of the table. The last one is not in Better Auth, so rows that its servers
// insert or approve have null there.
const (
	fieldDeviceCode = "deviceCode"
	fieldUserCode   = "userCode"
	fieldUser       = "userId"
	fieldExpires    = "expiresAt"
	fieldStatus     = "status"
	fieldPolled     = "lastPolledAt"
	fieldInterval   = "pollingInterval"
	fieldClient     = "clientId"
	fieldScope      = "scope"
	fieldApproval   = "approval"
)

// The values of the column status.
const (
	pending  = "pending"
	approved = "approved"
	denied   = "denied"
)

// Bounds of what a device may store. Client ids can be URLs.
const (
	maxClient = 2048
	maxScope  = 4096
)

// codeTable has the unique keys of Better Auth 1.7. Better Auth 1.6 has none, so there two
// devices can get the same code.
func codeTable(name string, columns map[string]string) schema.Table {
	t := schema.Table{Model: ModelDeviceCode, Name: name, Fields: []schema.Field{
		{Name: fieldDeviceCode, Type: schema.String, Unique: true, Hidden: true, MaxLength: maxCode},
		{Name: fieldUserCode, Type: schema.String, Unique: true, MaxLength: maxCode},
		{Name: fieldUser, Type: schema.String, Optional: true, Index: true},
		{Name: fieldExpires, Type: schema.Date},
		{Name: fieldStatus, Type: schema.String},
		{Name: fieldPolled, Type: schema.Date, Optional: true},
		{Name: fieldInterval, Type: schema.Number, Optional: true},
		{Name: fieldClient, Type: schema.String, Optional: true, MaxLength: maxClient},
		{Name: fieldScope, Type: schema.String, Optional: true, MaxLength: maxScope},
		{Name: fieldApproval, Type: schema.String, Optional: true, Hidden: true},
	}}
	for i := range t.Fields {
		t.Fields[i].Column = columns[t.Fields[i].Name]
	}
	return t
}

// deviceCode is a row of the table: a device that waits.
type deviceCode struct {
	core.Row
	DeviceCode   string     `row:"deviceCode"` // as Plugin.stored makes it
	UserCode     string     `row:"userCode"`
	UserID       *string    `row:"userId"` // who has claimed the code
	ExpiresAt    time.Time  `row:"expiresAt"`
	Status       string     `row:"status"`
	LastPolledAt *time.Time `row:"lastPolledAt"`
	Interval     *int64     `row:"pollingInterval"` // in milliseconds
	ClientID     *string    `row:"clientId"`
	Scope        *string    `row:"scope"`
	Approval     *string    `row:"approval"` // names the verification value of the approval
}

// claimedBy reports whether the code belongs to a user.
func (d *deviceCode) claimedBy(userID string) bool { return d.UserID != nil && *d.UserID == userID }

// tooEarly reports whether a poll comes before the interval is over.
func (d *deviceCode) tooEarly(now time.Time) bool {
	return d.LastPolledAt != nil && now.Sub(*d.LastPolledAt) < d.pause()
}

func (d *deviceCode) pause() time.Duration {
	if d.Interval == nil {
		return 0
	}
	return time.Duration(*d.Interval) * time.Millisecond
}

// forgetUser removes the codes of a user who is being deleted.
func (p *Plugin) forgetUser(ctx context.Context, u *core.User) error { return p.endCodes(ctx, u.ID) }

// endCodes removes the codes that a user has claimed.
func (p *Plugin) endCodes(ctx context.Context, userID string) error {
	_, err := p.codes.Delete(ctx, adapter.By(fieldUser, userID))
	return err
}
