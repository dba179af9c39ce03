package passkey

import (
	"fmt"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
)

// Model is the logical name of the table.
const Model = "passkey"

// The device types, by the backup-eligible flag of the authenticator.
const (
	SingleDevice = "singleDevice" // the key never leaves its authenticator
	MultiDevice  = "multiDevice"  // the key may be copied to other devices of its owner
)

// table is 1.6.11's, with one difference: a credential id belongs to one row. It
// leaves that to chance.
func (p *Plugin) table() schema.Table {
	t := schema.Table{Model: Model, Name: p.opts.Table, Fields: []schema.Field{
		{Name: "name", Type: schema.String, Optional: true},
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

// Passkey is a row of the table, and how clients see it.
type Passkey struct {
	Name         *string    `json:"name"`
	PublicKey    string     `json:"publicKey"` // COSE key, base64
	UserID       string     `json:"userId"`
	CredentialID string     `json:"credentialID"` // base64url without padding
	Counter      int64      `json:"counter"`      // signature counter as of the last sign-in; 0 where the authenticator has none
	DeviceType   string     `json:"deviceType"`   // SingleDevice or MultiDevice
	BackedUp     bool       `json:"backedUp"`
	Transports   *string    `json:"transports"` // as the browser named them, separated by commas
	CreatedAt    *time.Time `json:"createdAt"`
	AAGUID       *string    `json:"aaguid"` // model of the authenticator, a UUID; zeros where it keeps that to itself
	ID           string     `json:"id"`
}

// transports lists the transports, nil when the row has none.
func (k *Passkey) transports() []string {
	if k.Transports == nil {
		return nil
	}
	return strings.Split(*k.Transports, ",")
}

func (k *Passkey) record() adapter.Record {
	rec := adapter.Record{
		"name": nil, "publicKey": k.PublicKey, "userId": k.UserID, "credentialID": k.CredentialID, "counter": k.Counter,
		"deviceType": k.DeviceType, "backedUp": k.BackedUp, "transports": nil, "createdAt": nil, "aaguid": nil,
	}
	if k.Name != nil {
		rec["name"] = *k.Name
	}
	if k.Transports != nil {
		rec["transports"] = *k.Transports
	}
	if k.CreatedAt != nil {
		rec["createdAt"] = *k.CreatedAt
	}
	if k.AAGUID != nil {
		rec["aaguid"] = *k.AAGUID
	}
	return rec
}

func passkeyOf(rec adapter.Record) (*Passkey, error) {
	k := &Passkey{}
	required := []struct {
		name string
		to   *string
	}{
		{"id", &k.ID}, {"publicKey", &k.PublicKey}, {"userId", &k.UserID}, {"credentialID", &k.CredentialID}, {"deviceType", &k.DeviceType},
	}
	for _, f := range required {
		v, ok := rec[f.name].(string)
		if !ok {
			return nil, misfit(f.name, rec)
		}
		*f.to = v
	}
	var ok bool
	if k.BackedUp, ok = rec["backedUp"].(bool); !ok {
		return nil, misfit("backedUp", rec)
	}
	if k.Counter, ok = rec["counter"].(int64); !ok {
		return nil, misfit("counter", rec)
	}
	k.Name, k.Transports, k.AAGUID = optional[string](rec, "name"), optional[string](rec, "transports"), optional[string](rec, "aaguid")
	k.CreatedAt = optional[time.Time](rec, "createdAt")
	return k, nil
}

func misfit(name string, rec adapter.Record) error {
	return fmt.Errorf("passkey: the stored %s is a %T", name, rec[name])
}

func optional[T any](rec adapter.Record, name string) *T {
	v, ok := rec[name].(T)
	if !ok {
		return nil
	}
	return &v
}
