package auditlog

import (
	"encoding/json"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/schema"
)

// Model is the logical name of the table.
const Model = "auditLog"

// table has no references: a record outlives its user and its organization.
func table() schema.Table {
	text := func(name string, indexed bool) schema.Field {
		return schema.Field{Name: name, Type: schema.String, Optional: true, NoInput: true, Index: indexed}
	}
	return schema.Table{Model: Model, Fields: []schema.Field{
		{Name: "event", Type: schema.String, NoInput: true, MaxLength: maxName},
		text("userId", true), text("actorId", true), text("organizationId", true),
		text("sessionId", false), text("ipAddress", false), text("userAgent", false), text("requestId", false),
		{Name: "data", Type: schema.JSON, Optional: true, NoInput: true},
		{Name: "createdAt", Type: schema.Date, Default: schema.Now, NoInput: true, Index: true},
	}}
}

// Record is what has happened. It is never changed, but for the addresses of a user who is
// deleted.
type Record struct {
	core.Row
	Event          string          `row:"event"`          // a core.EventType, or a name of the application
	UserID         *string         `row:"userId"`         // whom it is about
	ActorID        *string         `row:"actorId"`        // who has done it, when that is somebody else
	OrganizationID *string         `row:"organizationId"` // where it has happened
	SessionID      *string         `row:"sessionId"`
	IPAddress      *string         `row:"ipAddress"`
	UserAgent      *string         `row:"userAgent"`
	RequestID      *string         `row:"requestId"` // of a proxy
	Data           json.RawMessage `row:"data"`      // an object: path, method, code, detail, subjectId, origin, as far as there are
	CreatedAt      time.Time       `row:"createdAt"`
}
