package core

import (
	"cmp"
	"reflect"
	"slices"

	"github.com/advantch/kernia-go/core/internal/openapi"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/validate"
)

// OpenAPIPart is what a plugin adds to the OpenAPI document beside its operations and
// tables.
type OpenAPIPart struct {
	// Tag groups the plugin's operations. Default: the id, its first letter in upper case.
	Tag string
	// Schemes are the ways in which callers show who they are to Manifest.Authenticate.
	Schemes []SecurityScheme
	// Held is the type of the answer with which Manifest.SignInGate holds a sign-in.
	Held reflect.Type
	// Members are texts that the plugin may add to the answers of operations that sign in:
	// see Ctx.AddMember.
	Members []string
}

type openAPIPart struct {
	plugin string
	OpenAPIPart
}

// SecurityScheme is a way in which callers show who they are.
type SecurityScheme struct {
	Name   string // of the component, for example "bearerAuth"
	Header string // that has the credential; "" is Authorization: Bearer
	Doc    string
}

// OpenAPI returns an OpenAPI 3.1.1 document of every routed operation that is neither
// hidden nor disabled, as JSON. Its server is Options.BaseURL; with DynamicBaseURL it is
// the fallback or, without one, the base path.
func (a *Auth) OpenAPI() []byte {
	if a.base == nil {
		return a.describe(a.fallback)
	}
	a.described.Do(func() { a.description = a.describe(a.base) })
	return slices.Clone(a.description)
}

// OpenAPI is Auth.OpenAPI with the base URL of the request.
func (c *Ctx) OpenAPI() []byte {
	if c.auth.base == nil {
		return c.auth.describe(c.base)
	}
	return c.auth.OpenAPI()
}

// describe writes the document for a base URL, which may be nil.
func (a *Auth) describe(b *baseURL) []byte {
	info := openapi.Info{Title: a.opts.AppName, Description: "API reference of the authentication server", Version: "1.0.0", Server: a.publicPath}
	cookie, root := a.opts.Cookies.Prefix+".session_token", cmp.Or(a.publicRoot(), "/")
	if b != nil {
		info.Server, cookie, root = b.url, b.cookies.SessionToken.Name, b.origin+a.publicRoot()
	}
	info.Schemes = []openapi.Scheme{{Name: "sessionCookie", Type: "cookie", Key: cookie, Detail: "The signed session cookie, set by every sign-in"}}
	var held []reflect.Type
	var added []string
	for _, part := range a.parts {
		for _, s := range part.Schemes {
			scheme := openapi.Scheme{Name: s.Name, Type: "bearer", Detail: s.Doc}
			if s.Header != "" {
				scheme.Type, scheme.Key = "header", s.Header
			}
			info.Schemes = append(info.Schemes, scheme)
		}
		if part.Held != nil {
			held = append(held, part.Held)
		}
		added = append(added, part.Members...)
	}
	var ops []openapi.Operation
	for _, rt := range a.order {
		if rt.path == "" || rt.Hidden || a.disabled[rt.path] {
			continue
		}
		op := openapi.Operation{
			ID: cmp.Or(rt.DocID, rt.id), Methods: rt.Methods, Path: rt.path, Doc: rt.Doc, Tag: a.tagOf(rt.plugin), Form: rt.takesForm(), Raw: rt.Raw,
			Session: rt.Secured || slices.ContainsFunc(rt.Use, wantsSession), Input: rt.input, Output: rt.output, Null: rt.Null, Status: rt.Status,
			Redirect: rt.Redirect != 0, Media: rt.Media, Fails: rt.Fails, OAuth: rt.OAuth, Failure: rt.refused,
		}
		if rt.AtRoot {
			op.Server = root
		}
		if rt.Redirect == redirectsAlways {
			op.Output = reflect.TypeFor[*Raw]()
		}
		if rt.SignsIn {
			op.Others, op.Adds = held, added
		}
		op.Members = a.fieldsOf(rt.Takes)
		for _, h := range rt.before {
			op.Optional = append(op.Optional, h.Fills...)
		}
		for _, h := range rt.after {
			if h.Result != nil {
				op.Output = h.Result
			}
		}
		ops = append(ops, op)
		for _, alias := range rt.Aliases {
			if alias.Mode == a.opts.Compat && !a.disabled[alias.Path] {
				op.ID, op.Path = op.ID+"Alias", alias.Path
				ops = append(ops, op)
			}
		}
	}
	// Counters of the rate limit are no client's business.
	rows := openapi.Rows{Hidden: ModelRateLimit, JSON: map[string][]string{}, Model: func(t reflect.Type) (string, bool) {
		model, ok := a.rowModels.Load(t)
		if !ok {
			return "", false
		}
		return model.(string), true
	}}
	a.rowModels.Range(func(t, model any) bool {
		for _, f := range planOf(t.(reflect.Type)).fields {
			if f.json {
				rows.JSON[model.(string)] = append(rows.JSON[model.(string)], f.name)
			}
		}
		return true
	})
	return openapi.Document(info, ops, a.schema, rows)
}

// fieldsOf describes fields that a body takes.
func (a *Auth) fieldsOf(r RowFields) (members []validate.Property) {
	t, ok := a.schema.Table(r.Model)
	if !ok {
		return nil
	}
	declared := len(t.Fields) - len(t.Added())
	for i := range t.Fields {
		f := &t.Fields[i]
		if f.NoInput || i < declared && !slices.Contains(r.Own, f.Name) {
			continue
		}
		s := &validate.Shape{Type: string(f.Type), Optional: r.Update || f.Optional || f.Default != nil, Nullable: f.Optional}
		switch f.Type {
		case schema.StringArray:
			s.Type, s.Items = "array", &validate.Shape{Type: "string"}
		case schema.NumberArray:
			s.Type, s.Items = "array", &validate.Shape{Type: "number"}
		case schema.JSON:
			s.Type = "any"
		}
		members = append(members, validate.Property{Name: f.Name, Shape: s})
	}
	return members
}

// tagOf groups the operations of a plugin.
func (a *Auth) tagOf(plugin string) string {
	if plugin == "" {
		return ""
	}
	tag := ""
	if i := slices.IndexFunc(a.parts, func(p openAPIPart) bool { return p.plugin == plugin }); i >= 0 {
		tag = a.parts[i].Tag
	}
	return cmp.Or(tag, openapi.Component(plugin))
}

// wantsSession reports whether middleware refuses calls without a session.
func wantsSession(m Middleware) bool {
	at := reflect.ValueOf(m).Pointer()
	return slices.ContainsFunc([]Middleware{RequireSession, RequireStoredSession, RequireFresh}, func(known Middleware) bool {
		return reflect.ValueOf(known).Pointer() == at
	})
}

// OpenAPIName names the component that describes a user.
func (*User) OpenAPIName() string { return openapi.Component(ModelUser) }

// OpenAPIName names the component that describes a session.
func (*Session) OpenAPIName() string { return openapi.Component(ModelSession) }

type sessionReplyForm struct {
	Session      *Session `json:"session"`
	User         *User    `json:"user"`
	NeedsRefresh bool     `json:"needsRefresh,omitempty"`
}

// OpenAPIForm describes the answer of get-session.
func (*SessionReply) OpenAPIForm() any { return (*sessionReplyForm)(nil) }

type verifyEmailForm struct {
	Status bool  `json:"status"`
	User   *User `json:"user" openapi:"null"`
}

// OpenAPIForm describes the answer of verify-email.
func (VerifyEmailReply) OpenAPIForm() any { return verifyEmailForm{} }

// OpenAPIName names the component that describes an account.
func (*Account) OpenAPIName() string { return openapi.Component(ModelAccount) }

type sessionDataForm struct {
	Session *Session `json:"session"`
	User    *User    `json:"user"`
}

// OpenAPIForm describes a session with its user.
func (*SessionData) OpenAPIForm() any { return sessionDataForm{} }

type listedAccountForm struct {
	*Account
	Scope  string   `json:"scope" openapi:"-"`
	Scopes []string `json:"scopes"`
}

// OpenAPIForm describes the answer of list-accounts.
func (ListedAccount) OpenAPIForm() any { return listedAccountForm{} }

// OpenAPIForm says that the result is not JSON.
func (*Raw) OpenAPIForm() any { return nil }
