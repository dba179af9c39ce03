package twofactor

import (
	"context"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
)

// Enabled is the handle on user.twoFactorEnabled. Clients see it and cannot set it.
var Enabled = core.Field[bool]{Name: "twoFactorEnabled"}

// ModelTwoFactor is the logical name of the plugin's table.
const ModelTwoFactor = "twoFactor"

// The columns of the table. The last three are not in Better Auth 1.6, so rows that its
// servers insert have null there. The first two of them are those of Better Auth 1.7.
const (
	fieldSecret   = "secret"
	fieldCodes    = "backupCodes"
	fieldUser     = "userId"
	fieldVerified = "verified"
	fieldFailures = "failedVerificationCount"
	fieldLocked   = "lockedUntil"
	fieldLastTOTP = "lastTotpAt" // start of the time step of the last code that was accepted
)

func userField() schema.Field {
	return schema.Field{Name: Enabled.Name, Type: schema.Boolean, Optional: true, NoInput: true, Default: schema.Value(false)}
}

func factorTable(name string, columns map[string]string) schema.Table {
	t := schema.Table{Model: ModelTwoFactor, Name: name, Fields: []schema.Field{
		{Name: fieldSecret, Type: schema.String, Index: true, Hidden: true},
		{Name: fieldCodes, Type: schema.String, Hidden: true},
		{Name: fieldUser, Type: schema.String, Index: true, Hidden: true, References: &schema.Reference{Model: core.ModelUser}},
		{Name: fieldVerified, Type: schema.Boolean, Optional: true, NoInput: true, Default: schema.Value(true)},
		{Name: fieldFailures, Type: schema.Number, Optional: true, NoInput: true, Hidden: true, Default: schema.Value(int64(0))},
		{Name: fieldLocked, Type: schema.Date, Optional: true, NoInput: true, Hidden: true},
		{Name: fieldLastTOTP, Type: schema.Date, Optional: true, NoInput: true, Hidden: true},
	}}
	for i := range t.Fields {
		t.Fields[i].Column = columns[t.Fields[i].Name]
	}
	return t
}

// factor is a row of the table.
type factor struct {
	core.Row
	Secret      string     `row:"secret"`
	Codes       string     `row:"backupCodes"`
	UserID      string     `row:"userId"`
	Verified    *bool      `row:"verified"` // nil on a row from before there was the column
	Failures    *int64     `row:"failedVerificationCount"`
	LockedUntil *time.Time `row:"lockedUntil"`
	LastTOTP    *time.Time `row:"lastTotpAt"`
}

func (f *factor) verified() bool { return f.Verified == nil || *f.Verified }

// findFactor returns the row of a user, nil when there is none.
func (p *Plugin) findFactor(ctx context.Context, userID string) (*factor, error) {
	row, err := p.factors.Find(ctx, adapter.By(fieldUser, userID))
	if core.IsNotFound(err) {
		return nil, nil
	}
	return row, err
}

func enabled(u *core.User) bool {
	on, _ := Enabled.Of(u.Extra)
	return on
}
