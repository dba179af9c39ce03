package adopttest

import "github.com/advantch/kernia-go/core/schema"

// Tables are the core tables of Better Auth and its admin plugin, with the added
// fields of the dumps, and the unique key of accounts that Better Auth lacks.
func Tables() []schema.Table {
	user := &schema.Reference{Model: "user"}
	return []schema.Table{
		{Model: "user", Fields: []schema.Field{
			{Name: "name", Type: schema.String, Sortable: true},
			{Name: "email", Type: schema.String, Unique: true, Sortable: true},
			{Name: "emailVerified", Type: schema.Boolean, Default: schema.Value(false)},
			{Name: "image", Type: schema.String, Optional: true},
			{Name: "createdAt", Type: schema.Date, Default: schema.Now},
			{Name: "updatedAt", Type: schema.Date, Default: schema.Now},
			{Name: "role", Type: schema.String, Optional: true},
			{Name: "banned", Type: schema.Boolean, Optional: true},
			{Name: "banReason", Type: schema.String, Optional: true},
			{Name: "banExpires", Type: schema.Date, Optional: true},
			{Name: "tags", Type: schema.StringArray, Optional: true},
			{Name: "scores", Type: schema.NumberArray, Optional: true},
			{Name: "prefs", Type: schema.JSON, Optional: true},
			{Name: "height", Type: schema.Number, Optional: true},
			{Name: "serial", Type: schema.Number, BigInt: true, Optional: true, Unique: true},
		}},
		{Model: "session", Fields: []schema.Field{
			{Name: "expiresAt", Type: schema.Date},
			{Name: "token", Type: schema.String, Unique: true},
			{Name: "createdAt", Type: schema.Date, Default: schema.Now},
			{Name: "updatedAt", Type: schema.Date},
			{Name: "ipAddress", Type: schema.String, Optional: true},
			{Name: "userAgent", Type: schema.String, Optional: true},
			{Name: "userId", Type: schema.String, Index: true, References: user},
			{Name: "impersonatedBy", Type: schema.String, Optional: true},
		}},
		{Model: "account", Unique: [][]string{{"providerId", "accountId"}}, Fields: []schema.Field{
			{Name: "accountId", Type: schema.String, Sortable: true},
			{Name: "providerId", Type: schema.String, Sortable: true},
			{Name: "userId", Type: schema.String, Index: true, References: user},
			{Name: "accessToken", Type: schema.String, Optional: true},
			{Name: "refreshToken", Type: schema.String, Optional: true},
			{Name: "idToken", Type: schema.String, Optional: true},
			{Name: "accessTokenExpiresAt", Type: schema.Date, Optional: true},
			{Name: "refreshTokenExpiresAt", Type: schema.Date, Optional: true},
			{Name: "scope", Type: schema.String, Optional: true},
			{Name: "password", Type: schema.String, Optional: true},
			{Name: "createdAt", Type: schema.Date, Default: schema.Now},
			{Name: "updatedAt", Type: schema.Date},
		}},
		{Model: "verification", Fields: []schema.Field{
			{Name: "identifier", Type: schema.String, Index: true},
			{Name: "value", Type: schema.String},
			{Name: "expiresAt", Type: schema.Date},
			{Name: "createdAt", Type: schema.Date, Default: schema.Now},
			{Name: "updatedAt", Type: schema.Date, Default: schema.Now},
		}},
		{Model: "rateLimit", Fields: []schema.Field{
			{Name: "key", Type: schema.String, Unique: true},
			{Name: "count", Type: schema.Number},
			{Name: "lastRequest", Type: schema.Number, BigInt: true},
		}},
	}
}
