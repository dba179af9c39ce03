package jwt

import (
	"context"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/schema"
)

// ModelJWKS is the logical name of the plugin's table.
const ModelJWKS = "jwks"

const (
	fieldPublic  = "publicKey"
	fieldPrivate = "privateKey"
	fieldCreated = "createdAt"
	fieldExpires = "expiresAt"
)

func jwksTable(name string, columns map[string]string) schema.Table {
	t := schema.Table{Model: ModelJWKS, Name: name, Fields: []schema.Field{
		{Name: fieldPublic, Type: schema.String, NoInput: true},
		{Name: fieldPrivate, Type: schema.String, NoInput: true, Hidden: true},
		{Name: fieldCreated, Type: schema.Date, NoInput: true},
		{Name: fieldExpires, Type: schema.Date, Optional: true, NoInput: true},
	}}
	for i := range t.Fields {
		t.Fields[i].Column = columns[t.Fields[i].Name]
	}
	return t
}

// row is a row of the table.
type row struct {
	core.Row
	PublicKey  string     `row:"publicKey"`
	PrivateKey string     `row:"privateKey"`
	CreatedAt  time.Time  `row:"createdAt"`
	ExpiresAt  *time.Time `row:"expiresAt"`
}

// Key is a stored pair of keys.
type Key struct {
	// ID is the kid of its tokens.
	ID string
	// PublicKey is the public JSON Web Key.
	PublicKey string
	// PrivateKey is the private JSON Web Key: its encryption as a JSON string, or the key
	// itself with DisablePrivateKeyEncryption.
	PrivateKey string
	// Algorithm is "" for a key of a table without such a column.
	Algorithm Algorithm
	CreatedAt time.Time
	// ExpiresAt is when the key signs no more; zero: never.
	ExpiresAt time.Time
}

// Adapter keeps keys. A function that is nil leaves its part to the table.
type Adapter struct {
	// List returns all keys, in any order (Better Auth's getJwks).
	List func(ctx context.Context) ([]Key, error)
	// Create stores a key and returns it with its ID (createJwk). Without it, and with a
	// List, no key is made: tokens cannot be signed until List has one.
	Create func(ctx context.Context, k Key) (Key, error)
}

func keyOf(r *row) Key {
	k := Key{ID: r.ID, PublicKey: r.PublicKey, PrivateKey: r.PrivateKey, CreatedAt: r.CreatedAt}
	if r.ExpiresAt != nil {
		k.ExpiresAt = *r.ExpiresAt
	}
	return k
}

func rowOf(k *Key) *row {
	r := &row{PublicKey: k.PublicKey, PrivateKey: k.PrivateKey, CreatedAt: k.CreatedAt}
	r.ID = k.ID
	if !k.ExpiresAt.IsZero() {
		r.ExpiresAt = &k.ExpiresAt
	}
	return r
}
