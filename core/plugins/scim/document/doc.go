// Package document has the documents of SCIM 2.0: the attributes of resources (RFC 7643), the
// filters that select them and the operations that change them (RFC 7644). It reads and writes
// no table.
//
// A resource is a tree of JSON values under the names of its schema: strings, booleans,
// float64, Object and []any.
package document

import "strings"

// Object is the members of a resource, or of a complex value.
type Object = map[string]any

// The URNs of schemas and messages.
const (
	UserURN       = "urn:ietf:params:scim:schemas:core:2.0:User"
	GroupURN      = "urn:ietf:params:scim:schemas:core:2.0:Group"
	EnterpriseURN = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	ErrorURN      = "urn:ietf:params:scim:api:messages:2.0:Error"
	ListURN       = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
	PatchURN      = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
)

// The values of scimType (RFC 7644 §3.12).
const (
	InvalidFilter = "invalidFilter"
	TooMany       = "tooMany"
	Uniqueness    = "uniqueness"
	Mutability    = "mutability"
	InvalidSyntax = "invalidSyntax"
	InvalidPath   = "invalidPath"
	NoTarget      = "noTarget"
	InvalidValue  = "invalidValue"
)

// Error says what is wrong with a document. Its text holds names of the client's, never values.
type Error struct {
	Type   string // scimType
	Detail string
}

func (e *Error) Error() string { return e.Type + ": " + e.Detail }

func fail(scimType, detail string) error { return &Error{scimType, detail} }

// Fold lowers the letters of ASCII. Names, URNs and values that are not caseExact are compared
// in this form. Other letters stay, as in the addresses of users: Unicode folding would let one
// person's name become another's.
func Fold(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

func same(a, b string) bool { return Fold(a) == Fold(b) }

// quote shows a name that a client has sent, shortened.
func quote(name string) string {
	const most = 64
	if len(name) > most {
		name = strings.ToValidUTF8(name[:most], "") + "…"
	}
	return `"` + name + `"`
}
