package apikey

import (
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/access"
	"github.com/advantch/kernia-go/core/wire"
)

// Key is a row of the table.
type Key struct {
	core.Row
	ConfigID            string          `row:"configId"`
	Name                *string         `row:"name"`
	Start               *string         `row:"start"`       // the first characters of the key, for people
	ReferenceID         string          `row:"referenceId"` // id of the user or organization that owns it
	Prefix              *string         `row:"prefix"`
	Hash                string          `row:"key"`            // SHA-256 of the key in base64url; the key itself with DisableHashing
	RefillInterval      *int64          `row:"refillInterval"` // milliseconds
	RefillAmount        *int64          `row:"refillAmount"`
	LastRefillAt        *time.Time      `row:"lastRefillAt"`
	Enabled             *bool           `row:"enabled"` // nil is enabled
	RateLimitEnabled    *bool           `row:"rateLimitEnabled"`
	RateLimitTimeWindow *int64          `row:"rateLimitTimeWindow"` // milliseconds
	RateLimitMax        *int64          `row:"rateLimitMax"`
	RequestCount        *int64          `row:"requestCount"` // uses in the window
	Remaining           *int64          `row:"remaining"`    // nil: no limit
	LastRequest         *time.Time      `row:"lastRequest"`
	ExpiresAt           *time.Time      `row:"expiresAt"`
	CreatedAt           time.Time       `row:"createdAt"`
	UpdatedAt           time.Time       `row:"updatedAt"`
	PermissionsText     *string         `row:"permissions"` // JSON; see Permissions
	Metadata            json.RawMessage `row:"metadata"`

	// loose is the order of members of a key that is in a secondary storage alone.
	loose bool
	// again says that an older version has stored the metadata as JSON in JSON.
	again bool
}

// Permissions are the actions that the key allows, by resource; nil when it has none.
func (k *Key) Permissions() access.Permissions {
	if k.PermissionsText == nil {
		return nil
	}
	var out access.Permissions
	if json.Unmarshal([]byte(*k.PermissionsText), &out) != nil {
		return nil
	}
	return out
}

// config is the id of the key's configuration.
func (k *Key) config() string {
	if k.ConfigID == "" {
		return defaultID // made before there were several
	}
	return k.ConfigID
}

func (k *Key) enabled() bool { return k.Enabled == nil || *k.Enabled }

// settle reads metadata that is JSON in JSON, and the JSON null.
func (k *Key) settle() *Key {
	var inner string
	if len(k.Metadata) > 0 && k.Metadata[0] == '"' && json.Unmarshal(k.Metadata, &inner) == nil {
		k.Metadata, k.again = json.RawMessage(inner), true
	}
	if string(k.Metadata) == "null" || !json.Valid(k.Metadata) {
		k.Metadata = nil
	}
	return k
}

// clone copies what a use changes.
func (k *Key) clone() *Key {
	out := *k
	return &out
}

// The orders of members: of a row, and of a key that is in a secondary storage alone.
var (
	rowOrder = []string{"configId", "name", "start", "referenceId", "prefix", "key", "refillInterval", "refillAmount", "lastRefillAt", "enabled",
		"rateLimitEnabled", "rateLimitTimeWindow", "rateLimitMax", "requestCount", "remaining", "lastRequest", "expiresAt", "createdAt",
		"updatedAt", "permissions", "metadata"}
	looseOrder = []string{"configId", "createdAt", "updatedAt", "name", "prefix", "start", "key", "enabled", "expiresAt", "referenceId",
		"lastRefillAt", "lastRequest", "metadata", "rateLimitMax", "rateLimitTimeWindow", "remaining", "refillAmount", "refillInterval",
		"rateLimitEnabled", "requestCount", "permissions"}
)

// form says how a key is written.
type form int

const (
	shown  form = iota // for clients, without the key
	made               // for the client that made it, with the key
	stored             // for a secondary storage
)

// appendKey writes a key. plain is the key itself, for made.
func (p *Plugin) appendKey(dst []byte, k *Key, f form, plain string) []byte {
	order := rowOrder
	late := false
	if k.loose {
		order = looseOrder
		late = k.PermissionsText == nil && f != made // Better Auth leaves it out, and adds it at the end
	}
	dst = append(dst, '{')
	member := func(name string, value func([]byte) []byte) {
		if dst[len(dst)-1] != '{' {
			dst = append(dst, ',')
		}
		dst = append(wire.AppendString(dst, name), ':')
		dst = value(dst)
	}
	for _, name := range order {
		if name == "key" && f == shown || name == "permissions" && late {
			continue
		}
		member(name, func(dst []byte) []byte { return k.appendField(dst, name, f, plain) })
	}
	if t, ok := p.auth.Schema().Table(Model); ok {
		for _, added := range t.Added() {
			if f == stored || !added.Hidden {
				member(added.Name, func(dst []byte) []byte { return appendExtra(dst, k.Extra[added.Name]) })
			}
		}
	}
	member("id", func(dst []byte) []byte { return wire.AppendString(dst, k.ID) })
	if late && f == shown {
		member("permissions", func(dst []byte) []byte { return append(dst, "null"...) })
	}
	return append(dst, '}')
}

func (k *Key) appendField(dst []byte, name string, f form, plain string) []byte {
	switch name {
	case "configId":
		return wire.AppendString(dst, k.ConfigID)
	case "name":
		return text(dst, k.Name)
	case "start":
		return text(dst, k.Start)
	case "referenceId":
		return wire.AppendString(dst, k.ReferenceID)
	case "prefix":
		return text(dst, k.Prefix)
	case "key":
		if f == made {
			return wire.AppendString(dst, plain)
		}
		return wire.AppendString(dst, k.Hash)
	case "refillInterval":
		return whole(dst, k.RefillInterval)
	case "refillAmount":
		return whole(dst, k.RefillAmount)
	case "lastRefillAt":
		return date(dst, k.LastRefillAt)
	case "enabled":
		return flag(dst, k.Enabled)
	case "rateLimitEnabled":
		return flag(dst, k.RateLimitEnabled)
	case "rateLimitTimeWindow":
		return whole(dst, k.RateLimitTimeWindow)
	case "rateLimitMax":
		return whole(dst, k.RateLimitMax)
	case "requestCount":
		return whole(dst, k.RequestCount)
	case "remaining":
		return whole(dst, k.Remaining)
	case "lastRequest":
		return date(dst, k.LastRequest)
	case "expiresAt":
		return date(dst, k.ExpiresAt)
	case "createdAt":
		return date(dst, &k.CreatedAt)
	case "updatedAt":
		return date(dst, &k.UpdatedAt)
	case "permissions":
		if f == stored {
			return text(dst, k.PermissionsText)
		}
		if k.PermissionsText == nil || !json.Valid([]byte(*k.PermissionsText)) {
			return append(dst, "null"...)
		}
		return append(dst, *k.PermissionsText...)
	}
	if len(k.Metadata) == 0 { // metadata
		return append(dst, "null"...)
	}
	return append(dst, k.Metadata...)
}

func text(dst []byte, s *string) []byte {
	if s == nil {
		return append(dst, "null"...)
	}
	return wire.AppendString(dst, *s)
}

func whole(dst []byte, n *int64) []byte {
	if n == nil {
		return append(dst, "null"...)
	}
	return strconv.AppendInt(dst, *n, 10)
}

func flag(dst []byte, b *bool) []byte {
	if b == nil {
		return append(dst, "null"...)
	}
	return strconv.AppendBool(dst, *b)
}

func date(dst []byte, t *time.Time) []byte {
	if t == nil {
		return append(dst, "null"...)
	}
	return wire.AppendTime(dst, *t)
}

// appendExtra writes the value of a field that the application has added.
func appendExtra(dst []byte, v any) []byte {
	if at, ok := v.(time.Time); ok {
		return wire.AppendTime(dst, at)
	}
	out, err := json.Marshal(v)
	if err != nil {
		return append(dst, "null"...)
	}
	return append(dst, out...)
}

// readKey reads a key that this server or a Better Auth server has put into a secondary
// storage; nil when the text is no key.
func readKey(data string) *Key {
	v, err := wire.Parse([]byte(data), wire.Limits{})
	if err != nil {
		return nil
	}
	r := reader{v}
	k := &Key{
		ConfigID: or(r.text("configId")), Name: r.text("name"), Start: r.text("start"), ReferenceID: or(r.text("referenceId")),
		Prefix: r.text("prefix"), Hash: or(r.text("key")), RefillInterval: r.whole("refillInterval"), RefillAmount: r.whole("refillAmount"),
		LastRefillAt: r.date("lastRefillAt"), Enabled: r.flag("enabled"), RateLimitEnabled: r.flag("rateLimitEnabled"),
		RateLimitTimeWindow: r.whole("rateLimitTimeWindow"), RateLimitMax: r.whole("rateLimitMax"), RequestCount: r.whole("requestCount"),
		Remaining: r.whole("remaining"), LastRequest: r.date("lastRequest"), ExpiresAt: r.date("expiresAt"),
		CreatedAt: or(r.date("createdAt")), UpdatedAt: or(r.date("updatedAt")), PermissionsText: r.text("permissions"),
	}
	k.ID = or(r.text("id"))
	if m := v.Get("metadata"); !m.IsUndefined() && !m.IsNull() {
		k.Metadata = m.AppendJSON(nil)
	}
	if k.ID == "" || k.Hash == "" || k.ReferenceID == "" {
		return nil
	}
	if o, ok := v.Obj(); ok {
		names := make([]string, 0, o.Len())
		for _, m := range o.Members() {
			names = append(names, m.Name)
			if _, own := ownFields[m.Name]; !own {
				if k.Extra == nil {
					k.Extra = core.Extra{}
				}
				k.Extra[m.Name] = json.RawMessage(m.Value.AppendJSON(nil))
			}
		}
		// A row begins with configId and name, a key that was never one with createdAt.
		k.loose = slices.Index(names, "createdAt") < slices.Index(names, "name")
	}
	return k.settle()
}

var ownFields = func() map[string]struct{} {
	out := map[string]struct{}{"id": {}}
	for _, name := range rowOrder {
		out[name] = struct{}{}
	}
	return out
}()

type reader struct{ v wire.Value }

func (r reader) text(name string) *string {
	if s, ok := r.v.Get(name).Str(); ok {
		return &s
	}
	return nil
}

func (r reader) whole(name string) *int64 {
	if f, ok := r.v.Get(name).Num(); ok {
		n := int64(f)
		return &n
	}
	return nil
}

func (r reader) flag(name string) *bool {
	if b, ok := r.v.Get(name).Bool(); ok {
		return &b
	}
	return nil
}

func (r reader) date(name string) *time.Time {
	s, ok := r.v.Get(name).Str()
	if !ok {
		return nil
	}
	if at, ok := wire.ParseTime(s); ok {
		return &at
	}
	return nil
}

func or[T any](v *T) T {
	if v == nil {
		var zero T
		return zero
	}
	return *v
}
