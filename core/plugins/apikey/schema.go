package apikey

import (
	"time"

	"github.com/advantch/kernia-go/core/schema"
)

// Model is the logical name of the table.
const Model = "apikey"

// table is that of Better Auth 1.6.
func (p *Plugin) table() schema.Table {
	window, most := day, 10
	if len(p.configs) == 1 {
		window, most = p.configs[0].RateLimit.Window, p.configs[0].RateLimit.Max
	}
	t := schema.Table{Model: Model, Name: p.opts.Table, Fields: []schema.Field{
		{Name: "configId", Type: schema.String, Index: true, Default: schema.Value(defaultID)},
		{Name: "name", Type: schema.String, Optional: true, Line: true},
		{Name: "start", Type: schema.String, Optional: true},
		{Name: "referenceId", Type: schema.String, Index: true},
		{Name: "prefix", Type: schema.String, Optional: true},
		{Name: "key", Type: schema.String, Index: true, Hidden: true},
		{Name: "refillInterval", Type: schema.Number, Optional: true},
		{Name: "refillAmount", Type: schema.Number, Optional: true},
		{Name: "lastRefillAt", Type: schema.Date, Optional: true},
		{Name: "enabled", Type: schema.Boolean, Optional: true, Default: schema.Value(true)},
		{Name: "rateLimitEnabled", Type: schema.Boolean, Optional: true, Default: schema.Value(true)},
		{Name: "rateLimitTimeWindow", Type: schema.Number, Optional: true, Default: schema.Value(window.Milliseconds())},
		{Name: "rateLimitMax", Type: schema.Number, Optional: true, Default: schema.Value(int64(most))},
		{Name: "requestCount", Type: schema.Number, Optional: true, Default: schema.Value(int64(0))},
		{Name: "remaining", Type: schema.Number, Optional: true},
		{Name: "lastRequest", Type: schema.Date, Optional: true},
		{Name: "expiresAt", Type: schema.Date, Optional: true},
		{Name: "createdAt", Type: schema.Date, Default: schema.Now},
		{Name: "updatedAt", Type: schema.Date, Default: schema.Now},
		{Name: "permissions", Type: schema.String, Optional: true, MaxLength: maxText},
		{Name: "metadata", Type: schema.String, Optional: true, MaxLength: maxText},
	}}
	for i := range t.Fields {
		f := &t.Fields[i]
		f.Column = p.opts.Columns[f.Name]
		f.NoInput = f.Name != "metadata"
	}
	return t
}

// maxText bounds the JSON of metadata and permissions, in characters.
const maxText = 1 << 16

// stamp is a time, nil for the zero time.
func stamp(t *time.Time) any {
	if t == nil {
		return nil
	}
	return *t
}
