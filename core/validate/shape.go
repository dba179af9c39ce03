package validate

import "github.com/advantch/kernia-go/core/wire"

// Shape describes the valid values of a type, for documents such as OpenAPI.
type Shape struct {
	// Type is "string", "number", "integer", "boolean", "array", "object",
	// "date", "any" or "union". A record is an object with Additional.
	Type        string
	Description string
	Optional    bool   // may be absent
	Nullable    bool   // may be null
	Coerce      bool   // other types are converted to Type
	Format      string // "email"; otherwise empty
	Pattern     string // a JavaScript regular expression with its slashes
	Enum        []string
	Default     wire.Value // undefined if there is none
	Min, Max    *float64   // bounds of a number, or of a length in UTF-16 units or items
	Exclusive   bool       // Min itself is not allowed
	Items       *Shape     // of an array
	Properties  []Property // of an object, in order
	Additional  *Shape     // of other members of an object; nil: they are dropped
	Strict      bool       // other members are refused
	AnyOf       []*Shape   // of a union
}

// Property is a named member of a Shape.
type Property struct {
	Name  string
	Shape *Shape
}
