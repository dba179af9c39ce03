package passkey

import (
	"strings"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/schema"
)

// Model is the logical name of the table.
const Model = "passkey"

// The device types, by the backup-eligible flag of the authenticator.
const (
	SingleDevice = "singleDevice" // the key never leaves its authenticator
	MultiDevice  = "multiDevice"  // the key may be copied to other devices of its owner
)

// table is Better Auth 1.6's with one difference: the credential id is unique.
func (p *Plugin) table() schema.Table {
	t := schema.Table{Model: Model, Name: p.opts.Table, Fields: []schema.Field{
		{Name: "name", Type: schema.String, Optional: true, MaxLength: 255, Line: true},
		{Name: "publicKey", Type: schema.String},
		{Name: "userId", Type: schema.String, Index: true, References: &schema.Reference{Model: core.ModelUser}},
		{Name: "credentialID", Type: schema.String, Unique: true},
		{Name: "counter", Type: schema.Number},
		{Name: "deviceType", Type: schema.String},
		{Name: "backedUp", Type: schema.Boolean},
		{Name: "transports", Type: schema.String, Optional: true},
		{Name: "createdAt", Type: schema.Date, Optional: true},
		{Name: "aaguid", Type: schema.String, Optional: true},
	}}
	for i := range t.Fields {
		t.Fields[i].Column = p.opts.Columns[t.Fields[i].Name]
	}
	return t
}

// Passkey is a row of the table.
type Passkey struct {
	core.Row
	Name         *string    `row:"name"`
	PublicKey    string     `row:"publicKey"` // COSE key, base64
	UserID       string     `row:"userId"`
	CredentialID string     `row:"credentialID"` // base64url without padding
	Counter      int64      `row:"counter"`      // signature counter at the last sign-in; 0 if the authenticator has none
	DeviceType   string     `row:"deviceType"`   // SingleDevice or MultiDevice
	BackedUp     bool       `row:"backedUp"`
	Transports   *string    `row:"transports"` // as the browser reported them, separated by commas
	CreatedAt    *time.Time `row:"createdAt"`
	AAGUID       *string    `row:"aaguid"` // model of the authenticator, a UUID; zeros if it is not disclosed
}

// transports lists the transports, nil when the row has none.
func (k *Passkey) transports() []string {
	if k.Transports == nil {
		return nil
	}
	return strings.Split(*k.Transports, ",")
}
