package core

import (
	"fmt"
	"slices"

	"github.com/advantch/kernia-go/core/schema"
)

// The logical names of the core tables.
const (
	ModelUser         = "user"
	ModelSession      = "session"
	ModelAccount      = "account"
	ModelVerification = "verification"
	ModelRateLimit    = "rateLimit"
)

// maxImage is how many characters the image of a user has by default: a small picture
// as a data URL, which applications of Better Auth keep there.
const maxImage = 64 << 10

func (o *UserOptions) table() schema.Table {
	t := userTable()
	for i := range t.Fields {
		if f := &t.Fields[i]; f.Name == "image" && o.MaxImage != 0 {
			f.MaxLength = o.MaxImage
		}
	}
	return t
}

func userTable() schema.Table {
	return schema.Table{Model: ModelUser, Order: 1, Fields: []schema.Field{
		{Name: "name", Type: schema.String, Sortable: true, Line: true},
		{Name: "email", Type: schema.String, Unique: true, Sortable: true},
		{Name: "emailVerified", Type: schema.Boolean, Default: schema.Value(false), NoInput: true},
		{Name: "image", Type: schema.String, Optional: true, MaxLength: maxImage},
		{Name: "createdAt", Type: schema.Date, Default: schema.Now},
		{Name: "updatedAt", Type: schema.Date, Default: schema.Now, OnUpdate: schema.Now},
	}}
}

func sessionTable() schema.Table {
	return schema.Table{Model: ModelSession, Order: 2, Fields: []schema.Field{
		{Name: "expiresAt", Type: schema.Date},
		{Name: "token", Type: schema.String, Unique: true, Secret: true},
		{Name: "createdAt", Type: schema.Date, Default: schema.Now},
		{Name: "updatedAt", Type: schema.Date, OnUpdate: schema.Now},
		{Name: "ipAddress", Type: schema.String, Optional: true},
		{Name: "userAgent", Type: schema.String, Optional: true},
		{Name: "userId", Type: schema.String, Index: true, References: &schema.Reference{Model: ModelUser}},
	}}
}

func accountTable() schema.Table {
	// Better Auth has no such key: there two concurrent requests link an account twice.
	unique := [][]string{{"providerId", "accountId"}}
	return schema.Table{Model: ModelAccount, Order: 3, Unique: unique, Fields: []schema.Field{
		{Name: "accountId", Type: schema.String, Sortable: true},
		{Name: "providerId", Type: schema.String, Sortable: true},
		{Name: "userId", Type: schema.String, Index: true, References: &schema.Reference{Model: ModelUser}},
		{Name: "accessToken", Type: schema.String, Optional: true, Hidden: true},
		{Name: "refreshToken", Type: schema.String, Optional: true, Hidden: true},
		{Name: "idToken", Type: schema.String, Optional: true, Hidden: true},
		{Name: "accessTokenExpiresAt", Type: schema.Date, Optional: true, Hidden: true},
		{Name: "refreshTokenExpiresAt", Type: schema.Date, Optional: true, Hidden: true},
		{Name: "scope", Type: schema.String, Optional: true},
		{Name: "password", Type: schema.String, Optional: true, Hidden: true},
		{Name: "createdAt", Type: schema.Date, Default: schema.Now},
		{Name: "updatedAt", Type: schema.Date, OnUpdate: schema.Now},
	}}
}

func verificationTable() schema.Table {
	return schema.Table{Model: ModelVerification, Order: 4, Fields: []schema.Field{
		{Name: "identifier", Type: schema.String, Index: true, Secret: true},
		{Name: "value", Type: schema.String, Secret: true},
		{Name: "expiresAt", Type: schema.Date},
		{Name: "createdAt", Type: schema.Date, Default: schema.Now},
		{Name: "updatedAt", Type: schema.Date, Default: schema.Now, OnUpdate: schema.Now},
	}}
}

func rateLimitTable() schema.Table {
	return schema.Table{Model: ModelRateLimit, Fields: []schema.Field{
		{Name: "key", Type: schema.String, Unique: true},
		{Name: "count", Type: schema.Number},
		{Name: "lastRequest", Type: schema.Number, BigInt: true},
	}}
}

// Rename gives a table and its columns the names of the options. Fields are not
// added: list them in Manifest.Extend, so that they count as added fields. It fails
// for a column of a field that the table does not have.
func (o TableOptions) Rename(t *schema.Table) error {
	if o.Table != "" {
		t.Name = o.Table
	}
	known := map[string]int{}
	for i, f := range t.Fields {
		known[f.Name] = i
	}
	for name, column := range o.Columns {
		i, ok := known[name]
		if !ok {
			return fmt.Errorf("core: Columns of the %s table renames %q, which it does not have", t.Model, name)
		}
		t.Fields[i].Column = column
	}
	return nil
}

// buildSchema merges the core tables, those of plugins and the options. It holds
// every table whose fields shape records and answers; inDatabase names those in the
// database.
func buildSchema(o *Options, plugins []Plugin, manifests []Manifest) (*schema.Schema, error) {
	core := []struct {
		table schema.Table
		opts  TableOptions
	}{
		{o.User.table(), o.User.TableOptions},
		{sessionTable(), o.Session.TableOptions},
		{accountTable(), o.Account.TableOptions},
		{verificationTable(), o.Verification.TableOptions},
		{rateLimitTable(), o.RateLimit.Table},
	}
	var tables, extend, own []schema.Table
	for _, c := range core {
		if err := c.opts.Rename(&c.table); err != nil {
			return nil, err
		}
		c.table.Owner = "the core"
		tables = append(tables, c.table)
		own = append(own, schema.Table{Model: c.table.Model, Fields: c.opts.Fields, Owner: "Options"})
	}
	for i, m := range manifests {
		owned := func(list []schema.Table) []schema.Table {
			list = slices.Clone(list)
			for j := range list {
				list[j].Owner = fmt.Sprintf("the plugin %q", plugins[i].ID())
			}
			return list
		}
		tables = append(tables, owned(m.Tables)...)
		extend = append(extend, owned(m.Extend)...)
	}
	// Fields of plugins come before those of the application, as in Better Auth
	// 1.6.
	return schema.New(o.IDs.Kind, tables, append(extend, own...))
}

// checkFilled refuses a field that was added to a table of the core and that nothing can
// fill in: it must have a value, clients may not give one, there is no default, and no hook
// sees the row before it is made.
func checkFilled(s *schema.Schema, hooks []StoreHooks) error {
	filled := func(pick func(h *StoreHooks) bool) bool {
		return slices.ContainsFunc(hooks, func(h StoreHooks) bool { return pick(&h) })
	}
	for model, hooked := range map[string]bool{
		ModelUser:         filled(func(h *StoreHooks) bool { return h.User.BeforeCreate != nil }),
		ModelSession:      filled(func(h *StoreHooks) bool { return h.Session.BeforeCreate != nil }),
		ModelAccount:      filled(func(h *StoreHooks) bool { return h.Account.BeforeCreate != nil }),
		ModelVerification: filled(func(h *StoreHooks) bool { return h.Verification.BeforeCreate != nil }),
	} {
		t, _ := s.Table(model)
		for _, f := range t.Added() {
			if !hooked && !f.Optional && f.NoInput && f.Default == nil {
				return fmt.Errorf("core: no %s could be made: its field %q must have a value, and clients may not give one: give it a Default, make it Optional, or set it in the store hook BeforeCreate", model, f.Name)
			}
		}
	}
	return nil
}

func (o *Options) inDatabase(model string) bool {
	switch model {
	case ModelSession:
		return o.sessionsInDatabase()
	case ModelVerification:
		return o.verificationInDatabase()
	case ModelRateLimit:
		return o.RateLimit.Storage == "database"
	}
	return true
}

func (o *Options) sessionsInDatabase() bool {
	return o.SecondaryStorage == nil || o.Session.StoreInDatabase
}

func (o *Options) verificationInDatabase() bool {
	return o.SecondaryStorage == nil || o.Verification.StoreInDatabase
}
