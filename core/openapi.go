package core

import (
	"reflect"

	"github.com/advantch/kernia-go/core/internal/openapi"
)

// OpenAPI returns an OpenAPI 3.1.1 document of every routed operation that is not
// hidden from clients, as JSON.
func (a *Auth) OpenAPI() []byte {
	var ops []openapi.Operation
	for _, rt := range a.order {
		if rt.path == "" || rt.Hidden {
			continue
		}
		output := rt.output
		for _, h := range rt.after {
			if h.Result != nil {
				output = h.Result
			}
		}
		ops = append(ops, openapi.Operation{
			ID: rt.id, Methods: rt.Methods, Path: rt.path, Doc: rt.Doc, Tag: rt.plugin, Form: rt.takesForm(), Input: rt.input, Output: output,
		})
	}
	b := a.base
	if b == nil {
		b = a.fallback
	}
	info := openapi.Info{
		Title: a.opts.AppName, Description: "API reference of the authentication server", Version: "1.0.0",
		Server: a.basePath, SessionCookie: a.opts.Cookies.Prefix + ".session_token",
	}
	if b != nil {
		info.Server, info.SessionCookie = b.url, b.cookies.SessionToken.Name
	}
	return openapi.Document(info, ops, a.schema, func(t reflect.Type) (string, bool) {
		model, ok := a.rowModels.Load(t)
		if !ok {
			return "", false
		}
		return model.(string), true
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

// OpenAPIForm describes the answer of get-session, which may also be null.
func (*SessionReply) OpenAPIForm() any { return (*sessionReplyForm)(nil) }

type verifyEmailForm struct {
	Status bool  `json:"status"`
	User   *User `json:"user,omitempty"`
}

// OpenAPIForm describes the answer of verify-email.
func (VerifyEmailReply) OpenAPIForm() any { return verifyEmailForm{} }

type listedAccountForm struct {
	ID         string   `json:"id"`
	AccountID  string   `json:"accountId"`
	ProviderID string   `json:"providerId"`
	UserID     string   `json:"userId"`
	Scopes     []string `json:"scopes"`
}

// OpenAPIForm describes the answer of list-accounts, without added fields.
func (ListedAccount) OpenAPIForm() any { return listedAccountForm{} }

// OpenAPIForm says that the result is not JSON.
func (*Raw) OpenAPIForm() any { return nil }
