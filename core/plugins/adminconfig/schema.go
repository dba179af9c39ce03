package adminconfig

import (
	"encoding/json"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/schema"
)

// Model is the logical name of the table.
const Model = "adminConfig"

// The keys of its rows.
const (
	keyMethods = "auth-methods"
	keyEmail   = "email-clients"
	keyStripe  = "stripe"
)

func table() schema.Table {
	return schema.Table{Model: Model, Fields: []schema.Field{
		{Name: "key", Type: schema.String, Unique: true, NoInput: true},
		{Name: "value", Type: schema.JSON, NoInput: true, Hidden: true},
		{Name: "secretFields", Type: schema.JSON, Optional: true, NoInput: true, Hidden: true},
		{Name: "createdAt", Type: schema.Date, Default: schema.Now, NoInput: true},
		{Name: "updatedAt", Type: schema.Date, Default: schema.Now, NoInput: true},
	}}
}

// config is a row. The members of Value that SecretFields names are encrypted. UpdatedAt is
// its version: every change makes it later.
type config struct {
	core.Row
	Key          string          `row:"key"`
	Value        json.RawMessage `row:"value"`
	SecretFields json.RawMessage `row:"secretFields"`
	CreatedAt    time.Time       `row:"createdAt"`
	UpdatedAt    time.Time       `row:"updatedAt"`
}

// version is UpdatedAt for answers: nil while there is no row.
func (r *config) version() *time.Time {
	if r == nil {
		return nil
	}
	return &r.UpdatedAt
}
