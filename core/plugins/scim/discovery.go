package scim

import (
	"net/http"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/scim/document"
	"github.com/advantch/kernia-go/core/wire"
)

// Supported says whether the server has a feature.
type Supported struct {
	Supported bool `json:"supported"`
}

// Bulk says that there are no bulk operations.
type Bulk struct {
	Supported      bool  `json:"supported"`
	MaxOperations  int64 `json:"maxOperations"`
	MaxPayloadSize int64 `json:"maxPayloadSize"`
}

// Filtering says that there are filters.
type Filtering struct {
	Supported  bool  `json:"supported"`
	MaxResults int64 `json:"maxResults"`
}

// AuthenticationScheme is a way in which directories show who they are.
type AuthenticationScheme struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	SpecURI     string `json:"specUri"`
	Type        string `json:"type"`
	Primary     bool   `json:"primary"`
}

// ServiceProviderConfig is the configuration of RFC 7643 §5.
type ServiceProviderConfig struct {
	Patch                 Supported              `json:"patch"`
	Bulk                  Bulk                   `json:"bulk"`
	Filter                Filtering              `json:"filter"`
	ChangePassword        Supported              `json:"changePassword"`
	Sort                  Supported              `json:"sort"`
	ETag                  Supported              `json:"etag"`
	AuthenticationSchemes []AuthenticationScheme `json:"authenticationSchemes"`
	Schemas               []string               `json:"schemas"`
	Meta                  DiscoveryMeta          `json:"meta"`
}

// DiscoveryMeta is the meta of the configuration.
type DiscoveryMeta struct {
	ResourceType string `json:"resourceType"`
}

func (p *Plugin) serviceProviderConfig(*core.Ctx, *core.NoInput) (ServiceProviderConfig, error) {
	return ServiceProviderConfig{
		Patch: Supported{true}, Filter: Filtering{true, maxPage}, ETag: Supported{true},
		AuthenticationSchemes: []AuthenticationScheme{{
			Name:        "OAuth Bearer Token",
			Description: "Authentication scheme using the Authorization header with a bearer token tied to an organization.",
			SpecURI:     "http://www.rfc-editor.org/info/rfc6750", Type: "oauthbearertoken", Primary: true,
		}},
		Schemas: []string{"urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"},
		Meta:    DiscoveryMeta{"ServiceProviderConfig"},
	}, nil
}

// DiscoveryInput is the query of a list of schemas or resource types.
type DiscoveryInput struct {
	Filter *string `query:"filter" doc:"Not allowed here (RFC 7644 §4)"`
}

// SchemaInput names a schema.
type SchemaInput struct {
	SchemaID string `path:"schemaId"`
}

// ResourceTypeInput names a resource type.
type ResourceTypeInput struct {
	ResourceTypeID string `path:"resourceTypeId"`
}

// Listing is a list of schemas or resource types.
type Listing struct{ items []wire.Value }

// AppendJSON appends the list, whose members have the order of Better Auth 1.6.
func (l Listing) AppendJSON(dst []byte) []byte {
	n := wire.Int(int64(len(l.items)))
	return wire.NewObject(
		wire.Member{Name: "totalResults", Value: n}, wire.Member{Name: "itemsPerPage", Value: n}, wire.Member{Name: "startIndex", Value: wire.Int(1)},
		wire.Member{Name: "schemas", Value: wire.Array(wire.String(document.ListURN))}, wire.Member{Name: "Resources", Value: wire.Array(l.items...)},
	).AppendJSON(dst)
}

type listingForm struct {
	TotalResults int              `json:"totalResults"`
	ItemsPerPage int              `json:"itemsPerPage"`
	StartIndex   int              `json:"startIndex"`
	Schemas      []string         `json:"schemas"`
	Resources    []map[string]any `json:"Resources"`
}

// OpenAPIForm describes the JSON form.
func (Listing) OpenAPIForm() any { return listingForm{} }

// Described is a schema or a resource type.
type Described struct{ value wire.Value }

// AppendJSON appends the description.
func (d Described) AppendJSON(dst []byte) []byte { return d.value.AppendJSON(dst) }

type describedForm struct {
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Schemas     []string `json:"schemas"`
	// Of a schema.
	Attributes []map[string]any `json:"attributes,omitempty"`
	// Of a resource type.
	Endpoint         string           `json:"endpoint,omitempty"`
	Schema           string           `json:"schema,omitempty"`
	SchemaExtensions []map[string]any `json:"schemaExtensions,omitempty"`
	Meta             struct {
		ResourceType string `json:"resourceType"`
		Location     string `json:"location"`
	} `json:"meta"`
}

// OpenAPIForm describes the JSON form.
func (Described) OpenAPIForm() any { return describedForm{} }

func (p *Plugin) kinds() []*document.Kind {
	if p.opts.Groups == nil {
		return []*document.Kind{p.users}
	}
	return []*document.Kind{p.users, p.groups}
}

func located(o *wire.Object, kind, location string) wire.Value {
	o.Set("meta", wire.ObjectOf(wire.NewObject(
		wire.Member{Name: "resourceType", Value: wire.String(kind)}, wire.Member{Name: "location", Value: wire.String(location)})))
	return wire.ObjectOf(o)
}

func (p *Plugin) schemas(c *core.Ctx) (out []wire.Value) {
	for _, k := range p.kinds() {
		for _, s := range append([]*document.Schema{k.Core}, k.Extensions...) {
			out = append(out, located(document.Describe(s), "Schema", c.BaseURL()+"/scim/v2/Schemas/"+s.URN))
		}
	}
	return out
}

func (p *Plugin) resourceTypes(c *core.Ctx) (out []wire.Value) {
	for _, k := range p.kinds() {
		o := wire.NewObject(
			wire.Member{Name: "schemas", Value: wire.Array(wire.String("urn:ietf:params:scim:schemas:core:2.0:ResourceType"))},
			wire.Member{Name: "id", Value: wire.String(k.Name)}, wire.Member{Name: "name", Value: wire.String(k.Name)},
			wire.Member{Name: "endpoint", Value: wire.String(k.Endpoint)}, wire.Member{Name: "description", Value: wire.String(k.Doc)},
			wire.Member{Name: "schema", Value: wire.String(k.Core.URN)},
		)
		var extensions []wire.Value
		for _, s := range k.Extensions {
			extensions = append(extensions, wire.ObjectOf(wire.NewObject(
				wire.Member{Name: "schema", Value: wire.String(s.URN)}, wire.Member{Name: "required", Value: wire.Bool(false)})))
		}
		if extensions != nil {
			o.Set("schemaExtensions", wire.Array(extensions...))
		}
		out = append(out, located(o, "ResourceType", c.BaseURL()+"/scim/v2/ResourceTypes/"+k.Name))
	}
	return out
}

var errFiltered = refuse(http.StatusForbidden, "", "Schemas and resource types are not filtered")

func (p *Plugin) listSchemas(c *core.Ctx, in *DiscoveryInput) (Listing, error) {
	if text(in.Filter) != "" {
		return Listing{}, errFiltered
	}
	return Listing{p.schemas(c)}, nil
}

func (p *Plugin) listResourceTypes(c *core.Ctx, in *DiscoveryInput) (Listing, error) {
	if text(in.Filter) != "" {
		return Listing{}, errFiltered
	}
	return Listing{p.resourceTypes(c)}, nil
}

func described(list []wire.Value, id, absent string) (Described, error) {
	for _, v := range list {
		if own, _ := v.Get("id").Str(); own == id {
			return Described{v}, nil
		}
	}
	return Described{}, refuse(http.StatusNotFound, "", absent)
}

func (p *Plugin) getSchema(c *core.Ctx, in *SchemaInput) (Described, error) {
	return described(p.schemas(c), in.SchemaID, "Schema not found")
}

func (p *Plugin) getResourceType(c *core.Ctx, in *ResourceTypeInput) (Described, error) {
	return described(p.resourceTypes(c), in.ResourceTypeID, "Resource type not found")
}
