package core

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/wire"
)

// Extra holds the fields that plugins and the application added to a row, by
// logical name. Values have the Go types listed at schema.Type.
type Extra map[string]any

// Clone returns a copy that is safe to write to, even if e is nil.
func (e Extra) Clone() Extra {
	out := make(Extra, len(e))
	maps.Copy(out, e)
	return out
}

// Field is a typed handle on an added field. Its owner declares it once and uses
// it both in the schema and in code.
type Field[T any] struct{ Name string }

// Of reads the field. It reports false when the field is absent or null.
func (f Field[T]) Of(e Extra) (T, bool) {
	v, ok := e[f.Name].(T)
	return v, ok
}

// Set writes the field.
func (f Field[T]) Set(e *Extra, v T) {
	if *e == nil {
		*e = Extra{}
	}
	(*e)[f.Name] = v
}

// User is a row of the user table.
type User struct {
	ID            string
	Name          string
	Email         string
	EmailVerified bool
	Image         *string
	CreatedAt     time.Time
	UpdatedAt     time.Time
	Extra         Extra

	shape *shape
}

// Session is a row of the session table.
type Session struct {
	ID        string
	ExpiresAt time.Time
	Token     string
	CreatedAt time.Time
	UpdatedAt time.Time
	IPAddress *string
	UserAgent *string
	UserID    string
	Extra     Extra

	shape *shape
}

// Account is a row of the account table: one way in which a user signs in.
type Account struct {
	ID                    string
	AccountID             string
	ProviderID            string // "credential" for e-mail and password
	UserID                string
	AccessToken           *string
	RefreshToken          *string
	IDToken               *string
	AccessTokenExpiresAt  *time.Time
	RefreshTokenExpiresAt *time.Time
	Scope                 *string
	Password              *string // hash
	CreatedAt             time.Time
	UpdatedAt             time.Time
	Extra                 Extra

	shape *shape
}

// Verification is a row of the verification table: a single-use value.
type Verification struct {
	ID         string
	Identifier string // as stored, so possibly hashed
	Value      string
	ExpiresAt  time.Time
	CreatedAt  time.Time
	UpdatedAt  time.Time
	Extra      Extra
}

// SessionData is a session with its user, as get-session returns them.
type SessionData struct {
	Session Session
	User    User
}

// shape is the compiled output form of a table: its fields in memberOrder, those
// that are Hidden left out.
type shape struct {
	table  *schema.Table
	order  []string // all members, hidden ones too
	fields []shapeField
	hidden bool // some field is Hidden
}

type shapeField struct {
	name string
	key  string // `"name":`
	typ  schema.Type
}

func newShape(t *schema.Table, first ...string) *shape {
	s := &shape{table: t, order: memberOrder(t, first...)}
	for _, name := range s.order {
		f := fieldOf(t, name)
		if f == nil || f.Hidden {
			s.hidden = true
			continue
		}
		s.fields = append(s.fields, shapeField{name, string(wire.AppendString(nil, name)) + ":", f.Type})
	}
	return s
}

// fieldOf is Table.Field, also for a table that is part of no schema.
func fieldOf(t *schema.Table, name string) *schema.Field {
	if f, ok := t.Field(name); ok {
		return f
	}
	if i := slices.IndexFunc(t.Fields, func(f schema.Field) bool { return f.Name == name }); i >= 0 {
		return &t.Fields[i]
	}
	return nil
}

// plainUser and plainSession shape rows that no Auth has loaded.
var (
	plainUser    = mustShape(userTable())
	plainSession = mustShape(sessionTable())
	plainAccount = mustShape(accountTable())
)

func mustShape(t schema.Table) *shape { return newShape(&t) }

func (s *shape) or(plain *shape) *shape {
	if s == nil {
		return plain
	}
	return s
}

// row gives a shape the values of one row.
type row interface {
	// appendField appends a fixed field, or reports false when name is none.
	appendField(dst []byte, name string) ([]byte, bool)
	extra() Extra
}

func (s *shape) append(dst []byte, r row, skip string) []byte {
	dst = append(dst, '{')
	first := true
	for i := range s.fields {
		f := &s.fields[i]
		if f.name == skip && skip != "" {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(dst, f.key...)
		var ok bool
		if dst, ok = r.appendField(dst, f.name); !ok {
			dst = appendAny(dst, r.extra()[f.name])
		}
	}
	return append(dst, '}')
}

// appendAny appends a record value as JSON.
func appendAny(dst []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...)
	case string:
		return wire.AppendString(dst, v)
	case bool:
		return appendBool(dst, v)
	case int64:
		return wire.AppendNumber(dst, float64(v))
	case int:
		return wire.AppendNumber(dst, float64(v))
	case float64:
		return wire.AppendNumber(dst, v)
	case time.Time:
		return wire.AppendTime(dst, v)
	case json.RawMessage:
		return appendStored(dst, v)
	case []string:
		dst = append(dst, '[')
		for i, s := range v {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = wire.AppendString(dst, s)
		}
		return append(dst, ']')
	case []float64:
		dst = append(dst, '[')
		for i, n := range v {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = wire.AppendNumber(dst, n)
		}
		return append(dst, ']')
	}
	return append(dst, "null"...)
}

// appendStored appends JSON of a row as JSON.parse and JSON.stringify would pass it
// on. Databases write JSON in their own ways ({"a": [1, 2]}), and the signature of a
// cookie cache covers JavaScript's. Text that is not JSON becomes null.
func appendStored(dst []byte, raw json.RawMessage) []byte {
	if v, err := wire.Parse(raw, storedLimits); err == nil {
		return v.AppendJSON(dst)
	}
	var compact bytes.Buffer
	if json.Compact(&compact, raw) != nil {
		return append(dst, "null"...)
	}
	return append(dst, compact.Bytes()...) // beyond the limits, or with NUL in a string
}

func appendBool(dst []byte, b bool) []byte {
	if b {
		return append(dst, "true"...)
	}
	return append(dst, "false"...)
}

func appendOptional(dst []byte, s *string) []byte {
	if s == nil {
		return append(dst, "null"...)
	}
	return wire.AppendString(dst, *s)
}

func (u *User) extra() Extra { return u.Extra }

func (u *User) appendField(dst []byte, name string) ([]byte, bool) {
	switch name {
	case "id":
		return wire.AppendString(dst, u.ID), true
	case "name":
		return wire.AppendString(dst, u.Name), true
	case "email":
		return wire.AppendString(dst, u.Email), true
	case "emailVerified":
		return appendBool(dst, u.EmailVerified), true
	case "image":
		return appendOptional(dst, u.Image), true
	case "createdAt":
		return wire.AppendTime(dst, u.CreatedAt), true
	case "updatedAt":
		return wire.AppendTime(dst, u.UpdatedAt), true
	}
	return dst, false
}

// AppendJSON appends the user as clients see it: schema order, hidden fields left out.
func (u *User) AppendJSON(dst []byte) []byte { return u.shape.or(plainUser).append(dst, u, "") }

// MarshalJSON is AppendJSON for encoding/json.
func (u User) MarshalJSON() ([]byte, error) { return u.AppendJSON(nil), nil }

func (s *Session) extra() Extra { return s.Extra }

func (s *Session) appendField(dst []byte, name string) ([]byte, bool) {
	switch name {
	case "id":
		return wire.AppendString(dst, s.ID), true
	case "expiresAt":
		return wire.AppendTime(dst, s.ExpiresAt), true
	case "token":
		return wire.AppendString(dst, s.Token), true
	case "createdAt":
		return wire.AppendTime(dst, s.CreatedAt), true
	case "updatedAt":
		return wire.AppendTime(dst, s.UpdatedAt), true
	case "ipAddress":
		return appendOptional(dst, s.IPAddress), true
	case "userAgent":
		return appendOptional(dst, s.UserAgent), true
	case "userId":
		return wire.AppendString(dst, s.UserID), true
	}
	return dst, false
}

// AppendJSON appends the session as clients see it.
func (s *Session) AppendJSON(dst []byte) []byte {
	return s.shape.or(plainSession).append(dst, s, "")
}

// MarshalJSON is AppendJSON for encoding/json. The JSON contains the session
// token, as get-session does: send it only to the session's user.
func (s Session) MarshalJSON() ([]byte, error) { return s.AppendJSON(nil), nil }

// AppendJSON appends {"session":…,"user":…}.
func (d *SessionData) AppendJSON(dst []byte) []byte {
	dst = append(dst, `{"session":`...)
	dst = d.Session.AppendJSON(dst)
	dst = append(dst, `,"user":`...)
	dst = d.User.AppendJSON(dst)
	return append(dst, '}')
}

// MarshalJSON is AppendJSON for encoding/json.
func (d SessionData) MarshalJSON() ([]byte, error) { return d.AppendJSON(nil), nil }

func (a *Account) extra() Extra { return a.Extra }

func (a *Account) appendField(dst []byte, name string) ([]byte, bool) {
	switch name {
	case "id":
		return wire.AppendString(dst, a.ID), true
	case "accountId":
		return wire.AppendString(dst, a.AccountID), true
	case "providerId":
		return wire.AppendString(dst, a.ProviderID), true
	case "userId":
		return wire.AppendString(dst, a.UserID), true
	case "scope":
		return appendOptional(dst, a.Scope), true
	case "createdAt":
		return wire.AppendTime(dst, a.CreatedAt), true
	case "updatedAt":
		return wire.AppendTime(dst, a.UpdatedAt), true
	}
	return dst, false
}

// AppendJSON appends the account without tokens and password hash.
func (a *Account) AppendJSON(dst []byte) []byte { return a.shape.or(plainAccount).append(dst, a, "") }

// MarshalJSON is AppendJSON for encoding/json.
func (a Account) MarshalJSON() ([]byte, error) { return a.AppendJSON(nil), nil }

// values gives the values of a row their types and keeps the first misfit.
type values struct{ err error }

func (r *values) misfit(name string, v any) {
	if r.err == nil {
		r.err = fmt.Errorf("core: field %q has a value of type %T", name, v)
	}
}

func (r *values) str(name string, v any) string {
	switch v := v.(type) {
	case string:
		return v
	case nil:
	default:
		r.misfit(name, v)
	}
	return ""
}

func (r *values) optional(name string, v any) *string {
	switch v := v.(type) {
	case string:
		return &v
	case nil:
	default:
		r.misfit(name, v)
	}
	return nil
}

func (r *values) boolean(name string, v any) bool {
	switch v := v.(type) {
	case bool:
		return v
	case nil:
	default:
		r.misfit(name, v)
	}
	return false
}

func (r *values) time(name string, v any) time.Time {
	switch v := v.(type) {
	case time.Time:
		return v
	case nil:
	default:
		r.misfit(name, v)
	}
	return time.Time{}
}

func (r *values) optionalTime(name string, v any) *time.Time {
	switch v := v.(type) {
	case time.Time:
		return &v
	case nil:
	default:
		r.misfit(name, v)
	}
	return nil
}

// user sets one field of a user.
func (r *values) user(u *User, name string, v any) {
	switch name {
	case "id":
		u.ID = r.str(name, v)
	case "name":
		u.Name = r.str(name, v)
	case "email":
		u.Email = r.str(name, v)
	case "emailVerified":
		u.EmailVerified = r.boolean(name, v)
	case "image":
		u.Image = r.optional(name, v)
	case "createdAt":
		u.CreatedAt = r.time(name, v)
	case "updatedAt":
		u.UpdatedAt = r.time(name, v)
	default:
		u.Extra.keep(u.shape.table, name, v)
	}
}

// session sets one field of a session.
func (r *values) session(s *Session, name string, v any) {
	switch name {
	case "id":
		s.ID = r.str(name, v)
	case "expiresAt":
		s.ExpiresAt = r.time(name, v)
	case "token":
		s.Token = r.str(name, v)
	case "createdAt":
		s.CreatedAt = r.time(name, v)
	case "updatedAt":
		s.UpdatedAt = r.time(name, v)
	case "ipAddress":
		s.IPAddress = r.optional(name, v)
	case "userAgent":
		s.UserAgent = r.optional(name, v)
	case "userId":
		s.UserID = r.str(name, v)
	default:
		s.Extra.keep(s.shape.table, name, v)
	}
}

// extraOf makes the Extra of a row. A table without added fields costs nothing.
func extraOf(t *schema.Table) Extra {
	if n := len(t.Added()); n > 0 {
		return make(Extra, n)
	}
	return nil
}

// keep sets an added field, and ignores other names.
func (e Extra) keep(t *schema.Table, name string, v any) {
	added := t.Added()
	for i := range added {
		if added[i].Name == name {
			e[name] = v
			return
		}
	}
}

// reader takes typed values out of a record.
type reader struct {
	values
	rec adapter.Record
}

func (r *reader) str(name string) string       { return r.values.str(name, r.rec[name]) }
func (r *reader) optional(name string) *string { return r.values.optional(name, r.rec[name]) }
func (r *reader) time(name string) time.Time   { return r.values.time(name, r.rec[name]) }
func (r *reader) optionalTime(name string) *time.Time {
	return r.values.optionalTime(name, r.rec[name])
}

// rest collects the added fields.
func (r *reader) rest(t *schema.Table) Extra {
	e := extraOf(t)
	for name, v := range r.rec {
		e.keep(t, name, v)
	}
	return e
}

// UserOf converts a record to a user, for example a record that a join has
// attached.
func (a *Auth) UserOf(rec adapter.Record) (*User, error) { return a.userOf(rec) }

func (a *Auth) userOf(rec adapter.Record) (*User, error) {
	var r values
	u := a.newUser()
	for name, v := range rec {
		r.user(&u, name, v)
	}
	return &u, r.err
}

func (a *Auth) sessionOf(rec adapter.Record) (*Session, error) {
	var r values
	s := a.newSession()
	for name, v := range rec {
		r.session(&s, name, v)
	}
	return &s, r.err
}

func (a *Auth) newUser() User {
	s := a.shapes.user
	return User{Extra: extraOf(s.table), shape: s}
}

func (a *Auth) newSession() Session {
	s := a.shapes.session
	return Session{Extra: extraOf(s.table), shape: s}
}

func (a *Auth) accountOf(rec adapter.Record) (*Account, error) {
	r := reader{rec: rec}
	acc := &Account{
		ID: r.str("id"), AccountID: r.str("accountId"), ProviderID: r.str("providerId"), UserID: r.str("userId"),
		AccessToken: r.optional("accessToken"), RefreshToken: r.optional("refreshToken"), IDToken: r.optional("idToken"),
		AccessTokenExpiresAt: r.optionalTime("accessTokenExpiresAt"), RefreshTokenExpiresAt: r.optionalTime("refreshTokenExpiresAt"),
		Scope: r.optional("scope"), Password: r.optional("password"), CreatedAt: r.time("createdAt"), UpdatedAt: r.time("updatedAt"),
		Extra: r.rest(a.shapes.account.table), shape: a.shapes.account,
	}
	return acc, r.err
}

func (a *Auth) verificationOf(rec adapter.Record) (*Verification, error) {
	r := reader{rec: rec}
	v := &Verification{
		ID: r.str("id"), Identifier: r.str("identifier"), Value: r.str("value"), ExpiresAt: r.time("expiresAt"),
		CreatedAt: r.time("createdAt"), UpdatedAt: r.time("updatedAt"),
		Extra: r.rest(a.shapes.verification.table),
	}
	return v, r.err
}

func optionalValue(s *string) any {
	if s == nil {
		return nil
	}
	return *s
}

func optionalTimeValue(t *time.Time) any {
	if t == nil {
		return nil
	}
	return *t
}

func withExtra(rec adapter.Record, e Extra) adapter.Record {
	for k, v := range e {
		if _, fixed := rec[k]; !fixed {
			rec[k] = v
		}
	}
	return rec
}

func (u *User) record() adapter.Record {
	rec := adapter.Record{
		"name": u.Name, "email": u.Email, "emailVerified": u.EmailVerified, "image": optionalValue(u.Image),
		"createdAt": u.CreatedAt, "updatedAt": u.UpdatedAt,
	}
	if u.ID != "" {
		rec["id"] = u.ID
	}
	return withExtra(rec, u.Extra)
}

func (s *Session) record() adapter.Record {
	rec := adapter.Record{
		"expiresAt": s.ExpiresAt, "token": s.Token, "createdAt": s.CreatedAt, "updatedAt": s.UpdatedAt,
		"ipAddress": optionalValue(s.IPAddress), "userAgent": optionalValue(s.UserAgent), "userId": s.UserID,
	}
	if s.ID != "" {
		rec["id"] = s.ID
	}
	return withExtra(rec, s.Extra)
}

func (a *Account) record() adapter.Record {
	rec := adapter.Record{
		"accountId": a.AccountID, "providerId": a.ProviderID, "userId": a.UserID, "accessToken": optionalValue(a.AccessToken),
		"refreshToken": optionalValue(a.RefreshToken), "idToken": optionalValue(a.IDToken),
		"accessTokenExpiresAt": optionalTimeValue(a.AccessTokenExpiresAt), "refreshTokenExpiresAt": optionalTimeValue(a.RefreshTokenExpiresAt),
		"scope": optionalValue(a.Scope), "password": optionalValue(a.Password), "createdAt": a.CreatedAt, "updatedAt": a.UpdatedAt,
	}
	if a.ID != "" {
		rec["id"] = a.ID
	}
	return withExtra(rec, a.Extra)
}

func (v *Verification) record() adapter.Record {
	rec := adapter.Record{
		"identifier": v.Identifier, "value": v.Value, "expiresAt": v.ExpiresAt, "createdAt": v.CreatedAt, "updatedAt": v.UpdatedAt,
	}
	if v.ID != "" {
		rec["id"] = v.ID
	}
	return withExtra(rec, v.Extra)
}

// AccountOf converts a record of the account table, for plugins that read it by DB.
func (a *Auth) AccountOf(rec adapter.Record) (*Account, error) { return a.accountOf(rec) }
