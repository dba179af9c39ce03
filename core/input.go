package core

import (
	"errors"
	"net/http"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/wire"
)

// ParseInput reads the added fields of a model (those of plugins and of the
// application, never the core's own) from a client's object: NoInput fields are
// refused, unknown members ignored, types checked, defaults filled in on create.
// 1.6.11 stores values of any type; here a value of the wrong type is a 400.
func (a *Auth) ParseInput(model string, in *wire.Object, update bool) (Extra, error) {
	t, ok := a.schema.Table(model)
	if !ok {
		return nil, internalError(adapter.ErrUnknownModel)
	}
	fixed := map[string]int{ModelUser: userFixed, ModelSession: sessionFixed, ModelAccount: accountFixed, ModelVerification: verificationFixed}[model]
	now := a.Now()
	out := Extra{}
	for i := fixed; i < len(t.Fields); i++ {
		f := &t.Fields[i]
		var v wire.Value
		if in != nil {
			v, _ = in.Get(f.Name)
		}
		if v.IsUndefined() {
			if update {
				continue
			}
			switch {
			case f.Default != nil:
				out[f.Name] = f.Default(now)
			case !f.Optional && !f.NoInput:
				return nil, &Error{Status: http.StatusBadRequest, Code: CodeMissingField.Code, Message: f.Name + " is required"}
			}
			continue
		}
		if f.NoInput {
			if f.Default != nil && !update {
				out[f.Name] = f.Default(now)
				continue
			}
			if v.Truthy() {
				return nil, &Error{Status: http.StatusBadRequest, Code: CodeFieldNotAllowed.Code, Message: f.Name + " is not allowed to be set"}
			}
			continue
		}
		value, err := valueFromJSON(f, v)
		if errors.Is(err, adapter.ErrBadValue) || value == nil && !f.Optional {
			return nil, &Error{Status: http.StatusBadRequest, Code: CodeValidationError.Code,
				Message: "[body." + f.Name + "] Invalid input: expected " + string(f.Type)}
		}
		if err != nil {
			return nil, err
		}
		if f.Validate != nil && value != nil {
			if value, err = f.Validate(value); err != nil {
				return nil, &Error{Status: http.StatusBadRequest, Code: CodeValidationError.Code, Message: err.Error()}
			}
		}
		out[f.Name] = value
	}
	return out, nil
}

// DefaultFields are the defaults of a model's added fields, for rows that no
// client input shapes.
func (a *Auth) DefaultFields(model string) Extra {
	t, _ := a.schema.Table(model)
	fixed := map[string]int{ModelUser: userFixed, ModelSession: sessionFixed}[model]
	var out Extra
	for i := fixed; i < len(t.Fields); i++ {
		if f := &t.Fields[i]; f.Default != nil {
			if out == nil {
				out = Extra{}
			}
			out[f.Name] = f.Default(a.Now())
		}
	}
	return out
}
