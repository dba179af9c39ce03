package main

import (
	"context"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/scim"
	"github.com/advantch/kernia-go/core/wire"
)

func init() { factories["scim"] = (*instance).scim }

// scim maps the options of @better-auth/scim. What Kernia does otherwise by default, as how it
// stores tokens, is set as Better Auth has it.
func (i *instance) scim(s *section) core.Plugin {
	o := scim.Options{SharePersonalConnections: !s.sub("providerOwnership").flag("enabled")}
	if s.has("requiredRole") {
		o.RequiredRoles = append([]string{}, s.texts("requiredRole")...)
	}
	items, _ := s.get("defaultSCIM").Items()
	for _, item := range items {
		one := s.all.section("plugin scim.defaultSCIM", item)
		o.Connections = append(o.Connections, scim.StaticConnection{
			ProviderID: one.text("providerId"), Token: one.text("scimToken"), OrganizationID: one.text("organizationId")})
	}
	stored, isText := s.get("storeSCIMToken").Str()
	switch {
	case isText && stored == "hashed":
	case isText && stored == "encrypted":
		o.Tokens.Encrypted = true
	case isText || !s.has("storeSCIMToken"):
		o.Tokens.Plain = true
	default:
		own := s.sub("storeSCIMToken")
		o.Tokens.Hash, o.Tokens.Encrypt, o.Tokens.Decrypt = own.texter("hash"), own.texter("encrypt"), own.texter("decrypt")
	}
	if f := s.function("beforeSCIMTokenGenerated"); f != nil {
		o.BeforeToken = func(ctx context.Context, e *scim.TokenEvent) error {
			_, err := f.call(ctx, tokenEvent(e))
			return err
		}
	}
	if f := s.function("afterSCIMTokenGenerated"); f != nil {
		o.AfterToken = func(ctx context.Context, e *scim.TokenEvent) error {
			_, err := f.call(ctx, tokenEvent(e))
			return err
		}
	}
	return scim.New(o)
}

func tokenEvent(e *scim.TokenEvent) wire.Value {
	var member any
	if e.Member != nil {
		member = e.Member
	}
	v := object("user", e.User, "member", member, "scimToken", e.Token)
	if e.Provider != nil {
		o, _ := v.Obj()
		row := object("providerId", e.Provider.ProviderID, "scimToken", e.Provider.Token, "id", e.Provider.ID)
		r, _ := row.Obj()
		if e.Provider.OrganizationID != nil {
			r.Set("organizationId", wire.String(*e.Provider.OrganizationID))
		}
		o.Set("scimProvider", row)
	}
	return v
}
