package main

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/wire"
)

// encodeRecord makes a tagged row. Hidden fields are part of it.
func encodeRecord(rec adapter.Record) wire.Value {
	o := &wire.Object{}
	for name, v := range rec {
		switch v := v.(type) {
		case adapter.Record:
			o.Set(name, encodeRecord(v))
		case []adapter.Record:
			rows := make([]wire.Value, len(v))
			for i, row := range v {
				rows[i] = encodeRecord(row)
			}
			o.Set(name, wire.Array(rows...))
		default:
			o.Set(name, encode(v))
		}
	}
	return wire.ObjectOf(o)
}

// decodeField makes the record value of a field of a tagged value. It takes the forms
// that Better Auth's adapters and its database take too: numbers and truth as text,
// dates and lists as text, and numbers where there is text.
func decodeField(f *schema.Field, v wire.Value) (any, error) {
	if absent(v) {
		return nil, nil
	}
	tag, inner, tagged := tagOf(v)
	if text, ok := v.Str(); ok && (f.Type == schema.StringArray || f.Type == schema.NumberArray) {
		if parsed, err := wire.Parse([]byte(text), limits); err == nil {
			v = parsed
		}
	}
	switch f.Type {
	case schema.Date:
		if tagged && tag == "$date" {
			v = inner
		}
		if text, ok := v.Str(); ok {
			if t, ok := wire.ParseTime(text); ok {
				return t, nil
			}
		}
		if n, ok := v.Num(); ok {
			return time.UnixMilli(int64(n)).UTC(), nil
		}
	case schema.Number:
		if tagged && tag == "$bigint" {
			var n int64
			text, _ := inner.Str()
			_, err := fmt.Sscan(text, &n)
			return n, err
		}
		if text, ok := v.Str(); ok {
			if n, err := strconv.ParseFloat(strings.TrimSpace(text), 64); err == nil {
				v = wire.Number(n)
			}
		}
		if n, ok := v.Num(); ok {
			if n == math.Trunc(n) && math.Abs(n) <= 1<<53 {
				return int64(n), nil
			}
			return n, nil
		}
	case schema.Boolean:
		if b, ok := v.Bool(); ok {
			return b, nil
		}
		if n, ok := v.Num(); ok {
			return n == 1, nil
		}
		if text, ok := v.Str(); ok && (text == "true" || text == "false") {
			return text == "true", nil
		}
	case schema.String:
		if text, ok := v.Str(); ok {
			return text, nil
		}
		if b, ok := v.Bool(); ok {
			return map[bool]string{true: "1", false: "0"}[b], nil
		}
		if _, ok := v.Num(); ok {
			return string(v.AppendJSON(nil)), nil
		}
	case schema.JSON:
		if text, ok := v.Str(); ok && json.Valid([]byte(text)) {
			return json.RawMessage(text), nil
		}
		return json.RawMessage(v.AppendJSON(nil)), nil
	case schema.StringArray:
		items, ok := v.Items()
		out := make([]string, len(items))
		for i, item := range items {
			if out[i], ok = item.Str(); !ok {
				break
			}
		}
		if ok {
			return out, nil
		}
	case schema.NumberArray:
		items, ok := v.Items()
		out := make([]float64, len(items))
		for i, item := range items {
			if out[i], ok = item.Num(); !ok {
				break
			}
		}
		if ok {
			return out, nil
		}
	}
	return nil, fmt.Errorf("%w: %s is not a %s", adapter.ErrBadValue, f.Name, f.Type)
}

// decodeRecord makes a record of a tagged row. Members that are no fields are left out,
// as Better Auth leaves them out.
func decodeRecord(t *schema.Table, v wire.Value) (adapter.Record, error) {
	o, ok := v.Obj()
	if !ok {
		return nil, fmt.Errorf("%w: a row of %s is no object", adapter.ErrBadValue, t.Model)
	}
	rec := adapter.Record{}
	for _, m := range o.Members() {
		if m.Value.IsUndefined() || !m.Value.IsNull() && absent(m.Value) {
			continue
		}
		f, ok := t.Field(m.Name)
		if !ok {
			continue
		}
		value, err := decodeField(f, m.Value)
		if err != nil {
			return nil, err
		}
		rec[m.Name] = value
	}
	return rec, nil
}

// The rows of the core as callbacks are given them.

func userRecord(u *core.User) adapter.Record {
	rec := adapter.Record{
		"name": u.Name, "email": u.Email, "emailVerified": u.EmailVerified, "image": u.Image,
		"createdAt": u.CreatedAt, "updatedAt": u.UpdatedAt,
	}
	return withRest(rec, u.ID, u.Extra)
}

func sessionRecord(s *core.Session) adapter.Record {
	rec := adapter.Record{
		"expiresAt": s.ExpiresAt, "token": s.Token, "createdAt": s.CreatedAt, "updatedAt": s.UpdatedAt,
		"ipAddress": s.IPAddress, "userAgent": s.UserAgent, "userId": s.UserID,
	}
	return withRest(rec, s.ID, s.Extra)
}

func accountRecord(a *core.Account) adapter.Record {
	rec := adapter.Record{
		"accountId": a.AccountID, "providerId": a.ProviderID, "userId": a.UserID, "accessToken": a.AccessToken,
		"refreshToken": a.RefreshToken, "idToken": a.IDToken, "scope": a.Scope, "password": a.Password,
		"createdAt": a.CreatedAt, "updatedAt": a.UpdatedAt,
	}
	for name, t := range map[string]*time.Time{"accessTokenExpiresAt": a.AccessTokenExpiresAt, "refreshTokenExpiresAt": a.RefreshTokenExpiresAt} {
		if t != nil {
			rec[name] = *t
		}
	}
	return withRest(rec, a.ID, a.Extra)
}

func verificationRecord(v *core.Verification) adapter.Record {
	rec := adapter.Record{
		"identifier": v.Identifier, "value": v.Value, "expiresAt": v.ExpiresAt, "createdAt": v.CreatedAt, "updatedAt": v.UpdatedAt,
	}
	return withRest(rec, v.ID, v.Extra)
}

func withRest(rec adapter.Record, id string, extra core.Extra) adapter.Record {
	if id != "" {
		rec["id"] = id
	}
	for name, v := range extra {
		rec[name] = v
	}
	for name, v := range rec {
		// A time that nobody has set yet is no value.
		if t, ok := v.(time.Time); ok && t.IsZero() {
			delete(rec, name)
		}
	}
	return rec
}

func encodeUser(u *core.User) wire.Value { return encodeRecord(userRecord(u)) }

func encodeSessionData(d *core.SessionData) wire.Value {
	if d == nil {
		return wire.Null()
	}
	return object("session", encodeRecord(sessionRecord(&d.Session)), "user", encodeUser(&d.User))
}

// setUser and its like take changed values out of a record that a hook returned.
func setUser(u *core.User, rec adapter.Record) {
	e := &u.Extra
	for name, v := range rec {
		switch name {
		case "id":
			assign(&u.ID, v)
		case "name":
			assign(&u.Name, v)
		case "email":
			assign(&u.Email, v)
		case "emailVerified":
			assign(&u.EmailVerified, v)
		case "image":
			assignOptional(&u.Image, v)
		case "createdAt":
			assign(&u.CreatedAt, v)
		case "updatedAt":
			assign(&u.UpdatedAt, v)
		default:
			setExtra(e, name, v)
		}
	}
}

func setSession(s *core.Session, rec adapter.Record) {
	for name, v := range rec {
		switch name {
		case "id":
			assign(&s.ID, v)
		case "expiresAt":
			assign(&s.ExpiresAt, v)
		case "token":
			assign(&s.Token, v)
		case "createdAt":
			assign(&s.CreatedAt, v)
		case "updatedAt":
			assign(&s.UpdatedAt, v)
		case "ipAddress":
			assignOptional(&s.IPAddress, v)
		case "userAgent":
			assignOptional(&s.UserAgent, v)
		case "userId":
			assign(&s.UserID, v)
		default:
			setExtra(&s.Extra, name, v)
		}
	}
}

func setAccount(a *core.Account, rec adapter.Record) {
	for name, v := range rec {
		switch name {
		case "id":
			assign(&a.ID, v)
		case "accountId":
			assign(&a.AccountID, v)
		case "providerId":
			assign(&a.ProviderID, v)
		case "userId":
			assign(&a.UserID, v)
		case "accessToken":
			assignOptional(&a.AccessToken, v)
		case "refreshToken":
			assignOptional(&a.RefreshToken, v)
		case "idToken":
			assignOptional(&a.IDToken, v)
		case "accessTokenExpiresAt":
			assignOptional(&a.AccessTokenExpiresAt, v)
		case "refreshTokenExpiresAt":
			assignOptional(&a.RefreshTokenExpiresAt, v)
		case "scope":
			assignOptional(&a.Scope, v)
		case "password":
			assignOptional(&a.Password, v)
		case "createdAt":
			assign(&a.CreatedAt, v)
		case "updatedAt":
			assign(&a.UpdatedAt, v)
		default:
			setExtra(&a.Extra, name, v)
		}
	}
}

func setVerification(x *core.Verification, rec adapter.Record) {
	for name, v := range rec {
		switch name {
		case "id":
			assign(&x.ID, v)
		case "identifier":
			assign(&x.Identifier, v)
		case "value":
			assign(&x.Value, v)
		case "expiresAt":
			assign(&x.ExpiresAt, v)
		case "createdAt":
			assign(&x.CreatedAt, v)
		case "updatedAt":
			assign(&x.UpdatedAt, v)
		default:
			setExtra(&x.Extra, name, v)
		}
	}
}

func assign[T any](to *T, v any) {
	if typed, ok := v.(T); ok {
		*to = typed
	}
}

func assignOptional[T any](to **T, v any) {
	switch v := v.(type) {
	case nil:
		*to = nil
	case T:
		*to = &v
	}
}

func setExtra(e *core.Extra, name string, v any) {
	if *e == nil {
		*e = core.Extra{}
	}
	(*e)[name] = v
}
