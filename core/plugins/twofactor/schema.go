package twofactor

import (
	"context"
	"errors"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
)

// Enabled is the handle on user.twoFactorEnabled. Clients see it and cannot set it.
var Enabled = core.Field[bool]{Name: "twoFactorEnabled"}

// ModelTwoFactor is the logical name of the plugin's table.
const ModelTwoFactor = "twoFactor"

// The columns of the table. The last three are not in 1.6.11, whose servers leave
// them out of what they insert, so they are null then. The first two of them are
// those of 1.7.
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
	id, secret, codes string
	verified          bool
	lockedUntil       time.Time // zero: never locked
	lastTOTP          time.Time
}

// findFactor returns the row of a user, nil when there is none.
func findFactor(ctx context.Context, a *core.Auth, userID string) (*factor, error) {
	rec, err := a.DB().FindOne(ctx, adapter.Find{Model: ModelTwoFactor, Where: adapter.By(fieldUser, userID)})
	if errors.Is(err, adapter.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	f := &factor{verified: true}
	f.id, _ = rec["id"].(string)
	f.secret, _ = rec[fieldSecret].(string)
	f.codes, _ = rec[fieldCodes].(string)
	if v, ok := rec[fieldVerified].(bool); ok {
		f.verified = v // null is a row from before there was the column
	}
	f.lockedUntil, _ = rec[fieldLocked].(time.Time)
	f.lastTOTP, _ = rec[fieldLastTOTP].(time.Time)
	return f, nil
}

func enabled(u *core.User) bool {
	on, _ := Enabled.Of(u.Extra)
	return on
}
