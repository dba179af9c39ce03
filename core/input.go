package core

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/validate"
	"github.com/advantch/kernia-go/core/wire"
)

// inputMembers are the added fields of a model that clients may set, for inputs that
// embed validate.Fields with the tag fields:"model". Better Auth 1.6 drops all others,
// like any unknown member.
func (a *Auth) inputMembers(model string) ([]validate.Member, error) {
	t, ok := a.schema.Table(model)
	if !ok {
		return nil, fmt.Errorf("core: an input takes the fields of the table %q, which nothing declares", model)
	}
	var out []validate.Member
	for _, f := range t.Added() {
		if !f.NoInput {
			out = append(out, validate.Member{Name: f.Name, Type: string(f.Type), Optional: f.Optional || f.Default != nil})
		}
	}
	return out, nil
}

// ParseInput reads the added fields of a model (schema.Table.Added, never the fields
// that its owner declares) from a client's object. NoInput fields are refused, unknown
// members are ignored, types and bounds are checked (see CheckFields), and defaults are
// filled in on create. in may be nil. Better Auth 1.6 stores values of any type; here a
// value of the wrong type is a 400.
func (a *Auth) ParseInput(model string, in *wire.Object, update bool) (Extra, error) {
	t, ok := a.schema.Table(model)
	if !ok {
		return nil, internalError(adapter.ErrUnknownModel)
	}
	now := a.Now()
	out := Extra{}
	added := t.Added()
	for i := range added {
		f := &added[i]
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
		value, err := parseField(t, f, v)
		if err != nil {
			return nil, err
		}
		out[f.Name] = value
	}
	return out, nil
}

// DefaultFields returns the defaults of a model's added fields, for rows that
// are made without client input.
func (a *Auth) DefaultFields(model string) Extra {
	t, ok := a.schema.Table(model)
	if !ok {
		return nil
	}
	var out Extra
	added := t.Added()
	for i := range added {
		if f := &added[i]; f.Default != nil {
			if out == nil {
				out = Extra{}
			}
			out[f.Name] = f.Default(a.Now())
		}
	}
	return out
}

// ParseTrusted reads fields of a model, its owner's own ones too, from the object of somebody
// who may set what clients may not, such as an administrator. The id, and members that are no
// fields, are ignored. Types and bounds are checked as in ParseInput.
func (a *Auth) ParseTrusted(model string, in *wire.Object) (adapter.Record, error) {
	t, ok := a.schema.Table(model)
	if !ok {
		return nil, internalError(adapter.ErrUnknownModel)
	}
	out := adapter.Record{}
	for i := range t.Fields {
		f := &t.Fields[i]
		v, ok := in.Get(f.Name)
		if !ok {
			continue
		}
		value, err := parseField(t, f, v)
		if err != nil {
			return nil, err
		}
		out[f.Name] = value
	}
	return out, nil
}

// parseField reads, validates and bounds one value that a client sent.
func parseField(t *schema.Table, f *schema.Field, v wire.Value) (any, error) {
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
	return checkValue(t, f, value)
}
