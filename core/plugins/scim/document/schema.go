package document

import "strings"

// Type is the type of an attribute (RFC 7643 §2.3).
type Type string

// The types of attributes.
const (
	String    Type = "string"
	Boolean   Type = "boolean"
	DateTime  Type = "dateTime"
	Reference Type = "reference"
	Binary    Type = "binary"
	Complex   Type = "complex"
)

// The values of mutability.
const (
	ReadWrite = "readWrite"
	ReadOnly  = "readOnly"
	WriteOnly = "writeOnly"
)

// Attribute describes an attribute or sub-attribute.
type Attribute struct {
	Name       string
	Type       Type
	Multi      bool // multiValued
	Doc        string
	Required   bool
	CaseExact  bool
	Mutability string // default readWrite
	Uniqueness string // default none
	Sub        []*Attribute
	// MaxLength bounds a text, in bytes; default 1024.
	MaxLength int
	// Quiet leaves the attribute out of the description of the schema, which does not list the
	// attributes that all resources have (RFC 7643 §3.1).
	Quiet bool
}

// Schema is a set of attributes under a URN.
type Schema struct {
	URN        string
	Name       string
	Doc        string
	Attributes []*Attribute
}

// Kind is a type of resource: its schema and the extensions of it.
type Kind struct {
	Name       string // User
	Endpoint   string // /Users
	Doc        string
	Core       *Schema
	Extensions []*Schema
}

func find(list []*Attribute, name string) *Attribute {
	for _, a := range list {
		if same(a.Name, name) {
			return a
		}
	}
	return nil
}

// attribute finds an attribute of the core schema.
func (k *Kind) attribute(name string) *Attribute { return find(k.Core.Attributes, name) }

func (k *Kind) extension(urn string) *Schema {
	for _, s := range k.Extensions {
		if same(s.URN, urn) {
			return s
		}
	}
	return nil
}

// sub finds a sub-attribute.
func (a *Attribute) sub(name string) *Attribute { return find(a.Sub, name) }

func (a *Attribute) readOnly() bool { return a.Mutability == ReadOnly }

func text(name, doc string) *Attribute { return &Attribute{Name: name, Type: String, Doc: doc} }

func flag(name, doc string) *Attribute { return &Attribute{Name: name, Type: Boolean, Doc: doc} }

func complexOf(name, doc string, sub ...*Attribute) *Attribute {
	return &Attribute{Name: name, Type: Complex, Doc: doc, Sub: sub}
}

// listOf is a multi-valued attribute with the sub-attributes that all of them have (RFC 7643
// §2.4) around its own.
func listOf(name, doc string, value *Attribute, more ...*Attribute) *Attribute {
	sub := append([]*Attribute{value}, more...)
	sub = append(sub, text("display", "A name for people."), text("type", "What the value is for, such as \"work\"."),
		flag("primary", "Whether this is the preferred value; at most one is."))
	return &Attribute{Name: name, Type: Complex, Multi: true, Doc: doc, Sub: sub}
}

func unlisted(a *Attribute) *Attribute {
	a.Quiet = true
	return a
}

// The greatest lengths of texts, in bytes.
const (
	maxText    = 1024
	maxKey     = 255
	maxAddress = 254 // RFC 5321 §4.5.3.1.3
	maxBinary  = 16 << 10
)

func common(listID bool) []*Attribute {
	return []*Attribute{
		{Name: "id", Type: String, Doc: "Unique opaque identifier of the resource", CaseExact: true, Mutability: ReadOnly, Uniqueness: "server", Quiet: !listID},
		{Name: "externalId", Type: String, CaseExact: true, MaxLength: maxKey, Quiet: true},
		unlisted(&Attribute{Name: "meta", Type: Complex, Mutability: ReadOnly, Sub: []*Attribute{
			{Name: "resourceType", Type: String, CaseExact: true, Mutability: ReadOnly},
			{Name: "created", Type: DateTime, Mutability: ReadOnly},
			{Name: "lastModified", Type: DateTime, Mutability: ReadOnly},
			{Name: "location", Type: Reference, CaseExact: true, Mutability: ReadOnly},
			{Name: "version", Type: String, CaseExact: true, Mutability: ReadOnly},
		}}),
		unlisted(&Attribute{Name: "schemas", Type: Reference, Multi: true, CaseExact: true, Mutability: ReadOnly}),
	}
}

// Users describes the users of RFC 7643 §4.1 with the enterprise extension of §4.3.
func Users() *Kind {
	return &Kind{Name: "User", Endpoint: "/Users", Doc: "User Account", Core: &Schema{URN: UserURN, Name: "User", Doc: "User Account", Attributes: append(common(true),
		&Attribute{Name: "userName", Type: String, MaxLength: maxKey, Required: true, Uniqueness: "server",
			Doc: "Unique identifier for the User, typically used by the user to directly authenticate to the service provider"},
		text("displayName", "The name of the User, suitable for display to end-users.  The name SHOULD be the full name of the User being described, if known."),
		flag("active", "A Boolean value indicating the User's administrative status."),
		complexOf("name", "The components of the user's real name.",
			text("formatted", "The full name, including all middlenames, titles, and suffixes as appropriate, formatted for display(e.g., 'Ms. Barbara J Jensen, III')."),
			text("familyName", "The family name of the User, or last name in most Western languages (e.g., 'Jensen' given the full name 'Ms. Barbara J Jensen, III')."),
			text("givenName", "The given name of the User, or first name in most Western languages (e.g., 'Barbara' given the full name 'Ms. Barbara J Jensen, III')."),
			text("middleName", "The middle names."), text("honorificPrefix", "A title before the name, such as \"Ms.\"."), text("honorificSuffix", "A suffix of the name, such as \"III\".")),
		&Attribute{Name: "emails", Type: Complex, Multi: true, Doc: "Email addresses for the user.", Sub: []*Attribute{
			{Name: "value", Type: String, MaxLength: maxAddress, Uniqueness: "server", Doc: "An address."},
			flag("primary", "Whether this is the preferred value; at most one is."),
			text("type", "What the value is for, such as \"work\"."), text("display", "A name for people."),
		}},
		text("nickName", "The casual way to address the user."),
		&Attribute{Name: "profileUrl", Type: Reference, CaseExact: true, Doc: "A page about the user."},
		text("title", "The user's title, such as \"Vice President\"."),
		text("userType", "The relationship between the organization and the user, such as \"Employee\"."),
		text("preferredLanguage", "The user's languages, as in the header Accept-Language."),
		text("locale", "The user's locale, such as \"en-US\"."),
		text("timezone", "The user's time zone, such as \"America/Los_Angeles\"."),
		&Attribute{Name: "password", Type: String, CaseExact: true, Mutability: WriteOnly, Quiet: true},
		listOf("phoneNumbers", "Phone numbers of the user.", text("value", "A number.")),
		listOf("ims", "Instant messaging addresses of the user.", text("value", "An address.")),
		listOf("photos", "Addresses of pictures of the user.", &Attribute{Name: "value", Type: Reference, CaseExact: true, Doc: "A URL."}),
		listOf("addresses", "Postal addresses of the user.", text("formatted", "The whole address."),
			text("streetAddress", "Street and number."), text("locality", "The city."), text("region", "The state or region."), text("postalCode", "The postal code."), text("country", "The country by ISO 3166-1 alpha-2.")),
		&Attribute{Name: "groups", Type: Complex, Multi: true, Mutability: ReadOnly, Doc: "The groups to which the user belongs.", Sub: []*Attribute{
			{Name: "value", Type: String, CaseExact: true, Mutability: ReadOnly, Doc: "Id of the group."},
			{Name: "$ref", Type: Reference, CaseExact: true, Mutability: ReadOnly, Doc: "URL of the group."},
			{Name: "display", Type: String, Mutability: ReadOnly, Doc: "Name of the group."},
			{Name: "type", Type: String, Mutability: ReadOnly, Doc: "\"direct\"."},
		}},
		listOf("entitlements", "Entitlements of the user. They grant nothing here.", text("value", "An entitlement.")),
		listOf("roles", "Roles of the user in the directory. They grant nothing here.", text("value", "A role.")),
		listOf("x509Certificates", "Certificates of the user.", &Attribute{Name: "value", Type: Binary, CaseExact: true, MaxLength: maxBinary, Doc: "DER in base64."}),
	)}, Extensions: []*Schema{{URN: EnterpriseURN, Name: "EnterpriseUser", Doc: "Enterprise User", Attributes: []*Attribute{
		text("employeeNumber", "The number of the employee."), text("costCenter", "The cost center."), text("organization", "The organization."),
		text("division", "The division."), text("department", "The department."),
		complexOf("manager", "The user's manager.", &Attribute{Name: "value", Type: String, CaseExact: true, Doc: "Id of the manager."},
			&Attribute{Name: "$ref", Type: Reference, CaseExact: true, Doc: "URL of the manager."},
			&Attribute{Name: "displayName", Type: String, Mutability: ReadOnly, Doc: "Name of the manager."}),
	}}}}
}

// Groups describes the groups of RFC 7643 §4.2.
func Groups() *Kind {
	return &Kind{Name: "Group", Endpoint: "/Groups", Doc: "Group", Core: &Schema{URN: GroupURN, Name: "Group", Doc: "Group", Attributes: append(common(false),
		&Attribute{Name: "displayName", Type: String, MaxLength: maxKey, Required: true, Uniqueness: "server", Doc: "The name of the group."},
		&Attribute{Name: "members", Type: Complex, Multi: true, Doc: "The members of the group, which are users.", Sub: []*Attribute{
			{Name: "value", Type: String, CaseExact: true, Doc: "Id of the user."},
			{Name: "$ref", Type: Reference, CaseExact: true, Doc: "URL of the user."},
			{Name: "type", Type: String, Doc: "\"User\"."},
			{Name: "display", Type: String, Doc: "Name of the user."},
		}},
	)}}
}

// splitURN takes the URN of a schema off the beginning of a path. rest is empty for the
// schema itself.
func (k *Kind) splitURN(path string) (s *Schema, rest string, ok bool) {
	for _, s := range append([]*Schema{k.Core}, k.Extensions...) {
		if len(path) < len(s.URN) || !same(path[:len(s.URN)], s.URN) {
			continue
		}
		rest := path[len(s.URN):]
		if rest == "" {
			return s, "", true
		}
		if rest[0] == ':' {
			return s, rest[1:], true
		}
	}
	return nil, path, !strings.HasPrefix(Fold(path), "urn:")
}
